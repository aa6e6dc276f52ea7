"""Addresses on the web that people write down for others to press."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints

from server.domain.text import clean_line

LONGEST_LINK = 300
MOST_LINKS = 5
_SCHEME = re.compile("[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def _url(text: str) -> str:
    """An address that is safe to press: only what a browser fetches, never what it runs."""
    parts = urlsplit(clean_line(text))
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise ValueError("no address")
    return parts.geturl()


def _link(text: str) -> str:
    """The same as people type it: `example.org/me` is meant to be looked up by https."""
    line = clean_line(text)
    url = _url(line if _SCHEME.match(line) else f"https://{line}")
    if "." not in (urlsplit(url).hostname or "") or len(url) > LONGEST_LINK:
        raise ValueError("no address")
    return url


def _once(links: list[str]) -> list[str]:
    return list(dict.fromkeys(links))


Url = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_url)]
Link = Annotated[str, StringConstraints(max_length=LONGEST_LINK), AfterValidator(_link)]
Links = Annotated[list[Link], Field(max_length=MOST_LINKS), AfterValidator(_once)]
