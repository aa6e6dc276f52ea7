"""Asking, deciding and voting."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, delete

from models.base import now
from models.conversation import Question, QuestionVote, Tally
from server.actions.publish import publish
from server.domain.errors import Conflict
from server.domain.person import Actor
from server.domain.question import (
    DECIDED,
    PUBLIC,
    QuestionAsked,
    QuestionDecided,
    QuestionView,
    QuestionWithdrawn,
    VoteChanged,
    check_decision,
)
from server.queries import questions, scope
from server.queries.channels import moderation_channel, person_channel, session_channel


def ask(db: Session, actor: Actor, session_id: UUID, text: str, *, id: UUID) -> QuestionView:
    """Ask. The question waits for a moderator; until then only they and the asker see it."""
    scope.of_session(db, actor, session_id, "question.ask")
    question = Question(id=id, session_id=session_id, person_id=actor.person_id, text=text)
    db.add(question)
    db.add(Tally(subject_id=id, channel=session_channel(session_id)))
    db.flush()
    shown = questions.one(db, question)
    for channel in (moderation_channel(session_id), person_channel(actor.person_id)):
        publish(db, channel, QuestionAsked(question=shown), subject=id)
    return shown


def decide(db: Session, actor: Actor, question_id: UUID, to: str) -> QuestionView:
    """Approve, dismiss or mark as answered. Two moderators deciding alike at once act once."""
    question, _ = scope.of_question(db, actor, question_id, "question.decide", lock=True)
    if question.state == to:
        return questions.one(db, question)
    check_decision(question.state, to)
    was_public = question.state in PUBLIC
    question.state = to
    question.decided_at = now()
    question.version += 1
    shown = questions.one(db, question)
    public = session_channel(question.session_id)
    fact = DECIDED[to](question=shown)
    publish(db, moderation_channel(question.session_id), fact, subject=question.id)
    if to in PUBLIC:
        publish(db, public, fact, subject=question.id)
    elif was_public:
        publish(
            db, public, QuestionWithdrawn(question_id=question.id, version=question.version), subject=question.id
        )
    publish(db, person_channel(question.person_id), QuestionDecided(question=shown), subject=question.id)
    return shown


def vote(db: Session, actor: Actor, question_id: UUID) -> None:
    """Give one's one vote. The primary key counts it once, from however many devices it comes."""
    _open_for_votes(db, actor, question_id)
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    given = db.connection().execute(
        dialect.insert(QuestionVote)
        .values(question_id=question_id, person_id=actor.person_id, created_at=now())
        .on_conflict_do_nothing()
        .returning(col(QuestionVote.question_id))
    )
    if given.first() is not None:
        _count(db, actor, question_id, by=1)


def unvote(db: Session, actor: Actor, question_id: UUID) -> None:
    _open_for_votes(db, actor, question_id)
    taken = db.exec(
        delete(QuestionVote).where(
            col(QuestionVote.question_id) == question_id, col(QuestionVote.person_id) == actor.person_id
        )
    )
    if taken.rowcount:
        _count(db, actor, question_id, by=-1)


def _open_for_votes(db: Session, actor: Actor, question_id: UUID) -> Question:
    question, _ = scope.of_question(db, actor, question_id, "question.vote")
    if question.state not in PUBLIC:
        raise Conflict("question.not_public")
    return question


def _count(db: Session, actor: Actor, question_id: UUID, *, by: int) -> None:
    """Change the sum. It is told later, at most every half second (`actions.tally`)."""
    db.connection().execute(
        update(Tally)
        .where(col(Tally.subject_id) == question_id)
        .values(votes=col(Tally.votes) + by, version=col(Tally.version) + 1)
    )
    publish(db, person_channel(actor.person_id), VoteChanged(question_id=question_id, voted=by > 0))
