"""Changing a conference's settings, and letting a whole conference go."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, delete, or_, select

from models.base import now
from models.board import Board
from models.conference import Conference, ConferenceRole, ConferenceSession
from models.person import Person
from models.publication import Channel, Publication
from models.settings import ConferenceSettings
from models.team import Team
from server.actions import file
from server.actions.publish import access_changed
from server.domain.errors import BadInput
from server.domain.person import Actor
from server.domain.settings import GRACE, Deletion, SettingsChange, SettingsView, view
from server.domain.text import fold
from server.queries import scope


def change(db: Session, actor: Actor, conference_id: UUID, wish: SettingsChange) -> SettingsView:
    row = _locked(db, actor, conference_id, "settings.change")
    for name in wish.model_fields_set:
        value = getattr(wish, name)
        if value is not None:
            setattr(row, name, value)
    row.version += 1
    return view(row)


def delete_later(db: Session, actor: Actor, conference_id: UUID, wish: Deletion) -> SettingsView:
    """Let a conference go after a time of grace. Its title must be given. Raises BadInput for another one."""
    row = _locked(db, actor, conference_id, "conference.delete")
    if fold(wish.title) != fold(scope.load(db, Conference, conference_id).title):
        raise BadInput("conference.other_title", fields={"title": "conference.other_title"})
    row.delete_at = row.delete_at or now() + GRACE
    row.version += 1
    return view(row)


def keep(db: Session, actor: Actor, conference_id: UUID) -> SettingsView:
    """Take the deletion back."""
    row = _locked(db, actor, conference_id, "conference.delete")
    row.delete_at = None
    row.version += 1
    return view(row)


def delete_due(db: Session) -> int:
    """Delete conferences whose grace is over, with their guests and all that was told of them. One at a time."""
    due = select(ConferenceSettings.conference_id).where(col(ConferenceSettings.delete_at) <= now()).limit(1)
    conference_id = db.exec(due).first()
    if conference_id is None:
        return 0
    conference = scope.load(db, Conference, conference_id, lock=True)
    people = db.exec(
        select(ConferenceRole.person_id).where(col(ConferenceRole.conference_id) == conference_id)
    ).all()
    _forget_channels(db, conference_id)
    file.doom_conference(db, conference_id)
    db.delete(conference)
    db.flush()
    elsewhere = select(ConferenceRole.person_id)
    db.exec(
        delete(Person).where(
            col(Person.id).in_(people), col(Person.guest).is_(True), col(Person.id).not_in(elsewhere)
        )
    )
    access_changed(db, "conference.deleted", people=tuple(sorted(people)))
    return 1


def _forget_channels(db: Session, conference_id: UUID) -> None:
    sessions = db.exec(  # every session: deleted ones, rehearsals and meetings have channels, too
        select(ConferenceSession.id).where(col(ConferenceSession.conference_id) == conference_id)
    ).all()
    teams = db.exec(select(Team.id).where(col(Team.conference_id) == conference_id)).all()
    boards = db.exec(select(Board.id).where(col(Board.team_id).in_(teams))).all()
    names = [f"conference:{conference_id}", *(f"session:{id}" for id in sessions)]
    names += [f"session:{id}:moderation" for id in sessions]
    names += [*(f"team:{id}" for id in teams), *(f"board:{id}" for id in boards)]
    db.exec(delete(Publication).where(or_(col(Publication.channel).in_(names))))
    db.exec(delete(Channel).where(col(Channel.name).in_(names)))


def _locked(db: Session, actor: Actor, conference_id: UUID, permission: str) -> ConferenceSettings:
    scope.of_conference(db, actor, conference_id, permission)
    known = db.get(ConferenceSettings, conference_id, with_for_update=True, populate_existing=True)
    if known is not None:
        return known
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    row = dialect.insert(ConferenceSettings).values(ConferenceSettings(conference_id=conference_id).model_dump())
    db.connection().execute(row.on_conflict_do_nothing(index_elements=[col(ConferenceSettings.conference_id)]))
    return db.get_one(ConferenceSettings, conference_id, with_for_update=True, populate_existing=True)
