"""How often somebody may do something, kept per process in memory by the `limits` library.

With several processes a person may reach the sum of them; that bounds a flood as well as one shared
count would, and asks no other service.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.storage.memory import Entry
from limits.strategies import MovingWindowRateLimiter

from server.domain.errors import TooMany


@dataclass(frozen=True)
class Rate:
    """A name and a limit such as `30/minute`, counted per login, or per address where nobody is signed in."""

    name: str
    limit: str
    by_address: bool = False


READING = Rate("reading", "600/minute")
WRITING = Rate("writing", "240/minute")
TALKING = Rate("talking", "120/minute")
STREAMING = Rate("streaming", "60/minute")
# What a window asks of a connection that stands: each asks every 10 s. Never at the cost of coming back.
VIEWING = Rate("viewing", "120/minute")
UPLOADING = Rate("uploading", "30/minute")
EXPORTING = Rate("exporting", "30/minute")  # each reads all rows of a board
FILMING = Rate("filming", "300/minute")  # parts of 4 MB: what a quick line can bring
TIDY_S = 60.0
# By address, behind which a whole hall or a mobile network may sit: tokens of 128 bits need no narrower limit.
NEWCOMING = Rate("newcoming", "3000/minute", by_address=True)
ENTERING = Rate("entering", "300/minute", by_address=True)
# Each makes a person and may send a mail. A hall that registers together behind one address still comes through.
REGISTERING = Rate("registering", "120/minute", by_address=True)
SIGNING_IN = Rate("signing_in", "60/minute", by_address=True)  # each costs 120 ms of hashing
MAILING = Rate("mailing", "5/hour")  # sign-in links to one address
# By account and address together: a stranger who guesses must not keep the owner out. Guessing from many
# addresses is bounded by what the server hashes at all (`routes.passwords`).
ACCOUNT = Rate("account", "10/minute")


class _Windows(MemoryStorage):
    """The library's memory, tidied by the askers, all on one event loop.

    Its own tidying starts a thread after a request, up to a hundred times a second, which walks through everybody
    who asked lately: 8 ms each time with 5,000 people, most of a core.

    What was asked in the future was asked before the clock was put back, and is forgotten like what is long ago.
    """

    _tidied_at = 0.0

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        now = time.time()
        if not self._tidied_at <= now < self._tidied_at + TIDY_S:
            self._tidy(now)
        entries = self.events.setdefault(key, [])
        if len(entries) > limit - amount and entries[limit - amount].atime >= now - expiry:
            return False
        entries[:0] = [Entry(expiry)] * amount
        del entries[limit:]
        return True

    def _tidy(self, now: float) -> None:
        self._tidied_at = now
        for key, entries in list(self.events.items()):
            if not entries[0].atime <= now < entries[0].expiry:
                del self.events[key]
                self.locks.pop(key, None)


class Limiter:
    """Counts what was asked; raises TooMany with the seconds to wait. `scale` widens all limits alike."""

    def __init__(self, *, scale: int = 1) -> None:
        self._windows = _Windows()
        self._limiter = MovingWindowRateLimiter(self._windows)
        self._scale = scale
        self._items: dict[str, RateLimitItem] = {}

    @property
    def known(self) -> int:
        """How many counts are kept: everybody's who asked lately."""
        return len(self._windows.events)

    def hit(self, rate: Rate, who: str) -> None:
        item = self._item(rate)
        if not self._limiter.hit(item, rate.name, who):
            reset_at = self._limiter.get_window_stats(item, rate.name, who).reset_time
            raise TooMany("too_many", retry_after_s=max(1, math.ceil(reset_at - time.time())))

    def _item(self, rate: Rate) -> RateLimitItem:
        if rate.limit not in self._items:
            amount, _, per = rate.limit.partition("/")
            self._items[rate.limit] = parse(f"{int(amount) * self._scale}/{per}")
        return self._items[rate.limit]
