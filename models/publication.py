"""The log of every channel. A publication is a stored fact; its offset orders it for everyone."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Index
from sqlmodel import Field

from models.base import Table, moment


class Channel(Table, table=True):
    """The head of one channel's log. Its row lock makes commit order the order of offsets."""

    name: str = Field(max_length=80, primary_key=True)
    head: int = Field(default=0, sa_type=BigInteger)
    head_id: UUID | None = None


class Publication(Table, table=True):
    """Kept 7 days and at least the last 1,000 of a channel; blanked when its row is erased."""

    __table_args__ = (
        Index("ix_publication_subject", "subject_id"),
        Index("ix_publication_at", "at"),
    )

    channel: str = Field(max_length=80, primary_key=True)
    offset: int = Field(sa_type=BigInteger, primary_key=True)
    id: UUID
    name: str = Field(max_length=48)
    at: datetime = moment()
    subject_id: UUID | None = None
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
