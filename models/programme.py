"""What a programme is made of beside its sessions: halls, tracks, speakers' profiles, what people saved."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field

from models.base import Table, key, moment, reference


class Hall(Table, table=True):
    """A place in the programme. Sessions name it; its rank is its column in the grid."""

    __table_args__ = (UniqueConstraint("conference_id", "name"),)

    id: UUID = key()
    conference_id: UUID = reference("conference.id", index=False)
    name: str = Field(max_length=80)
    rank: int = 0
    version: int = 1


class Track(Table, table=True):
    """A thread through the programme, with one of the colours that hold their contrast."""

    __table_args__ = (UniqueConstraint("conference_id", "name"),)

    id: UUID = key()
    conference_id: UUID = reference("conference.id", index=False)
    name: str = Field(max_length=80)
    colour: str = Field(max_length=16)
    rank: int = 0
    version: int = 1


class SpeakerProfile(Table, table=True):
    """What a conference tells of somebody who speaks there. `picture` is a stored file's name."""

    __tablename__ = "speaker_profile"
    __table_args__ = (UniqueConstraint("conference_id", "source"),)

    conference_id: UUID = reference("conference.id", primary=True)
    person_id: UUID = Field(foreign_key="person.id", ondelete="CASCADE", primary_key=True, index=True)
    headline: str = Field(default="", max_length=160)
    bio: str = Field(default="", max_length=4000)
    translations: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    links: list[str] = Field(default_factory=list, sa_type=JSON)
    picture: str | None = Field(default=None, max_length=80)
    source: str | None = Field(default=None, max_length=120)
    version: int = 1


class Bookmark(Table, table=True):
    """A session somebody saved."""

    session_id: UUID = reference("conference_session.id", primary=True)
    person_id: UUID = Field(foreign_key="person.id", ondelete="CASCADE", primary_key=True, index=True)
    saved_at: datetime = moment()


class CalendarFeed(Table, table=True):
    """A calendar address of one person: the whole programme, what they saved, or their own work, which belongs to
    no conference. Only its token's hash is kept."""

    __tablename__ = "calendar_feed"

    id: UUID = key()
    conference_id: UUID | None = reference("conference.id", nullable=True)
    person_id: UUID = reference("person.id")
    content: str = Field(max_length=16)
    token_hash: str = Field(max_length=64, unique=True)
    created_at: datetime = moment()
    revoked_at: datetime | None = moment(nullable=True)


class ProgrammeSheet(Table, table=True):
    """A sheet somebody brought, read into rows and waiting to be imported; forgotten after a day."""

    __tablename__ = "programme_sheet"

    id: UUID = key()
    conference_id: UUID = reference("conference.id")
    person_id: UUID = reference("person.id")
    kind: str = Field(max_length=16)
    columns: list[str] = Field(default_factory=list, sa_type=JSON)
    rows: list[list[str]] = Field(default_factory=list, sa_type=JSON)
    created_at: datetime = moment()
