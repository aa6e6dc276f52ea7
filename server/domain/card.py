"""A card: a piece of work with a place on a board.

What the board draws is in `CardView`, sums instead of rows; what is seen when it is opened is in `CardSnapshot`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from models.card import Card
from server.domain.attachment import AttachmentView
from server.domain.checklist import ItemView
from server.domain.comment import CommentView
from server.domain.person import PersonView
from server.domain.text import CardTitle, OptionalLine, checked, clean
from server.domain.view import Fact, Position, View
from server.domain.work import ClaimView, ReviewView, WorkState
from server.domain.zone import Instant, Moment

LONGEST_DESCRIPTION = 10_000  # a publication of it stays well under a frame's 64 KiB
MOST_PEOPLE = 50
MOST_LINKS = 50

Description = Annotated[
    str,
    StringConstraints(max_length=LONGEST_DESCRIPTION),
    checked(clean, most=LONGEST_DESCRIPTION, may_be_empty=True),
]
Minutes = Annotated[int, Field(ge=5, le=60_000)]
Seats = Annotated[int, Field(ge=1, le=MOST_PEOPLE)]
_TAG = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}")  # BCP 47, as far as languages of texts need it


def _language(tag: str) -> str:
    if tag and not _TAG.fullmatch(tag):
        raise ValueError("no language tag")
    return tag


Language = Annotated[str, StringConstraints(max_length=16), AfterValidator(_language)]


def _day(day: date) -> date:
    if not 1970 <= day.year < 2200:
        raise ValueError("not of our time")
    return day


Day = Annotated[date, AfterValidator(_day)]


class Due(View):
    """A `day` ends at midnight where the card's person lives; a moment `at` is one instant for everybody."""

    day: Day | None = None
    at: Moment | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Due:
        if (self.day is None) == (self.at is None):
            raise ValueError("a day or a moment")
        return self


class CardSource(View):
    """What was said that a card was made from; `at_ms` is a place in a recording."""

    kind: Literal["message", "question", "recording"]
    id: UUID
    session_id: UUID | None = None
    team_id: UUID | None = None  # of what was said in a team's chat
    at_ms: Annotated[int, Field(ge=0)] | None = None


class CardView(View):
    """`fields` counts the changes of each field; one that is not named was never changed (0)."""

    id: UUID
    board_id: UUID
    column_id: UUID
    rank: str
    number: int
    title: str
    described: bool
    labels: list[UUID]
    people: list[PersonView]
    start_day: date | None
    due: Due | None
    size_minutes: int | None
    skill: str
    language: str
    seats: int | None
    cover: UUID | None
    source: CardSource | None
    links: list[UUID]
    items: int
    items_done: int
    comments: int
    attachments: int
    state: WorkState
    worker: PersonView | None
    lease_until: Instant | None
    done_at: Instant | None
    archived: bool
    created_at: Instant
    fields: dict[str, int]
    version: int


class CardSnapshot(View):
    """A card that is opened, with the position of its board's channel. Comments are the newest 300."""

    position: Position
    card: CardView
    description: str
    items: list[ItemView]
    comments: list[CommentView]
    attachments: list[AttachmentView]
    claims: list[ClaimView]
    reviews: list[ReviewView]


class CardDraft(View):
    column_id: UUID
    title: CardTitle
    description: Description = ""
    before: UUID | None = None
    after: UUID | None = None
    labels: Annotated[tuple[UUID, ...], Field(max_length=30)] = ()
    people: Annotated[tuple[UUID, ...], Field(max_length=MOST_PEOPLE)] = ()
    start_day: Day | None = None
    due: Due | None = None
    size_minutes: Minutes | None = None
    skill: OptionalLine = ""
    language: Language = ""
    seats: Seats | None = None
    source: CardSource | None = None


class CardMove(View):
    """Where to, by intent: before or after which card; neither means to the end of the column."""

    column_id: UUID
    before: UUID | None = None
    after: UUID | None = None


class CardArchive(View):
    """Into the archive, and back: before or after which card of its column; neither means to its end."""

    on: bool = True
    before: UUID | None = None
    after: UUID | None = None


class PersonWish(View):
    person_id: UUID
    on: bool = True


class LabelWish(View):
    label_id: UUID
    on: bool = True


class LinkWish(View):
    other_id: UUID
    on: bool = True


class CardsFound(View):
    """`more`: there are others; the newest come first."""

    cards: list[CardView]
    more: bool


class CardCreated(Fact, name="card.created", channels=("board",)):
    card: CardView
    by: PersonView | None


class CardChanged(Fact, name="card.changed", channels=("board",)):
    """`changed` names the fields; `description` is there when it is among them."""

    card: CardView
    by: PersonView | None
    changed: list[str]
    description: str | None = None


class CardMoved(Fact, name="card.moved", channels=("board",)):
    card: CardView
    by: PersonView | None


class CardArchived(Fact, name="card.archived", channels=("board",)):
    card: CardView
    by: PersonView | None


class CardRestored(Fact, name="card.restored", channels=("board",)):
    card: CardView
    by: PersonView | None


class CardWatched(Fact, name="card.watched", channels=("person",)):
    """To all devices of whoever does: by a wish, or by making, taking or talking about the card."""

    card_id: UUID
    on: bool


def due_of(card: Card) -> Due | None:
    if card.due_day is None and card.due_at is None:
        return None
    return Due(day=card.due_day, at=card.due_at)


def view(
    card: Card,
    *,
    people: Sequence[PersonView] = (),
    labels: Sequence[UUID] = (),
    links: Sequence[UUID] = (),
    worker: PersonView | None = None,
) -> CardView:
    return CardView(
        id=card.id,
        board_id=card.board_id,
        column_id=card.column_id,
        rank=card.rank,
        number=card.number,
        title=card.title,
        described=bool(card.description),
        labels=sorted(labels),
        people=list(people),
        start_day=card.start_day,
        due=due_of(card),
        size_minutes=card.size_minutes,
        skill=card.skill,
        language=card.language,
        seats=card.seats,
        cover=card.cover_id,
        source=CardSource.model_validate(card.source) if card.source else None,
        links=sorted(links),
        items=card.items,
        items_done=card.items_done,
        comments=card.comments,
        attachments=card.attachments,
        state=card.state,
        worker=worker,
        lease_until=card.lease_until,
        done_at=card.done_at,
        archived=card.archived_at is not None,
        created_at=card.created_at,
        fields=dict(card.field_versions),
        version=card.version,
    )


def raised(versions: Mapping[str, int], names: Sequence[str]) -> dict[str, int]:
    """The fields' versions after these were changed; a new mapping, so that the row notices."""
    return {**versions, **{name: versions.get(name, 0) + 1 for name in names}}
