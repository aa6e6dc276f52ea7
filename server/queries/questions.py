"""Questions: what everybody sees, what moderators decide on, what is one's own."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from models.conversation import Question, QuestionVote, Tally
from models.person import Person
from models.stage import Stage
from server.domain import permissions
from server.domain.person import Actor
from server.domain.question import PUBLIC, QuestionSnapshot, QuestionView, SessionMine, view
from server.domain.session import IceServer, PublisherView, backstage_view
from server.queries import people, scope
from server.queries.channels import moderation_channel, person_channel, position, session_channel


def public(db: Session, actor: Actor, session_id: UUID) -> QuestionSnapshot:
    scope.of_session(db, actor, session_id, "question.list")
    found = _views(db, col(Question.session_id) == session_id, col(Question.state).in_(PUBLIC))
    return QuestionSnapshot(position=position(db, session_channel(session_id)), questions=found)


def queue(db: Session, actor: Actor, session_id: UUID) -> QuestionSnapshot:
    scope.of_session(db, actor, session_id, "question.decide")
    found = _views(db, col(Question.session_id) == session_id)
    return QuestionSnapshot(position=position(db, moderation_channel(session_id)), questions=found)


def mine(db: Session, actor: Actor, session_id: UUID, *, ice_servers: Collection[IceServer]) -> SessionMine:
    """What differs from person to person on a session's page, with the position of their own channel."""
    _, here = scope.of_session(db, actor, session_id, "session.show")
    votes = db.exec(
        select(QuestionVote.question_id)
        .join(Question, col(Question.id) == col(QuestionVote.question_id))
        .where(col(Question.session_id) == session_id, col(QuestionVote.person_id) == actor.person_id)
    ).all()
    asked = _views(db, col(Question.session_id) == session_id, col(Question.person_id) == actor.person_id)
    return SessionMine(
        position=position(db, person_channel(actor.person_id)),
        role=here.conference_role,
        may=permissions.granted(here.roles),
        speaker="session_speaker" in here.roles,
        votes=list(votes),
        questions=asked,
        ice_servers=list(ice_servers),
        backstage=_backstage(db, session_id) if permissions.may(here.roles, "stage.backstage") else [],
    )


def _backstage(db: Session, session_id: UUID) -> list[PublisherView]:
    stage = db.get(Stage, session_id)
    ids = [UUID(item["person_id"]) for item in stage.publishers if item.get("person_id")] if stage else []
    return backstage_view(stage, people.by_id(db, ids))


def one(db: Session, question: Question) -> QuestionView:
    tally = db.get(Tally, question.id)
    return view(question, db.get(Person, question.person_id), tally.votes if tally else 0)


def _views(db: Session, *conditions: Any) -> list[QuestionView]:
    rows = db.exec(
        select(Question, Person, Tally)
        .join(Person, col(Person.id) == col(Question.person_id))
        .join(Tally, col(Tally.subject_id) == col(Question.id), isouter=True)
        .where(*conditions)
        .order_by(col(Question.created_at), col(Question.id))
    )
    return [view(question, person, tally.votes if tally else 0) for question, person, tally in rows]
