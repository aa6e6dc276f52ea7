"""H264 pictures cut into RTP payloads (RFC 6184, packetization-mode 1)."""

from __future__ import annotations

from collections.abc import Iterator

PAYLOAD_BYTES = 1_180
"""Like browsers' packets: with all headers it fits through tunnels too."""

IDR, PPS, SPS, DELIMITER = 5, 8, 7, 9
_STAP_A, _FU_A = 24, 28


def payloads(units: list[bytes]) -> list[bytes]:
    """The payloads of one picture, in order; parameter sets travel together in one packet."""
    made: list[bytes] = []
    sets = [unit for unit in units if kind(unit) in (SPS, PPS)]
    if sets:
        nri = max(unit[0] & 0x60 for unit in sets)
        made.append(bytes([nri | _STAP_A]) + b"".join(len(unit).to_bytes(2, "big") + unit for unit in sets))
    for unit in units:
        if kind(unit) in (SPS, PPS, DELIMITER):
            continue
        if len(unit) <= PAYLOAD_BYTES:
            made.append(unit)
        else:
            made += _fragments(unit)
    return made


def split(sample: bytes) -> Iterator[bytes]:
    """The NAL units of an MP4 sample, each after its length in 4 bytes (ISO/IEC 14496-15)."""
    position = 0
    while position + 4 <= len(sample):
        length = int.from_bytes(sample[position : position + 4], "big")
        position += 4
        unit = sample[position : position + length]
        position += length
        if unit:
            yield unit


def parameter_sets(configuration: bytes) -> list[bytes]:
    """SPS and PPS of an avcC box (ISO/IEC 14496-15 section 5.3.3.1)."""
    found: list[bytes] = []
    position = 5
    for mask in (0x1F, 0xFF):
        count = configuration[position] & mask
        position += 1
        for _ in range(count):
            length = int.from_bytes(configuration[position : position + 2], "big")
            found.append(configuration[position + 2 : position + 2 + length])
            position += 2 + length
    return found


def kind(unit: bytes) -> int:
    return unit[0] & 0x1F


def _fragments(unit: bytes) -> Iterator[bytes]:
    """FU-A (RFC 6184 section 5.8)."""
    indicator, body = unit[0] & 0xE0 | _FU_A, memoryview(unit)[1:]
    room = PAYLOAD_BYTES - 2
    for start in range(0, len(body), room):
        flags = (0x80 if start == 0 else 0) | (0x40 if start + room >= len(body) else 0)
        yield bytes([indicator, flags | kind(unit)]) + body[start : start + room]
