"""A team's work seen from its own page: what happened on its boards, its files, its days."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from server.domain.attachment import AttachmentView
from server.domain.errors import BadInput
from server.domain.person import PersonView
from server.domain.view import View

MOST_DAYS = 62
MONTH = 30


class CardDeed(View):
    """Something done to a card. `field` is as in its history, or `comment`, whose words are `after`."""

    id: UUID
    at: datetime
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


def moment(name: str, text: str | None) -> datetime | None:
    """A time as the wire tells it. Raises BadInput."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not _ours(found):
        raise BadInput("input.unusable", fields={name: "field.unusable"})
    return found


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
