"""A slot: one stream of a feed that never ends, whoever stands in it, in as many layers as the source sends."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from .cohort import Seat
from .lane import Lane
from .layer import Track
from .port import SharedPort
from .sdp import Kind
from .seams import Arena

LANES = 3
"""Layers a viewer can be moved between; browsers send at most three."""

ALL, LOUDEST = 0, 1
"""Lanes of sound: everything, and only while among the loudest."""


class Slot:
    """Hands its track's layers to its lanes, and keeps every seat on the lane it is wished to be on.

    A picture has a lane per layer, the best first; a sound has one for all viewers and one that is open only
    while its source is among the loudest.
    """

    def __init__(
        self, kind: Kind, number: int, *, port: SharedPort, arena: Arena, clock: Callable[[], float]
    ) -> None:
        self.kind = kind
        self.number = number
        self.stream = f"slot{number}"
        self.ssrc = secrets.randbelow(0xFFFFFFFE) + 1
        self.rtx_ssrc = secrets.randbelow(0xFFFFFFFE) + 1
        self.track: Track | None = None
        self._wanted: dict[Seat, int | None] = {}
        parts: dict[str, Any] = {"ssrc": self.ssrc, "rtx_ssrc": self.rtx_ssrc, "port": port, "arena": arena}
        count = LANES if kind == "video" else 2
        self.lanes = [Lane(kind, lane, clock=clock, **parts) for lane in range(count)]
        self.loud(False)

    def loud(self, among_the_loudest: bool) -> None:
        """Whether who stands here is heard by those who hear the loudest only."""
        if self.kind == "audio":
            self.lanes[LOUDEST].open(among_the_loudest)

    def assign(self, track: Track | None) -> None:
        """Another source stands here from now on, or none."""
        if track is self.track:
            return
        self.track = track
        layers = () if track is None else track.layers
        for number, lane in enumerate(self.lanes):
            if self.kind == "audio":
                lane.assign(layers[0] if layers else None)
            else:
                lane.assign(layers[number] if number < len(layers) else None)
        self.settle()

    # Viewers.

    def join(self, seat: Seat, wanted: int | None = 0) -> None:
        self._wanted[seat] = wanted
        self._move(seat)

    def prefer(self, seat: Seat, wanted: int | None) -> None:
        """Serve this seat from that lane as soon as it can begin there; None sends it nothing."""
        if seat in self._wanted and self._wanted[seat] != wanted:
            self._wanted[seat] = wanted
            self._move(seat)

    def leave(self, seat: Seat) -> None:
        self._wanted.pop(seat, None)
        for lane in self.lanes:
            lane.forget(seat)
        if seat.lane is not None:
            seat.lane.leave(seat)

    def settle(self) -> None:
        """Look again at what flows: a layer that its sender stopped leaves its viewers to the next one."""
        for seat in self._wanted:
            self._move(seat)

    def can_show(self, seat: Seat) -> bool:
        """Whether this viewer takes the codec of whoever stands here."""
        return self.track is None or self.track.codec in seat.payload_types

    def _move(self, seat: Seat) -> None:
        target = self._lane(self._wanted[seat]) if self.can_show(seat) else None
        for lane in self.lanes:
            if lane is not target:
                lane.forget(seat)
        if target is None:
            if seat.lane is not None:
                seat.lane.leave(seat)
        elif seat.lane is target:
            target.forget(seat)
        else:
            if seat.lane is not None and not target.is_open:
                seat.lane.leave(seat)
            if not target.awaits(seat):
                target.join(seat)

    def _lane(self, wanted: int | None) -> Lane | None:
        if wanted is None or self.kind == "audio" or self.track is None:
            return None if wanted is None else self.lanes[wanted]
        flowing = {self.track.layers.index(layer) for layer in self.track.flowing()}
        last = len(self.track.layers) - 1
        wanted = min(wanted, last)
        fitting = [number for number in range(wanted, last + 1) if number in flowing]
        higher = [number for number in range(wanted) if number in flowing]
        return self.lanes[next(iter(fitting), higher[-1] if higher else wanted)]

    def wish_keyframe(self, seat: Seat) -> None:
        """A viewer's decoder lost its way."""
        if seat.lane is not None:
            seat.lane.wish_keyframe()

    def retransmit(self, seat: Seat, sequence: int) -> bool:
        """Send again what this viewer knows by that sequence, though it was on another lane then."""
        span = seat.span
        if span is None:
            return False
        highest = seat.next_number - 1 if seat.lane is None else seat.lane.highest + span.shift
        number = highest - ((highest - sequence) & 0xFFFF)
        if number < span.first and seat.earlier is not None:
            span = seat.earlier
        return span.lane.retransmit(seat, number - span.shift, sequence)
