"""What organisers tell everybody, a session or those of one role."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON
from sqlmodel import Field

from models.base import Table, key, moment, reference


class Announcement(Table, table=True):
    id: UUID = key()
    conference_id: UUID = reference("conference.id")
    session_id: UUID | None = reference("conference_session.id", nullable=True)
    role: str | None = Field(default=None, max_length=16)
    texts: dict[str, str] = Field(default_factory=dict, sa_type=JSON)  # by language
    made_by: UUID = reference("person.id", index=False)
    created_at: datetime = moment()
    ends_at: datetime | None = moment(nullable=True)
    withdrawn_at: datetime | None = moment(nullable=True)
    telling: bool = False  # somebody still has to find it in, or lose it from, their notifications
    version: int = 1


class AnnouncementRead(Table, table=True):
    """One person has put one announcement away."""

    __tablename__ = "announcement_read"

    announcement_id: UUID = reference("announcement.id", primary=True)
    person_id: UUID = Field(foreign_key="person.id", ondelete="CASCADE", primary_key=True, index=True)
    at: datetime = moment()
