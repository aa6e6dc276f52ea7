"""One unbroken stream out of whoever speaks: sequence and timestamp go on when the source changes."""

from __future__ import annotations

import secrets

from .rtp import sequence_delta

_FIRST_SEQUENCE = 1 << 14
"""Streams start low, far from the wrap, where a lost first packet would cost a viewer the rollover count."""


class Normaliser:
    """Maps a source's numbers to the slot's; gaps and reordering inside one source are kept as they are."""

    def __init__(self, clock_rate: int) -> None:
        self._clock_rate = clock_rate
        self._next = secrets.randbelow(_FIRST_SEQUENCE)
        self._timestamp = secrets.randbits(32)
        self._moment: float | None = None
        self._source_highest = 0
        self._highest = 0
        self._floor = 0
        self._shift = 0

    @property
    def highest(self) -> int:
        """Highest sequence given out, counted on over the wraps."""
        return self._highest

    @property
    def last(self) -> int:
        """Timestamp of the packet that passed last."""
        return self._timestamp & 0xFFFFFFFF

    @property
    def moment(self) -> float:
        """When it passed; 0 when none has."""
        return self._moment or 0.0

    def begin(self, *, sequence: int, timestamp: int, now: float) -> None:
        """A source starts with this packet; it follows the last one as far as the clock has moved on."""
        if self._moment is not None:
            self._next = self._highest + 1
            self._timestamp += max(1, round((now - self._moment) * self._clock_rate))
        self._source_highest = sequence
        self._highest = self._floor = self._next
        self._shift = self._timestamp - timestamp

    def sequence(self, sequence: int) -> int | None:
        """The slot's number, counted on over wraps; None for a packet from before this source's first."""
        delta = sequence_delta(sequence, self._source_highest)
        number = self._highest + delta
        if number < self._floor:
            return None
        if delta > 0:
            self._source_highest = sequence
            self._highest = number
        return number

    def timestamp(self, timestamp: int) -> int:
        return (timestamp + self._shift) & 0xFFFFFFFF

    def passed(self, *, timestamp: int, now: float) -> None:
        """Remember where the stream stands, in the slot's own time, for whoever comes next."""
        self._timestamp = timestamp
        self._moment = now
