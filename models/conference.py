"""Conferences, their sessions, and what people are in them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Index
from sqlmodel import Field

from models.base import Table, key, moment, reference


class Conference(Table, table=True):
    id: UUID = key()
    title: str = Field(max_length=200)
    description: str = Field(default="", max_length=4000)
    locale: str = Field(default="ar", max_length=8)
    zone: str = Field(max_length=64)
    starts_on: date | None = None
    ends_on: date | None = None
    translations: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    public: bool = False
    slug: str | None = Field(default=None, max_length=60, unique=True)
    created_at: datetime = moment()
    version: int = 1


class ConferenceRole(Table, table=True):
    """What a person is in a conference: organiser, moderator, speaker or attendee."""

    __tablename__ = "conference_role"

    conference_id: UUID = reference("conference.id", primary=True)
    person_id: UUID = Field(foreign_key="person.id", ondelete="CASCADE", primary_key=True, index=True)
    role: str = Field(max_length=16)
    joined_at: datetime = moment()
    invitation_id: UUID | None = Field(default=None, foreign_key="invitation.id", ondelete="SET NULL")


class ConferenceSession(Table, table=True):
    """A talk, workshop or panel in the programme, and the state of its stage.

    `hall` and `track` are names; the conference's halls and tracks give them place and colour. `source` is
    what an import knows the session by. A deleted session stays as a row: calendars are told that it is
    cancelled, and deleting can be undone.
    """

    __tablename__ = "conference_session"
    __table_args__ = (Index("uq_conference_session_conference_id_source", "conference_id", "source", unique=True),)

    id: UUID = key()
    conference_id: UUID = reference("conference.id")
    title: str = Field(max_length=200)
    description: str = Field(default="", max_length=4000)
    hall: str = Field(default="", max_length=80)
    track: str = Field(default="", max_length=80)
    kind: str = Field(default="talk", max_length=16)
    language: str = Field(default="ar", max_length=8)
    translations: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    starts_at: datetime = moment()
    ends_at: datetime = moment()
    state: str = Field(default="scheduled", max_length=16)
    record: bool = False
    live_since: datetime | None = moment(nullable=True)
    # What the waiting card says, in either language, and until when a break lasts.
    card_ar: str = Field(default="", max_length=400)
    card_en: str = Field(default="", max_length=400)
    back_at: datetime | None = moment(nullable=True)
    codec: str = Field(default="", max_length=8)  # of the pictures; empty: whoever comes first decides
    directed: int = 0  # counts what the stage's desk changed
    # A rehearsal is a session of its own, for crew and speakers, that goes with all that was said in it.
    rehearsal_of: UUID | None = Field(
        default=None, foreign_key="conference_session.id", ondelete="CASCADE", nullable=True, unique=True
    )
    # A team's meeting is a session of its own: for its members, and in no programme.
    team_id: UUID | None = Field(
        default=None, foreign_key="team.id", ondelete="CASCADE", nullable=True, index=True
    )
    note: str = Field(default="", max_length=500)  # why it is cancelled
    source: str | None = Field(default=None, max_length=120)
    created_at: datetime = moment()
    changed_at: datetime = moment()
    deleted_at: datetime | None = moment(nullable=True)
    version: int = 1


class SessionSpeaker(Table, table=True):
    __tablename__ = "session_speaker"

    session_id: UUID = reference("conference_session.id", primary=True)
    person_id: UUID = Field(foreign_key="person.id", ondelete="CASCADE", primary_key=True, index=True)


class Invitation(Table, table=True):
    """A link that gives a role. Only the hash of its token is kept; the button, not the visit, uses it."""

    id: UUID = key()
    conference_id: UUID = reference("conference.id")
    role: str = Field(max_length=16)
    session_id: UUID | None = reference("conference_session.id", nullable=True, index=False)
    team_id: UUID | None = reference("team.id", nullable=True, index=False)
    token_hash: str = Field(max_length=64, unique=True)
    made_by: UUID = reference("person.id", index=False)
    uses: int = 0
    most_uses: int | None = None
    created_at: datetime = moment()
    expires_at: datetime = moment()
    revoked_at: datetime | None = moment(nullable=True)
