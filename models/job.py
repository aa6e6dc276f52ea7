"""Timed and long work, taken under a lease by any server process."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import Field

from models.base import Table, key, moment


class Job(Table, table=True):
    """One piece of work. Whoever holds an unexpired lease runs it; a crash lets the lease run out."""

    id: UUID = key()
    name: str = Field(max_length=48, unique=True)
    due_at: datetime = moment(index=True)
    lease: UUID | None = None
    leased_until: datetime | None = moment(nullable=True)
