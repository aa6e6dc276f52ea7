"""Fan-out: all viewers to whom the same plaintext goes, encrypted for each and sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .port import Address, SharedPort
from .rtp import MAX_PLAIN_BYTES, Packet, build_rtp
from .seams import Arena, PeerTransport

MAX_FAULTS = 100
"""Packets in a row that libsrtp refuses for one viewer before that viewer is let go."""


@dataclass(frozen=True)
class CohortKey:
    """What viewers must share so that one plaintext serves them all."""

    profile: str
    payload_types: tuple[tuple[str, int], ...]
    layer: str = ""


class Seat:
    """One viewer at one slot."""

    def __init__(
        self, transport: PeerTransport, *, payload_types: dict[str, int], rtx_payload_types: dict[str, int]
    ) -> None:
        self.transport = transport
        self.payload_types = payload_types
        self.rtx_payload_types = rtx_payload_types
        self.rtx_sequence = 0
        self.faults = 0
        self.cohort: Cohort | None = None
        self.place = -1

    @property
    def key(self) -> CohortKey:
        return CohortKey(profile=self.transport.profile, payload_types=tuple(sorted(self.payload_types.items())))

    @property
    def lost(self) -> bool:
        """Nothing reaches this viewer any more: its cipher refuses every packet."""
        return self.faults >= MAX_FAULTS


class Cohort:
    """Seats in parallel lists, so that encrypting is one `map`; joining and leaving move one entry.

    Every viewer's status is looked at by itself: one that fails is counted and the next are served.
    """

    def __init__(self, key: CohortKey, *, ssrc: int, port: SharedPort, arena: Arena) -> None:
        self.key = key
        self._ssrc = ssrc
        self._port = port
        self._arena = arena
        self._types = dict(key.payload_types)
        self._seats: list[Seat] = []
        self._sessions: list[Any] = []
        self._addresses: list[Address] = []

    def __len__(self) -> int:
        return len(self._seats)

    def __iter__(self) -> Iterator[Seat]:
        return iter(self._seats)

    def add(self, seat: Seat) -> None:
        address = seat.transport.address
        if address is None or seat.cohort is not None:
            return
        seat.cohort = self
        seat.place = len(self._seats)
        self._seats.append(seat)
        self._sessions.append(seat.transport.srtp)
        self._addresses.append(address)

    def remove(self, seat: Seat) -> None:
        """Take a seat out; the last one moves to its place."""
        if seat.cohort is not self:
            return
        last, session, address = self._seats.pop(), self._sessions.pop(), self._addresses.pop()
        if last is not seat:
            self._seats[seat.place] = last
            self._sessions[seat.place] = session
            self._addresses[seat.place] = address
            last.place = seat.place
        seat.cohort = None
        seat.place = -1

    def move(self, seat: Seat, address: Address) -> None:
        """This viewer is reached elsewhere now."""
        if seat.cohort is self:
            self._addresses[seat.place] = address

    def plaintext(self, packet: Packet) -> bytes | None:
        """The packet as this cohort sees it; always the same bytes for one sequence (the cipher's nonce)."""
        payload_type = self._types.get(packet.codec)
        if payload_type is None:
            return None
        plain = build_rtp(
            payload_type=payload_type,
            marker=packet.marker,
            sequence=packet.sequence & 0xFFFF,
            timestamp=packet.timestamp,
            ssrc=self._ssrc,
            payload=packet.payload,
        )
        return plain if len(plain) <= MAX_PLAIN_BYTES else None

    def send(self, packet: Packet) -> None:
        plain = self.plaintext(packet)
        if plain is None:
            return
        for start in range(0, len(self._seats), Arena.CHUNK):
            self._send_chunk(plain, start, start + Arena.CHUNK)

    def _send_chunk(self, plain: bytes, start: int, end: int) -> None:
        protected = self._arena.protect(plain, self._sessions[start:end])
        for index, datagram in enumerate(protected, start):
            if datagram is None:
                self._seats[index].faults += 1
            else:
                self._port.send(datagram, self._addresses[index])
                self._seats[index].faults = 0
