"""The words that the pages say, from the front end's own messages: tests find controls as people do."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

MESSAGES = Path(__file__).parents[2] / "web" / "messages"


def word(key: str, locale: str = "ar") -> str:
    """`chat.send` -> «أرسل». Only for messages without anything to fill in."""
    area, _, name = key.partition(".")
    text = _area(locale, area)[name]
    assert "{" not in text, f"{key} has places to fill in"
    return text


def shape(key: str, locale: str = "ar") -> re.Pattern[str]:
    """The same for a message with places to fill in, whatever stands there."""
    area, _, name = key.partition(".")
    parts = re.split(r"{\w+}", _area(locale, area)[name])
    return re.compile("^" + ".+".join(map(re.escape, parts)) + "$")


@cache
def _area(locale: str, area: str) -> dict[str, str]:
    words: dict[str, str] = json.loads((MESSAGES / locale / f"{area}.json").read_text())
    return words
