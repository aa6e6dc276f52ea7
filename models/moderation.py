"""What moderators do, and the rules a chat runs by."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Index, UniqueConstraint
from sqlmodel import Field

from models.base import Table, key, moment, reference


class ChatRules(Table, table=True):
    """The rules of a conference's chats, and of a session that has its own: `id` is the one or the other.

    The words and direct messages are the conference's alone; calm is a session's alone.
    """

    __tablename__ = "chat_rules"

    id: UUID = Field(primary_key=True)
    conference_id: UUID = reference("conference.id")
    own: bool = True  # false: a session that goes by its conference's rules
    slow_s: int = 0
    hold: str = Field(default="nobody", max_length=16)
    links: str = Field(default="all", max_length=16)
    newcomer_minutes: int = 10
    words: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    direct: bool = False
    calm: bool = False
    version: int = 1


class ChatPace(Table, table=True):
    """When somebody last spoke in a chat in slow mode; the row decides which of two tries at once was first."""

    __tablename__ = "chat_pace"

    session_id: UUID = reference("conference_session.id", primary=True)
    person_id: UUID = Field(foreign_key="person.id", ondelete="CASCADE", primary_key=True, index=True)
    spoke_at: datetime = moment()


class Silence(Table, table=True):
    """Somebody who reads and may not write: in the whole conference (mute), or in one session (chat lock)."""

    __table_args__ = (Index("ix_silence_person", "person_id", "conference_id"),)

    id: UUID = key()
    conference_id: UUID = reference("conference.id")
    session_id: UUID | None = reference("conference_session.id", nullable=True, index=False)
    person_id: UUID = reference("person.id", index=False)
    made_by: UUID = reference("person.id", index=False)
    created_at: datetime = moment()
    until: datetime | None = moment(nullable=True)
    lifted_at: datetime | None = moment(nullable=True)


class Ban(Table, table=True):
    """Somebody who may not come back. `held` is what they were, so that the ban can be lifted in whole."""

    __table_args__ = (Index("ix_ban_person", "person_id", "conference_id"),)

    id: UUID = key()
    conference_id: UUID = reference("conference.id")
    person_id: UUID = reference("person.id", index=False)
    made_by: UUID = reference("person.id", index=False)
    reason: str = Field(default="", max_length=500)
    held: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    created_at: datetime = moment()
    lifted_at: datetime | None = moment(nullable=True)


class BannedBrowser(Table, table=True):
    """A browser that a banned person was signed in by: a new guest from there is most likely the same one."""

    __tablename__ = "banned_browser"

    ban_id: UUID = reference("ban.id", primary=True)
    browser: str = Field(max_length=64, primary_key=True, index=True)


class Report(Table, table=True):
    """What somebody found wrong. One of each reporter for each thing; the queue shows one item a thing."""

    __table_args__ = (UniqueConstraint("subject_id", "reporter_id"),)

    id: UUID = key()
    conference_id: UUID = reference("conference.id")
    session_id: UUID | None = reference("conference_session.id", nullable=True)
    kind: str = Field(max_length=16)  # message or person
    subject_id: UUID
    person_id: UUID = reference("person.id")  # whom it is about
    reporter_id: UUID = reference("person.id")
    reason: str = Field(max_length=16)
    text: str = Field(default="", max_length=500)
    created_at: datetime = moment()
    decided: str | None = Field(default=None, max_length=16)  # acted or kept
    decided_by: UUID | None = Field(default=None, foreign_key="person.id", ondelete="SET NULL")
    decided_at: datetime | None = moment(nullable=True)


class PersonNote(Table, table=True):
    """What moderators tell each other of somebody."""

    __tablename__ = "person_note"
    __table_args__ = (Index("ix_person_note_person", "person_id", "conference_id"),)

    id: UUID = key()
    conference_id: UUID = reference("conference.id")
    person_id: UUID = reference("person.id", index=False)
    author_id: UUID = reference("person.id", index=False)
    text: str = Field(max_length=1000)
    created_at: datetime = moment()
    deleted_at: datetime | None = moment(nullable=True)


class Audit(Table, table=True):
    """Who did what. `data` is what undoing it needs, and never somebody's deleted words."""

    __table_args__ = (Index("ix_audit_conference_at", "conference_id", "created_at"),)

    id: UUID = key()
    conference_id: UUID = reference("conference.id", index=False)
    session_id: UUID | None = reference("conference_session.id", nullable=True, index=False)
    actor_id: UUID = reference("person.id")
    person_id: UUID | None = reference("person.id", nullable=True)
    action: str = Field(max_length=48)
    subject_id: UUID | None = None
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    created_at: datetime = moment()
    undone_at: datetime | None = moment(nullable=True)
    undone_by: UUID | None = Field(default=None, foreign_key="person.id", ondelete="SET NULL")


class PersonBlock(Table, table=True):
    """Somebody who wants no direct messages from somebody."""

    __tablename__ = "person_block"

    person_id: UUID = reference("person.id", primary=True)
    blocked_id: UUID = Field(foreign_key="person.id", ondelete="CASCADE", primary_key=True, index=True)
    created_at: datetime = moment()
