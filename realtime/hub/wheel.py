"""One wheel of beats for all connections, instead of a timer for each."""

from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Wheel(Generic[T]):
    """Each member comes up once per turn; members are spread by when they were added."""

    def __init__(self, slots: int) -> None:
        self._slots: list[set[T]] = [set() for _ in range(slots)]
        self._at = 0

    def add(self, member: T) -> int:
        """Returns the slot, which `remove` needs; the first time up is one whole turn away."""
        slot = self._at
        self._slots[slot].add(member)
        return slot

    def remove(self, member: T, slot: int) -> None:
        self._slots[slot].discard(member)

    def tick(self) -> Iterator[T]:
        """Turn by one slot and give whoever stands there; members may leave meanwhile."""
        self._at = (self._at + 1) % len(self._slots)
        yield from list(self._slots[self._at])
