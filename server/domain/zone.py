"""Times and time zones.

Zones go by their IANA names, from the packaged tzdata, so that every server knows the same ones. Times are
kept and told in UTC, in whole milliseconds, whatever offset they came with.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, AwareDatetime, PlainSerializer, StringConstraints, WithJsonSchema

Locale = Literal["ar", "en"]


@cache
def _known() -> frozenset[str]:
    return frozenset(available_timezones())


def _zone(name: str) -> str:
    if name not in _known():
        raise ValueError("unknown zone")
    return name


Zone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_zone)]


def _utc(moment: datetime) -> datetime:
    if not 1970 <= moment.year < 2200:  # at the ends of the calendar an offset leaves it
        raise ValueError("not of our time")
    return moment.astimezone(UTC).replace(microsecond=moment.microsecond // 1000 * 1000)


def wire_time(moment: datetime) -> str:
    """RFC 3339 in UTC, always with three decimals: the order of such texts is the order of their moments.

    Left to itself, a whole second goes without decimals, and `37Z` sorts after `37.035Z`.
    """
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_ON_THE_WIRE = PlainSerializer(wire_time, return_type=str, when_used="json")
_SHAPE = WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization")

Moment = Annotated[AwareDatetime, AfterValidator(_utc), _ON_THE_WIRE, _SHAPE]
"""A time that somebody tells us."""

Instant = Annotated[datetime, _ON_THE_WIRE, _SHAPE]
"""A time that we tell."""
