"""Removes stored files that went with their rows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from models.database import Database, Unavailable
from server.actions import file

LOOK_EVERY_S = 60.0
log = structlog.get_logger()


class FileKeeper:
    """Works while it is started. Removing twice is no fault, so it needs no lease."""

    def __init__(self, database: Database, remove: Callable[[str], Awaitable[None]]) -> None:
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
                if not needed:
                    await self._remove(name)
                    gone += 1
                await self._database.write(lambda db, name=name: file.forget(db, name))  # type: ignore[misc]
        return gone
