"""The live side of a session, as the media process last told it, and the keys that let OBS in."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger
from sqlmodel import Field

from models.base import Table, key, moment, reference


class Stage(Table, table=True):
    """What media last said of a room. (instance, revision) orders what several processes heard."""

    session_id: UUID = reference("conference_session.id", primary=True)
    instance: str = Field(default="", max_length=64)
    revision: int = 0
    publishers: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    viewers: int = 0


class Standing(Table, table=True):
    """How somebody stands on a stage: what the desk wished of them, and whether they are its guest."""

    session_id: UUID = reference("conference_session.id", primary=True)
    person_id: UUID = Field(foreign_key="person.id", ondelete="CASCADE", primary_key=True, index=True)
    on_air: bool | None = None  # None: nobody said; speakers are on air then, the crew is not
    muted: bool = False
    place: int = 0
    guest: bool = False


class Film(Table, table=True):
    """A prepared video of a session: where it stands on its way to the stage. Its files are named by its id."""

    id: UUID = key()
    session_id: UUID = reference("conference_session.id")
    made_by: UUID = reference("person.id", index=False)
    title: str = Field(max_length=200)
    state: str = Field(default="uploading", max_length=16)
    size: int = Field(default=0, sa_type=BigInteger)
    received: int = Field(default=0, sa_type=BigInteger)
    progress: int = 0
    seconds: float = 0.0
    fault: str = Field(default="", max_length=48)
    playing_in: UUID | None = Field(
        default=None, foreign_key="conference_session.id", ondelete="SET NULL", nullable=True, index=True
    )
    begins_at: float = 0.0  # where in the video it goes on, in seconds
    started_at: datetime | None = moment(nullable=True)
    created_at: datetime = moment()


class StreamKey(Table, table=True):
    """A Bearer for OBS or FFmpeg: bound to one person and one session, revocable, kept as a hash."""

    __tablename__ = "stream_key"

    id: UUID = key()
    person_id: UUID = reference("person.id")
    session_id: UUID = reference("conference_session.id")
    film_id: UUID | None = reference("film.id", nullable=True)
    token_hash: str = Field(max_length=64, unique=True)
    created_at: datetime = moment()
    revoked_at: datetime | None = moment(nullable=True)
