"""More media processes on this machine: started, fed, given viewers, and started again when they die.

The process that publishers reach is the only one the servers know. It passes viewers on to the others, which are
the same program on the next UDP ports, each a core of its own; requests about a viewer are answered by whoever
holds it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import httpx

from .engine import Engine
from .errors import MediaError
from .feeder import Feeder
from .room import FEEDS, Room
from .settings import MediaSettings

logger = logging.getLogger(__name__)

FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 10.0
READY_S = 20.0
ANSWER_S = 10.0
LOAD_S = 1.0
LOOK_S = 3.0
FULL = 1.0
JOIN_SHARE = 0.01
"""What one who was just sent there is reckoned to cost until the next look at the load."""

INGEST_SHARE = 0.1
"""The process that takes the speakers in is spared by so much."""

_ABOUT_ALL = ("cpu_share", "uplink_share", "loop_lag_seconds", "joins_per_second")
"""Numbers of which the worst counts; all others are sums."""

JSON = dict[str, Any]
Owners = dict[str, dict[str, list[str]]]
"""By room, and by the feed watched or `sending`: who is connected."""


@dataclass(frozen=True)
class Answer:
    """What another process said."""

    status: int
    body: bytes


class Edge:
    """One other process for as long as the parent lives."""

    def __init__(self, number: int, engine: Engine, settings: MediaSettings, wishes: dict[str, bytes]) -> None:
        self.number = number
        self.load = 0.0
        self.ready = asyncio.Event()
        self.views: dict[str, JSON] = {}
        self._engine = engine
        self._wishes = wishes
        folder, name = settings.control.parent, settings.control.name
        self._feed = folder / f"{name}.{number}.feed"
        self._settings = replace(
            settings,
            control=folder / f"{name}.{number}",
            port=settings.port + number if settings.port else 0,
            processes=1,
            recordings=None,
            films=None,
            uplink_mbps=settings.uplink_mbps / settings.processes,
            control_pipe=0,
            feed=self._feed,
        )
        headers = {"Authorization": f"Bearer {settings.secret}"} if settings.secret else {}
        transport = httpx.AsyncHTTPTransport(uds=str(self._settings.control))
        self._http = httpx.AsyncClient(
            transport=transport, base_url="http://edge", timeout=ANSWER_S, headers=headers, trust_env=False
        )
        self._feeder: Feeder | None = None
        self.process: asyncio.subprocess.Process | None = None
        self._keeping = asyncio.create_task(self._keep())

    # Its life.

    async def _keep(self) -> None:
        wait = FIRST_WAIT_S
        while True:
            began = asyncio.get_running_loop().time()
            try:
                await self._live()
                logger.warning("media process %d ended", self.number)
            except Exception as error:  # whatever it was: without its keeper it would never come back
                logger.warning("media process %d failed: %r", self.number, error)
            steady = asyncio.get_running_loop().time() - began > LONGEST_WAIT_S
            wait = FIRST_WAIT_S if steady else min(2 * wait, LONGEST_WAIT_S)
            await asyncio.sleep(wait)

    async def _live(self) -> None:
        """One life of it, with its end: who watches there is told so by it, and comes back elsewhere."""
        try:
            await self._serve()
        finally:
            try:
                self._gone()
            finally:
                await self._end()

    async def _serve(self) -> None:
        """Start it, make it know the rooms, feed it, and follow what it says until it or its feed ends."""
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "realtime.media.edge", stdin=asyncio.subprocess.PIPE, process_group=0
        )
        assert self.process.stdin is not None
        self.process.stdin.write(self._settings.to_json().encode() + b"\n")
        reader, writer = await self._connect()
        self._feeder = Feeder(reader, writer, now=self._engine.now)
        for room in list(self._wishes):
            if room in self._wishes:  # another wish may have come meanwhile
                await self._http.put(f"/rooms/{room}", content=self._wishes[room])
        self.load = 0.0
        self.ready.set()
        working = [
            asyncio.create_task(self._follow()),
            asyncio.create_task(self._look()),
            asyncio.create_task(self._feeder.ended.wait()),
        ]
        try:
            done, _ = await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                one.result()
            if self._feeder.ended.is_set():
                raise ConnectionError("its feed broke")
        finally:
            for one in working:
                one.cancel()
            await asyncio.wait(working)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with asyncio.timeout(READY_S):
            while True:
                try:
                    return await asyncio.open_unix_connection(self._feed)
                except (FileNotFoundError, ConnectionRefusedError):
                    if self.process is None or self.process.returncode is not None:
                        raise ConnectionError("it ended while starting") from None
                    await asyncio.sleep(0.05)

    async def _follow(self) -> None:
        """How many watch there; ends when the process does."""
        async with self._http.stream("GET", "/events", timeout=httpx.Timeout(ANSWER_S, read=15)) as response:
            async for line in response.aiter_lines():
                event: JSON = json.loads(line) if line else {"type": "beat"}
                if event["type"] == "state":
                    self.views = {room["room"]: room for room in event["rooms"]}
                    for name in self.views:
                        self._engine.touch(name)
                elif event["type"] == "room":
                    self.views[event["room"]["room"]] = event["room"]
                    self._engine.touch(event["room"]["room"])

    async def _look(self) -> None:
        """What does not tell its load is taken for full; the events say whether it lives."""
        while True:
            try:
                self.load = (await self._http.get("/stats", timeout=LOOK_S)).raise_for_status().json()["cpu_share"]
            except (httpx.HTTPError, ValueError, KeyError):
                self.load = FULL
            await asyncio.sleep(LOAD_S)

    def _gone(self) -> None:
        self.ready.clear()
        if self._feeder is not None:
            self._feeder.close()
            self._feeder = None
        views, self.views = self.views, {}
        for name in views:
            self._engine.touch(name)

    async def _end(self) -> None:
        if self.process is None:
            return
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            await asyncio.wait_for(self.process.wait(), 5)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()

    async def close(self) -> None:
        self._keeping.cancel()
        await asyncio.wait([self._keeping])
        await self._http.aclose()

    # What it is asked.

    @property
    def answers(self) -> bool:
        """Whether it can be asked: from the moment it is told the rooms on, before viewers are sent there."""
        return self._feeder is not None

    def changed(self, room: Room) -> None:
        if self._feeder is not None:
            self._feeder.changed(room)

    async def ask(self, method: str, path: str, body: bytes) -> Answer:
        try:
            response = await self._http.request(method, path, content=body)
        except httpx.HTTPError:
            self.load = FULL  # until it tells again: others shall not wait for it as well
            raise MediaError(
                status=503, code="media.busy", detail="A media process is away.", retry_after_s=1
            ) from None
        return Answer(response.status_code, response.content)

    async def view(self, room: Room, path: str, body: bytes) -> Answer:
        """Let somebody watch there; the room is fed from then on."""
        self.load += JOIN_SHARE
        if self._feeder is not None:
            self._feeder.feed(room)
        return await self.ask("POST", path, body)

    async def told(self, method: str, path: str, body: bytes = b"") -> JSON | None:
        """What it answers; None when it is away or refuses."""
        try:
            answer = await self.ask(method, path, body)
        except MediaError:
            return None
        told: JSON | None = json.loads(answer.body) if answer.status == 200 else None
        return told


class Edges:
    """All other processes; with none of them everything stays here."""

    def __init__(self, engine: Engine, settings: MediaSettings | None = None) -> None:
        self._engine = engine
        self._wishes: dict[str, bytes] = {}
        self.all: list[Edge] = []
        if settings is not None:
            others = range(1, settings.processes)
            self.all = [Edge(number, engine, settings, self._wishes) for number in others]
        engine.observe(self._changed, self._amended)

    def _changed(self, room: Room) -> None:
        for edge in self.all:
            edge.changed(room)

    def _amended(self, view: JSON) -> JSON:
        """A room as it is in all processes together."""
        others = [edge.views[view["room"]] for edge in self.all if view["room"] in edge.views]
        if not others:
            return view
        viewers = {feed: sum(one["viewers"][feed] for one in [view, *others]) for feed in FEEDS}
        return view | {"viewers": viewers}

    def _ready(self) -> list[Edge]:
        return [edge for edge in self.all if edge.ready.is_set()]

    async def want(self, room: str, wish: bytes, *, open: bool) -> None:
        """Every process knows what is wished of every room."""
        if not self.all:
            return
        if open:
            self._wishes[room] = wish
        else:
            self._wishes.pop(room, None)
        for edge in self.all:
            if edge.answers:
                with contextlib.suppress(MediaError):  # told again when it is back
                    await edge.ask("PUT", f"/rooms/{room}", wish)

    async def view(self, room: str, path: str, body: bytes) -> Answer | None:
        """Let somebody watch where there is most room; None means here. What refuses is passed by."""
        known = self._engine.open_room(room)
        here = self._engine.load + INGEST_SHARE
        for edge in sorted(self._ready(), key=lambda edge: edge.load):
            if edge.load >= here:
                return None
            with contextlib.suppress(MediaError):
                answer = await edge.view(known, path, body)
                if answer.status != 503:
                    return answer
        return None

    async def elsewhere(self, method: str, path: str, body: bytes) -> Answer | None:
        """Ask whoever holds a viewer that is not here; a process that is away holds nobody."""
        for edge in self._ready():
            with contextlib.suppress(MediaError):
                answer = await edge.ask(method, path, body)
                if answer.status != 404:
                    return answer
        return None

    async def _told(self, method: str, path: str, body: bytes = b"") -> list[JSON]:
        """What all others say who are not away, asked at once: a slow one keeps nobody waiting twice."""
        answers = await asyncio.gather(*(edge.told(method, path, body) for edge in self._ready()))
        return [answer for answer in answers if answer is not None]

    async def owners(self, here: Owners) -> Owners:
        """Who is connected anywhere; a process that is away holds nobody."""
        found = {room: {way: set(owners) for way, owners in ways.items()} for room, ways in here.items()}
        for told in await self._told("GET", "/owners"):
            for room, ways in told.items():
                for way, owners in ways.items():
                    found.setdefault(room, {}).setdefault(way, set()).update(owners)
        return {room: {way: sorted(owners) for way, owners in ways.items()} for room, ways in found.items()}

    async def health(self, path: str, own: JSON) -> JSON:
        """Viewers and what is sent, of all processes; the sources are known here."""
        found = [own, *await self._told("GET", path)]
        viewers = {way: sum(one["viewers"][way] for one in found) for way in own["viewers"]}
        return own | {"viewers": viewers, "sent_kbps": sum(one["sent_kbps"] for one in found)}

    async def drop(self, body: bytes) -> int:
        return sum(told["dropped"] for told in await self._told("POST", "/drop", body))

    async def besides(self, count: int) -> int:
        """Tell every process its share of what left by the line besides, as each has a share of the line.

        Returns the share of this one.
        """
        share = count // (1 + len(self.all))
        await self._told("POST", "/besides", json.dumps({"bytes": share}).encode())
        return share

    async def stats(self, own: dict[str, float]) -> dict[str, float]:
        """The numbers of all processes together."""
        return combine([own, *await self._told("GET", "/stats")])

    async def close(self) -> None:
        for edge in self.all:
            await edge.close()


def combine(stats: Sequence[dict[str, float]]) -> dict[str, float]:
    """Sums, and of shares the worst."""
    found = {name: (max if name in _ABOUT_ALL else sum)(one.get(name, 0.0) for one in stats) for name in stats[0]}
    return found | {"processes": float(len(stats))}


@contextlib.asynccontextmanager
async def edges(engine: Engine, settings: MediaSettings) -> AsyncIterator[Edges]:
    made = Edges(engine, settings)
    try:
        yield made
    finally:
        await made.close()
