"""What was done to a card: every change, and who worked on it for how long."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from models.base import OPTIONAL_JSON, Table, key, moment, reference


class CardChange(Table, table=True):
    """One change of one field, with what was before and after. `number` counts on the board.

    All changes of one command share `step`: they are undone together. States: done, undone (may be done
    again), gone (undone, and something else was done since), fixed (never undone).
    """

    __tablename__ = "card_change"
    __table_args__ = (
        UniqueConstraint("board_id", "number"),
        Index("ix_card_change_card", "card_id", "number"),
        Index("ix_card_change_person", "person_id", "board_id", "state"),
    )

    id: UUID = key()
    board_id: UUID = reference("board.id", index=False)
    card_id: UUID = reference("card.id", index=False)
    person_id: UUID | None = Field(default=None, foreign_key="person.id", ondelete="SET NULL")
    number: int
    step: UUID
    field: str = Field(max_length=16)
    subject_id: UUID | None = None  # which person, label or item
    field_version: int = 0  # of the field after the change, where it has one
    before: Any = Field(default=None, sa_type=OPTIONAL_JSON, nullable=True)
    after: Any = Field(default=None, sa_type=OPTIONAL_JSON, nullable=True)
    state: str = Field(default="done", max_length=8)
    way: str = Field(default="", max_length=8)  # undo or redo, when it was one
    at: datetime = moment()


class CardClaim(Table, table=True):
    """One stretch of one person's work on a card."""

    __tablename__ = "card_claim"

    id: UUID = key()
    card_id: UUID = reference("card.id")
    person_id: UUID = reference("person.id")
    began_at: datetime = moment()
    active_at: datetime = moment()  # the last sign of life
    ended_at: datetime | None = moment(nullable=True)
    how: str = Field(default="", max_length=16)  # handed_back, lapsed, submitted or released
    note: str = Field(default="", max_length=1000)


class CardReview(Table, table=True):
    """What a second person said of submitted work."""

    __tablename__ = "card_review"

    id: UUID = key()
    card_id: UUID = reference("card.id")
    claim_id: UUID = reference("card_claim.id")
    person_id: UUID = reference("person.id")
    accepted: bool
    note: str = Field(default="", max_length=1000)
    at: datetime = moment()
