"""What becomes of films that were brought: made ready one by one, taken off when they are over, removed."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog

from models.database import Database, Unavailable
from server.actions import film
from server.domain.film import BROUGHT, FILE
from server.jobs.apart import apart
from server.queries import film as queries

LOOK_EVERY_S = 1.0
CONVERT_MODULE = "realtime.media.films.convert"
DRAFT = "film.part"
MOST_S = 6 * 3600.0
SILENT_S = 300.0
TELL_EVERY_S = 1.5
log = structlog.get_logger()


class FilmKeeper:
    """Works while it is started; several server processes may.

    Films are decoded by a process of its own that is told nothing but two paths: they come from strangers.
    """

    def __init__(self, database: Database, data_dir: Path) -> None:
        self._database = database
        self._root = data_dir / "films"
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._run(work)) for work in (self.convert, self.tidy)]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, work: Any) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await work()
            except Unavailable:
                log.info("films.database_away")
            except Exception:
                log.exception("films.failed")

    async def tidy(self) -> None:
        """Take off what is over, remove what nobody wants."""
        if await self._database.read(queries.any_over):
            await self._database.write(film.end_due)
        for id, folder in await self._database.read(film.doomed):
            await asyncio.to_thread(shutil.rmtree, self._root / folder, ignore_errors=True)
            await self._database.write(lambda db, id=id: film.forget(db, id))  # type: ignore[misc]

    async def convert(self) -> None:
        """Make ready all that waits."""
        while await self._database.read(queries.any_waits):
            claimed = await self._database.write(film.claim)
            if claimed is None:
                return
            await self._convert(*claimed)

    async def _convert(self, id: UUID, folder: str) -> None:
        place = self._root / folder
        told: dict[str, Any] = {}
        try:
            async with asyncio.timeout(MOST_S):
                async for told in _converting(place):
                    if "progress" in told and not await self._database.write(
                        lambda db, told=told: film.went_on(db, id, told["progress"])  # type: ignore[misc]
                    ):
                        return
        except TimeoutError:
            told = {"fault": "too_slow"}
        if "film" in told:
            await asyncio.to_thread(_keep, place)
            await self._database.write(lambda db: film.made(db, id, told["film"]))
        elif "fault" in told:
            await asyncio.to_thread(_throw_away, place)
            await self._database.write(lambda db: film.refused(db, id, told["fault"]))
        else:
            log.warning("film.not_converted")
            await self._database.write(lambda db: film.again(db, id))


async def _converting(place: Path) -> AsyncIterator[dict[str, Any]]:
    """What the process says, its progress not too often."""
    process = await apart(CONVERT_MODULE, str(place / BROUGHT), str(place / DRAFT))
    assert process.stdout is not None
    told_at = 0.0
    try:
        while True:
            async with asyncio.timeout(SILENT_S):
                line = await process.stdout.readline()
            if not line:
                return
            told = json.loads(line)
            if "progress" not in told:
                yield told
                return
            if time.monotonic() - told_at >= TELL_EVERY_S:
                told_at = time.monotonic()
                yield told
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _keep(place: Path) -> None:
    (place / DRAFT).replace(place / FILE)
    (place / BROUGHT).unlink(missing_ok=True)


def _throw_away(place: Path) -> None:
    for name in (DRAFT, BROUGHT):
        (place / name).unlink(missing_ok=True)
