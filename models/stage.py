"""The live side of a session, as the media process last told it, and the keys that let OBS in."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON
from sqlmodel import Field

from models.base import Table, key, moment, reference


class Stage(Table, table=True):
    """What media last said of a room. (instance, revision) orders what several processes heard."""

    session_id: UUID = reference("conference_session.id", primary=True)
    instance: str = Field(default="", max_length=64)
    revision: int = 0
    publishers: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    viewers: int = 0
    behind: int = 0  # those who watch some seconds behind, by HTTP
    programme: dict[str, Any] | None = Field(default=None, sa_type=JSON)


class Standing(Table, table=True):
    """How somebody stands on a stage: what the desk wished of them, and whether they are its guest."""

    session_id: UUID = reference("conference_session.id", primary=True)
    person_id: UUID = Field(foreign_key="person.id", ondelete="CASCADE", primary_key=True, index=True)
    on_air: bool | None = None  # None: nobody said; speakers are on air then, the crew is not
    muted: bool = False
    place: int = 0
    guest: bool = False


class StreamKey(Table, table=True):
    """A Bearer for OBS or FFmpeg: bound to one person and one session, revocable, kept as a hash."""

    __tablename__ = "stream_key"

    id: UUID = key()
    person_id: UUID = reference("person.id")
    session_id: UUID = reference("conference_session.id")
    token_hash: str = Field(max_length=64, unique=True)
    created_at: datetime = moment()
    revoked_at: datetime | None = moment(nullable=True)
