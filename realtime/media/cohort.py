"""Fan-out: all viewers to whom the same plaintext goes, encrypted for each and sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .burst import NAME_BYTES, pack_name
from .frame import Frame
from .port import Address, SharedPort
from .rtp import MAX_PLAIN_BYTES, Packet, build_rtp, send_time
from .seams import OVERHEAD, Arena, PeerTransport

if TYPE_CHECKING:
    from .lane import Lane

HOLD_S = 0.002
"""How long a picture's packets wait for its last one (which may be lost) before they leave."""

MAX_FAULTS = 100
"""Packets in a row that libsrtp refuses for one viewer before that viewer is let go."""


@dataclass(frozen=True)
class CohortKey:
    """What viewers must share so that one plaintext serves them all."""

    profile: str
    payload_types: tuple[tuple[str, int], ...]
    layer: int = 0
    shift: int = 0
    """Added to the sequence, for viewers that came from another layer."""
    timestamp_shift: int = 0
    stamp: int = 0
    """Id of the abs-send-time extension they want, or 0."""


@dataclass(frozen=True)
class Span:
    """A stretch of one viewer's numbers: from `first` on they are the lane's, shifted."""

    first: int
    lane: Lane
    shift: int
    timestamp_shift: int


class Seat:
    """One viewer at one slot. Its numbers are counted on over wraps and never go back."""

    def __init__(
        self,
        transport: PeerTransport,
        *,
        payload_types: dict[str, int],
        rtx_payload_types: dict[str, int],
        stamp: int = 0,
    ) -> None:
        self.transport = transport
        self.stamp = stamp
        self.lane: Lane | None = None
        self.span: Span | None = None
        self.earlier: Span | None = None
        self.next_number = 0
        self.last_timestamp = 0
        self.last_moment = 0.0
        self.payload_types = payload_types
        self.rtx_payload_types = rtx_payload_types
        self.rtx_sequence = 0
        self.faults = 0
        self.cohort: Cohort | None = None
        self.place = -1

    def key(self, *, layer: int = 0, shift: int = 0, timestamp_shift: int = 0) -> CohortKey:
        return CohortKey(
            profile=self.transport.profile,
            payload_types=tuple(sorted(self.payload_types.items())),
            layer=layer,
            shift=shift,
            timestamp_shift=timestamp_shift,
            stamp=self.stamp,
        )

    def timestamp_shift(self, lane: Lane) -> int:
        """By how much this viewer's timestamps differ from the lane's, now or before its last move."""
        spans = (span for span in (self.span, self.earlier) if span is not None and span.lane is lane)
        return next((span.timestamp_shift for span in spans), 0)

    @property
    def lost(self) -> bool:
        """Nothing reaches this viewer any more: its cipher refuses every packet."""
        return self.faults >= MAX_FAULTS


class Cohort:
    """Seats in parallel lists, so that encrypting is one `map`; joining and leaving move one entry.

    With `held` the packets of a picture are gathered until its last one, and leave as one message for each
    viewer. Every viewer's status is looked at by itself: one that fails is counted and the next are served.
    """

    def __init__(self, key: CohortKey, *, ssrc: int, port: SharedPort, arena: Arena, held: bool = False) -> None:
        self.key = key
        self.floor = 0
        self._ssrc = ssrc
        self._burst = port.burst
        self._arena = arena
        self._overhead = OVERHEAD[key.profile]
        self._types = dict(key.payload_types)
        self._seats: list[Seat] = []
        self._sessions: list[Any] = []
        self._names = bytearray()
        self._faulty: set[Seat] = set()
        self._held = held
        self._frame: list[bytes] = []
        self._flushing: asyncio.TimerHandle | None = None
        self._turn = 0

    def __len__(self) -> int:
        return len(self._seats)

    def __iter__(self) -> Iterator[Seat]:
        return iter(self._seats)

    def add(self, seat: Seat) -> None:
        address = seat.transport.address
        if address is None or seat.cohort is not None:
            return
        self.flush()
        seat.cohort = self
        seat.place = len(self._seats)
        self._seats.append(seat)
        self._sessions.append(seat.transport.srtp)
        self._names += pack_name(address)

    def remove(self, seat: Seat) -> None:
        """Take a seat out; the last one moves to its place."""
        if seat.cohort is not self:
            return
        self.flush()
        last, session, name = self._seats.pop(), self._sessions.pop(), self._names[-NAME_BYTES:]
        del self._names[-NAME_BYTES:]
        if last is not seat:
            self._seats[seat.place] = last
            self._sessions[seat.place] = session
            self._names[seat.place * NAME_BYTES : (seat.place + 1) * NAME_BYTES] = name
            last.place = seat.place
        self._faulty.discard(seat)
        seat.cohort = None
        seat.place = -1

    def move(self, seat: Seat, address: Address) -> None:
        """This viewer is reached elsewhere now."""
        if seat.cohort is self:
            self._names[seat.place * NAME_BYTES : (seat.place + 1) * NAME_BYTES] = pack_name(address)

    def plaintext(self, packet: Packet) -> bytes | None:
        """The packet as this cohort sees it; always the same bytes for one sequence (the cipher's nonce)."""
        payload_type = self._types.get(packet.codec)
        if payload_type is None:
            return None
        plain = build_rtp(
            payload_type=payload_type,
            marker=packet.marker,
            sequence=(packet.sequence + self.key.shift) & 0xFFFF,
            timestamp=(packet.timestamp + self.key.timestamp_shift) & 0xFFFFFFFF,
            ssrc=self._ssrc,
            payload=packet.payload,
            extension=send_time(self.key.stamp, packet.moment),
        )
        return plain if len(plain) <= MAX_PLAIN_BYTES else None

    def send(self, packet: Packet) -> None:
        plain = self.plaintext(packet)
        if plain is None:
            return
        frame = self._frame
        if frame and len(plain) > len(frame[0]):
            self.flush()
        frame.append(plain)
        last = packet.marker or len(plain) < len(frame[0]) or len(frame) == Arena.MAX_PACKETS
        if last or not (self._held and self._burst.segments):
            self.flush()
        elif self._flushing is None:
            self._flushing = asyncio.get_running_loop().call_later(HOLD_S, self.flush)

    def flush(self) -> None:
        """Encrypt and send what was gathered. Who comes first changes: a full buffer hits the last ones."""
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        if not self._frame:
            return
        frame = self._frame[:]
        self._frame.clear()
        chunk = self._arena.chunk(len(frame) * (len(frame[0]) + self._overhead))
        starts = range(0, len(self._seats), chunk)
        self._turn = (self._turn + 1) % max(1, len(starts))
        for start in (*starts[self._turn :], *starts[: self._turn]):
            self._send_chunk(frame, start, start + chunk)

    def _send_chunk(self, plain: Sequence[bytes], start: int, end: int) -> None:
        frame = self._arena.protect(plain, self._sessions[start:end], overhead=self._overhead)
        self._burst.send(frame, self._names[start * NAME_BYTES : end * NAME_BYTES])
        if frame.refused or self._faulty:
            self._judge(frame, start)

    def _judge(self, frame: Frame, start: int) -> None:
        refused = {self._seats[start + place] for place in frame.refused}
        for seat in self._seats[start : start + frame.viewers]:
            seat.faults = seat.faults + frame.packets if seat in refused else 0
        self._faulty = (self._faulty - set(self._seats[start : start + frame.viewers])) | refused
