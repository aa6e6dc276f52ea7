"""Votes for questions: one a person, and united when one question speaks for another."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, delete, func, or_, select

from models.base import now
from models.conversation import Question, QuestionVote, Tally
from server.actions import question as questions_
from server.actions.hands import locked_rules
from server.actions.publish import publish
from server.domain.errors import Conflict
from server.domain.person import Actor
from server.domain.question import QuestionView, VoteChanged, check_merge, is_public
from server.queries import questions, scope
from server.queries.channels import person_channel
from server.queries.scope import Scope


def vote(db: Session, actor: Actor, question_id: UUID) -> None:
    """Give one's one vote. The primary key counts it once, from however many devices it comes."""
    question = _open_for_votes(db, actor, question_id)
    counted = _voted(db, actor, question.id)
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    given = db.connection().execute(
        dialect.insert(QuestionVote)
        .values(question_id=question.id, person_id=actor.person_id, created_at=now())
        .on_conflict_do_nothing()
        .returning(col(QuestionVote.question_id))
    )
    if given.first() is not None and not counted:
        _count(db, actor, question.id, by=1)


def unvote(db: Session, actor: Actor, question_id: UUID) -> None:
    """Take one's vote back, also where it was given to a question that this one speaks for."""
    question = _open_for_votes(db, actor, question_id)
    union = select(Question.id).where(_union(question.id))
    taken = db.exec(
        delete(QuestionVote)
        .where(col(QuestionVote.question_id).in_(union), col(QuestionVote.person_id) == actor.person_id)
        .execution_options(synchronize_session=False)
    )
    if taken.rowcount:
        _count(db, actor, question.id, by=-1)


def merge(db: Session, actor: Actor, question_id: UUID, into: UUID) -> QuestionView:
    """Let one question speak for another: who voted for either has voted once. Returns the kept one."""
    other, kept, here = _both(db, actor, question_id, into)
    if other.merged_into == kept.id:
        return questions.one(db, kept, "desk")
    check_merge(kept, other)
    if other.merged_into is not None:
        raise Conflict("question.merged")
    was_public = is_public(other)
    moved = db.exec(select(Question).where(col(Question.merged_into) == other.id).with_for_update()).all()
    for one in (other, *moved):
        one.merged_into = kept.id
        one.pinned = False
        one.version += 1
    kept.version += 1
    db.flush()
    _recount(db, [kept.id])
    for one in (other, *moved, kept):
        questions_.tell_changed(db, one)
    if was_public:
        questions_.withdraw(db, other)
    questions_.note(db, here, other, "merged")
    return questions.one(db, kept, "desk")


def unmerge(db: Session, actor: Actor, question_id: UUID) -> QuestionView:
    """Let a question stand for itself again, with the votes that were given to it. Returns it."""
    known, _ = scope.of_question(db, actor, question_id, "question.decide")
    if known.merged_into is None:
        return questions.one(db, known, "desk")
    other, kept, here = _both(db, actor, question_id, known.merged_into)
    if other.merged_into != kept.id:
        raise Conflict("conflict")
    other.merged_into = None
    for one in (other, kept):
        one.version += 1
    db.flush()
    _recount(db, [kept.id, other.id])
    for one in (kept, other):
        questions_.tell_changed(db, one)
    questions_.note(db, here, other, "unmerged")
    return questions.one(db, other, "desk")


def _both(db: Session, actor: Actor, question_id: UUID, kept_id: UUID) -> tuple[Question, Question, Scope]:
    """Both questions locked, under the lock of the session's rules: merges of one session never cross."""
    known, here = scope.of_question(db, actor, question_id, "question.decide")
    scope.of_question(db, actor, kept_id, "question.decide")
    locked_rules(db, known.session_id)
    found = {id: scope.load(db, Question, id, lock=True) for id in sorted({question_id, kept_id})}
    return found[question_id], found[kept_id], here


def _open_for_votes(db: Session, actor: Actor, question_id: UUID) -> Question:
    """The question a vote goes to, held (shared with other voters) so that no merge or decision comes between."""
    question, _ = scope.of_question(db, actor, question_id, "question.vote")
    question = _held(db, question.id)
    if question.merged_into is not None:
        question = _held(db, question.merged_into)
    if not is_public(question):
        raise Conflict("question.not_public")
    return question


def _held(db: Session, id: UUID) -> Question:
    return db.get_one(Question, id, with_for_update={"read": True}, populate_existing=True)


def _voted(db: Session, actor: Actor, question_id: UUID) -> bool:
    """Whether the person's vote is in the sum already, given to a question that this one speaks for."""
    found = db.exec(
        select(QuestionVote.question_id)
        .join(Question, col(Question.id) == col(QuestionVote.question_id))
        .where(col(Question.merged_into) == question_id, col(QuestionVote.person_id) == actor.person_id)
        .limit(1)
    )
    return found.first() is not None


def _union(id: UUID) -> Any:
    return or_(col(Question.id) == id, col(Question.merged_into) == id)


def _count(db: Session, actor: Actor, question_id: UUID, *, by: int) -> None:
    """Change the sum. It is told later, at most every half second (`actions.tally`)."""
    db.connection().execute(
        update(Tally)
        .where(col(Tally.subject_id) == question_id)
        .values(votes=col(Tally.votes) + by, version=col(Tally.version) + 1)
    )
    publish(db, person_channel(actor.person_id), VoteChanged(question_id=question_id, voted=by > 0))


def _recount(db: Session, ids: Collection[UUID]) -> None:
    """Sums after a merge: the persons of all united questions, each once. The fact that follows tells them."""
    for id in ids:
        persons = (
            select(func.count(func.distinct(QuestionVote.person_id)))
            .join(Question, col(Question.id) == col(QuestionVote.question_id))
            .where(_union(id))
        )
        version = col(Tally.version) + 1
        row = update(Tally).where(col(Tally.subject_id) == id)
        values = {"votes": persons.scalar_subquery(), "version": version, "published": version}
        db.connection().execute(row.values(**values))
    db.expire_all()
