"""RTP and RTCP, in and out, and that broken bytes raise our own errors only."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.media import rtcp
from realtime.media.keyframe import starts_keyframe
from realtime.media.rtp import RtpError, build_rtp, is_rtcp, parse_rtp, sequence_delta


def test_packet_built_is_read_back() -> None:
    data = build_rtp(payload_type=111, marker=True, sequence=65_535, timestamp=1 << 31, ssrc=7, payload=b"sound")

    packet = parse_rtp(data)

    assert (packet.payload_type, packet.marker, packet.sequence) == (111, True, 65_535)
    assert (packet.timestamp, packet.ssrc, packet.payload) == (1 << 31, 7, b"sound")


def test_extensions_sources_and_padding_are_taken_off() -> None:
    header = bytes.fromhex("b1e0 0001 00000002 00000003 00000009 bede 0002 10aa 2201 0203 0000")

    packet = parse_rtp(header + b"data" + b"\0\0\0\4")

    assert packet.payload == b"data"
    assert packet.extensions == {1: b"\xaa", 2: b"\x01\x02\x03"}


@given(st.binary(max_size=200))
def test_any_bytes_are_a_packet_or_refused(data: bytes) -> None:
    with contextlib.suppress(RtpError):
        parse_rtp(data)
    with contextlib.suppress(rtcp.RtcpError):
        rtcp.parse_rtcp(data)
    for codec in ("H264", "VP8", "opus"):
        starts_keyframe(codec, data)


@given(
    st.lists(st.sampled_from([200, 201, 202, 203, 205, 206]), min_size=1, max_size=4),
    st.integers(0, 31),
    st.binary(max_size=120),
)
def test_any_reports_are_read_or_refused(kinds: list[int], count: int, body: bytes) -> None:
    body = body[: len(body) // 4 * 4]
    data = b"".join(bytes([0x80 | count, kind]) + (len(body) // 4).to_bytes(2, "big") + body for kind in kinds)
    with contextlib.suppress(rtcp.RtcpError):
        rtcp.parse_rtcp(data)


@given(st.integers(0, 65_535), st.integers(-32_768, 32_767))
def test_distance_of_sequences_goes_over_the_wrap(start: int, distance: int) -> None:
    assert sequence_delta((start + distance) & 0xFFFF, start) == distance


@given(st.sets(st.integers(0, 200), min_size=1, max_size=60), st.integers(0, 65_535))
def test_nack_names_exactly_what_is_missing(offsets: set[int], start: int) -> None:
    missing = [(start + offset) & 0xFFFF for offset in sorted(offsets)]

    (read,) = rtcp.parse_rtcp(rtcp.nack(sender=1, ssrc=2, sequences=missing))

    assert read == rtcp.Nack(ssrc=2, sequences=tuple(missing))


def test_reports_written_are_read_back() -> None:
    reception = rtcp.Reception(
        ssrc=5, fraction_lost=64, lost=-3, highest=9, jitter=2, last_sender_report=11, delay=12
    )
    data = (
        rtcp.sender_report(ssrc=1, ntp=2, timestamp=3, packets=4, octets=5)
        + rtcp.receiver_report(sender=1, receptions=[reception])
        + rtcp.pli(sender=1, ssrc=6)
    )

    assert is_rtcp(data)
    assert rtcp.parse_rtcp(data) == [
        rtcp.SenderReport(ssrc=1, ntp=2, timestamp=3),
        rtcp.ReceptionReport(ssrc=5, fraction_lost=0.25, highest=9, last_sender_report=11, delay=12),
        rtcp.KeyframeWish(ssrc=6),
    ]


@pytest.mark.parametrize("bitrate", [0, 64_000, 2_500_000, 10**9])
def test_estimate_keeps_its_first_digits(bitrate: int) -> None:
    (read,) = rtcp.parse_rtcp(rtcp.remb(sender=1, bitrate=bitrate, ssrcs=[2, 3]))

    assert isinstance(read, rtcp.Estimate)
    assert bitrate * 0.9999 <= read.bitrate <= bitrate


@pytest.mark.parametrize(
    ("codec", "payload", "key"),
    [
        ("H264", "67420010", True),
        ("H264", "65888400", True),
        ("H264", "419a0000", False),
        ("H264", "7c85aa", True),
        ("H264", "7c05aa", False),
        ("H264", "7c41aa", False),
        ("H264", "78000567420010aa000268ce", True),
        ("H264", "780002419a0002019a", False),
        ("VP8", "1000aabb", True),
        ("VP8", "1001aabb", False),
        ("VP8", "0000aabb", False),
        ("VP8", "9080812300aa", True),
        ("VP8", "90e0123456000000", True),
        ("opus", "fc", True),
    ],
)
def test_keyframe_is_recognised(codec: str, payload: str, key: bool) -> None:
    assert starts_keyframe(codec, bytes.fromhex(payload)) is key
