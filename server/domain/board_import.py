"""Boards that come from elsewhere: what a file is, what would come of it, and what is asked before it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, ValidationError
from pydantic_core import from_json

from server.domain import board_file, trello
from server.domain.board import BoardRef
from server.domain.board_file import FORMAT, BoardFile
from server.domain.errors import BadInput
from server.domain.person import PersonView
from server.domain.programme_sheet import Mapped
from server.domain.text import Name, TeamTitle
from server.domain.view import View

IMPORT_BYTES = 20 * 1024 * 1024
INTO_BOARD = 1000  # new cards that a board somebody has open is told of, one by one
SHOWN_CARDS = 8
SHOWN_FAULTS = 50

Kind = Literal["trello", "multaqa", "sheet"]
Warned = Literal[
    "cut",
    "older_comments",
    "comments",
    "fields",
    "files",
    "addresses",
    "items",
    "people",
    "labels",
    "dates",
    "history",
    "stored",
]


class SheetShape(View):
    """A sheet as it was read: its header, its first rows, and which column seems to hold what."""

    columns: list[str]
    rows: list[list[str]]
    count: int
    guess: Mapped


class ImportView(View):
    """A file that was read and waits for a day. A `sheet` waits for somebody to say what its columns hold."""

    id: UUID
    kind: Kind
    title: str
    sheet: SheetShape | None


class ImportWish(View):
    """`board_id` is a board to fill; without one a new board is made, called `title`. `people` says who of the
    team somebody in the file is, by name. `mapped` is for sheets."""

    board_id: UUID | None = None
    title: TeamTitle | None = None
    mapped: Mapped | None = None
    people: Annotated[dict[Name, UUID], Field(default_factory=dict, max_length=board_file.MOST_NAMES)]


class ColumnCount(View):
    title: str
    cards: int
    archived: bool


class CardGlance(View):
    title: str
    column: str
    labels: list[str]
    people: list[str]
    due_day: date | None
    items: int
    comments: int


class Placeholder(View):
    """Somebody in the file, who of the team they seem to be, and how many cards they have."""

    name: str
    cards: int
    guess: UUID | None


class Loss(View):
    """What cannot come as it is, and how often."""

    code: Warned
    count: int


class RowProblem(View):
    row: int
    field: str
    code: str


class KnownBoard(View):
    """A board that holds cards of this file already."""

    board: BoardRef
    cards: int


class ImportPreview(View):
    """What an import would do. `known` cards are on the board already and stay as they are."""

    columns: list[ColumnCount]
    new: int
    known: int
    archived: int
    labels: int
    items: int
    comments: int
    attachments: int
    cards: list[CardGlance]
    people: list[Placeholder]
    members: list[PersonView]
    warnings: list[Loss]
    wrong: int
    problems: list[RowProblem]
    boards: list[KnownBoard]


class ImportDone(View):
    board: BoardRef
    new: int
    known: int


@dataclass(frozen=True)
class Found:
    """A file that is a board."""

    kind: Literal["trello", "multaqa"]
    file: BoardFile
    warnings: Mapping[str, int]


def is_json(content: bytes) -> bool:
    return content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in {b"{", b"["}


def read(content: bytes, *, locale: str, zone: str) -> Found:
    """A board of Trello's or ours. Takes up to a second: not for a loop.

    Raises BadInput: `import.unreadable` for what is no JSON, `import.unknown` for JSON of something else,
    `import.broken` (with `where`) for a board that contradicts itself, and what `check` raises.
    """
    try:
        # Depth is bounded by the parser (200 levels), so that no nesting reaches our stack.
        told: Any = from_json(content.removeprefix(b"\xef\xbb\xbf"), allow_inf_nan=False)
    except (ValueError, RecursionError):
        raise BadInput("import.unreadable") from None
    found = _told(told, locale, zone)
    check(found.file)
    return found


def _told(told: Any, locale: str, zone: str) -> Found:
    try:
        if isinstance(told, dict) and told.get("format") == FORMAT:
            file = BoardFile.model_validate(told)
            stored = sum(one.kind != "link" for card in file.cards for one in card.attachments)
            lost = {"history": len(file.history), "stored": stored}
            return Found("multaqa", file.model_copy(update={"history": []}), lost)
        if trello.is_trello(told):
            made = trello.read(told, locale=locale, zone=zone)
            return Found("trello", made.file, made.warnings)
    except trello.Unlike as error:
        raise BadInput("import.broken", where=str(error)) from None
    except ValidationError as error:
        raise BadInput("import.broken", where=trello.where(error)) from None
    except (ValueError, OverflowError, RecursionError):
        raise BadInput("import.broken", where="-") from None
    raise BadInput("import.unknown")


def check(file: BoardFile) -> None:
    """Raises BadInput: `import.empty`, `import.too_many_cards`, `_columns` or `_parts`, `import.broken`."""
    if not file.columns:
        raise BadInput("import.empty")
    if (much := board_file.too_much(file)) is not None:
        raise BadInput(f"import.too_many_{much[0]}", limit=much[1])
    if (where := board_file.loose_end(file)) is not None:
        raise BadInput("import.broken", where=where)
