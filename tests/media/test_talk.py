"""A talk from publishers to viewers, with real encoders and decoders at both ends."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from realtime.media.engine import Engine
from realtime.media.errors import MediaError
from realtime.media.port import Address
from realtime.media.room import Wish
from realtime.media.settings import MediaSettings

from .clients import closed_by_peer, connection, publisher_offer
from .conftest import ROOM, Stage

pytestmark = pytest.mark.media

Until = Callable[[Callable[[], bool]], Awaitable[None]]


@pytest.mark.parametrize("codec", ["H264", "VP8"])
async def test_viewer_sees_and_hears_publisher(stage: Stage, codec: str) -> None:
    await stage.publish("p1", codec=codec)
    watcher = await stage.watch("v1")

    await watcher.sees(more=30)

    assert watcher.loudest > 10


async def test_viewer_who_came_first_sees_publisher_who_comes_later(stage: Stage) -> None:
    watcher = await stage.watch("v1")

    await stage.publish("p1")

    await watcher.sees()


async def test_viewer_who_cannot_show_a_codec_is_told_so_and_sees_the_next(stage: Stage) -> None:
    first = await stage.publish("p1", codec="H264")
    watcher = await stage.watch("v1", codec="VP8")
    viewer = stage.engine.viewer(ROOM, "v1", "guest")
    await watcher.sees(mids=("0",))
    told = viewer.quality()
    assert told["sends"] == [{"slot": 0, "layer": None, "layers": 1, "reason": "codec"}]
    assert told["costs"]["high"] == told["costs"]["audio"]

    await first.close()
    await stage.publish("p2", codec="VP8")

    await watcher.sees()
    assert viewer.quality()["sends"][0]["reason"] is None


async def test_ice_restarts_leave_nothing_behind(stage: Stage) -> None:
    await stage.publish("p1")
    watcher = await stage.watch("v1")
    transport = stage.engine.viewer(ROOM, "v1", "guest").transport
    known = stage.engine.stats()

    for number in range(3):  # each given up for the next, and tried from another address
        transport.restart(ufrag=f"again{number}", password="x" * 24)
        transport._sources.add(("192.0.2.1", number))
        transport._port.claim(("192.0.2.1", number), transport)
    transport.restart(ufrag="last", password="x" * 24)

    assert stage.engine.stats()["endpoints"] == known["endpoints"] + 1
    assert stage.engine.stats()["addresses"] == known["addresses"]
    await watcher.sees()


async def test_publisher_that_drops_and_returns_is_seen_again(stage: Stage) -> None:
    watcher = await stage.watch("v1")
    first = await stage.publish("p1")
    await watcher.sees()

    await first.close()
    await stage.publish("p2")

    await watcher.sees(more=30)


async def test_returning_publisher_takes_over_its_own_slot_at_once(stage: Stage, until: Until) -> None:
    first = await stage.publish("p1", owner="speaker", label="camera")
    await stage.publish("p2", owner="speaker", kind="screen")

    await stage.publish("p3", owner="speaker", label="camera")

    await until(lambda: all(publisher["connected"] for publisher in _publishers(stage.engine)))
    slots = {publisher["id"]: publisher["slot"] for publisher in _publishers(stage.engine)}
    assert slots == {"p2": 1, "p3": 0}
    await closed_by_peer(first)


async def test_two_publishers_fill_two_slots(stage: Stage) -> None:
    await stage.publish("p1", owner="one")
    await stage.publish("p2", owner="two")
    watcher = await stage.watch("v1", pairs=2)

    # aiortc decodes one picture of a bundle only; two pictures are watched by a browser in test_browser.py.
    await watcher.sees(mids=("0", "2"))


async def test_six_and_a_screen_reach_everybody_and_a_seventh_waits(stage: Stage, until: Until) -> None:
    def places() -> dict[object, object]:
        return {one["id"]: (one["slot"], one["on_air"]) for one in _publishers(stage.engine) if one["connected"]}

    six = {f"p{number}": (number, True) for number in range(6)}
    first = await stage.publish("p0", owner="p0")
    for name in list(six)[1:]:
        await stage.publish(name, owner=name)
    await stage.publish("p6", owner="p6")
    await stage.publish("screen", owner="p0", kind="screen")
    await until(lambda: places() == {**six, "p6": (None, False), "screen": (6, True)})

    watcher = await stage.watch("v1", pairs=8)
    await watcher.hears_of({slot.ssrc for slot in stage.engine.room(ROOM).air.slots["video"][:7]})

    await first.close()
    await until(lambda: places().get("p6") == (0, True))


async def test_obs_replaces_the_camera_of_its_person_until_it_leaves(stage: Stage, until: Until) -> None:
    def places() -> dict[object, object]:
        return {publisher["id"]: publisher["slot"] for publisher in _publishers(stage.engine)}

    await stage.publish("camera", owner="speaker/login")
    watcher = await stage.watch("v1")
    await watcher.sees()

    obs = await stage.publish("obs", owner="speaker/key", kind="obs")
    await stage.publish("screen", owner="speaker/login", kind="screen")

    await until(lambda: places() == {"camera": None, "obs": 0, "screen": 1})
    await watcher.sees()
    await obs.close()
    await until(lambda: places() == {"camera": 0, "screen": 1})
    await watcher.sees(more=20)


async def test_wish_names_persons_and_their_sources(stage: Stage) -> None:
    stage.engine.want(ROOM, Wish(revision=2, open=True, on_air=frozenset({"one", "two#screen"})))
    await stage.publish("p1", owner="one/a")
    await stage.publish("p2", owner="two/b")
    await stage.publish("p3", owner="two/b", kind="screen")

    on_air = {publisher["id"]: publisher["on_air"] for publisher in _publishers(stage.engine)}

    assert on_air == {"p1": True, "p2": False, "p3": True}


async def test_who_speaks_is_told_beside_the_state(stage: Stage) -> None:
    stage.engine.want(ROOM, Wish(revision=2, open=True, on_air=frozenset()))
    await stage.publish("p1", owner="speaker/login")

    async with aclosing(stage.engine.events.listen()) as events:
        for feed, wish in (("backstage", frozenset[str]()), ("air", frozenset({"speaker"}))):
            stage.engine.want(ROOM, Wish(revision=3, open=True, on_air=wish))
            told = await anext(event async for event in events if event["type"] == "speaking")
            assert (told["feed"], told["main"]) == (feed, "p1")
            assert told["speaking"] == [{"publisher": "p1", "owner": "speaker/login", "slot": 0}]

        # Who came on air is not behind it any more.
        told = await anext(event async for event in events if event.get("feed") == "backstage")
        assert (told["main"], told["speaking"]) == (None, [])


async def test_one_person_cannot_fill_a_stage(stage: Stage) -> None:
    for number in range(4):
        await stage.publish(f"p{number}", owner=f"one/{number}")
    pc = connection()

    with pytest.raises(MediaError) as refused:
        stage.engine.publish(ROOM, id="p9", owner="one/9", label="", offer=await publisher_offer(pc))

    assert (refused.value.status, refused.value.code) == (409, "stage.too_many")
    await pc.close()


async def test_only_backstage_sees_who_is_not_on_air(stage: Stage) -> None:
    stage.engine.want(ROOM, Wish(revision=2, open=True, on_air=frozenset()))
    await stage.publish("p1")
    outside, inside = await stage.watch("v1", feed="air"), await stage.watch("v2", feed="backstage")

    await inside.sees()
    assert outside.frames == {}
    stage.engine.want(ROOM, Wish(revision=3, open=True, on_air=frozenset({"p1"})))

    await outside.sees()


async def test_wish_older_than_the_known_one_changes_nothing(stage: Stage) -> None:
    stage.engine.want(ROOM, Wish(revision=5, open=True, on_air="all"))

    stage.engine.want(ROOM, Wish(revision=4, open=False))

    await stage.publish("p1")


async def test_publisher_without_the_stages_codec_is_refused(stage: Stage) -> None:
    await stage.publish("p1", owner="one", codec="VP8")
    pc = connection()
    offer = await publisher_offer(pc, codec="H264")

    with pytest.raises(MediaError) as refused:
        stage.engine.publish(ROOM, id="p2", owner="two", label="", offer=offer)

    assert (refused.value.status, refused.value.code) == (422, "sdp.codec_differs")
    await pc.close()


async def test_closed_stage_takes_nobody_and_lets_everybody_go(stage: Stage, until: Until) -> None:
    pc, watcher = await stage.publish("p1"), await stage.watch("v1")

    stage.engine.want(ROOM, Wish(revision=2, open=False))

    await closed_by_peer(pc)
    await closed_by_peer(watcher.pc)
    with pytest.raises(MediaError) as refused:
        await stage.watch("v2")
    assert (refused.value.status, refused.value.code) == (409, "stage.closed")
    assert stage.engine.stats()["endpoints"] == 0
    assert stage.engine.stats()["addresses"] == 0


async def test_drop_closes_peers_of_the_owners_named(stage: Stage) -> None:
    await stage.publish("p1", owner="speaker")
    banned, other = await stage.watch("v1", owner="banned"), await stage.watch("v2", owner="other")

    dropped = stage.engine.drop(["banned"], rooms=None)

    assert dropped == 1
    await closed_by_peer(banned.pc)
    await other.sees()


async def test_peer_is_only_its_owners_to_end(stage: Stage) -> None:
    await stage.watch("v1", owner="guest")

    with pytest.raises(MediaError) as refused:
        stage.engine.end(ROOM, "v1", "somebody")
    stage.engine.end(ROOM, "v1", "guest")

    assert refused.value.status == 404


async def test_viewer_that_leaves_is_forgotten(stage: Stage, until: Until) -> None:
    await stage.publish("p1")
    watcher = await stage.watch("v1")
    await watcher.sees(more=1)

    await watcher.pc.close()

    await until(lambda: stage.engine.stats()["viewers"] == 0)


async def test_losses_on_both_ways_are_repaired(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(1)
    port = stage.engine._network.port
    send, sort = port.send, port._sort

    def lossy_send(data: bytes | memoryview, address: Address) -> bool:
        return True if _is_media(data) and dice.random() < 0.05 else send(data, address)

    def lossy_sort(data: bytes, address: Address) -> None:
        if not (_is_media(data) and dice.random() < 0.05):
            sort(data, address)

    await stage.publish("p1", codec="VP8")
    watcher = await stage.watch("v1")
    await watcher.sees(more=1)
    monkeypatch.setattr(port, "send", lossy_send)
    monkeypatch.setattr(port, "_sort", lossy_sort)

    await watcher.sees(more=150, mids=("1",))


async def test_strangers_during_set_up_disturb_nobody(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stranger, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=("127.0.0.1", stage.engine.port)
    )
    dice = random.Random(2)
    hello = bytes.fromhex("16feff0000000000000000") + dice.randbytes(100)
    binding = bytes.fromhex("000100002112a442") + dice.randbytes(12)
    stopped = asyncio.Event()

    async def disturb() -> None:
        while not stopped.is_set():
            for data in (hello, binding, dice.randbytes(60), b"", b"\x80", b"\x00\x01" + dice.randbytes(40)):
                stranger.sendto(data)
            await asyncio.sleep(0.002)

    disturbing = asyncio.create_task(disturb())
    await stage.publish("p1")
    watcher = await stage.watch("v1")
    await watcher.sees()
    stopped.set()
    await disturbing

    assert stage.engine.stats()["datagrams_strange"] > 10
    assert stage.engine.stats()["addresses"] == 2
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]
    stranger.close()


def _is_media(data: bytes | memoryview) -> bool:
    return 128 <= data[0] <= 191 and not 192 <= data[1] <= 223


def _publishers(engine: Engine) -> list[dict[str, object]]:
    (room,) = engine._views()
    found: list[dict[str, object]] = room["publishers"]
    return found


async def test_peer_that_falls_silent_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(MediaSettings(control=tmp_path / "media.sock", host="127.0.0.1", silence_s=1.5))
    engine.want(ROOM, Wish(revision=1, open=True, on_air="all"))
    stage = Stage(engine)
    await stage.publish("p1")
    await stage.watch("v1")

    monkeypatch.setattr(engine._network.port, "_sort", lambda data, address: None)

    await _told(engine, lambda: not list(engine._rooms[ROOM].peers()))
    assert engine.stats()["endpoints"] == 0
    await stage.close()
    await engine.close()


async def test_silent_viewer_is_sent_nothing_until_heard_of(tmp_path: Path) -> None:
    """Sooner than they are given up (RFC 7675 allows 30 s): what nobody takes must not fill the server's line."""
    engine = Engine(MediaSettings(control=tmp_path / "media.sock", host="127.0.0.1", rest_s=0.0))
    engine.want(ROOM, Wish(revision=1, open=True, on_air="all"))
    stage = Stage(engine)
    await stage.publish("p1")
    watcher = await stage.watch("v1")
    viewer = engine.viewer(ROOM, "v1", "guest")
    for _ in range(400):
        if viewer.resting:
            break
        await asyncio.sleep(0.05)
    assert [one["layer"] for one in viewer.sends()] == [None]

    object.__setattr__(engine._settings, "rest_s", 60.0)
    await watcher.sees()

    assert not viewer.resting
    await stage.close()
    await engine.close()


async def test_peer_that_never_connects_is_removed(tmp_path: Path) -> None:
    engine = Engine(MediaSettings(control=tmp_path / "media.sock", host="127.0.0.1", setup_s=0.5))
    engine.want(ROOM, Wish(revision=1, open=True, on_air="all"))
    pc = connection()

    engine.publish(ROOM, id="p1", owner="one", label="", offer=await publisher_offer(pc))

    await _told(engine, lambda: not _publishers(engine))
    assert engine.stats()["endpoints"] == 0
    await pc.close()
    await engine.close()


async def _told(engine: Engine, condition: Callable[[], bool]) -> None:
    async with aclosing(engine.events.listen()) as events:
        async for _ in events:
            if condition():
                return
