"""A team's work seen from its own page: what happened on its boards, its files, its days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from server.domain.attachment import AttachmentView
from server.domain.errors import BadInput
from server.domain.person import PersonView
from server.domain.view import View
from server.domain.zone import Instant

MOST_DAYS = 62
MONTH = 30
FIRST = "00000000-0000-0000-0000-000000000000"  # before every id


class CardDeed(View):
    """Something done to a card. `field` is as in its history, or `comment`, whose words are `after`."""

    id: UUID
    at: Instant
    by: PersonView | None
    field: str
    after: Any
    card_id: UUID
    title: str
    board_id: UUID


class CardDeeds(View):
    """Newest first; `more`: there are older ones."""

    deeds: list[CardDeed]
    more: bool


class TeamFile(View):
    file: AttachmentView
    board_id: UUID
    title: str


class TeamFiles(View):
    """Newest first, each with the card it hangs on; `more`: there are older ones."""

    files: list[TeamFile]
    more: bool


class Place(NamedTuple):
    """Where a page ends: many rows may be of one moment, as those of an import are."""

    at: datetime
    id: UUID


def place(name: str, text: str | None) -> Place | None:
    """The last row of a page as the wire tells it, `<time>,<id>`; a time alone is what was before it.

    Raises BadInput.
    """
    if not text:
        return None
    at, _, id = text.partition(",")
    try:
        found = Place(datetime.fromisoformat(at), UUID(id or FIRST))
        if found.at.tzinfo is not None and _ours(found.at):
            return found._replace(at=found.at.astimezone(UTC))
    except (ValueError, OverflowError):
        pass
    raise BadInput("input.unusable", fields={name: "field.unusable"})


def days(first: str, last: str, today: date) -> tuple[date, date]:
    """A stretch of days, not longer than two months; a month from today unless told. Raises BadInput."""
    wrong = BadInput("input.unusable", fields={"from": "field.unusable"})
    try:
        start = date.fromisoformat(first) if first else today
        end = date.fromisoformat(last) if last else None
    except ValueError:
        raise wrong from None
    if not _ours(start):
        raise wrong
    found = start, end or start + timedelta(days=MONTH)
    if not timedelta() <= found[1] - found[0] <= timedelta(days=MOST_DAYS):
        raise BadInput("input.unusable", fields={"to": "field.unusable"})
    return found


def _ours(day: date) -> bool:
    """At the ends of the calendar an offset or a month leaves it."""
    return 1970 <= day.year < 2200
