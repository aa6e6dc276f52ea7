"""From RTP payloads back to whole pictures: H264 (RFC 6184), VP8 (RFC 7741), VP9 (RFC 9628), AV1 (its own).

Nothing is decoded. Whatever the bytes, no function here raises: what cannot be a picture is `None`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_STAP_A = 24
_FU_A = 28
_IDR = 5
SPS = 7
PPS = 8
_DELIMITER = 9


@dataclass(frozen=True, slots=True)
class Picture:
    """One whole picture. `units` are its NAL units for H264; for the others it is one unit, the frame itself."""

    units: tuple[bytes, ...]
    keyframe: bool

    def nal(self, kind: int) -> bytes | None:
        """The first NAL unit of a kind (H264 only)."""
        return next((unit for unit in self.units if unit[0] & 0x1F == kind), None)

    @property
    def annex_b(self) -> bytes:
        """As in a raw H264 stream (ITU-T H.264, annex B)."""
        return b"".join(b"\0\0\0\1" + unit for unit in self.units)

    @property
    def length_prefixed(self) -> bytes:
        """As in MP4 (ISO/IEC 14496-15)."""
        return b"".join(len(unit).to_bytes(4, "big") + unit for unit in self.units)


def assemble(codec: str, payloads: Sequence[bytes], *, keyframe: bool) -> Picture | None:
    """The picture that these payloads of one timestamp, in order and without a gap, make together.

    `keyframe` is what the first packet's header said; for H264 it is read from the slices.
    """
    if codec == "H264":
        return _h264(payloads)
    frame = {"VP8": _vp8, "VP9": _vp9, "AV1": _av1}[codec](payloads)
    return Picture((frame,), keyframe) if frame else None


def _h264(payloads: Sequence[bytes]) -> Picture | None:
    units: list[bytes] = []
    fragments: list[bytes] = []
    for payload in payloads:
        if not payload:
            continue
        kind = payload[0] & 0x1F
        if kind == _STAP_A:
            units += _aggregated(payload)
        elif kind == _FU_A and len(payload) > 2:
            if payload[1] & 0x80:
                fragments = [bytes([payload[0] & 0xE0 | payload[1] & 0x1F])]
            if fragments:
                fragments.append(payload[2:])
            if payload[1] & 0x40 and fragments:
                units.append(b"".join(fragments))
                fragments = []
        elif 1 <= kind < _STAP_A:
            units.append(payload)
    kept = tuple(unit for unit in units if unit and unit[0] & 0x1F != _DELIMITER)
    if not any(1 <= unit[0] & 0x1F <= _IDR for unit in kept):
        return None
    return Picture(kept, any(unit[0] & 0x1F == _IDR for unit in kept))


def _aggregated(payload: bytes) -> list[bytes]:
    units = []
    position = 1
    while position + 2 < len(payload):
        size = int.from_bytes(payload[position : position + 2], "big")
        units.append(payload[position + 2 : position + 2 + size])
        position += 2 + size
    return units


def _vp8(payloads: Sequence[bytes]) -> bytes:
    return b"".join(payload[_vp8_descriptor(payload) :] for payload in payloads)


def _vp8_descriptor(payload: bytes) -> int:
    """Length of the payload descriptor (RFC 7741 section 4.2)."""
    if len(payload) < 2 or not payload[0] & 0x80:
        return 1
    flags, length = payload[1], 2
    if flags & 0x80:
        length += 2 if len(payload) > 2 and payload[2] & 0x80 else 1
    return length + bool(flags & 0x40) + bool(flags & 0x30)


def _vp9(payloads: Sequence[bytes]) -> bytes:
    return b"".join(payload[_vp9_descriptor(payload) :] for payload in payloads)


def _vp9_descriptor(payload: bytes) -> int:
    """Length of the payload descriptor (RFC 9628 section 4.2), for one spatial layer or several."""
    try:
        flags, at = payload[0], 1
        if flags & 0x80:  # picture id
            at += 2 if payload[at] & 0x80 else 1
        if flags & 0x20:  # layer indices
            at += 1 if flags & 0x10 else 2
        if flags & 0x10 and flags & 0x40:  # reference indices of flexible mode, while each says there is one more
            while payload[at] & 1:
                at += 1
            at += 1
        if flags & 0x02:
            at = _vp9_structure(payload, at)
    except IndexError:
        return len(payload)
    return at


def _vp9_structure(payload: bytes, at: int) -> int:
    head = payload[at]
    at += 1
    if head & 0x10:
        at += 4 * ((head >> 5) + 1)
    if head & 0x08:
        pictures = payload[at]
        at += 1
        for _ in range(pictures):
            at += 1 + (payload[at] >> 2 & 3)
    return at


def _av1(payloads: Sequence[bytes]) -> bytes:
    """OBUs with their sizes put back, temporal delimiters left out (AV1 RTP specification, sections 4 and 5)."""
    elements: list[bytes] = []
    for payload in payloads:
        if len(payload) < 2:
            continue
        continues, pieces = payload[0] & 0x80, _av1_elements(payload)
        if continues and elements and pieces:
            elements[-1] += pieces.pop(0)
        elements += pieces
    return b"".join(_with_size(element) for element in elements if element)


def _av1_elements(payload: bytes) -> list[bytes]:
    count, at = payload[0] >> 4 & 3, 1
    pieces: list[bytes] = []
    while at < len(payload):
        if count and len(pieces) == count - 1:
            size = len(payload) - at
        else:
            size, at = _leb128(payload, at)
        pieces.append(payload[at : at + size])
        at += size
    return pieces


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place, byte in enumerate(data[at : at + 8]):
        value |= (byte & 0x7F) << 7 * place
        if not byte & 0x80:
            return value, at + place + 1
    return len(data), len(data)


def _with_size(element: bytes) -> bytes:
    head = element[0]
    if head >> 3 & 0xF == 2:  # a temporal delimiter: containers have their own
        return b""
    if head & 0x02:
        return element
    start = 2 if head & 0x04 else 1
    body = element[start:]
    size = bytearray()
    left = len(body)
    while True:
        size.append(left & 0x7F | (0x80 if left > 0x7F else 0))
        left >>= 7
        if not left:
            return bytes([head | 0x02]) + element[1:start] + bytes(size) + body
