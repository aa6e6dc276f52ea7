"""The installation under test: real processes, real services, and proxies on the links that faults hurt."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import Literal

from models.database import Database
from models.migrate import upgrade
from tests.support.faults import FaultProxy, fault_proxy
from tests.support.installation import Installation
from tests.support.processes import ProgramFailed
from tests.support.services import Backend, PostgresServer, RedisServer

Kind = Literal["sqlite", "postgresql"]
START_TRIES = 40
FAKETIME = "/usr/lib/*/faketime/libfaketimeMT.so.1"


@dataclass
class Place:
    """What the nemesis may break."""

    kind: Kind
    installation: Installation
    database: Database
    front: FaultProxy  # between people and server
    postgres: PostgresServer | None = None
    redis: RedisServer | None = None
    behind: FaultProxy | None = None  # between server and Redis

    @property
    def clock_turns(self) -> bool:
        return bool(glob(FAKETIME))

    @property
    def origin(self) -> str:
        return self.installation.url

    async def start(self) -> None:
        """As a service manager does: again, until the port is free and the database answers."""
        for _ in range(START_TRIES):
            try:
                await asyncio.to_thread(self.installation.start)
                return
            except ProgramFailed:
                await asyncio.to_thread(self.installation.stop, signal.SIGKILL)
                await asyncio.sleep(0.25)
        raise ProgramFailed("the server did not start again")

    async def stop(self, by: signal.Signals = signal.SIGTERM) -> None:
        await asyncio.to_thread(self.installation.stop, by)

    @asynccontextmanager
    async def own_clock(self) -> AsyncIterator[Callable[[int], object]]:
        """The server starts anew with a clock that can be turned, and again with the true one at the end.

        Only for as long as it is needed: every look at that clock costs forty times as much.
        """
        clock = self.installation.data_dir / "clock"
        clock.write_text("+0s\n")
        usual = self.installation.environment
        faked = {
            "LD_PRELOAD": glob(FAKETIME)[0],
            "FAKETIME_TIMESTAMP_FILE": str(clock),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        try:
            await self._restart({**usual, **faked})
            yield lambda seconds: clock.write_text(f"{seconds:+d}s\n")
        finally:
            await self._restart(usual)

    async def _restart(self, environment: Mapping[str, str]) -> None:
        await self.stop()
        self.installation.environment = environment
        await self.start()


@asynccontextmanager
async def placed(kind: Kind) -> AsyncIterator[Place]:
    """A fresh installation of a kind: one process on SQLite, two workers on PostgreSQL and Redis."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="multaqa-chaos-")))
        postgres = redis = behind = None
        backend = Backend(kind, f"sqlite:///{folder / 'multaqa.sqlite'}", None)
        if kind == "postgresql":
            postgres = PostgresServer(durable=True)
            stack.callback(postgres.close)
            redis = RedisServer()
            stack.callback(redis.close)
            behind = await stack.enter_async_context(fault_proxy("127.0.0.1", redis.port))
            backend = Backend(kind, postgres.url(postgres.create()), f"redis://127.0.0.1:{behind.port}/0")
        await asyncio.to_thread(upgrade, backend.database_url)
        workers = {"MULTAQA_WORKERS": "2"} if kind == "postgresql" else {}
        installation = Installation(backend, folder, **workers)
        database = Database(backend.database_url)
        stack.push_async_callback(database.close)
        front = await stack.enter_async_context(fault_proxy("127.0.0.1", installation.port))
        place = Place(kind, installation, database, front, postgres, redis, behind)
        stack.push_async_callback(_end, place)
        yield place


async def _end(place: Place) -> None:
    with contextlib.suppress(ProgramFailed, AssertionError):
        await place.stop()
