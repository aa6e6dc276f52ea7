"""RTP packets (RFC 3550, RFC 8285): what comes in, and what leaves the normaliser."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

HEADER_BYTES = 12
MAX_PLAIN_BYTES = 1_400
"""The largest packet forwarded: with the SRTP tag, UDP and IP headers it still fits an Ethernet frame."""

VIDEO_CLOCK = 90_000
AUDIO_CLOCK = 48_000

_HEADER = struct.Struct("!BBHII")
_EXTENSION = struct.Struct("!HH")
_ONE_BYTE_PROFILE = 0xBEDE


class RtpError(ValueError):
    """These bytes are not an RTP packet."""


@dataclass(slots=True)
class RtpPacket:
    """One packet as a publisher sent it, header extensions by their id, padding removed."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    extensions: dict[int, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class Packet:
    """One packet of a slot after normalising: what cohorts, the recorder and HLS read.

    Sequence and timestamp go on without a break over changes of publisher; `starts_keyframe` marks the first
    packet from which a decoder that knows nothing can begin (always true for sound).
    """

    sequence: int
    timestamp: int
    marker: bool
    codec: str
    payload: bytes
    starts_keyframe: bool
    moment: float = 0.0
    """When it came, in seconds of our clock: the same for every viewer and every repetition."""


def parse_rtp(data: bytes) -> RtpPacket:
    """Read one decrypted packet; raises `RtpError` and nothing else."""
    if len(data) < HEADER_BYTES:
        raise RtpError("shorter than a header")
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    if first >> 6 != 2:
        raise RtpError("not version 2")
    position = HEADER_BYTES + 4 * (first & 0x0F)
    extensions: dict[int, bytes] = {}
    if first & 0x10:
        position, extensions = _read_extensions(data, position)
    end = len(data)
    if first & 0x20:
        end -= data[-1]
    if position > end:
        raise RtpError("cut short")
    return RtpPacket(
        payload_type=second & 0x7F,
        marker=second >= 0x80,
        sequence=sequence,
        timestamp=timestamp,
        ssrc=ssrc,
        payload=data[position:end],
        extensions=extensions,
    )


def _read_extensions(data: bytes, position: int) -> tuple[int, dict[int, bytes]]:
    if position + 4 > len(data):
        raise RtpError("cut short")
    profile, words = _EXTENSION.unpack_from(data, position)
    start = position + 4
    end = start + 4 * words
    if end > len(data):
        raise RtpError("cut short")
    if profile != _ONE_BYTE_PROFILE:
        return end, {}
    return end, _one_byte_elements(data[start:end])


def _one_byte_elements(block: bytes) -> dict[int, bytes]:
    elements: dict[int, bytes] = {}
    position = 0
    while position < len(block):
        head = block[position]
        if head == 0:
            position += 1
            continue
        length = (head & 0x0F) + 1
        elements[head >> 4] = block[position + 1 : position + 1 + length]
        position += 1 + length
    return elements


def build_rtp(
    *,
    payload_type: int,
    marker: bool,
    sequence: int,
    timestamp: int,
    ssrc: int,
    payload: bytes,
    extension: bytes = b"",
) -> bytes:
    """A packet without contributing sources or padding; `extension` is a whole extension block or empty."""
    first = 0x90 if extension else 0x80
    head = _HEADER.pack(first, payload_type | (0x80 if marker else 0), sequence, timestamp, ssrc)
    return head + extension + payload


def send_time(id: int, moment: float) -> bytes:
    """The extension block of abs-send-time: seconds as 6.18 fixed point, wrapping every 64 s; empty without id."""
    if not id:
        return b""
    stamp = int(moment * (1 << 18)) & 0xFFFFFF
    return _EXTENSION.pack(_ONE_BYTE_PROFILE, 1) + bytes([id << 4 | 2]) + stamp.to_bytes(3, "big")


def is_rtcp(data: bytes) -> bool:
    """Whether a packet on a shared port is RTCP (RFC 5761 section 4)."""
    return len(data) >= 2 and 192 <= data[1] <= 223


def sequence_delta(later: int, earlier: int) -> int:
    """How far `later` is ahead of `earlier`, over the wrap of 16 bits; negative when it is behind."""
    delta = (later - earlier) & 0xFFFF
    return delta - 0x10000 if delta >= 0x8000 else delta
