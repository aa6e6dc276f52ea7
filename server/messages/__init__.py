"""What the server itself says, in every language: one JSON file a language, held equal by a test."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

LOCALES = ("ar", "en")
DEFAULT = "ar"


@cache
def catalogue(locale: str) -> dict[str, str]:
    text = (Path(__file__).parent / f"{locale}.json").read_text("utf-8")
    loaded: dict[str, str] = json.loads(text)
    return loaded


def sentence(locale: str, code: str, **values: object) -> str:
    """The sentence for a code, with `{name}` places filled."""
    return catalogue(locale if locale in LOCALES else DEFAULT)[code].format(**values)


@cache
def _cities() -> dict[str, dict[str, str]]:
    loaded: dict[str, dict[str, str]] = json.loads((Path(__file__).parent / "cities.json").read_text("utf-8"))
    return loaded


def city(locale: str, zone: str) -> str:
    """The place a zone is named after, in the reader's script where we know its name: Latin letters amid
    Arabic words turn a line round."""
    place = zone.rpartition("/")[2]
    return _cities().get(locale, {}).get(place, place.replace("_", " "))


def known(code: str) -> bool:
    """Whether there is a sentence for a code that came from another process."""
    return code in catalogue(DEFAULT)


def preferred(accept_language: str) -> str:
    """The first of our languages in an Accept-Language header (RFC 9110 12.5.4); Arabic without one."""
    weighed: list[tuple[float, int, str]] = []
    for place, part in enumerate(accept_language[:200].split(",")):
        tag, _, weight = part.strip().partition(";q=")
        locale = tag.strip().lower().split("-")[0]
        if locale in LOCALES and (wanted := _number(weight)) > 0:  # 0 means: not this one
            weighed.append((-wanted, place, locale))
    return min(weighed)[2] if weighed else DEFAULT


def _number(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0
