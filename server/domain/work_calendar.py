"""One's own due cards as calendars know them (RFC 5545): a due day as a whole day, a due moment as a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from icalendar import Calendar, Event, vUri

from models.card import Card
from server.domain.calendar import begun, event_of

TITLES = {"ar": "مهامي في ملتقى", "en": "My Multaqa tasks"}
SHORTEST = timedelta(minutes=15)
LONGEST = timedelta(hours=4)


@dataclass(frozen=True)
class DueCard:
    """A card with its board's and team's names, and when it was changed last. `off`: done, or put away."""

    card: Card
    board: str
    team: str
    changed_at: datetime
    off: bool
    url: str


def work_calendar(entries: Sequence[DueCard], *, locale: str, zone: str | None) -> bytes:
    """The whole file. What is done stays in it for a while as cancelled, so that calendars take it out."""
    made: Calendar = begun(TITLES.get(locale, TITLES["en"]), zone)
    for entry in entries:
        made.add_component(_event(entry))
    return bytes(made.to_ical())


def _event(entry: DueCard) -> Event:
    card = entry.card
    event = event_of(card, changed_at=entry.changed_at)
    if card.due_day is not None:
        event.add("dtstart", card.due_day)
        event.add("dtend", card.due_day + timedelta(days=1))
        event.add("transp", "TRANSPARENT")  # a day that something is due is not a day without time
    elif card.due_at is not None:
        length = timedelta(minutes=card.size_minutes) if card.size_minutes else SHORTEST
        event.add("dtstart", card.due_at - min(max(length, SHORTEST), LONGEST))
        event.add("dtend", card.due_at)
    event.add("summary", card.title)
    event.add("status", "CANCELLED" if entry.off else "CONFIRMED")
    about = "\n\n".join(part for part in (f"{entry.team} · {entry.board}", card.description) if part)
    event.add("description", about)
    event.add("url", vUri(entry.url))
    return event
