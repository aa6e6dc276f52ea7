"""Prepared films: brought beforehand, made into what the stage sends, and put on air like a person."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger
from sqlmodel import Field

from models.base import Table, key, moment


class Film(Table, table=True):
    """One film of a session. States: uploading, waiting, converting, ready, refused (`fault` says why), deleted.

    Its folder's name cannot be guessed: whoever may stand behind the stage is given it for the preview. A row
    whose session is gone waits for its folder to be removed, and goes then.
    """

    id: UUID = key()
    session_id: UUID | None = Field(
        default=None, foreign_key="conference_session.id", ondelete="SET NULL", nullable=True, index=True
    )
    person_id: UUID | None = Field(
        default=None, foreign_key="person.id", ondelete="SET NULL", nullable=True, index=True
    )  # who brought it
    name: str = Field(max_length=200)
    folder: str = Field(max_length=64, unique=True)
    state: str = Field(default="uploading", max_length=16)
    fault: str = Field(default="", max_length=32)
    announced: int = Field(sa_type=BigInteger)  # bytes of what is brought
    received: int = Field(default=0, sa_type=BigInteger)
    percent: int = 0  # of the conversion
    size: int = Field(default=0, sa_type=BigInteger)  # bytes of what was made of it
    duration_ms: int = Field(default=0, sa_type=BigInteger)
    width: int = 0
    height: int = 0
    sound: bool = False
    speaks: bool = False  # it stands for the one who brought it: a talk recorded beforehand
    loop: bool = False
    shown_in: UUID | None = Field(
        default=None, foreign_key="conference_session.id", ondelete="SET NULL", nullable=True, index=True
    )  # the session itself, or its rehearsal
    shown_since: datetime | None = moment(nullable=True)
    tries: int = 0
    lease: UUID | None = None
    leased_until: datetime | None = moment(nullable=True)
    created_at: datetime = moment()
    changed_at: datetime = moment()
    version: int = 1
