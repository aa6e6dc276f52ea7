"""A team's board: columns in a row, labels, and the rules it works by."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Annotated, Literal, Protocol
from uuid import UUID

from pydantic import Field

from models.board import Board, BoardColumn, BoardLabel
from server.domain.card import CardView
from server.domain.errors import Conflict, NotFound
from server.domain.person import PersonView
from server.domain.programme import Colour
from server.domain.text import LabelName, TeamTitle
from server.domain.view import Fact, Position, View
from server.domain.zone import Locale

MOST_BOARDS = 50  # of a team
MOST_COLUMNS = 50
MOST_LABELS = 100
MOST_CARDS = 5_000  # that are not archived
LEASE_MINUTES = 1440

Limit = Annotated[int, Field(ge=1, le=1000)]
Lease = Annotated[int, Field(ge=15, le=30 * 1440)]  # minutes
Template = Literal["plain", "content_calendar", "translation", "event_crew", "research", "help_desk"]


class ColumnView(View):
    """`soft_limit` is only shown when it is passed; into a column at its `hard_limit` no card goes."""

    id: UUID
    title: str
    rank: str
    colour: Colour | None
    soft_limit: int | None
    hard_limit: int | None
    done: bool  # what comes here is finished
    archived: bool
    version: int


class LabelView(View):
    id: UUID
    name: str
    colour: Colour | None
    version: int


class BoardRef(View):
    """A board as its team lists it. `public_path` is there while anybody who knows it may look."""

    id: UUID
    team_id: UUID
    title: str
    review: bool
    lease_minutes: int
    archived: bool
    public_path: str | None
    version: int


class BoardView(View):
    """Archived columns are there with their cards, so that they can be brought back at once: a page leaves
    them out. Cards that were archived themselves are found by search."""

    id: UUID
    team_id: UUID
    title: str
    review: bool
    lease_minutes: int
    archived: bool
    public_path: str | None
    columns: list[ColumnView]
    labels: list[LabelView]
    cards: list[CardView]
    version: int


class BoardSnapshot(View):
    position: Position
    board: BoardView


class BoardMine(View):
    """What differs from person to person on a board."""

    position: Position  # of the person's own channel
    watching: list[UUID]
    named: bool  # on its public page
    undo: int  # how many steps of one's own can be undone, at most 50
    redo: int
    permissions: list[str]


class BoardDraft(View):
    """`template` brings columns, labels and a few cards, in a language."""

    title: TeamTitle
    template: Template = "plain"
    locale: Locale | None = None


class BoardChange(View):
    """`public` makes a link that cannot be guessed, or ends it; a new one is never the same."""

    title: TeamTitle | None = None
    review: bool | None = None
    lease_minutes: Lease | None = None
    archived: bool | None = None
    public: bool | None = None


class BoardCopy(View):
    title: TeamTitle
    cards: bool = False


class OnWish(View):
    on: bool = True


class TemplateView(View):
    key: Template
    title: str
    about: str
    columns: list[str]
    labels: list[str]


class Templates(View):
    templates: list[TemplateView]


class Beside(View):
    """Where to, by intent: before or after which; neither means to the end."""

    before: UUID | None = None
    after: UUID | None = None


class ColumnDraft(Beside):
    title: TeamTitle
    colour: Colour | None = None
    soft_limit: Limit | None = None
    hard_limit: Limit | None = None
    done: bool = False


class ColumnChange(View):
    """Only what is named changes; null takes a colour or a limit away."""

    title: TeamTitle | None = None
    colour: Colour | None = None
    soft_limit: Limit | None = None
    hard_limit: Limit | None = None
    done: bool | None = None


class ColumnArchive(Beside):
    """Into the archive, and back: before or after which, or to the end of the row. A column with cards goes only
    when `cards` says that they go with it."""

    on: bool = True
    cards: bool = False


class LabelDraft(View):
    name: LabelName
    colour: Colour | None = None


class LabelChange(View):
    name: LabelName | None = None
    colour: Colour | None = None


class PublicColumn(View):
    id: UUID
    title: str
    colour: Colour | None


class PublicCard(View):
    """A card as strangers see it: nobody's name but of those who agreed."""

    number: int
    column_id: UUID
    title: str
    description: str
    labels: list[UUID]
    people: list[str]
    items: int
    items_done: int
    done: bool


class PublicBoard(View):
    title: str
    team: str
    columns: list[PublicColumn]
    labels: list[LabelView]
    cards: list[PublicCard]


class BoardCreated(Fact, name="board.created", channels=("team",)):
    board: BoardRef


class BoardChanged(Fact, name="board.changed", channels=("team", "board")):
    board: BoardRef


class ColumnCreated(Fact, name="column.created", channels=("board",)):
    column: ColumnView
    by: PersonView | None


class ColumnChanged(Fact, name="column.changed", channels=("board",)):
    """Another name, colour, limit or place."""

    column: ColumnView
    by: PersonView | None


class ColumnArchived(Fact, name="column.archived", channels=("board",)):
    """Its cards go out of sight with it."""

    column: ColumnView
    by: PersonView | None


class ColumnRestored(Fact, name="column.restored", channels=("board",)):
    """Back in the row, with its cards."""

    column: ColumnView
    by: PersonView | None


class LabelChanged(Fact, name="label.changed", channels=("board",)):
    """A new one, or another name or colour."""

    label: LabelView


class LabelRemoved(Fact, name="label.removed", channels=("board",)):
    """It is gone from all cards."""

    label_id: UUID


def ref(board: Board) -> BoardRef:
    return BoardRef(
        id=board.id,
        team_id=board.team_id,
        title=board.title,
        review=board.review,
        lease_minutes=board.lease_minutes,
        archived=board.archived_at is not None,
        public_path=f"/shared/{board.public_token}" if board.public_token else None,
        version=board.version,
    )


def column_view(column: BoardColumn) -> ColumnView:
    return ColumnView(
        id=column.id,
        title=column.title,
        rank=column.rank,
        colour=column.colour or None,
        soft_limit=column.soft_limit,
        hard_limit=column.hard_limit,
        done=column.done,
        archived=column.archived_at is not None,
        version=column.version,
    )


def label_view(label: BoardLabel) -> LabelView:
    return LabelView(id=label.id, name=label.name, colour=label.colour or None, version=label.version)


def view(
    board: Board, columns: Sequence[BoardColumn], labels: Sequence[BoardLabel], cards: Collection[CardView]
) -> BoardView:
    return BoardView(
        **ref(board).model_dump(),
        columns=[column_view(column) for column in columns],
        labels=[label_view(label) for label in labels],
        cards=list(cards),
    )


def check_board_open(board: Board) -> None:
    """Raises Conflict for a board in the archive: it is read, and not written."""
    if board.archived_at is not None:
        raise Conflict("board.archived")


def check_column_open(board_id: UUID, column: BoardColumn | None) -> BoardColumn:
    """A column of this board that takes cards. Raises NotFound, and Conflict for one in the archive."""
    if column is None or column.board_id != board_id:
        raise NotFound("column.unknown")
    if column.archived_at is not None:
        raise Conflict("column.archived")
    return column


class Limited(Protocol):
    """A column, on a board or in a file."""

    @property
    def title(self) -> str: ...

    @property
    def hard_limit(self) -> int | None: ...


def check_room(column: Limited, cards: int, *, more: int = 1) -> None:
    """Raises Conflict when a column's hard limit does not let in that many more."""
    if column.hard_limit is not None and cards + more > column.hard_limit:
        raise Conflict("column.full", column=column.title, limit=column.hard_limit)
