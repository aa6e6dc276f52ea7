"""pretalx's `schedule.json` as a table: the same door for all that comes from outside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from server.domain.errors import BadInput
from server.domain.programme_sheet import MOST_CELL, Table
from server.domain.text import clean, clean_line

COLUMNS = ["id", "title", "start", "duration", "hall", "track", "kind", "language", "description", "speakers"]


def read(text: str) -> Table:
    """One row per event. Raises BadInput when it is no such file."""
    try:
        days = json.loads(text)["schedule"]["conference"]["days"]
        return Table("pretalx", COLUMNS, [_row(event, hall) for event, hall in _events(days)])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BadInput("sheet.unknown_json") from None


def _events(days: Any) -> Iterator[tuple[dict[str, Any], str]]:
    for day in days:
        for hall, events in day["rooms"].items():
            for event in events:
                yield event, str(hall)


def _row(event: dict[str, Any], hall: str) -> list[str]:
    parts = [event.get("subtitle"), event.get("abstract"), event.get("description")]
    people = [
        {
            "name": clean_line(str(one.get("public_name") or one.get("name") or ""))[:80],
            "source": str(one.get("code") or one.get("id") or "")[:80] or None,
            "bio": clean(str(one.get("biography") or ""))[:4000],
        }
        for one in event.get("persons") or ()
    ]
    kind = event.get("type")
    values = [
        event.get("guid") or event.get("code") or event.get("id"),
        event["title"],
        event["date"],
        event["duration"],
        hall,
        _named(event.get("track")),
        _named(kind),
        event.get("language"),
        "\n\n".join(str(part) for part in parts if part),
    ]
    cells = [clean(str(value if value is not None else ""))[:MOST_CELL] for value in values]
    return [*cells, json.dumps([one for one in people if one["name"]], ensure_ascii=False)]


def _named(value: Any) -> str:
    """pretalx tells some names as {"en": …, "ar": …}."""
    if isinstance(value, dict):
        return str(next(iter(value.values()), ""))
    return str(value or "")
