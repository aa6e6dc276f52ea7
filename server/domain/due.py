"""When a card is due: a day ends where its person lives, a moment is the same everywhere."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from models.card import Card


def ends_at(card: Card, zone: str | None) -> datetime | None:
    """The instant after which the card is late, for somebody who lives in a zone (UTC when nobody said)."""
    if card.due_at is not None:
        return card.due_at
    if card.due_day is None:
        return None
    midnight = datetime.combine(card.due_day + timedelta(days=1), time(), tzinfo=ZoneInfo(zone or "UTC"))
    return midnight.astimezone(UTC)
