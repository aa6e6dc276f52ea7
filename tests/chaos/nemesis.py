"""What breaks. Every fault undoes itself before it returns, so that the next one meets a whole installation."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import psutil

from tests.chaos.listeners import Listener
from tests.chaos.place import Place

DAY_S = 86_400


@dataclass(frozen=True)
class Fault:
    name: str
    strike: Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Strike:
    """A fault that struck, and when, until it was undone."""

    name: str
    began: float
    ended: float


class Nemesis:
    """Strikes one fault after the other. `lasts` scales how long each goes on."""

    def __init__(
        self, place: Place, listeners: Sequence[Listener], chance: random.Random, *, lasts: float = 1.0
    ) -> None:
        self.struck: list[Strike] = []
        self._place = place
        self._listeners = listeners
        self._chance = chance
        self._lasts = lasts

    def faults(self) -> list[Fault]:
        """Those that this kind of installation can suffer."""
        found = [
            Fault("kill -9 a server process", self._kill_worker),
            Fault("kill -9 the parent", self._kill_parent),
            Fault("restart", self._restart),
            Fault("people's links cut", self._cut_people),
            Fault("people's links silent", self._silence_people),
            Fault("stalled readers", self._stall),
            Fault("a server process stopped for a while", self._pause_worker),
            Fault("backup under load", self._backup),
        ]
        if self._place.clock_turns:
            found.append(Fault("clock jump", self._turn_clock))
        if self._place.redis is not None:
            found += [
                Fault("kill -9 Redis", self._kill_redis),
                Fault("link to Redis cut", self._cut_redis),
                Fault("link to Redis refused", self._refuse_redis),
                Fault("link to Redis half-open", self._half_open),
                Fault("PostgreSQL restart, fast", self._restart_postgres),
                Fault("PostgreSQL restart, immediate", self._crash_postgres),
            ]
        return found

    async def strike(self, fault: Fault) -> None:
        began = time.monotonic()
        await fault.strike()
        self.struck.append(Strike(fault.name, began, time.monotonic()))

    async def _wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds * self._lasts)

    # Processes

    async def _kill_worker(self) -> None:
        if victim := self._a_worker():
            victim.kill()
        await self._wait(2)

    async def _kill_parent(self) -> None:
        await self._place.stop(signal.SIGKILL)
        await self._place.start()

    async def _restart(self) -> None:
        await self._place.stop(signal.SIGTERM)
        await self._place.start()

    async def _pause_worker(self) -> None:
        victim = self._a_worker()
        if victim is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.suspend()
            try:
                await self._wait(6)
            finally:
                victim.resume()

    def _a_worker(self) -> psutil.Process | None:
        workers = self._place.installation.workers()
        return self._chance.choice(workers) if workers else None

    async def _backup(self) -> None:
        archive = self._place.installation.data_dir / f"backup-{len(self.struck)}.zip"
        made = await asyncio.to_thread(self._place.installation.run, "backup", archive)
        assert made.returncode == 0, made.stderr
        archive.unlink()

    async def _turn_clock(self) -> None:
        """A day ahead, then two hours back, then right again."""
        for seconds in (DAY_S, -7200, 0):
            self._place.turn_clock(seconds)
            await self._wait(4)

    # People's links

    async def _cut_people(self) -> None:
        for _ in range(3):
            self._place.front.cut()
            await self._wait(0.5)

    async def _silence_people(self) -> None:
        self._place.front.blackhole()
        try:
            await self._wait(7)
        finally:
            self._place.front.heal()

    async def _stall(self) -> None:
        victims = [listener for listener in self._listeners if listener.direct]
        for victim in victims:
            victim.stall()
        try:
            await self._wait(20)
        finally:
            for victim in victims:
                victim.go_on()

    # Redis

    async def _kill_redis(self) -> None:
        redis = self._place.redis
        assert redis is not None
        await asyncio.to_thread(redis.program.stop, signal.SIGKILL)
        await self._wait(2)
        await asyncio.to_thread(redis.restart, signal.SIGKILL)

    async def _cut_redis(self) -> None:
        assert self._place.behind is not None
        for _ in range(3):
            self._place.behind.cut()
            await self._wait(0.7)

    async def _refuse_redis(self) -> None:
        behind = self._place.behind
        assert behind is not None
        behind.refuse()
        behind.cut()
        try:
            await self._wait(4)
        finally:
            behind.heal()

    async def _half_open(self) -> None:
        behind = self._place.behind
        assert behind is not None
        behind.blackhole()
        try:
            await self._wait(10)
        finally:
            behind.heal()

    # PostgreSQL

    async def _restart_postgres(self) -> None:
        assert self._place.postgres is not None
        await asyncio.to_thread(self._place.postgres.restart, signal.SIGINT)

    async def _crash_postgres(self) -> None:
        assert self._place.postgres is not None
        await asyncio.to_thread(self._place.postgres.restart, signal.SIGQUIT)
