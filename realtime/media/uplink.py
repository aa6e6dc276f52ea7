"""What leaves the server, held below what its line bears: less quality for those who came last, then HLS."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Protocol, TypeVar

from .errors import use_hls
from .quality import Mode, limited

LOW_SHARE, AUDIO_SHARE, FULL_SHARE = 0.75, 0.88, 0.97
"""Shares of the line from which who comes new is given low quality, sound only, and shown to HLS.

Those who watch already are raised again up to the first two, and lowered from the last on.
"""

AIM_SHARE = 0.90
"""What a line that is past its last share is brought down to."""

SETTLE_S = 4.0
"""How long the measured rate is not believed after somebody was lowered: it is smoothed, and lanes change late."""

CALM_S = 15.0
"""How long after that nobody is raised."""

VIEWER_BITS = {"high": 1_350_000, "low": 250_000, "audio": 60_000}
"""What one who joins is reckoned with until they are connected: one speaker at the bitrates our pages send."""

RETRY_S = (20, 60)


def usual_bits(mode: Mode, ceiling: Mode | None) -> int:
    """What one viewer is reckoned with of whom nothing is known but what they asked for and may have."""
    given = limited(mode, ceiling)
    return VIEWER_BITS["high" if given == "automatic" else given]


class Taker(Protocol):
    """One who watches, as the line sees them."""

    ceiling: Mode | None

    def takes(self, ceiling: Mode | None) -> float:
        """Bits a second that leave for them under this ceiling."""


T = TypeVar("T", bound=Taker)


class Uplink:
    """Judged once a second; who was let in since is reckoned with at once, so that a rush cannot overshoot.

    What leaves is measured late (a stage that goes live fills the line in one moment), what all take is known at
    once but without repeats and headers: the greater of the two counts.
    """

    def __init__(self, mbps: float) -> None:
        self._limit = mbps * 1_000_000
        self._sent = 0
        self._besides = 0
        self._moment: float | None = None
        self._live = 0.0
        self._behind = 0.0
        self._taken = 0.0
        self._expected = 0.0
        self._lowered: float | None = None

    def measure(self, sent_bytes: int, now: float) -> None:
        if self._moment is not None and now > self._moment:
            passed = now - self._moment
            self._live += ((sent_bytes - self._sent) * 8 / passed - self._live) / 2
            # It leaves in pieces of seconds, not evenly.
            self._behind += (self._besides * 8 / passed - self._behind) / 4
            self._besides = 0
        self._sent, self._moment = sent_bytes, now

    def besides(self, count: int) -> None:
        """So many bytes left by the same line, but not from here: to those who watch by HLS."""
        self._besides += count

    @property
    def rate(self) -> float:
        """Bits a second that leave, measured."""
        return self._live + self._behind

    @property
    def share(self) -> float:
        return (max(self.rate, self._taken) + self._expected) / self._limit if self._limit else 0.0

    def admit(self, mode: Mode) -> Mode | None:
        """The most that one who joins now may have (None: anything); raises when nothing is left."""
        if not self._limit:
            return None
        share = self.share
        if share >= FULL_SHARE:
            raise use_hls(random.randint(*RETRY_S))
        ceiling: Mode | None = "audio" if share >= AUDIO_SHARE else "low" if share >= LOW_SHARE else None
        self._expected += usual_bits(mode, ceiling)
        return ceiling

    def judge(self, takers: Sequence[T], now: float, *, others: float = 0.0, expected: float = 0.0) -> list[T]:
        """Give all who watch new ceilings, where the line asks for it or allows it; returns whom.

        `takers` come in the order of their joining: the newest are lowered first and raised last, and nobody is
        left with sound while another has more than the small picture. `others` is what leaves besides; `expected`
        is for those who still connect, which lowers nobody.
        """
        if not self._limit:
            return []
        self._expected = expected  # whoever joined is among them now
        self._taken = others + self._behind + sum(one.takes(one.ceiling) for one in takers)
        passed = None if self._lowered is None else now - self._lowered
        settling = passed is not None and passed < SETTLE_S
        leaves = self._taken if settling else max(self._taken, self.rate)
        if leaves > FULL_SHARE * self._limit:
            lowered = self._lower(takers, leaves - AIM_SHARE * self._limit)
            self._lowered = now if lowered else self._lowered
            return lowered
        calm = passed is None or passed >= CALM_S
        return self._raise(takers, leaves + expected) if calm else []

    def _lower(self, takers: Sequence[T], excess: float) -> list[T]:
        changed: dict[T, None] = {}
        below: Mode
        for below in ("low", "audio"):
            for one in reversed(takers):
                if excess <= 0:
                    break
                gain = one.takes(one.ceiling) - one.takes(below)
                if gain > 0:  # else it has no more than that
                    one.ceiling = below
                    changed[one] = None
                    excess -= gain
                    self._taken -= gain
        return list(changed)

    def _raise(self, takers: Sequence[T], leaves: float) -> list[T]:
        changed: dict[T, None] = {}
        ways: tuple[tuple[Mode, Mode | None, float], ...] = (
            ("audio", "low", AUDIO_SHARE),
            ("low", None, LOW_SHARE),
        )
        for below, above, share in ways:
            for one in takers:
                if one.ceiling != below:
                    continue
                more = one.takes(above) - one.takes(below)
                if leaves + more > share * self._limit:
                    return list(changed)
                one.ceiling = above
                changed[one] = None
                leaves += more
                self._taken += more
        return list(changed)
