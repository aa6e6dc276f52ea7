"""Time zones by their IANA names, from the packaged tzdata, so that every server knows the same ones."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, StringConstraints

Locale = Literal["ar", "en"]


@cache
def _known() -> frozenset[str]:
    return frozenset(available_timezones())


def _zone(name: str) -> str:
    if name not in _known():
        raise ValueError("unknown zone")
    return name


Zone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_zone)]
