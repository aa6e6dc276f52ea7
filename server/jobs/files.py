"""Removes stored files that went with their rows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from models.database import Database, Unavailable
from server.actions import file

LOOK_EVERY_S = 60.0
log = structlog.get_logger()


class FileKeeper:
    """Works while it is started.

    Every process may look at once: `remove` takes away nothing whose bytes were brought lately, whatever this
    job knew when it began, and what was brought before has its row by then. So no lease is needed.
    """

    def __init__(self, database: Database, remove: Callable[[str], Awaitable[bool]]) -> None:
        self._database = database
        self._remove = remove
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self.look()
            except Unavailable:
                log.info("files.database_away")
            except Exception:
                log.exception("files.failed")

    async def look(self) -> int:
        """Remove all that is noted and not needed; returns how many files went."""
        gone = 0
        while found := await self._database.read(file.doomed):
            for name, needed in found:
                removed = not needed and await self._remove(name)
                gone += removed
                done = file.forget if needed or removed else file.look_later
                await self._database.write(partial(done, name=name))
        return gone
