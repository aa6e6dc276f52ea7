"""Silencing somebody: they read and do not write, in one session or in the whole conference."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlmodel import Session, col, select

from models.base import now
from models.conference import ConferenceSession
from models.moderation import Silence
from server.actions import audit
from server.actions.publish import publish
from server.domain.errors import NotFound
from server.domain.moderation import Deed, SilenceChanged, SilenceWish, check_reach
from server.domain.person import Actor
from server.queries import moderation, scope
from server.queries.channels import moderation_channel, person_channel


def impose(db: Session, actor: Actor, conference_id: UUID, person_id: UUID, wish: SilenceWish) -> Deed:
    """Mute somebody, or lock one session's chat to them. What was imposed before ends with it."""
    _, here = scope.of_conference(db, actor, conference_id, "person.moderate")
    role = scope.conference_role(db, conference_id, person_id)
    if role is None:
        raise NotFound("not_found")
    check_reach(here.roles, role, oneself=person_id == actor.person_id)
    if wish.session_id is not None:
        session = scope.load(db, ConferenceSession, wish.session_id)
        if session.conference_id != conference_id:
            raise NotFound("not_found")
    for old in standing(db, conference_id, person_id, wish.session_id):
        lift(db, old)
    silence = Silence(
        conference_id=conference_id,
        session_id=wish.session_id,
        person_id=person_id,
        made_by=actor.person_id,
        until=now() + timedelta(minutes=wish.minutes) if wish.minutes else None,
    )
    db.add(silence)
    db.flush()
    tell(db, silence)
    return audit.note(
        db,
        actor,
        conference_id,
        "person.silenced",
        session=wish.session_id,
        person=person_id,
        subject=silence.id,
        data={"minutes": wish.minutes},
    )


def end(db: Session, actor: Actor, silence_id: UUID) -> Deed:
    """Let somebody write again."""
    silence = scope.load(db, Silence, silence_id, lock=True)
    scope.of_conference(db, actor, silence.conference_id, "person.moderate")
    if silence.lifted_at is None:
        lift(db, silence)
    return audit.note(
        db,
        actor,
        silence.conference_id,
        "silence.lifted",
        session=silence.session_id,
        person=silence.person_id,
        subject=silence.id,
    )


def lift(db: Session, silence: Silence) -> None:
    silence.lifted_at = now()
    db.flush()
    tell(db, silence)


def renew(db: Session, silence: Silence) -> None:
    """It stands again, alone: who is let write again must not find another one behind it."""
    for other in standing(db, silence.conference_id, silence.person_id, silence.session_id):
        lift(db, other)
    silence.lifted_at = None
    db.flush()
    tell(db, silence)


def standing(db: Session, conference_id: UUID, person_id: UUID, session_id: UUID | None) -> list[Silence]:
    where = col(Silence.session_id).is_(None) if session_id is None else col(Silence.session_id) == session_id
    found = select(Silence).where(
        col(Silence.conference_id) == conference_id,
        col(Silence.person_id) == person_id,
        where,
        col(Silence.lifted_at).is_(None),
    )
    return list(db.exec(found.order_by(col(Silence.id)).with_for_update()))


def tell(db: Session, silence: Silence) -> None:
    """To the person, and to the moderators of the sessions it concerns."""
    fact = SilenceChanged(silence=moderation.silence_view(db, silence), silenced=silence.lifted_at is None)
    publish(db, person_channel(silence.person_id), fact, subject=silence.id)
    for session_id in moderation.sessions_concerned(db, silence.conference_id, silence.session_id):
        publish(db, moderation_channel(session_id), fact, subject=silence.id)
