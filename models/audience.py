"""What an audience may do in a session, and who of it asks for the floor."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import Field

from models.base import Table, moment, reference


class Interaction(Table, table=True):
    """A session's rules. Its row lock is what "one per session" (answering, pinned) is decided under."""

    session_id: UUID = reference("conference_session.id", primary=True)
    anonymous: str = Field(default="public", max_length=16)  # never, public (moderators see who) or all
    questions_open: bool = True
    hands_open: bool = True
    reactions_open: bool = True
    line: str = Field(default="", max_length=500)  # from the moderators to those who speak
    line_at: datetime | None = moment(nullable=True)
    version: int = 1


class Hand(Table, table=True):
    """A raised hand; who lowers it takes the row away. The queue is by `raised_at`."""

    session_id: UUID = reference("conference_session.id", primary=True)
    person_id: UUID = Field(foreign_key="person.id", ondelete="CASCADE", primary_key=True, index=True)
    raised_at: datetime = moment()
    called_at: datetime | None = moment(nullable=True)
