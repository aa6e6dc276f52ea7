"""What an organiser most likely did not mean: a hall or a speaker in two places at once, a day off the conference.

None of it is refused. A hall may be divided, a speaker may look in at two workshops, a dinner may come before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from server.domain.text import fold
from server.domain.view import View


class RowWarning(View):
    """`name` is the hall or the speaker, `title` the other session at that time; both empty outside the days."""

    code: Literal["hall_taken", "speaker_taken", "outside_days"]
    name: str = ""
    title: str = ""


@dataclass(frozen=True)
class Slot:
    """A session as it will stand. `row` is nothing for one that no row of the sheet names."""

    row: int | None
    title: str
    starts_at: datetime
    ends_at: datetime
    hall: str
    speakers: Sequence[str]


def warnings(
    slots: Sequence[Slot], *, first: date | None, last: date | None, zone: str
) -> dict[int, list[RowWarning]]:
    """What to look at again, by row: at most one warning a row for each hall and each speaker."""
    found: dict[int, list[RowWarning]] = defaultdict(list)
    for slot in slots:
        day = slot.starts_at.astimezone(ZoneInfo(zone)).date()
        if slot.row is not None and ((first and day < first) or (last and day > last)):
            found[slot.row].append(RowWarning(code="outside_days"))
    halls = [(slot.hall, slot) for slot in slots if slot.hall]
    speakers = [(name, slot) for slot in slots for name in slot.speakers]
    told: set[tuple[int, str]] = set()
    for code, named in (("hall_taken", halls), ("speaker_taken", speakers)):
        for name, one, other in _at_once(named):
            for mine, theirs in ((one, other), (other, one)):
                if mine.row is not None and (mine.row, key := f"{code}:{fold(name)}") not in told:
                    told.add((mine.row, key))
                    warning = {"code": code, "name": name, "title": theirs.title}
                    found[mine.row].append(RowWarning.model_validate(warning))
    return found


def _at_once(named: Iterable[tuple[str, Slot]]) -> Iterable[tuple[str, Slot, Slot]]:
    """Pairs of sessions that share a name, however it is spelled, and a moment."""
    groups: dict[str, list[tuple[str, Slot]]] = defaultdict(list)
    for name, slot in named:
        groups[fold(name)].append((name, slot))
    for group in groups.values():
        group.sort(key=lambda pair: pair[1].starts_at)
        until: tuple[str, Slot] | None = None  # the one that lasts longest of those before
        for name, slot in group:
            if until is not None and slot.starts_at < until[1].ends_at and slot is not until[1]:
                yield name, until[1], slot
            if until is None or slot.ends_at > until[1].ends_at:
                until = name, slot
