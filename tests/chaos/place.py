"""The installation under test: real processes, real services, and proxies on the links that faults hurt."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import tempfile
from collections.abc import AsyncIterator
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
CLOCK = "clock"
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

    def turn_clock(self, seconds: int) -> None:
        (self.installation.data_dir / CLOCK).write_text(f"{seconds:+d}s\n")


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
        installation = Installation(backend, folder, **workers, **_clock(folder))
        database = Database(backend.database_url)
        stack.push_async_callback(database.close)
        front = await stack.enter_async_context(fault_proxy("127.0.0.1", installation.port))
        place = Place(kind, installation, database, front, postgres, redis, behind)
        stack.push_async_callback(_end, place)
        yield place


async def _end(place: Place) -> None:
    with contextlib.suppress(ProgramFailed, AssertionError):
        await place.stop()


def _clock(folder: Path) -> dict[str, str]:
    """Settings under which the server's clock can be turned, where libfaketime is installed.

    Its own care for monotonic clocks has to be off: with it two threads of Python take forty times as long.
    """
    libraries = glob(FAKETIME)
    if not libraries:
        return {}
    (folder / CLOCK).write_text("+0s\n")
    return {
        "LD_PRELOAD": libraries[0],
        "FAKETIME_TIMESTAMP_FILE": str(folder / CLOCK),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_FORCE_MONOTONIC_FIX": "0",
    }
