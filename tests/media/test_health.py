"""How a stage is doing, as the people behind it are told."""

from __future__ import annotations

import pytest

from realtime.media.layer import Layer
from realtime.media.rtp import RtpPacket
from server.domain.health import stage_health

from .conftest import Stage

_KEY, _DELTA = bytes([0x65, 0x88, 0x80]), bytes([0x41, 0x9A, 0x00])
"""H264: the slice of a keyframe, and of another picture (RFC 6184 section 5.2)."""


def _packet(number: int, payload: bytes) -> RtpPacket:
    return RtpPacket(
        payload_type=96, marker=True, sequence=number, timestamp=number * 3000, ssrc=1, payload=payload
    )


def test_seldom_keyframes_are_seen() -> None:
    """A program set to one in ten seconds, whoever asks in between."""
    layer = Layer("video", "H264", wish=lambda _: None)
    told = []
    for second in range(25):
        layer.receive(_packet(second, _DELTA if second % 10 else _KEY), 100.0 + second)
        told.append(layer.keyframe_s(100.0 + second))
    assert told[:10] == [None] * 10
    assert set(told[10:]) == {10.0}
    assert layer.keyframe_s(135.0) == 15.0  # since the last one: it is later still


def test_loss_is_of_late_and_passes() -> None:
    layer = Layer("video", "H264", wish=lambda _: None)
    shares = []
    for second in range(30):
        for number in range(100):
            if second >= 10 or number % 10:
                layer.receive(_packet(second * 100 + number, _DELTA), float(second))
        assert layer.log is not None
        layer.log.reception(float(second))
        shares.append(layer.log.loss)
    assert shares[9] == pytest.approx(0.1, abs=0.02)
    assert shares[-1] < 0.01


async def test_sources_and_audience_of_a_stage(stage: Stage) -> None:
    await stage.publish("p1", owner="01a1fe96-6ad1-7063-b70c-fe50f892c7ad/browser")
    first, second = await stage.watch("v1"), await stage.watch("v2")
    await first.sees()
    await second.sees()
    stage.engine.viewer("talk", "v2", "guest").want("audio", None)

    told = stage.engine.health("talk")

    assert told["viewers"] == {"full": 1, "low": 0, "audio": 1}
    (source,) = told["publishers"]
    assert (source["id"], source["kind"], source["loss"]) == ("p1", "camera", 0)
    assert source["silent_s"] < 5
    whole = stage_health(told, of=None, most_mbps=100)
    assert whole.line is not None
    assert [one.publisher for one in whole.sources] == ["p1"]
    other = stage_health(told, of=stage_health(told, of=None, most_mbps=0).sources[0].person_id, most_mbps=100)
    assert (other.line, len(other.sources)) == (None, 1)
    assert stage.engine.health("elsewhere")["publishers"] == []
