"""Several media processes: viewers spread over them, fed by the one publishers reach, and outlive one of them."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import pytest_asyncio

from realtime.media.edges import FULL, Answer, Edge, Edges, combine
from realtime.media.engine import Engine
from realtime.media.errors import MediaError
from realtime.media.feeder import Feeder
from realtime.media.relay import Relayed
from realtime.media.rtp import RtpPacket
from realtime.media.service import make_app
from realtime.media.settings import MediaSettings

from .clients import Watcher, accept, connection, publisher_offer

pytestmark = pytest.mark.media
ROOM = "talk"
WISH = {"revision": 1, "open": True, "on_air": "all"}


class Machine:
    """The process that publishers reach, in this test, and one more beside it."""

    def __init__(self, engine: Engine, edges: Edges) -> None:
        self.engine = engine
        self.edges = edges
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(make_app(engine, secret=None, edges=edges)), base_url="http://media"
        )
        self.watchers: list[Watcher] = []
        self._numbers = iter(range(1000))

    @property
    def edge(self) -> Any:
        return self.edges.all[0]

    async def watch(self, pairs: int = 1) -> tuple[str, Watcher]:
        watcher = Watcher(pairs=pairs)
        self.watchers.append(watcher)
        body = {"id": f"v{next(self._numbers)}", "owner": "guest/x", "feed": "air", "offer": await watcher.offer()}
        answered = await self.http.post(f"/rooms/{ROOM}/viewers", json=body)
        assert answered.status_code == 201, answered.text
        await watcher.accept(answered.json()["answer"])
        return body["id"], watcher

    async def told(self, condition: Callable[[dict[str, Any]], bool]) -> None:
        """Wait until the room is told so."""
        async with asyncio.timeout(30):
            async for event in self.engine.events.listen():
                rooms = event.get("rooms") or [event.get("room", {"room": ""})]
                if any(room["room"] == ROOM and condition(room) for room in rooms if "viewers" in room):
                    return


@pytest_asyncio.fixture
async def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Machine]:
    monkeypatch.setattr("realtime.media.edges.INGEST_SHARE", 9.0)  # whoever can goes to the other process
    settings = MediaSettings(control=tmp_path / "media.sock", host="127.0.0.1", processes=2)
    engine = Engine(settings)
    edges = Edges(engine, settings)
    made = Machine(engine, edges)
    async with asyncio.timeout(30):
        await made.edge.ready.wait()
    (await made.http.put(f"/rooms/{ROOM}", json=WISH)).raise_for_status()
    yield made
    for watcher in made.watchers:
        await watcher.close()
    await made.http.aclose()
    await edges.close()
    await engine.close()


async def test_viewers_are_served_by_another_process_and_come_back_when_it_dies(machine: Machine) -> None:
    speaker = connection()
    try:
        offer = await publisher_offer(speaker)
        publisher = machine.engine.publish(ROOM, id="camera", owner="speaker/x", label="camera", offer=offer)
        await accept(speaker, publisher.answer)

        id, watcher = await machine.watch()
        assert machine.engine.stats()["viewers"] == 0
        await watcher.sees()
        await machine.told(lambda room: room["viewers"]["air"] == 1)

        # What is asked about a viewer reaches the process that holds it, and nobody else's owner.
        quality = f"/rooms/{ROOM}/viewers/{id}/quality"
        asked = await machine.http.put(quality, json={"owner": "guest/x", "mode": "high"})
        assert asked.json()["mode"] == "high"
        assert (await machine.http.put(quality, json={"owner": "another/x"})).status_code == 404
        assert (await machine.http.get("/stats")).json()["viewers"] == 1
        health = (await machine.http.get(f"/rooms/{ROOM}/health")).json()
        assert (len(health["publishers"]), health["viewers"]["full"]) == (1, 1)

        machine.edge.ready.clear()
        os.kill(machine.edge.process.pid, signal.SIGKILL)
        await machine.told(lambda room: room["viewers"]["air"] == 0)
        # What its page does: it looks for another way to the same connection, hears of none, and begins anew.
        restart = {"owner": "guest/x", "sdpfrag": "a=ice-ufrag:again\r\na=ice-pwd:" + "x" * 24, "etag": "*"}
        assert (await machine.http.patch(f"/rooms/{ROOM}/peers/{id}", json=restart)).status_code == 404
        await watcher.close()
        _, here = await machine.watch()  # the other one is being started again
        await here.sees()

        async with asyncio.timeout(30):
            await machine.edge.ready.wait()
        id, again = await machine.watch()
        await again.sees()
        await machine.told(lambda room: room["viewers"]["air"] == 2)

        # One whose feed breaks would show black for ever, and be chosen first for having nothing to do.
        before = machine.edge.process.pid
        machine.edge._feeder._writer.transport.abort()
        await machine.told(lambda room: room["viewers"]["air"] == 1)
        assert not machine.edge.ready.is_set()
        assert (await machine.http.delete(f"/rooms/{ROOM}/peers/{id}?owner=guest/x")).status_code == 404
        async with asyncio.timeout(30):
            await machine.edge.ready.wait()
        assert machine.edge.process.pid != before
        _, back = await machine.watch()
        await back.sees()
        await machine.told(lambda room: room["viewers"]["air"] == 2)
        dropped = await machine.http.post("/drop", json={"owners": ["guest"]})
        assert dropped.json() == {"dropped": 2}
    finally:
        await speaker.close()


async def test_closed_stage_is_closed_everywhere(machine: Machine) -> None:
    (await machine.http.put(f"/rooms/{ROOM}", json=WISH | {"revision": 2, "open": False})).raise_for_status()

    watcher = Watcher()
    machine.watchers.append(watcher)
    body = {"id": "late", "owner": "guest/x", "feed": "air", "offer": await watcher.offer()}
    assert (await machine.http.post(f"/rooms/{ROOM}/viewers", json=body)).json()["code"] == "stage.closed"
    answer = await machine.edge.ask("POST", f"/rooms/{ROOM}/viewers", (await _raw(body)))
    assert answer.status == 409


def _relayed(id: str) -> Relayed:
    layers = [{"rid": "", "number": 1}]
    told = {"id": id, "owner": id, "label": "", "kind": "camera"}
    tracks = [{"kind": "audio", "codec": "opus", "layers": layers}]
    return Relayed(told | {"tracks": tracks}, wish=lambda number: None, now=lambda: 0.0)


async def test_feed_that_nobody_reads_ends_without_disturbing_others(engine: Engine) -> None:
    class Counted:
        pushed = 0

        def push(self, packet: RtpPacket, *, starts_keyframe: bool, now: float) -> None:
            self.pushed += 1

        def restart(self) -> None: ...

    room, senders, counted = engine.room(ROOM), [_relayed("one"), _relayed("two")], Counted()
    for sender in senders:
        room.add_sender(sender)
    ours, _theirs = socket.socketpair()
    feeder = Feeder(*await asyncio.open_unix_connection(sock=ours), now=lambda: 0.0)
    feeder.feed(room)
    layer = next(senders[0].layers())
    layer.outputs.append(counted)
    for number in range(200):
        layer.receive(RtpPacket(0, True, number, number, 7, bytes(60_000)), 0.0)

    assert feeder.ended.is_set()
    assert counted.pushed == 200
    for sender in senders:
        room.remove_sender(sender)
    feeder.changed(room)
    feeder.close()
    assert layer.outputs[-1] is counted
    assert not feeder._taps
    assert not list(next(senders[1].layers()).outputs)
    _theirs.close()


async def test_whoever_is_dying_breaks_no_request_about_another_viewer(tmp_path: Path, engine: Engine) -> None:
    edges = Edges(engine)
    edges.all = [cast(Edge, _Away()), cast(Edge, _Holds())]

    answered = await edges.elsewhere("PATCH", f"/rooms/{ROOM}/peers/v1", b"{}")
    assert answered is not None
    assert answered.status == 204
    assert await edges.drop(b"{}") == 1
    assert await edges.stats({"viewers": 1.0}) == {"viewers": 1.0, "processes": 2.0}


class _Away(Edge):
    def __init__(self) -> None:
        self.ready = asyncio.Event()
        self.ready.set()

    async def ask(self, method: str, path: str, body: bytes) -> Answer:
        raise MediaError(status=503, code="media.busy", detail="A media process is away.", retry_after_s=1)


class _Holds(_Away):
    async def ask(self, method: str, path: str, body: bytes) -> Answer:
        return Answer(204, b"") if method == "PATCH" else Answer(200, b'{"dropped": 1, "viewers": 0}')


async def test_keeper_survives_whatever_goes_wrong(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    lives = asyncio.Queue[int]()

    async def fail(edge: Edge) -> None:
        lives.put_nowait(1)
        raise KeyError("rooms")

    monkeypatch.setattr(Edge, "_serve", fail)
    monkeypatch.setattr("realtime.media.edges.FIRST_WAIT_S", 0.01)
    edges = Edges(engine, MediaSettings(control=tmp_path / "other.sock", host="127.0.0.1", processes=2))
    async with asyncio.timeout(10):
        for _ in range(2):
            await lives.get()
    await edges.close()


async def test_load_that_is_not_told_counts_as_full_until_it_is(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(edge: Edge) -> None:
        await asyncio.Event().wait()

    seen: list[float] = []
    enough = asyncio.Event()

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(edge.load)
        if len(seen) == 3:
            enough.set()
        return httpx.Response(500) if len(seen) == 1 else httpx.Response(200, json={"cpu_share": 0.25})

    monkeypatch.setattr(Edge, "_serve", never)
    monkeypatch.setattr("realtime.media.edges.LOAD_S", 0.01)
    edges = Edges(engine, MediaSettings(control=tmp_path / "other.sock", host="127.0.0.1", processes=2))
    edge = edges.all[0]
    await edge._http.aclose()
    edge._http = httpx.AsyncClient(base_url="http://edge", transport=httpx.MockTransport(answer))
    looking = asyncio.create_task(edge._look())
    await asyncio.wait_for(enough.wait(), 10)
    looking.cancel()
    assert seen == [0.0, FULL, 0.25]

    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("nothing came")

    await edge._http.aclose()
    edge._http, edge.load = httpx.AsyncClient(transport=httpx.MockTransport(silent)), 0.1
    with pytest.raises(MediaError):
        await edge.ask("POST", f"http://edge/rooms/{ROOM}/viewers", b"{}")
    assert edge.load == FULL
    await edges.close()


async def _raw(body: dict[str, Any]) -> bytes:
    return httpx.Request("POST", "http://x", json=body).content


def test_numbers_of_several_processes_are_one() -> None:
    one, two = {"viewers": 2.0, "cpu_share": 0.5}, {"viewers": 3.0, "cpu_share": 0.2}

    assert combine([one, two]) == {"viewers": 5.0, "cpu_share": 0.5, "processes": 2.0}


def test_settings_reach_another_process_whole(tmp_path: Path) -> None:
    settings = MediaSettings(control=tmp_path / "a", feed=tmp_path / "b", port=7, secret="s")

    assert MediaSettings.from_json(settings.to_json()) == settings
    assert MediaSettings.from_json(MediaSettings(control=tmp_path).to_json()) == MediaSettings(control=tmp_path)
