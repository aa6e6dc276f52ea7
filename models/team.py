"""Teams, their boards and cards."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, String, UniqueConstraint
from sqlmodel import Field

from models.base import Table, key, moment, reference

# Ranks are compared byte by byte everywhere; PostgreSQL's default collation would not.
RANK = String(120, collation=None).with_variant(String(120, collation="C"), "postgresql")


class Team(Table, table=True):
    id: UUID = key()
    conference_id: UUID = reference("conference.id")
    title: str = Field(max_length=120)
    created_at: datetime = moment()
    version: int = 1


class Membership(Table, table=True):
    team_id: UUID = reference("team.id", primary=True)
    person_id: UUID = Field(foreign_key="person.id", ondelete="CASCADE", primary_key=True, index=True)
    role: str = Field(default="member", max_length=16)  # lead or member
    joined_at: datetime = moment()


class Board(Table, table=True):
    id: UUID = key()
    team_id: UUID = reference("team.id")
    title: str = Field(max_length=120)
    created_at: datetime = moment()
    version: int = 1


class BoardColumn(Table, table=True):
    __tablename__ = "board_column"
    __table_args__ = (UniqueConstraint("board_id", "rank"),)

    id: UUID = key()
    board_id: UUID = reference("board.id", index=False)
    title: str = Field(max_length=120)
    rank: str = Field(sa_type=RANK)


class Card(Table, table=True):
    """A piece of work. Its place is (column, rank); no two cards of a column share a rank."""

    __table_args__ = (
        UniqueConstraint("column_id", "rank"),
        Index("ix_card_board_column", "board_id", "column_id"),
    )

    id: UUID = key()
    board_id: UUID = reference("board.id", index=False)
    column_id: UUID = reference("board_column.id", index=False)
    rank: str = Field(sa_type=RANK)
    title: str = Field(max_length=300)
    created_at: datetime = moment()
    created_by: UUID = reference("person.id", index=False)
    version: int = 1
