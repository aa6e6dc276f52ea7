"""Boards of teams: their columns, their labels, and who may be named where strangers look."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import String, UniqueConstraint
from sqlmodel import Field

from models.base import Table, key, moment, reference

# Ranks are compared byte by byte everywhere; PostgreSQL's default collation would not.
RANK = String(120, collation=None).with_variant(String(120, collation="C"), "postgresql")


class Board(Table, table=True):
    """Its row lock puts all changes of its columns and cards into one order.

    `cards_made` and `changes_made` count up under that lock: the numbers of cards, and of their history.
    """

    id: UUID = key()
    team_id: UUID = reference("team.id")
    title: str = Field(max_length=120)
    review: bool = False  # work is claimed, and looked at by a second person
    lease_minutes: int = 1440  # how long a claim lasts without a sign of life
    public_token: str | None = Field(default=None, max_length=32, unique=True)  # whoever knows it may look
    cards_made: int = 0
    changes_made: int = 0
    archived_at: datetime | None = moment(nullable=True)
    created_at: datetime = moment()
    version: int = 1


class BoardColumn(Table, table=True):
    """An archived one keeps its cards, and gives its rank away."""

    __tablename__ = "board_column"
    __table_args__ = (UniqueConstraint("board_id", "rank"),)

    id: UUID = key()
    board_id: UUID = reference("board.id", index=False)
    title: str = Field(max_length=120)
    rank: str = Field(sa_type=RANK)
    colour: str = Field(default="", max_length=16)
    soft_limit: int | None = None
    hard_limit: int | None = None
    done: bool = False  # what comes here is finished
    archived_at: datetime | None = moment(nullable=True)
    version: int = 1


class BoardLabel(Table, table=True):
    __tablename__ = "board_label"

    id: UUID = key()
    board_id: UUID = reference("board.id")
    name: str = Field(max_length=40)
    colour: str = Field(default="", max_length=16)
    version: int = 1


class BoardNamed(Table, table=True):
    """Somebody who agreed that a board's public page may name them."""

    __tablename__ = "board_named"

    board_id: UUID = reference("board.id", primary=True)
    person_id: UUID = Field(foreign_key="person.id", ondelete="CASCADE", primary_key=True, index=True)
