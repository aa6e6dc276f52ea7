"""The regular work of the process: what one publisher does, or breaks, must not end it for the others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest
import pytest_asyncio

from realtime.media.engine import Engine
from realtime.media.publisher import Publisher
from realtime.media.room import Wish
from realtime.media.rtcp import sender_report
from realtime.media.rtp import build_rtp
from realtime.media.sdp import parse_offer
from realtime.media.settings import MediaSettings

from .clients import connection, publisher_offer
from .conftest import ROOM

OTHER = "other"


@pytest_asyncio.fixture
async def offer() -> AsyncIterator[str]:
    pc = connection()
    yield await publisher_offer(pc)
    await pc.close()


@pytest.mark.parametrize("reported", [(0, (1 << 64) - 1), ((1 << 64) - 1, 0)])
async def test_reports_of_any_time_are_passed_on(engine: Engine, offer: str, reported: tuple[int, int]) -> None:
    publisher = engine.publish(ROOM, id="p1", owner="speaker", label="camera", offer=offer)
    layer = publisher.tracks["audio"].layers[0]
    _sends_sound(publisher, offer)
    for ntp in reported:
        publisher.received_rtcp(sender_report(ssrc=7, ntp=ntp, timestamp=1, packets=1, octets=1))

    ntp, timestamp = publisher.reading(layer, publisher.network.now())

    assert sender_report(ssrc=7, ntp=ntp, timestamp=timestamp & 0xFFFFFFFF, packets=1, octets=1)
    assert layer.report is not None
    assert layer.report[0].ntp == reported[1]


async def test_voices_are_asked_for_repair_and_for_silence_in_pauses(engine: Engine, offer: str) -> None:
    """Without these a lost packet is a gap, and six open microphones cost their whole rate (RFC 7587)."""
    publisher = engine.publish(ROOM, id="p1", owner="speaker", label="camera", offer=offer)
    viewer = engine.view(ROOM, id="v1", owner="guest", feed="air", offer=offer.replace("sendonly", "recvonly"))

    told = [parse_offer(answer).sections[0].codecs[0] for answer in (publisher.answer, viewer.answer)]

    assert [codec.name.lower() for codec in told] == ["opus"] * 2
    assert [codec.parameters.get("useinbandfec") for codec in told] == ["1", "1"]
    assert [codec.parameters.get("usedtx") for codec in told] == ["1", None]


async def test_room_where_something_fails_stops_no_other(
    tmp_path: Path, offer: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    engine = Engine(MediaSettings(control=tmp_path / "media.sock", host="127.0.0.1", setup_s=0.5))
    for room in (ROOM, OTHER):
        engine.want(room, Wish(revision=1, open=True, on_air="all"))
    broken = engine.publish(ROOM, id="p1", owner="one", label="", offer=offer)
    engine.publish(OTHER, id="p2", owner="two", label="", offer=offer)

    def fail(*args: object, **named: object) -> bool:
        raise RuntimeError("broken")

    monkeypatch.setattr(broken, "silent", fail)

    async with aclosing(engine.events.listen()) as events:
        async for _ in events:
            if not list(engine._rooms[OTHER].peers()):
                break
    assert "regular work failed in a room" in caplog.text
    await engine.close()


def _sends_sound(publisher: Publisher, offer: str) -> None:
    section = next(one for one in parse_offer(offer).sections if one.kind == "audio")
    opus = next(codec for codec in section.codecs if codec.name.lower() == "opus")
    publisher.received_rtp(
        build_rtp(payload_type=opus.payload_type, marker=False, sequence=1, timestamp=1, ssrc=7, payload=b"sound")
    )
