"""The part crowd: a whole audience in one session that votes, reacts and answers a poll.

What a client hears must not grow with the number of those who vote: sums are told at most every half second.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import uuid_utils
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from realtime.hub.frames import SUBPROTOCOL
from tests.bench.pinned import SERVER_CORE
from tests.bench.places import ROOT
from tests.bench.rows import Row, row
from tests.bench.servers.assembled import LOGINS
from tests.support.processes import Program

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
ORIGIN = "http://127.0.0.1:8000"
QUESTIONS = 12
GROWTH_BAR = 1.25  # the sums of a busy half second are in one publication, as those of a quiet one
REACTIONS = ("clap", "heart", "thumb", "laugh")


@dataclass(frozen=True)
class Plan:
    """`few` and then all `people` vote, everybody equally often: ten times the voters, ten times the votes."""

    people: int
    few: int
    votes_per_s: float
    reactions_per_s: float
    seconds: float


FULL = Plan(people=1000, few=100, votes_per_s=50, reactions_per_s=200, seconds=15)
SHORT = Plan(people=1000, few=100, votes_per_s=50, reactions_per_s=200, seconds=8)
TINY = Plan(people=60, few=6, votes_per_s=20, reactions_per_s=20, seconds=2)


@dataclass(frozen=True)
class Phase:
    """What one client heard each second, by name, and what the server spent meanwhile."""

    frames: float
    names: Counter[str]
    cpu: float
    refused: int
    done: int

    def told(self, name: str, clients: int) -> str:
        kinds = ", ".join(f"{kind} {count / clients:.0f}" for kind, count in self.names.most_common(4))
        return (
            f"  {name:34} {self.frames:5.2f} frames/s per client ({kinds} in all)  {self.cpu:4.0%} of a core"
            f"  {self.done} done, {self.refused} refused"
        )


def measure(plan: Plan, say: Callable[[str], None]) -> Iterator[Row]:
    few, many, everything = asyncio.run(_measured(plan, say))
    conditions = (
        f"{plan.people:,} people connected to one session of one server process on SQLite, {plan.seconds:g} s"
    )
    sound = not (few.refused or many.refused or everything.refused)
    yield row(
        f"Crowd: frames per client, {plan.people:,} voters",
        [many.frames],
        "/s",
        against=f"{plan.few:,} voters",
        others=[few.frames],
        bar=GROWTH_BAR,
        conditions=f"{conditions} each, {plan.votes_per_s:g} votes/s against a tenth of it",
        sound=sound,
    )
    for name, phase, value, unit in (
        ("server CPU, votes alone", many, 100 * many.cpu, "%"),
        ("server CPU, all at once", everything, 100 * everything.cpu, "%"),
        ("frames per client, all at once", everything, everything.frames, "/s"),
    ):
        more = f"{plan.votes_per_s:g} votes/s"
        if phase is everything:
            more += f", {plan.reactions_per_s:g} reactions/s, a poll opening and everybody answering it"
        yield row(f"Crowd: {name}", [value], unit, conditions=f"{conditions}, {more}; % of one core", sound=sound)


async def _measured(plan: Plan, say: Callable[[str], None]) -> tuple[Phase, Phase, Phase]:
    with TemporaryDirectory(prefix="multaqa-bench-") as folder:
        server = await asyncio.to_thread(_started, folder, plan.people)
        try:
            logins = (Path(folder) / LOGINS).read_text().split()
            port, session = int(server.wait_for(r"^ready (\d+)$")[1]), server.wait_for(r"^session (\S+)$")[1]
            async with Crowd(port, session, logins, server.pid) as crowd:
                return await _phases(crowd, plan, say)
        finally:
            await asyncio.to_thread(server.stop)


def _started(folder: str, people: int) -> Program:
    command = [sys.executable, "-m", "tests.bench.servers.assembled", folder, str(people)]
    server = Program.start([sys.executable, "-m", "tests.bench.pinned", str(SERVER_CORE), *command], cwd=ROOT)
    server.wait_for(r"^ready (\d+)$")
    return server


async def _phases(crowd: Crowd, plan: Plan, say: Callable[[str], None]) -> tuple[Phase, Phase, Phase]:
    await crowd.lay_out()
    phases = []
    for name, voters, rate in (
        (f"{plan.few} voters", plan.few, plan.votes_per_s * plan.few / plan.people),
        (f"{plan.people} voters", plan.people, plan.votes_per_s),
    ):
        phase = await crowd.during(plan.seconds, crowd.voting(voters, rate, plan.seconds))
        say(phase.told(name, plan.people))
        phases.append(phase)
    all_at_once = (
        crowd.voting(plan.people, plan.votes_per_s, plan.seconds),
        crowd.reacting(plan.reactions_per_s, plan.seconds),
        crowd.answering(plan.seconds),
    )
    everything = await crowd.during(plan.seconds, *all_at_once)
    say(everything.told("votes, reactions and a poll", plan.people))
    return phases[0], phases[1], everything


class Crowd:
    """Everybody of a session, each with a connection of their own; the first is its moderator."""

    def __init__(self, port: int, session: str, logins: Sequence[str], pid: int) -> None:
        self._url = f"127.0.0.1:{port}"
        self._session = session
        self._logins = logins
        self._pid = pid
        self._names: Counter[str] = Counter()
        self._connections: list[ClientConnection] = []
        self._questions: list[str] = []
        self._voted: set[tuple[str, str]] = set()
        self._chance = random.Random(1)
        self._refused = self._done = 0
        self._stack = AsyncExitStack()
        self._http = httpx.AsyncClient(
            base_url=f"http://{self._url}", trust_env=False, verify=False, timeout=30, headers={"Origin": ORIGIN}
        )

    async def __aenter__(self) -> Crowd:
        await self._stack.enter_async_context(self._http)
        for start in range(0, len(self._logins), 50):  # as fast as they are let in
            group = self._logins[start : start + 50]
            self._connections += await asyncio.gather(*(self._connected(login) for login in group))
        return self

    async def __aexit__(self, *_: object) -> None:
        for connection in self._connections:
            connection.transport.abort()
        await self._stack.aclose()

    async def _connected(self, login: str) -> ClientConnection:
        connection = await connect(
            f"ws://{self._url}/ws",
            additional_headers={"Cookie": f"login={login}"},
            origin=Origin(ORIGIN),
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            compression=None,
            ping_interval=None,
        )
        channel = f"session:{self._session}"
        await connection.send(json.dumps({"do": "subscribe", "id": 1, "channel": channel, "position": None}))
        while json.loads(await connection.recv())["type"] != "reply":
            pass
        listening = asyncio.create_task(self._listen(connection))
        self._stack.callback(listening.cancel)
        return connection

    async def _listen(self, connection: ClientConnection) -> None:
        """Count what everybody hears: not the answers to what one said oneself, nor the beats."""
        async for raw in connection:
            frame = json.loads(raw)
            if frame["type"] == "beat":
                await connection.send('{"do":"beat"}')
            elif frame["type"] in {"publication", "signal"} and frame["name"] != "presence":
                self._names[frame["name"]] += 1
            elif "error" in frame:
                self._refused += 1

    async def lay_out(self) -> None:
        """Questions that are open for votes."""
        for number in range(QUESTIONS):
            path = f"/api/sessions/{self._session}/questions"
            asked = await self._ask(0, "POST", path, {"text": f"سؤال رقم {number}"})
            self._questions.append(asked["id"])
            await self._ask(0, "POST", f"/api/questions/{asked['id']}/approve")

    async def during(self, seconds: float, *doings: Coroutine[Any, Any, None]) -> Phase:
        """What was heard and spent while these went on, each for so many seconds."""
        self._names, self._refused, self._done = Counter(), 0, 0
        before, began = _cpu_s(self._pid), time.perf_counter()
        await asyncio.gather(*doings)
        await asyncio.sleep(1)  # the last sums
        took = time.perf_counter() - began
        frames = sum(self._names.values()) / len(self._connections) / took
        return Phase(frames, self._names, (_cpu_s(self._pid) - before) / took, self._refused, self._done)

    async def voting(self, voters: int, per_s: float, seconds: float) -> None:
        """Votes given and taken back, each by one of the voters for one of the questions."""

        async def vote() -> None:
            someone, question = self._chance.randrange(voters), self._chance.choice(self._questions)
            mine = (self._logins[someone], question)
            method = "DELETE" if mine in self._voted else "PUT"
            self._voted ^= {mine}
            await self._ask(someone, method, f"/api/questions/{question}/vote")

        await self._paced(vote, per_s, seconds)

    async def reacting(self, per_s: float, seconds: float) -> None:
        async def react() -> None:
            sums = {self._chance.choice(REACTIONS): 1}
            frame = {"do": "signal", "id": 2, "channel": f"session:{self._session}", "name": "reaction"}
            await self._chance.choice(self._connections).send(json.dumps({**frame, "data": {"sums": sums}}))
            self._done += 1

        await self._paced(react, per_s, seconds)

    async def answering(self, seconds: float) -> None:
        """A poll opens, and everybody answers it before the end."""
        options = [{"id": id, "text": id} for id in ("a", "b", "c", "d")]
        draft = {"kind": "single", "text": "أيها؟", "settings": {"options": options}}
        poll = await self._ask(0, "POST", f"/api/sessions/{self._session}/polls", draft)
        await self._ask(0, "POST", f"/api/polls/{poll['id']}/open")
        waiting = iter(range(len(self._logins)))

        async def answer() -> None:
            someone = next(waiting, None)
            if someone is not None:
                body = {"answer": {"option": self._chance.choice("abcd")}}
                await self._ask(someone, "PUT", f"/api/polls/{poll['id']}/answer", body)

        await self._paced(answer, len(self._logins) / seconds, seconds)

    async def _paced(self, act: Callable[[], Coroutine[Any, Any, None]], per_s: float, seconds: float) -> None:
        """Begin so many a second, whether the earlier ones are done or not; wait for all."""
        began = time.perf_counter()
        under_way: set[asyncio.Task[None]] = set()
        for number in range(round(per_s * seconds)):
            await asyncio.sleep(max(0.0, began + number / per_s - time.perf_counter()))
            under_way.add(asyncio.create_task(act()))
        await asyncio.gather(*under_way)

    async def _ask(self, someone: int, method: str, path: str, body: object = None) -> dict[str, str]:
        headers = {"Cookie": f"login={self._logins[someone]}", "Idempotency-Key": str(uuid_utils.uuid7())}
        answer = await self._http.request(method, path, json=body, headers=headers)
        self._done += answer.is_success
        self._refused += not answer.is_success
        return dict(answer.json()) if answer.content else {}


def _cpu_s(pid: int) -> float:
    """User and system seconds of a process (proc_pid_stat(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S
