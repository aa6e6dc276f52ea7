"""Boards that come from elsewhere: read, kept for a day, and made when somebody has looked at them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Text
from sqlmodel import Field

from models.base import Table, key, moment, reference


class BoardImport(Table, table=True):
    """A file somebody brought to a team. `content` is what was read of it, as JSON in our own shapes.

    `board_id` is the board that was made from it: the same file, sent twice, makes one.
    """

    __tablename__ = "board_import"

    id: UUID = key()
    team_id: UUID = reference("team.id")
    person_id: UUID = reference("person.id")
    kind: str = Field(max_length=16)  # trello, multaqa or sheet
    content: str = Field(sa_type=Text)
    warnings: str = Field(default="{}", sa_type=Text)  # how often what could not be carried, as JSON
    board_id: UUID | None = None
    created_at: datetime = moment()
