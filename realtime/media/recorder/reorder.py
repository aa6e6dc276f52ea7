"""Packets of one stream put back into their order, waiting a while for those that are repaired."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

from ..rtp import sequence_delta

WAIT_S = 0.6
"""A lost packet is asked for again for 0.5 s (reception.py); after that it will not come."""

MOST_HELD = 1_024
"""Packets held for one that is missing: more than comes in `WAIT_S` at any rate a publisher may send."""


class Numbered(Protocol):
    @property
    def sequence(self) -> int: ...


N = TypeVar("N", bound=Numbered)


class Reorder(Generic[N]):
    """Gives packets out in order; `gap` tells of each whether packets before it were given up."""

    def __init__(self) -> None:
        self._next: int | None = None
        self._held: dict[int, tuple[N, float]] = {}

    def push(self, packet: N, now: float) -> None:
        if self._next is None:
            self._next = packet.sequence
        if sequence_delta(packet.sequence, self._next) >= 0:
            self._held[packet.sequence] = (packet, now)

    def pop(self, now: float) -> Iterator[tuple[N, bool]]:
        """What may go on now."""
        while self._held and self._next is not None:
            gap = self._next not in self._held
            if gap:
                oldest = min(self._held, key=self._ahead)
                if now - self._held[oldest][1] < WAIT_S and len(self._held) < MOST_HELD:
                    return
                self._next = oldest
            packet, _ = self._held.pop(self._next)
            self._next = (self._next + 1) & 0xFFFF
            yield packet, gap

    def _ahead(self, sequence: int) -> int:
        assert self._next is not None
        return sequence_delta(sequence, self._next)
