"""Who comes to a stage's media doors, by login or by stream key, and whether the stage is open."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, select

from models.conference import ConferenceSession
from models.person import Person
from models.stage import StreamKey
from server.domain import stage
from server.domain.errors import Forbidden
from server.domain.person import Actor, owner_of
from server.queries import scope


@dataclass(frozen=True)
class Comer:
    """Somebody at a media door: what media will call them, and the name the stage shows."""

    owner: str
    label: str


def comer(db: Session, actor: Actor, session_id: UUID, permission: str) -> Comer:
    """Somebody with a login (or a key's person) whose right was just proved. Raises Conflict while closed."""
    session, _ = scope.of_session(db, actor, session_id, permission)
    stage.check_open(session.state)
    return Comer(owner_of(actor.person_id, actor.login_id), actor.name)


def keyholder(db: Session, token_hash: str) -> tuple[Actor, UUID] | None:
    """Whom a stream key speaks for and the one session it opens; None for unknown and revoked keys."""
    found = db.exec(
        select(StreamKey, Person)
        .join(Person, col(Person.id) == col(StreamKey.person_id))
        .where(col(StreamKey.token_hash) == token_hash, col(StreamKey.revoked_at).is_(None))
    ).first()
    if found is None:
        return None
    key, person = found
    actor = Actor(
        person_id=person.id,
        login_id=key.id,
        name=person.name,
        guest=person.guest,
        may_create=False,
        locale=person.locale,
    )
    return actor, key.session_id


def check_room(key_session: UUID, session_id: UUID) -> None:
    """A key opens its own session only (RFC 9725 4.1: the right token for the wrong room is 403)."""
    if key_session != session_id:
        raise Forbidden("not_allowed", permission="stage.publish")


def exists(db: Session, session_id: UUID) -> bool:
    return db.get(ConferenceSession, session_id) is not None
