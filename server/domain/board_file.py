"""A board as a file: everything on it, in one JSON object of this shape, whatever it came from.

    {"format": "multaqa.board", "version": 1, "title": …,
     "columns": [{"id", "title", "colour", "soft_limit", "hard_limit", "done", "archived"}],
     "labels":  [{"id", "name", "colour"}],
     "cards":   [{"id", "number", "column", "title", "description", "labels", "people", "start_day", "due", …,
                  "items": [{"text", "checklist", "done"}], "comments": [{"author", "at", "text"}],
                  "attachments": [{"name", "url", "kind", "size"}], "links"}],
     "history": [{"number", "card", "at", "by", "field", "subject", "before", "after"}]}

Columns and cards stand in their order. People go by their names, cards name columns, labels and other cards by
the ids of this file, times are UTC. What a later version adds, an earlier one reads over. The history is there
to be read, its latest 10,000 changes, which are numbered from 1; an import begins a new one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from server.domain.address import Url
from server.domain.attachment import MOST_ATTACHMENTS
from server.domain.board import MOST_CARDS, MOST_COLUMNS, Limit
from server.domain.card import MOST_LINKS, CardSource, Day, Description, Due, Language, Minutes, Seats
from server.domain.checklist import MOST_ITEMS, ItemText
from server.domain.comment import MOST_COMMENTS
from server.domain.programme import Colour
from server.domain.text import (
    CardTitle,
    LabelName,
    MessageText,
    Name,
    OptionalLine,
    TeamTitle,
    checked,
    clean_line,
)
from server.domain.work import WorkState
from server.domain.zone import Moment

FORMAT: Literal["multaqa.board"] = "multaqa.board"
ALL_CARDS = 2 * MOST_CARDS  # with those in the archive
ALL_COLUMNS = 4 * MOST_COLUMNS
ALL_LABELS = 1000
ALL_PARTS = 50_000  # checklist items, and as many comments
MOST_NAMES = 500  # of people, in one file


def plain_id(text: str) -> str:
    """An id as a database can keep it, without what nobody sees."""
    if not (kept := clean_line(text)):
        raise ValueError("empty")
    return kept


Id = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(plain_id)]


class Part(BaseModel):
    """Frozen like a view; unknown names are read over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class FileColumn(Part):
    id: Id
    title: TeamTitle
    colour: Colour | None = None
    soft_limit: Limit | None = None
    hard_limit: Limit | None = None
    done: bool = False
    archived: bool = False


class FileLabel(Part):
    id: Id
    name: LabelName
    colour: Colour | None = None


class FileItem(Part):
    text: ItemText
    checklist: OptionalLine = ""
    done: bool = False


class FileComment(Part):
    """`author` is empty for what nobody said, such as the rest of a text that was too long."""

    author: OptionalLine = ""
    at: Moment
    text: MessageText


class FileAttachment(Part):
    name: Annotated[str, StringConstraints(max_length=200), checked(clean_line, most=200, may_be_empty=True)] = ""
    url: Url
    kind: str = "link"
    size: int = 0


class FileCard(Part):
    """`number` is the one people call it by; `done_at` and `archived_at` say since when it is so."""

    id: Id
    number: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    column: Id
    title: CardTitle
    description: Description = ""
    labels: list[Id] = []
    people: list[Name] = []
    start_day: Day | None = None
    due: Due | None = None
    size_minutes: Minutes | None = None
    skill: OptionalLine = ""
    language: Language = ""
    seats: Seats | None = None
    items: list[FileItem] = []
    comments: list[FileComment] = []
    attachments: list[FileAttachment] = []
    links: list[Id] = []
    source: CardSource | None = None
    state: WorkState = "open"
    done_at: Moment | None = None
    archived_at: Moment | None = None
    created_at: Moment | None = None
    created_by: str = ""


class FileChange(Part):
    """One change of one card. `subject` names the person or label that was put on or taken off."""

    number: int
    card: str
    at: datetime
    by: str
    field: str
    subject: str = ""
    before: Any = None
    after: Any = None
    way: str = ""
    undone: bool = False


class BoardFile(Part):
    format: Literal["multaqa.board"] = FORMAT
    version: Literal[1] = 1
    title: TeamTitle
    team: str = ""
    url: str = ""
    exported_at: datetime | None = None
    review: bool = False
    columns: list[FileColumn]
    labels: list[FileLabel] = []
    cards: list[FileCard] = []
    history: list[FileChange] = []


def too_much(file: BoardFile) -> tuple[str, int] | None:
    """What there is too much of in a file (cards, columns or parts of a card), and how much may be."""
    sums = (
        ("columns", sum(not one.archived for one in file.columns), MOST_COLUMNS),
        ("columns", len(file.columns), ALL_COLUMNS),
        ("cards", sum(one.archived_at is None for one in file.cards), MOST_CARDS),
        ("cards", len(file.cards), ALL_CARDS),
        ("parts", len(file.labels), ALL_LABELS),
        ("parts", max((len(one.items) for one in file.cards), default=0), MOST_ITEMS),
        ("parts", max((len(one.comments) for one in file.cards), default=0), MOST_COMMENTS),
        ("parts", max((len(one.attachments) for one in file.cards), default=0), MOST_ATTACHMENTS),
        ("parts", sum(len(one.items) for one in file.cards), ALL_PARTS),
        ("parts", sum(len(one.comments) for one in file.cards), ALL_PARTS),
        ("parts", len({name for card in file.cards for name in card.people}), MOST_NAMES),
        ("parts", max((len(ids) for ids in linked(file.cards).values()), default=0), MOST_LINKS),
    )
    return next(((what, most) for what, number, most in sums if number > most), None)


def linked(cards: Sequence[FileCard]) -> dict[str, set[str]]:
    """The cards that each is linked to, whichever of the two the file names it with."""
    found: dict[str, set[str]] = defaultdict(set)
    for card in cards:
        for other in card.links:
            if other != card.id:
                found[card.id].add(other)
                found[other].add(card.id)
    return found


def loose_end(file: BoardFile) -> str | None:
    """Where a file contradicts itself: an id that comes twice, a column, label or card it does not hold."""
    columns, labels = [one.id for one in file.columns], [one.id for one in file.labels]
    cards = [one.id for one in file.cards]
    for name, ids in (("columns", columns), ("labels", labels), ("cards", cards)):
        if (at := _twice(ids)) is not None:
            return f"{name}[{at}].id"
    known_columns, known_labels, known_cards = set(columns), set(labels), set(cards)
    for at, card in enumerate(file.cards):
        if card.column not in known_columns:
            return f"cards[{at}].column"
        if not known_labels.issuperset(card.labels):
            return f"cards[{at}].labels"
        if not known_cards.issuperset(card.links):
            return f"cards[{at}].links"
    return None


def _twice(ids: Sequence[str]) -> int | None:
    seen: set[str] = set()
    for at, id in enumerate(ids):
        if id in seen:
            return at
        seen.add(id)
    return None


def external(id: str) -> str:
    """What a card made from the file is known by: `trello:…`, `csv:…`, or one of our own."""
    return id if ":" in id else f"multaqa:{id}"


def own_id(id: str) -> UUID | None:
    """The card that an export of ours names, by itself or in a column of its sheet."""
    try:
        return UUID(id.rpartition(":")[2])
    except ValueError:
        return None
