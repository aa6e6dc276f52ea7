"""Running late: which sessions of a hall move, and to when. Pure arithmetic over times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

SHORTEST_BREAK = timedelta(minutes=5)
MOVABLE = frozenset({"scheduled", "backstage"})


@dataclass(frozen=True)
class Slot:
    """A session as far as shifting is concerned."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    kind: str
    state: str


def shifted(slots: Sequence[Slot], first: UUID, late: timedelta, *, zone: str, eat_breaks: bool) -> list[Slot]:
    """The slots of one hall that change, with their new times, in order.

    A session that has begun keeps its beginning and ends later; what follows on the same day of the zone moves
    by the same time. With `eat_breaks` free time is used up first: pauses between sessions, and breaks down to
    five minutes. What is over or cancelled stays.
    """
    ordered = sorted(slots, key=lambda slot: (slot.starts_at, slot.ends_at, slot.id))
    at = next((place for place, slot in enumerate(ordered) if slot.id == first), None)
    if at is None:
        return []
    begun = ordered[at]
    moved = [_first(begun, late)]
    day = begun.starts_at.astimezone(ZoneInfo(zone)).date()
    eat = eat_breaks and late > timedelta(0)
    delay, free_from = late, begun.ends_at
    for slot in ordered[at + 1 :]:
        if slot.state not in MOVABLE or slot.starts_at.astimezone(ZoneInfo(zone)).date() != day:
            continue
        if eat and slot.starts_at > free_from:
            delay = max(timedelta(0), delay - (slot.starts_at - free_from))
        if delay == timedelta(0):
            break
        new, delay = _moved(slot, delay, eat=eat)
        moved.append(new)
        free_from = max(free_from, slot.ends_at)
    return [slot for slot in moved if slot not in ordered]


def _first(slot: Slot, late: timedelta) -> Slot:
    if slot.state in MOVABLE:
        return _at(slot, slot.starts_at + late, slot.ends_at + late)
    return _at(slot, slot.starts_at, max(slot.starts_at + SHORTEST_BREAK, slot.ends_at + late))


def _moved(slot: Slot, delay: timedelta, *, eat: bool) -> tuple[Slot, timedelta]:
    """The slot later by the delay, and the delay that is left after it."""
    if not eat or slot.kind != "break":
        return _at(slot, slot.starts_at + delay, slot.ends_at + delay), delay
    shortest = min(SHORTEST_BREAK, slot.ends_at - slot.starts_at)
    starts_at = slot.starts_at + delay
    ends_at = max(slot.ends_at, starts_at + shortest)
    return _at(slot, starts_at, ends_at), ends_at - slot.ends_at


def _at(slot: Slot, starts_at: datetime, ends_at: datetime) -> Slot:
    return Slot(slot.id, starts_at, ends_at, slot.kind, slot.state)
