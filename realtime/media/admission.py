"""How many may come to watch now: as many as the processor has time for, by what it is seen to spend."""

from __future__ import annotations

import random
import time

from .errors import busy

TARGET_SHARE = 0.8
"""Of one core; above it those who watch already would feel it."""

JOIN_CPU_S = 0.005
"""Offer, ICE, DTLS and the first group of pictures (4.2 ms measured for the first three)."""

BURST = 40
SLOWEST_PER_S = 2.0
MAX_RETRY_S = 8


class Admission:
    """A bucket that fills as fast as the spare processor time allows; `measure` must be called regularly."""

    def __init__(self) -> None:
        self._tokens = float(BURST)
        self._cpu = time.process_time()
        self._moment = time.monotonic()
        self.share = 0.0
        self.rate = TARGET_SHARE / JOIN_CPU_S
        self.refused = 0

    def measure(self) -> None:
        cpu, moment = time.process_time(), time.monotonic()
        passed = moment - self._moment
        if passed <= 0:
            return
        self.share = (cpu - self._cpu) / passed
        self.rate = max(SLOWEST_PER_S, (TARGET_SHARE - self.share) / JOIN_CPU_S)
        self._tokens = min(BURST, self._tokens + passed * self.rate)
        self._cpu, self._moment = cpu, moment

    def admit(self) -> None:
        """Take one place, or raise 503 with a moment to come back at, spread so that not all come at once."""
        if self._tokens < 1:
            self.refused += 1
            raise busy(random.randint(1, MAX_RETRY_S))
        self._tokens -= 1
