"""Cards of a board, and what hangs on a card."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Index, Text, UniqueConstraint
from sqlmodel import Field

from models.base import OPTIONAL_JSON, Table, key, moment, reference
from models.board import RANK


class Card(Table, table=True):
    """A piece of work. Its place is (column, rank); no two cards of a column share a rank.

    An archived card gives its rank away. `field_versions` counts the changes of each field, and names only
    fields that were changed. `folded` is what a search looks in, and never shown. The counts are sums of the
    rows that hang on the card, so that a board is drawn without opening its cards.
    """

    __table_args__ = (
        UniqueConstraint("column_id", "rank"),
        Index("ix_card_board_column", "board_id", "column_id"),
        Index("ix_card_lease", "lease_until"),
        Index("ix_card_board_external", "board_id", "external"),
    )

    id: UUID = key()
    board_id: UUID = reference("board.id", index=False)
    column_id: UUID = reference("board_column.id", index=False)
    rank: str = Field(sa_type=RANK)
    number: int = 0  # counted on its board, from 1
    title: str = Field(max_length=300)
    description: str = Field(default="", sa_type=Text)
    folded: str = Field(default="", sa_type=Text)
    start_day: date | None = None
    due_day: date | None = None  # ends in the zone of whoever has the card; never beside `due_at`
    due_at: datetime | None = moment(nullable=True, index=True)
    size_minutes: int | None = None
    skill: str = Field(default="", max_length=80)
    language: str = Field(default="", max_length=16)
    seats: int | None = None  # how many people it wants; None is as many as like
    cover_id: UUID | None = None  # one of its attachments
    source: dict[str, Any] | None = Field(
        default=None, sa_type=OPTIONAL_JSON
    )  # what was said that it was made from
    external: str | None = Field(default=None, max_length=120)  # what an import knows it by
    field_versions: dict[str, int] = Field(default_factory=dict, sa_type=JSON)
    items: int = 0
    items_done: int = 0
    comments: int = 0
    attachments: int = 0
    state: str = Field(default="open", max_length=16)  # open, claimed, submitted, returned, accepted
    worker_id: UUID | None = Field(default=None, foreign_key="person.id", ondelete="SET NULL")
    lease_until: datetime | None = moment(nullable=True)
    warned: bool = False
    done_at: datetime | None = moment(nullable=True)
    archived_at: datetime | None = moment(nullable=True)
    created_at: datetime = moment()
    created_by: UUID = reference("person.id", index=False)
    version: int = 1


class CardPerson(Table, table=True):
    """Somebody who has the card."""

    __tablename__ = "card_person"

    card_id: UUID = reference("card.id", primary=True)
    person_id: UUID = Field(foreign_key="person.id", ondelete="CASCADE", primary_key=True, index=True)
    at: datetime = moment()


class CardLabel(Table, table=True):
    __tablename__ = "card_label"

    card_id: UUID = reference("card.id", primary=True)
    label_id: UUID = Field(foreign_key="board_label.id", ondelete="CASCADE", primary_key=True, index=True)


class CardWatch(Table, table=True):
    """Somebody who wants to hear what happens to the card."""

    __tablename__ = "card_watch"

    card_id: UUID = reference("card.id", primary=True)
    person_id: UUID = Field(foreign_key="person.id", ondelete="CASCADE", primary_key=True, index=True)


class CardLink(Table, table=True):
    """Two cards that belong together; the lower id is `card_id`."""

    __tablename__ = "card_link"

    card_id: UUID = reference("card.id", primary=True)
    other_id: UUID = Field(foreign_key="card.id", ondelete="CASCADE", primary_key=True, index=True)


class CardItem(Table, table=True):
    """A line of a checklist; `checklist` is the heading it stands under. `made_id` is the card it became."""

    __tablename__ = "card_item"
    __table_args__ = (UniqueConstraint("card_id", "rank"),)

    id: UUID = key()
    card_id: UUID = reference("card.id", index=False)
    text: str = Field(max_length=500)
    checklist: str = Field(default="", max_length=80)
    rank: str = Field(sa_type=RANK)
    done_at: datetime | None = moment(nullable=True)
    made_id: UUID | None = None
    removed_at: datetime | None = moment(nullable=True)  # may be brought back by whoever removed it
    version: int = 1


class CardComment(Table, table=True):
    """Said about a card. `place` counts on the card: the one order all readers share."""

    __tablename__ = "card_comment"
    __table_args__ = (Index("ix_card_comment_card_place", "card_id", "place"),)

    id: UUID = key()
    card_id: UUID = reference("card.id", index=False)
    person_id: UUID = reference("person.id")
    place: int = 0
    text: str = Field(max_length=4000)
    mentions: list[str] = Field(default_factory=list, sa_type=JSON)
    author_name: str = Field(default="", max_length=80)  # as an import names somebody who is not here
    created_at: datetime = moment()
    edited_at: datetime | None = moment(nullable=True)
    deleted_at: datetime | None = moment(nullable=True)
    version: int = 1


class CardAttachment(Table, table=True):
    """A file or a link. `kind` was told by the bytes; `stored` is the file's name in `server.files`."""

    __tablename__ = "card_attachment"

    id: UUID = key()
    card_id: UUID = reference("card.id")
    kind: str = Field(max_length=16)  # picture, pdf, document, text, archive, sound, film or link
    name: str = Field(max_length=200)
    stored: str | None = Field(default=None, max_length=80)
    preview: str | None = Field(default=None, max_length=80)  # of a picture, drawn anew
    url: str | None = Field(default=None, max_length=2000)
    size: int = 0  # bytes
    added_by: UUID | None = Field(default=None, foreign_key="person.id", ondelete="SET NULL")
    created_at: datetime = moment()
