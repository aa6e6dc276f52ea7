"""Which questions ask likely the same: by the three-letter pieces of their folded words.

Dice's coefficient over trigrams (Adamson and Boreham 1974) needs no dictionary: it serves Arabic with its clitics
and English alike. What is proposed is only proposed: a moderator decides.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping
from functools import lru_cache
from typing import TypeVar

from server.domain.text import fold

Key = TypeVar("Key", bound=Hashable)

ALIKE = 0.55  # the tests' pairs lie well above, other questions of the same talk below 0.4
AT_MOST = 3
_WORD = re.compile(r"\w+")
_ARTICLE = re.compile(r"^(?:[وفبك]?ال|لل|و(?=\w{4}))")
# Words of nearly every question; they say nothing of what it asks.
_USUAL = """
ما هل من في على عن إلى مع هو هي هذا هذه ذلك كيف متى أين لماذا كم أي أن أو ثم قد هنا لكم لنا يمكن يمكننا نستطيع كان
a an the is are was do does did how what when where why who which can could should would will to of in on at for
and or with we you i it this that there
"""
_SKIPPED = frozenset(fold(_USUAL).split())


@lru_cache(maxsize=8192)
def pieces(text: str) -> frozenset[str]:
    """The trigrams of a text's telling words; of all its words when it has no others."""
    words = _WORD.findall(fold(text))
    telling = [_ARTICLE.sub("", word) for word in words if word not in _SKIPPED] or words
    return frozenset(
        padded[at : at + 3] for padded in (f" {word} " for word in telling) for at in range(len(padded) - 2)
    )


def likeness(one: str, other: str) -> float:
    """From 0, nothing in common, to 1."""
    first, second = pieces(one), pieces(other)
    return 2 * len(first & second) / (len(first) + len(second)) if first and second else 0.0


def likely_duplicates(texts: Mapping[Key, str]) -> dict[Key, list[Key]]:
    """For each text the few others that likely ask the same, the likest first. Those without any are left out."""
    holders: defaultdict[str, list[Key]] = defaultdict(list)
    for key, text in texts.items():
        for piece in pieces(text):
            holders[piece].append(key)
    found: dict[Key, list[Key]] = {}
    for key, text in texts.items():
        own = pieces(text)
        shared = Counter(other for piece in own for other in holders[piece])
        scores = [
            (2 * count / (len(own) + len(pieces(texts[other]))), other)
            for other, count in shared.items()
            if other != key
        ]
        close = sorted((one for one in scores if one[0] >= ALIKE), key=lambda one: -one[0])
        if close:
            found[key] = [other for _, other in close[:AT_MOST]]
    return found
