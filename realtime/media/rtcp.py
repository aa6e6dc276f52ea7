"""RTCP (RFC 3550, RFC 4585, RFC 5104, REMB draft): the few reports and wishes a forwarder reads and writes."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_SENDER_REPORT = 200
_RECEIVER_REPORT = 201
_DESCRIPTION = 202
_TRANSPORT_FEEDBACK = 205
_PAYLOAD_FEEDBACK = 206

_NACK = 1
_PLI = 1
_FIR = 4
_APPLICATION = 15

_NTP_EPOCH = 2_208_988_800
"""Seconds from 1900 to 1970 (RFC 868)."""

_CNAME = b"multaqa"


class RtcpError(ValueError):
    """These bytes are not RTCP."""


@dataclass(frozen=True, slots=True)
class SenderReport:
    ssrc: int
    ntp: int
    timestamp: int


@dataclass(frozen=True, slots=True)
class ReceptionReport:
    """What the far side says about one stream of ours."""

    ssrc: int
    fraction_lost: float
    highest: int
    """The highest sequence that came, counted on over wraps."""

    last_sender_report: int
    delay: int


@dataclass(frozen=True, slots=True)
class Nack:
    ssrc: int
    sequences: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class KeyframeWish:
    """A PLI or FIR: the decoder of this stream needs a keyframe."""

    ssrc: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """A REMB: how much the far side believes it can receive, in bits a second."""

    bitrate: int


Feedback = SenderReport | ReceptionReport | Nack | KeyframeWish | Estimate


def parse_rtcp(data: bytes) -> list[Feedback]:
    """Everything of interest in a compound packet; raises `RtcpError` and nothing else."""
    found: list[Feedback] = []
    position = 0
    while position < len(data):
        if position + 4 > len(data) or data[position] >> 6 != 2:
            raise RtcpError("not a packet of version 2")
        count, kind = data[position] & 0x1F, data[position + 1]
        end = position + 4 + 4 * int.from_bytes(data[position + 2 : position + 4], "big")
        if end > len(data):
            raise RtcpError("cut short")
        try:
            found.extend(_read(kind, count, data[position + 4 : end]))
        except struct.error as error:
            raise RtcpError("cut short") from error
        position = end
    return found


def _read(kind: int, count: int, body: bytes) -> Iterator[Feedback]:
    if kind == _SENDER_REPORT:
        ssrc, ntp, timestamp = struct.unpack_from("!IQI", body)
        yield SenderReport(ssrc=ssrc, ntp=ntp, timestamp=timestamp)
        yield from _reception_reports(count, body[24:])
    elif kind == _RECEIVER_REPORT:
        yield from _reception_reports(count, body[4:])
    elif kind == _TRANSPORT_FEEDBACK and count == _NACK:
        yield Nack(ssrc=struct.unpack_from("!II", body)[1], sequences=tuple(_nacked(body[8:])))
    elif kind == _PAYLOAD_FEEDBACK:
        yield from _payload_feedback(count, body)


def _reception_reports(count: int, body: bytes) -> Iterator[ReceptionReport]:
    for index in range(count):
        ssrc, lost, highest, _, last, delay = struct.unpack_from("!IIIIII", body, 24 * index)
        yield ReceptionReport(
            ssrc=ssrc,
            fraction_lost=(lost >> 24) / 256,
            highest=highest,
            last_sender_report=last,
            delay=delay,
        )


def _nacked(body: bytes) -> Iterator[int]:
    for position in range(0, len(body) - 3, 4):
        first, bits = struct.unpack_from("!HH", body, position)
        yield first
        for bit in range(16):
            if bits >> bit & 1:
                yield (first + bit + 1) & 0xFFFF


def _payload_feedback(kind: int, body: bytes) -> Iterator[Feedback]:
    _, media = struct.unpack_from("!II", body)
    if kind == _PLI:
        yield KeyframeWish(ssrc=media)
    elif kind == _FIR:
        for position in range(8, len(body) - 7, 8):
            yield KeyframeWish(ssrc=struct.unpack_from("!I", body, position)[0])
    elif kind == _APPLICATION and body[8:12] == b"REMB":
        (packed,) = struct.unpack_from("!I", body, 12)
        yield Estimate(bitrate=(packed & 0x3FFFF) << (packed >> 18 & 0x3F))


def _packet(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def sender_report(*, ssrc: int, ntp: int, timestamp: int, packets: int, octets: int) -> bytes:
    """A compound of sender report and CNAME."""
    body = struct.pack("!IQIII", ssrc, ntp, timestamp, packets & 0xFFFFFFFF, octets & 0xFFFFFFFF)
    name = struct.pack("!IBB", ssrc, 1, len(_CNAME)) + _CNAME
    name += b"\0" * (4 - len(name) % 4)
    return _packet(_SENDER_REPORT, 0, body) + _packet(_DESCRIPTION, 1, name)


@dataclass(frozen=True, slots=True)
class Reception:
    """What we tell a publisher about one of its streams."""

    ssrc: int
    fraction_lost: int
    lost: int
    highest: int
    jitter: int
    last_sender_report: int
    delay: int

    def __bytes__(self) -> bytes:
        lost = max(-(1 << 23), min(self.lost, (1 << 23) - 1)) & 0xFFFFFF
        return struct.pack(
            "!IIIIII",
            self.ssrc,
            self.fraction_lost << 24 | lost,
            self.highest,
            self.jitter,
            self.last_sender_report,
            self.delay,
        )


def receiver_report(*, sender: int, receptions: Sequence[Reception]) -> bytes:
    return _packet(_RECEIVER_REPORT, len(receptions), struct.pack("!I", sender) + b"".join(map(bytes, receptions)))


def nack(*, sender: int, ssrc: int, sequences: Sequence[int]) -> bytes:
    """Ask again for these sequence numbers, given in their order."""
    body = struct.pack("!II", sender, ssrc)
    first, bits = sequences[0], 0
    for sequence in sequences[1:]:
        distance = (sequence - first - 1) & 0xFFFF
        if distance < 16:
            bits |= 1 << distance
        else:
            body += struct.pack("!HH", first, bits)
            first, bits = sequence, 0
    return _packet(_TRANSPORT_FEEDBACK, _NACK, body + struct.pack("!HH", first, bits))


def pli(*, sender: int, ssrc: int) -> bytes:
    return _packet(_PAYLOAD_FEEDBACK, _PLI, struct.pack("!II", sender, ssrc))


def remb(*, sender: int, bitrate: int, ssrcs: Sequence[int]) -> bytes:
    exponent = max(0, bitrate.bit_length() - 18)
    packed = len(ssrcs) << 24 | exponent << 18 | bitrate >> exponent
    body = struct.pack("!II4sI", sender, 0, b"REMB", packed)
    return _packet(_PAYLOAD_FEEDBACK, _APPLICATION, body + struct.pack(f"!{len(ssrcs)}I", *ssrcs))


def ntp_time(unix_s: float) -> int:
    """Wall-clock seconds as the 64-bit fixed point of NTP."""
    return int((unix_s + _NTP_EPOCH) * (1 << 32))
