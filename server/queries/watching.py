"""Whether those who are connected to a stage's media still may: asked when a link to media is new."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlmodel import Session, col, select

from models.base import now
from models.person import Login, Person
from models.stage import StreamKey
from server.domain.errors import Fault
from server.domain.person import Actor
from server.domain.stage import FEEDS
from server.queries import scope

_SENDING = "stage.publish"
_AT_ONCE = 500
"""Ids in one question; SQLite takes 32,766."""


def lost(db: Session, session_id: UUID, ways: Mapping[str, Iterable[str]]) -> set[str]:
    """Owners (`person/way in`) whose login or key has ended, or who may no longer watch or send here.

    What reads otherwise belongs to no person (a prepared video) and is left alone.
    """
    asked = [
        (owner, *ids, FEEDS.get(way, _SENDING))
        for way, owners in ways.items()
        for owner in owners
        if (ids := _ids(owner)) is not None
    ]
    people = _people(db, {person_id for _, person_id, _, _ in asked})
    alive = _alive(db, {way_in for _, _, way_in, _ in asked})
    may: dict[tuple[UUID, str], bool] = {}
    found: set[str] = set()
    for owner, person_id, way_in, permission in asked:
        key = (person_id, permission)
        if key not in may:
            may[key] = person_id in people and _may(db, people[person_id], session_id, permission)
        if not may[key] or alive.get(way_in) != person_id:
            found.add(owner)
    return found


def _ids(owner: str) -> tuple[UUID, UUID] | None:
    person, _, way_in = owner.partition("/")
    try:
        return UUID(person), UUID(way_in)
    except ValueError:
        return None


def _may(db: Session, person: Person, session_id: UUID, permission: str) -> bool:
    actor = Actor(
        person_id=person.id,
        login_id=person.id,
        name=person.name,
        guest=person.guest,
        may_create=person.may_create,
        locale=person.locale,
    )
    try:
        scope.of_session(db, actor, session_id, permission)
    except Fault:
        return False
    return True


def _people(db: Session, ids: set[UUID]) -> dict[UUID, Person]:
    rows = (db.exec(select(Person).where(col(Person.id).in_(some))).all() for some in _parts(ids))
    return {person.id: person for part in rows for person in part}


def _alive(db: Session, ids: set[UUID]) -> dict[UUID, UUID]:
    """Logins and stream keys that still open something, and whose they are."""
    found: dict[UUID, UUID] = {}
    for some in _parts(ids):
        logins = select(Login.id, Login.person_id).where(col(Login.id).in_(some), col(Login.expires_at) > now())
        keys = select(StreamKey.id, StreamKey.person_id).where(
            col(StreamKey.id).in_(some), col(StreamKey.revoked_at).is_(None)
        )
        found.update(db.exec(logins).all())
        found.update(db.exec(keys).all())
    return found


def _parts(ids: set[UUID]) -> Iterable[list[UUID]]:
    whole = sorted(ids)
    return (whole[at : at + _AT_ONCE] for at in range(0, len(whole), _AT_ONCE))
