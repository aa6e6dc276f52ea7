"""Two people's changes of one text made one, where they do not meet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

MOST_PIECES = 300  # of a text; comparing takes the square of it
_PIECE = re.compile(r"[^\n.!?؟]*(?:\n|[.!?؟]+[^\S\n]*|$)")
"""A sentence with the blanks after it, or what is left of a line."""


@dataclass(frozen=True)
class _Change:
    """Pieces `start` to `end` of the base became `pieces`."""

    start: int
    end: int
    pieces: tuple[str, ...]


def merged(base: str, theirs: str, yours: str) -> str | None:
    """Both changes in one text, or None when they touch each other.

    They touch when not even one sentence or line of the base stands between them: then a person has to
    choose, since two changes of one thought seldom make a third that somebody meant.
    """
    old, one, other = (_pieces(text) for text in (base, theirs, yours))
    if max(len(old), len(one), len(other)) > MOST_PIECES:
        return None
    changes = sorted({*_changes(old, one), *_changes(old, other)}, key=lambda change: (change.start, change.end))
    if any(after.start <= before.end for before, after in pairwise(changes)):
        return None
    return "".join(_apply(old, changes))


def _pieces(text: str) -> tuple[str, ...]:
    return tuple(piece for piece in _PIECE.findall(text) if piece)


def _changes(base: Sequence[str], text: Sequence[str]) -> Iterator[_Change]:
    for tag, start, end, first, last in SequenceMatcher(None, base, text, autojunk=False).get_opcodes():
        if tag != "equal":
            yield _Change(start, end, tuple(text[first:last]))


def _apply(base: Sequence[str], changes: Sequence[_Change]) -> Iterator[str]:
    at = 0
    for change in changes:
        yield from base[at : change.start]
        yield from change.pieces
        at = change.end
    yield from base[at:]
