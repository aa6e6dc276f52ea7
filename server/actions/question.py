"""Asking, and what moderators do with what was asked. Votes are in `vote`."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session, col, select

from models.base import new_id, now
from models.conference import ConferenceSession, SessionSpeaker
from models.conversation import Question, QuestionEdit, Tally
from server.actions import audit, floor
from server.actions.hands import locked_rules
from server.actions.notify import notify
from server.actions.publish import publish
from server.domain import question as rules
from server.domain.audience import promised
from server.domain.errors import Conflict, Forbidden, NotFound
from server.domain.person import Actor
from server.domain.question import (
    DECIDED,
    AnswerDraft,
    Decisions,
    QuestionAsked,
    QuestionChanged,
    QuestionDecided,
    Questions,
    QuestionView,
    QuestionWithdrawn,
    check_decision,
    is_public,
)
from server.queries import questions, scope
from server.queries.audience import rules_of
from server.queries.channels import moderation_channel, person_channel, session_channel
from server.queries.scope import Scope


def ask(
    db: Session, actor: Actor, session_id: UUID, text: str, *, id: UUID, anonymous: bool = False
) -> QuestionView:
    """Ask. The question waits for a moderator; until then only they and the asker see it."""
    _, here = scope.of_session(db, actor, session_id, "question.ask")
    floor.require_floor(db, here, session_id, "question")
    row = rules_of(db, session_id)
    if row is not None and not row.questions_open:
        raise Conflict("questions.closed")
    promise = promised(row, anonymous=anonymous)
    question = Question(id=id, session_id=session_id, person_id=actor.person_id, text=text, anonymous=promise)
    return _asked(db, question)


def from_message(db: Session, actor: Actor, message_id: UUID, *, id: UUID) -> QuestionView:
    """Make a question of what somebody said in the chat; they are its asker. Pressed twice it is one question."""
    message, _ = scope.of_message(db, actor, message_id, "question.decide", lock=True)
    known = db.exec(select(Question).where(col(Question.message_id) == message_id)).first()
    if known is not None:
        return questions.one(db, known, "desk")
    if message.deleted_at is not None or message.session_id is None or message.state != "shown":
        raise NotFound("not_found")
    question = Question(
        id=id,
        session_id=message.session_id,
        person_id=message.person_id,
        text=message.text[: rules.LONGEST],
        message_id=message_id,
    )
    return _asked(db, question)


def _asked(db: Session, question: Question) -> QuestionView:
    db.add(question)
    db.add(Tally(subject_id=question.id, channel=session_channel(question.session_id)))
    db.flush()
    shown = questions.one(db, question, "desk")
    own = questions.one(db, question, "own")
    publish(db, moderation_channel(question.session_id), QuestionAsked(question=shown), subject=question.id)
    publish(db, person_channel(question.person_id), QuestionAsked(question=own), subject=question.id)
    return own


def decide(db: Session, actor: Actor, question_id: UUID, to: str, *, seen: str | None = None) -> QuestionView:
    """Approve, dismiss, or let wait again. Two moderators deciding alike at once act once."""
    question, here = scope.of_question(db, actor, question_id, "question.decide", lock=True)
    return _decide(db, here, question, to, seen)


def decide_all(db: Session, actor: Actor, session_id: UUID, wish: Decisions) -> Questions:
    """Decide several alike. Those that cannot be any more are left as they are, and shown as they are."""
    _, here = scope.of_session(db, actor, session_id, "question.decide")
    found = [scope.load(db, Question, id, lock=True) for id in sorted(set(wish.ids))]
    if any(question.session_id != session_id for question in found):
        raise NotFound("not_found")
    return Questions(questions=[_decide_if_possible(db, here, question, wish) for question in found])


def _decide_if_possible(db: Session, here: Scope, question: Question, wish: Decisions) -> QuestionView:
    try:
        return _decide(db, here, question, wish.to, wish.seen)
    except Conflict:
        return questions.one(db, question, "desk")


def _decide(db: Session, here: Scope, question: Question, to: str, seen: str | None) -> QuestionView:
    if question.state != to or question.merged_into is not None:
        check_decision(question, to, seen=seen)
        _move(db, here, question, to)
    return questions.one(db, question, "desk")


def start(db: Session, actor: Actor, question_id: UUID, *, seen: str | None = None) -> QuestionView:
    """Take a question up, live. The one before it is answered by that: one per session."""
    known, here = scope.of_question(db, actor, question_id, "question.live")
    locked_rules(db, known.session_id)
    before = db.exec(
        select(Question)
        .where(col(Question.session_id) == known.session_id, col(Question.state) == "answering")
        .with_for_update()
    ).all()
    question = scope.load(db, Question, question_id, lock=True)
    if not is_public(question):
        here.require("question.decide")  # a speaker takes up only what everybody sees
    if question.state != "answering":
        check_decision(question, "answering", seen=seen)
        for one in before:
            _answer(db, here, one, AnswerDraft())
        _move(db, here, question, "answering")
    return questions.one(db, question, "desk")


def answer(db: Session, actor: Actor, question_id: UUID, draft: AnswerDraft) -> QuestionView:
    """Close a question: answered aloud, in writing for all, or in writing for its asker alone."""
    question, here = scope.of_question(db, actor, question_id, "question.live", lock=True)
    if draft.how != "aloud":
        here.require("question.decide")
    same = (question.state, question.answer_how, question.answer_text) == ("answered", draft.how, draft.text)
    if not same:
        _answer(db, here, question, draft)
    return questions.one(db, question, "desk")


def _answer(db: Session, here: Scope, question: Question, draft: AnswerDraft) -> None:
    if question.state == "answered" and draft.how == "aloud" and question.answer_how == "aloud":
        return
    check_decision(question, "answered", how=draft.how)
    rules.check_answer(draft)
    _move(db, here, question, "answered", how=draft.how, text=draft.text)


def _move(
    db: Session, here: Scope, question: Question, to: str, *, how: str | None = None, text: str = ""
) -> None:
    was, was_public = question.state, is_public(question)
    rules.decide(question, to, at=now(), how=how, text=text)
    _tell_decision(db, question, was_public=was_public)
    note(db, here, question, "returned" if to == "waiting" else to, was=was, now=to)


def edit(db: Session, actor: Actor, question_id: UUID, text: str) -> QuestionView:
    """Change the words: one's own while they wait, anybody's as a moderator. What it said before is kept."""
    question, here = scope.of_question(db, actor, question_id, "question.edit", lock=True)
    own = question.person_id == actor.person_id
    if not own and not here.may("question.decide"):
        raise Forbidden("not_allowed", permission="question.edit")
    if not here.may("question.decide") and question.state != "waiting":
        raise Conflict("question.decided", state=question.state)
    if question.text != text:
        at = now()
        before = QuestionEdit(
            id=new_id(), question_id=question.id, person_id=actor.person_id, text=question.text, at=at
        )
        db.add(before)
        if not own:
            note(db, here, question, "edited")
        question.text, question.edited_at = text, at
        _changed(db, question)
    return questions.one(db, question, "desk" if here.may("question.decide") else "own")


def pin(db: Session, actor: Actor, question_id: UUID, *, on: bool) -> QuestionView:
    """Keep a question at the top for everybody; one per session."""
    known, here = scope.of_question(db, actor, question_id, "question.decide")
    locked_rules(db, known.session_id)
    question = scope.load(db, Question, question_id, lock=True)
    if question.pinned == on:
        return questions.one(db, question, "desk")
    if on and not is_public(question):
        raise Conflict("question.not_public")
    pinned = (col(Question.session_id) == known.session_id, col(Question.pinned).is_(True))
    for other in db.exec(select(Question).where(*pinned).with_for_update()).all():
        other.pinned = False
        _changed(db, other)
    if on:
        question.pinned = True
        _changed(db, question)
    note(db, here, question, "pinned" if on else "unpinned")
    return questions.one(db, question, "desk")


def assign(db: Session, actor: Actor, question_id: UUID, person_id: UUID | None) -> QuestionView:
    """Say which speaker should answer; nobody in particular is None."""
    question, _ = scope.of_question(db, actor, question_id, "question.decide", lock=True)
    if person_id is not None and db.get(SessionSpeaker, (question.session_id, person_id)) is None:
        raise NotFound("not_found")
    if question.assigned_to != person_id:
        question.assigned_to = person_id
        _changed(db, question)
    return questions.one(db, question, "desk")


def note(db: Session, here: Scope, question: Question, deed: str, **data: str) -> None:
    """Write a deed into the log. An asker who was promised to stay unknown is not named there either."""
    audit.note(
        db,
        here.actor,
        here.conference_id,
        f"question.{deed}",
        session=question.session_id,
        person=question.person_id if question.anonymous == "no" else None,
        subject=question.id,
        data=dict(data),
    )


def _tell_decision(db: Session, question: Question, *, was_public: bool) -> None:
    """A question's state changed: to the desk, to the public what is theirs to know, and to its asker."""
    db.flush()
    fact = DECIDED[question.state]
    told = fact(question=questions.one(db, question, "desk"))
    publish(db, moderation_channel(question.session_id), told, subject=question.id)
    if is_public(question):
        shown = fact(question=questions.one(db, question, "public"))
        publish(db, session_channel(question.session_id), shown, subject=question.id)
    elif was_public:
        withdraw(db, question)
    own = QuestionDecided(question=questions.one(db, question, "own"))
    publish(db, person_channel(question.person_id), own, subject=question.id)
    _notify(db, question)


def _notify(db: Session, question: Question) -> None:
    """To an asker who is elsewhere: it is before everybody, or it was answered. Each is said once.

    Whose question went into this one hears it, too, with their own words; of a private answer they do not.
    """
    kind = {"approved": "question_approved", "answered": "question_answered"}.get(question.state)
    if kind is None:
        return
    session = scope.load(db, ConferenceSession, question.session_id)
    asked = [question]
    if question.answer_how != "private":
        asked += db.exec(select(Question).where(col(Question.merged_into) == question.id)).all()
    for one in asked:
        notify(
            db,
            [one.person_id],
            kind,
            {"session": session.title, "text": one.text[:200]},
            link=f"/s/{session.id}#questions",
            conference_id=session.conference_id,
            once=f"{kind}:{one.id}",
        )


def _changed(db: Session, question: Question) -> None:
    question.version += 1
    tell_changed(db, question)


def tell_changed(db: Session, question: Question) -> None:
    """Everything but a question's state changed."""
    db.flush()
    told = QuestionChanged(question=questions.one(db, question, "desk"))
    publish(db, moderation_channel(question.session_id), told, subject=question.id)
    if is_public(question):
        shown = QuestionChanged(question=questions.one(db, question, "public"))
        publish(db, session_channel(question.session_id), shown, subject=question.id)
    own = QuestionChanged(question=questions.one(db, question, "own"))
    publish(db, person_channel(question.person_id), own, subject=question.id)


def withdraw(db: Session, question: Question) -> None:
    gone = QuestionWithdrawn(question_id=question.id, version=question.version, into=question.merged_into)
    publish(db, session_channel(question.session_id), gone, subject=question.id)
