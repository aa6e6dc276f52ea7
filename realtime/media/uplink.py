"""What leaves the server, held below what its line bears: less quality for those who come late, then HLS."""

from __future__ import annotations

import random

from .errors import use_hls
from .quality import Mode

LOW_SHARE, AUDIO_SHARE, FULL_SHARE = 0.75, 0.88, 0.97
"""Shares of the line from which who comes new is given low quality, sound only, and shown to HLS."""

VIEWER_BITS = {"high": 1_350_000, "low": 250_000, "audio": 60_000}
"""What one who joins is reckoned with until the line shows it: one speaker at the bitrates our pages send."""

RETRY_S = (20, 60)


class Uplink:
    """Measures once a second; who was let in since is reckoned with at once, so that a rush cannot overshoot."""

    def __init__(self, mbps: float) -> None:
        self._limit = mbps * 1_000_000
        self._sent = 0
        self._moment: float | None = None
        self.rate = 0.0
        self._expected = 0.0

    def measure(self, sent_bytes: int, now: float) -> None:
        if self._moment is not None and now > self._moment:
            rate = (sent_bytes - self._sent) * 8 / (now - self._moment)
            self.rate += (rate - self.rate) / 2
            self._expected *= 0.7
        self._sent, self._moment = sent_bytes, now

    @property
    def share(self) -> float:
        return (self.rate + self._expected) / self._limit if self._limit else 0.0

    def admit(self) -> Mode | None:
        """The most that one who joins now may have (None: anything); raises when nothing is left."""
        if not self._limit:
            return None
        share = self.share
        if share >= FULL_SHARE:
            raise use_hls(random.randint(*RETRY_S))
        ceiling: Mode | None = "audio" if share >= AUDIO_SHARE else "low" if share >= LOW_SHARE else None
        self._expected += VIEWER_BITS[ceiling or "high"]
        return ceiling
