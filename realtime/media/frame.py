"""Packets that were encrypted for many viewers and wait in memory to be sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class Tray:
    """Places of equal size side by side in memory, one for each viewer of a chunk."""

    stride: int
    places: int
    memory: Any
    address: int
    view: memoryview


@dataclass(slots=True)
class Frame:
    """Packets encrypted for some viewers, each viewer's one behind the other in its place of the tray.

    Every packet but the last is `segment` bytes long, all together `total`. Valid until the arena's next use.
    `refused` are the places whose cipher would not: what lies there is not encrypted and must not be sent.
    """

    tray: Tray
    viewers: int
    packets: int
    segment: int
    total: int
    refused: list[int]
