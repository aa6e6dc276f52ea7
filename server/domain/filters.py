"""What becomes of words before anybody reads them: shown, held for a moderator, or refused with a reason.

One chain, read from above: the first filter that refuses ends it; the first that holds is remembered, and
a later one may still refuse. Those who look after the session pass unasked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal

from server.domain.errors import Fault, Forbidden, TooMany
from server.domain.text import fold

HoldReason = Literal["calm", "all", "newcomer", "word"]

_JOINERS = re.compile("[\u200b-\u200f\u061c\u2060\u00ad]")
# Arabic writes «and», «the», «with», «for», «like» and «so» into the word after them.
_PREFIX = "(?:[وف]?(?:[بكل]?ال|لل|[بكل])?)?"
_LINK = re.compile(
    r"https?://|www\.|(?<![\w.@-])[a-z0-9-]{1,63}\.(?:com|net|org|info|io|me|co|ru|xyz|link|site|online|top|shop)\b"
)


@dataclass(frozen=True)
class Word:
    """A word that is not wanted; `whole` spares the longer words it stands in."""

    text: str
    whole: bool
    refuse: bool


@dataclass(frozen=True)
class Rules:
    """The rules in force in one chat."""

    slow_s: int = 0
    hold: str = "nobody"  # nobody, newcomers or all
    links: str = "all"  # all, known (no newcomers) or nobody
    newcomer_minutes: int = 10
    words: tuple[Word, ...] = ()
    calm: bool = False


@dataclass(frozen=True)
class Author:
    """Who speaks. `wait_s`: how long slow mode still asks of them."""

    crew: bool = False
    newcomer: bool = False
    silenced: bool = False
    wait_s: int = 0


@dataclass(frozen=True)
class Said:
    text: str
    folded: str


@dataclass(frozen=True)
class Held:
    reason: HoldReason


Verdict = Held | None  # None: shown
Filter = Callable[[Said, Author, Rules], Verdict]


def _silence(said: Said, author: Author, rules: Rules) -> Verdict:
    if author.silenced:
        raise Forbidden("silenced")
    return None


def _slow(said: Said, author: Author, rules: Rules) -> Verdict:
    if rules.slow_s and author.wait_s > 0:
        raise TooMany("slow_mode", retry_after_s=author.wait_s)
    return None


def _words(said: Said, author: Author, rules: Rules) -> Verdict:
    found = [word for word in rules.words if stands_in(word, said.folded)]
    if any(word.refuse for word in found):
        raise Forbidden("word.refused")
    return Held("word") if found else None


def _links(said: Said, author: Author, rules: Rules) -> Verdict:
    if (rules.links != "all" or rules.calm) and has_link(said.folded):
        if rules.links == "nobody" or rules.calm:
            raise Forbidden("links.off")
        if author.newcomer:
            raise Forbidden("links.newcomer")
    return None


def _calm(said: Said, author: Author, rules: Rules) -> Verdict:
    return Held("calm") if rules.calm else None


def _hold(said: Said, author: Author, rules: Rules) -> Verdict:
    if rules.hold == "all":
        return Held("all")
    return Held("newcomer") if rules.hold == "newcomers" and author.newcomer else None


CHAIN: tuple[Filter, ...] = (_silence, _slow, _words, _links, _calm, _hold)


def judge(text: str, author: Author, rules: Rules) -> Verdict:
    """What becomes of a message. Raises a Fault with a sentence for its author when it is refused."""
    if author.crew:
        return None
    said = Said(text, searchable(text))
    verdict: Verdict = None
    for one in CHAIN:
        found = one(said, author, rules)
        verdict = verdict or found
    return verdict


def refused(text: str, author: Author, rules: Rules) -> Fault | None:
    try:
        judge(text, author, rules)
    except Fault as fault:
        return fault
    return None


def check_words(texts: Sequence[str], rules: Rules) -> None:
    """Raises Forbidden for words that are not wanted, where nothing can be held back for a moderator."""
    if any(stands_in(word, searchable(text)) for text in texts for word in rules.words):
        raise Forbidden("word.refused")


def asks_for_newcomers(text: str, rules: Rules) -> bool:
    """Whether it matters how long the author has been here."""
    return rules.hold == "newcomers" or (rules.links == "known" and has_link(searchable(text)))


def is_newcomer(joined_at: datetime, at: datetime, rules: Rules) -> bool:
    return at - joined_at < timedelta(minutes=rules.newcomer_minutes)


def wait_s(spoke_at: datetime | None, at: datetime, slow_s: int) -> int:
    """The whole seconds that slow mode still asks for. What was said further ahead than a turn was said before
    the clock was put back, and asks for nothing."""
    if spoke_at is None or not slow_s:
        return 0
    left = slow_s - (at - spoke_at).total_seconds()
    if left > 2 * slow_s:
        return 0
    return min(slow_s, max(0, -int(-left // 1)))


def searchable(text: str) -> str:
    """The folded form without the joiners that a word can be hidden with."""
    return _JOINERS.sub("", fold(text))


def has_link(folded: str) -> bool:
    return _LINK.search(folded) is not None


def stands_in(word: Word, folded: str) -> bool:
    wanted = searchable(word.text)
    if not wanted:
        return False
    return bool(_whole(wanted).search(folded)) if word.whole else wanted in folded


@lru_cache(maxsize=1024)
def _whole(wanted: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){_PREFIX}{re.escape(wanted)}(?!\w)")
