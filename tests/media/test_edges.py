"""Several media processes: viewers spread over them, fed by the one publishers reach, and outlive one of them."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from realtime.media.edges import Edges, combine
from realtime.media.engine import Engine
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
        _, here = await machine.watch()  # the other one is being started again
        await here.sees()

        async with asyncio.timeout(30):
            await machine.edge.ready.wait()
        _, again = await machine.watch()
        await again.sees()
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


async def _raw(body: dict[str, Any]) -> bytes:
    return httpx.Request("POST", "http://x", json=body).content


def test_numbers_of_several_processes_are_one() -> None:
    one, two = {"viewers": 2.0, "cpu_share": 0.5}, {"viewers": 3.0, "cpu_share": 0.2}

    assert combine([one, two]) == {"viewers": 5.0, "cpu_share": 0.5, "processes": 2.0}


def test_settings_reach_another_process_whole(tmp_path: Path) -> None:
    settings = MediaSettings(control=tmp_path / "a", feed=tmp_path / "b", port=7, secret="s")

    assert MediaSettings.from_json(settings.to_json()) == settings
    assert MediaSettings.from_json(MediaSettings(control=tmp_path).to_json()) == MediaSettings(control=tmp_path)
