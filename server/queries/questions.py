"""Questions: what everybody sees, what moderators decide on, what is one's own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, Literal
from uuid import UUID

from sqlmodel import Session, col, select

from models.audience import Hand
from models.conversation import Question, QuestionEdit, QuestionVote, Tally
from models.person import Person
from models.stage import Stage
from server.domain import permissions
from server.domain.audience import hand_view
from server.domain.person import Actor
from server.domain.person import view as person_view
from server.domain.question import (
    LISTED,
    EditView,
    LikelyDuplicates,
    Likeness,
    QuestionHistory,
    QuestionSnapshot,
    QuestionView,
    SessionMine,
    is_public,
    view,
)
from server.domain.session import IceServer, PublisherView, backstage_view
from server.domain.similar import likely_duplicates
from server.queries import audience, people, polls, scope
from server.queries.channels import moderation_channel, person_channel, position, session_channel

Reader = Literal["public", "desk", "own"]
COMPARED = 400  # 60 ms of one reader's time with 500 (measured)


def public(db: Session, actor: Actor, session_id: UUID) -> QuestionSnapshot:
    scope.of_session(db, actor, session_id, "question.list")
    rows = _rows(db, col(Question.session_id) == session_id, col(Question.state).in_(LISTED))
    found = views(db, [row for row in rows if is_public(row)], "public")
    return QuestionSnapshot(position=position(db, session_channel(session_id)), questions=found)


def queue(db: Session, actor: Actor, session_id: UUID) -> QuestionSnapshot:
    """All questions as the desk sees them, those that another speaks for too."""
    scope.of_session(db, actor, session_id, "question.decide")
    found = views(db, _rows(db, col(Question.session_id) == session_id), "desk")
    return QuestionSnapshot(position=position(db, moderation_channel(session_id)), questions=found)


def duplicates(db: Session, actor: Actor, session_id: UUID) -> LikelyDuplicates:
    """What those that wait likely ask again. Only the newest are compared, so that it stays cheap."""
    scope.of_session(db, actor, session_id, "question.decide")
    alone = col(Question.merged_into).is_(None)
    rows = db.exec(
        select(Question)
        .where(col(Question.session_id) == session_id, alone, col(Question.state) != "dismissed")
        .order_by(col(Question.created_at).desc(), col(Question.id).desc())
        .limit(COMPARED)
    ).all()
    waiting = {row.id for row in rows if row.state == "waiting"}
    found = likely_duplicates({row.id: row.text for row in rows})
    return LikelyDuplicates(
        questions=[Likeness(id=id, like=others) for id, others in found.items() if id in waiting]
    )


def history(db: Session, actor: Actor, question_id: UUID) -> QuestionHistory:
    """What a question said before, the oldest first."""
    question, _ = scope.of_question(db, actor, question_id, "question.decide")
    rows = db.exec(
        select(QuestionEdit, Person)
        .outerjoin(Person, col(Person.id) == col(QuestionEdit.person_id))
        .where(col(QuestionEdit.question_id) == question_id)
        .order_by(col(QuestionEdit.at), col(QuestionEdit.id))
    )
    hidden = question.person_id if question.anonymous == "all" else None
    return QuestionHistory(
        edits=[
            EditView(text=edit.text, by=person_view(by) if by and by.id != hidden else None, at=edit.at)
            for edit, by in rows
        ],
        written=question.answer_text if question.answer_how in {None, "aloud"} else "",
    )


def mine(db: Session, actor: Actor, session_id: UUID, *, ice_servers: Collection[IceServer]) -> SessionMine:
    """What differs from person to person on a session's page, with the position of their own channel."""
    _, here = scope.of_session(db, actor, session_id, "session.show")
    votes = db.exec(
        select(QuestionVote.question_id)
        .join(Question, col(Question.id) == col(QuestionVote.question_id))
        .where(col(Question.session_id) == session_id, col(QuestionVote.person_id) == actor.person_id)
    ).all()
    own = _rows(db, col(Question.session_id) == session_id, col(Question.person_id) == actor.person_id)
    hand = db.get(Hand, (session_id, actor.person_id))
    return SessionMine(
        position=position(db, person_channel(actor.person_id)),
        role=here.conference_role,
        may=permissions.granted(here.roles),
        speaker="session_speaker" in here.roles,
        votes=list(votes),
        questions=views(db, own, "own"),
        answers=polls.answers(db, actor, session_id),
        hand=hand_view(hand, db.get_one(Person, actor.person_id)) if hand else None,
        place=audience.place_of(db, hand) if hand else None,
        ice_servers=list(ice_servers),
        backstage=_backstage(db, session_id) if permissions.may(here.roles, "stage.backstage") else [],
    )


def _backstage(db: Session, session_id: UUID) -> list[PublisherView]:
    stage = db.get(Stage, session_id)
    ids = [UUID(item["person_id"]) for item in stage.publishers if item.get("person_id")] if stage else []
    return backstage_view(stage, people.by_id(db, ids))


def one(db: Session, question: Question, reader: Reader) -> QuestionView:
    return views(db, [question], reader)[0]


def views(db: Session, questions: Sequence[Question], reader: Reader) -> list[QuestionView]:
    """Questions as these readers may see them, in the order given."""
    ids = [question.id for question in questions]
    sums = {row.subject_id: row.votes for row in db.exec(select(Tally).where(col(Tally.subject_id).in_(ids)))}
    merged: defaultdict[UUID, list[UUID]] = defaultdict(list)
    spoken = select(Question.merged_into, Question.id).where(col(Question.merged_into).in_(ids))
    for into, id in db.exec(spoken):
        merged[into].append(id)  # type: ignore[index]  # the condition leaves none without
    shown = [question.person_id for question in questions if _names(question, reader)]
    named = people.by_id(db, [*shown, *(one.assigned_to for one in questions if one.assigned_to)])
    return [
        view(
            question,
            asker=named.get(question.person_id) if _names(question, reader) else None,
            assigned=named.get(question.assigned_to) if question.assigned_to else None,
            votes=sums.get(question.id, 0),
            merged=merged[question.id],
        )
        for question in questions
    ]


def _names(question: Question, reader: Reader) -> bool:
    """Whether a reader may know who asks."""
    return reader == "own" or question.anonymous == "no" or (reader == "desk" and question.anonymous == "public")


def _rows(db: Session, *conditions: Any) -> list[Question]:
    wanted = select(Question).where(*conditions).order_by(col(Question.created_at), col(Question.id))
    return list(db.exec(wanted))
