"""Who asked to come: the organiser's form, and one row for everybody who filled it in."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Index, UniqueConstraint
from sqlmodel import Field

from models.base import Table, key, moment, reference


class RegistrationForm(Table, table=True):
    """How one comes into a conference. Its row lock orders all who want a seat."""

    __tablename__ = "registration_form"

    conference_id: UUID = reference("conference.id", primary=True)
    mode: str = Field(default="closed", max_length=16)  # open, approval or closed
    capacity: int | None = None
    by_mail: bool = False  # the link goes to the address and nowhere else
    questions: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    thanks: dict[str, str] = Field(default_factory=dict, sa_type=JSON)  # by language
    version: int = 1


class Registration(Table, table=True):
    """One person's place, or their wish for one. Only the hash of the personal link's token is kept."""

    __table_args__ = (
        UniqueConstraint("conference_id", "person_id"),
        UniqueConstraint("conference_id", "email"),
        Index("ix_registration_conference_state", "conference_id", "state"),
    )

    id: UUID = key()
    conference_id: UUID = reference("conference.id", index=False)
    person_id: UUID = reference("person.id")
    state: str = Field(max_length=20)
    email: str | None = Field(default=None, max_length=254)  # folded: lower case
    answers: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    words: str = Field(default="", max_length=400)  # name and address, folded for search
    token_hash: str | None = Field(default=None, max_length=64, unique=True)
    next_hash: str | None = Field(default=None, max_length=64, unique=True)  # mailed, and not used yet
    granted: bool = False  # the role in the conference came from this registration
    created_at: datetime = moment()
    queued_at: datetime = moment()  # the order of the waiting list
    offered_until: datetime | None = moment(nullable=True)
    version: int = 1
