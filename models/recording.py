"""What was written of a session's stage, from going live to the end."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger
from sqlmodel import Field

from models.base import Table, key, moment


def new_ticket() -> str:
    return secrets.token_urlsafe(24)


class Recording(Table, table=True):
    """One run of a stage. States: live, finishing, ready, empty (nothing was to be kept), failed, deleted.

    Who watches behind, or goes back, gets pieces under an address with the ticket in it: one for all, so that any
    cache may keep them, and another one as soon as somebody may not watch any more. A row whose session is gone
    waits for its folder to be removed, and goes then.
    """

    id: UUID = key()
    session_id: UUID | None = Field(
        default=None, foreign_key="conference_session.id", ondelete="SET NULL", nullable=True, index=True
    )
    folder: str = Field(max_length=64, unique=True)
    ticket: str = Field(default_factory=new_ticket, max_length=64)
    state: str = Field(default="live", max_length=16)
    kept: bool = False  # the organiser wished it, at least for a part
    started_at: datetime = moment()
    ended_at: datetime | None = moment(nullable=True)
    duration_ms: int = Field(default=0, sa_type=BigInteger)
    size: int = Field(default=0, sa_type=BigInteger)  # bytes of all files
    files: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    tries: int = 0
    lease: UUID | None = None
    leased_until: datetime | None = moment(nullable=True)
    tidy_at: datetime | None = moment(nullable=True)  # from then on the pieces for late comers may go
    version: int = 1
