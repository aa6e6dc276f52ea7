"""A conference's settings, as they are decided or by default."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session

from models.settings import ConferenceSettings
from server.domain.person import Actor
from server.domain.settings import SettingsView, view
from server.queries import scope


def of(db: Session, conference_id: UUID) -> ConferenceSettings:
    """Never None. A row made here for its defaults is not added to the database."""
    return db.get(ConferenceSettings, conference_id) or ConferenceSettings(conference_id=conference_id)


def shown(db: Session, actor: Actor, conference_id: UUID) -> SettingsView:
    scope.of_conference(db, actor, conference_id, "settings.change")
    return view(of(db, conference_id))
