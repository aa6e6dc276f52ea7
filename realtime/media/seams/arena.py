"""The same packets for many sessions: libsrtp's protect function on places that are kept."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from pylibsrtp import _binding

from ..frame import Frame, Tray

_TRAYS = ((1_664, 64), (3_392, 64), (6_720, 64), (13_440, 32), (26_816, 16))
"""Bytes for each viewer and viewers at a time: a tray stays in the second-level cache. The sizes are no powers of
two, whose places would all fall into the same few cache sets."""


_MAX_POINTERS = 1_024
"""Kept lists of places; packets of a stream have few lengths."""


def _make_tray(stride: int, places: int) -> Tray:
    ffi = _binding.ffi
    memory = ffi.new("unsigned char[]", stride * places)
    return Tray(stride, places, memory, int(ffi.cast("uintptr_t", memory)), memoryview(ffi.buffer(memory)))


class Arena:
    """Room to encrypt the same packets for many sessions: one copy, and one libsrtp call for each packet of each
    session, with no Python between."""

    MAX_PACKETS = 16

    def __init__(self) -> None:
        ffi = _binding.ffi
        self._trays = [_make_tray(stride, places) for stride, places in _TRAYS]
        self._pointers: dict[tuple[Tray, int], list[Any]] = {}
        most = max(tray.places for tray in self._trays)
        self._lengths = ffi.new("int[]", most)
        self._length_bytes = memoryview(ffi.buffer(self._lengths))
        self._length_cells = [self._lengths + index for index in range(most)]

    def chunk(self, size: int) -> int:
        """How many viewers are served at a time with so many bytes each."""
        return self._tray(size).places

    def _tray(self, size: int) -> Tray:
        for tray in self._trays:
            if size <= tray.stride:
                return tray
        raise ValueError("more than the arena holds")

    def _places(self, tray: Tray, offset: int) -> list[Any]:
        """Where a packet that begins so many bytes into a place lies, for every place."""
        known = self._pointers.get((tray, offset))
        if known is None:
            if len(self._pointers) >= _MAX_POINTERS:
                self._pointers.clear()
            first = tray.memory + offset
            known = [first + place * tray.stride for place in range(tray.places)]
            self._pointers[tray, offset] = known
        return known

    def protect(self, plain: Sequence[bytes], sessions: Sequence[Any], *, overhead: int) -> Frame:
        """Encrypt packets of one length (the last may be shorter) for each session; `overhead` is the profile's.

        libsrtp writes its tag behind a packet, where the copy leaves room for it: so a viewer's packets lie
        behind each other as UDP GSO wants them.
        """
        if len(plain) > self.MAX_PACKETS:
            raise ValueError("more than the arena holds")
        segment = len(plain[0]) + overhead
        block = b"".join([packet.ljust(segment, b"\0") for packet in plain])
        total = len(block) - segment + len(plain[-1]) + overhead
        tray, count = self._tray(len(block)), len(sessions)
        if count > tray.places:
            raise ValueError("more than the arena holds")
        tray.view[: count * tray.stride] = block.ljust(tray.stride, b"\0") * count
        refused: set[int] = set()
        for index, packet in enumerate(plain):
            self._length_bytes[: 4 * count] = len(packet).to_bytes(4, sys.byteorder) * count
            # A list, not any(map(...)): one viewer's failure must not keep the next from being served.
            statuses = list(map(_PROTECT, sessions, self._places(tray, index * segment), self._length_cells))
            if any(statuses):
                refused.update(place for place, status in enumerate(statuses) if status)
        return Frame(tray, count, len(plain), segment, total, sorted(refused))


_PROTECT = _binding.lib.srtp_protect

OVERHEAD = {
    "SRTP_AEAD_AES_256_GCM": 16,
    "SRTP_AEAD_AES_128_GCM": 16,
    "SRTP_AES128_CM_SHA1_80": 10,
}
"""Bytes that encrypting adds to a packet (RFC 7714 section 12, RFC 3711 section 5.2), for aiortc's profiles."""
