"""The channel log: contiguous, bounded, and never without what was not yet sent."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.hub.log import ChannelLog
from realtime.hub.ports import Frame, Position
from realtime.hub.wire import frame_text, header, payload_of


def frame(offset: int, size: int = 10) -> Frame:
    return Frame("session:a", offset, f"p{offset}", json.dumps(offset).encode().ljust(size))


def log_from(base: int, head: int, *, max_frames: int = 1000, max_bytes: int = 1 << 30) -> ChannelLog:
    log = ChannelLog(Position(base, f"p{base}" if base else None), max_frames=max_frames, max_bytes=max_bytes)
    for offset in range(base + 1, head + 1):
        log.append(frame(offset))
    return log


def offsets(log: ChannelLog, after: int, until: int) -> list[int]:
    return [json.loads(bytes(payload)) for payload in log.payloads(after, until)]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 70000])
def test_frame_header_says_the_size_and_the_payload_is_found_again(size: int) -> None:
    payload = b"x" * size
    wire = frame_text(payload)
    assert bytes(payload_of(wire)) == payload
    assert wire == header(size) + payload
    assert wire[0] == 0x81


def test_publication_out_of_turn_is_refused() -> None:
    with pytest.raises(ValueError, match="offset 3 after 1"):
        log_from(0, 1).append(frame(3))


@given(st.integers(0, 50), st.integers(0, 60), st.data())
def test_any_stretch_of_the_log_is_what_was_put_in(base: int, length: int, data: st.DataObject) -> None:
    log = log_from(base, base + length)
    after = data.draw(st.integers(base, base + length))
    until = data.draw(st.integers(after, base + length))
    assert offsets(log, after, until) == list(range(after + 1, until + 1))
    assert log.wires(after, until) == b"".join(frame_text(frame(n).payload) for n in range(after + 1, until + 1))
    assert log.bytes_after(after, until) == len(log.wires(after, until))


@given(st.integers(1, 40), st.integers(0, 40), st.integers(1, 40))
def test_prepending_reaches_back_without_a_seam(base: int, length: int, older: int) -> None:
    log = log_from(base, base + length)
    start = max(0, base - older)
    position = Position(start, f"p{start}" if start else None)
    log.prepend(position, [frame(offset) for offset in range(start + 1, base + 1)])
    assert log.base == position
    assert offsets(log, start, base + length) == list(range(start + 1, base + length + 1))
    assert log.bytes_after(start) == len(log.wires(start, base + length))
    log.append(frame(base + length + 1))
    assert log.bytes_after(start) == len(log.wires(start, base + length + 1))


@given(st.integers(0, 20), st.integers(1, 100), st.integers(1, 30), st.integers(20, 600), st.data())
def test_trimming_bounds_the_log_and_spares_what_was_not_sent(
    base: int, length: int, max_frames: int, max_bytes: int, data: st.DataObject
) -> None:
    log = log_from(base, base + length, max_frames=max_frames, max_bytes=max_bytes)
    sent = data.draw(st.integers(base, base + length))
    log.trim(keep_after=sent)
    assert base <= log.base.offset <= sent
    assert log.base.id == (f"p{log.base.offset}" if log.base.offset else None)
    assert offsets(log, log.base.offset, base + length) == list(range(log.base.offset + 1, base + length + 1))
    if sent == base + length:
        assert len(log) <= max_frames
        assert log.bytes_after(log.base.offset) <= max_bytes


def test_positions_are_known_from_base_to_head_only() -> None:
    log = log_from(5, 8)
    assert [log.position_at(offset) for offset in (4, 5, 6, 8, 9)] == [
        None,
        Position(5, "p5"),
        Position(6, "p6"),
        Position(8, "p8"),
        None,
    ]
