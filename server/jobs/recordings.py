"""What becomes of recordings after the end: finished into files, tidied up, removed."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog

from models.database import Database, Unavailable
from server.actions import recording
from server.jobs.apart import apart

LOOK_EVERY_S = 2.0
FINISH_MODULE = "realtime.media.recorder.finish"
FINISH_S = 540  # less than the lease
AT_ONCE = 2  # one long recording does not make all others wait
log = structlog.get_logger()


class RecordingKeeper:
    """Works while it is started; several processes may, each takes a recording under a lease.

    Joining files is done by a process of its own: it reads what strangers sent, and must not hold up anybody.
    """

    def __init__(self, database: Database, data_dir: Path) -> None:
        self._database = database
        self._root = data_dir / "recordings"
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
                log.info("recordings.database_away")
            except Exception:
                log.exception("recordings.failed")

    async def look(self) -> None:
        """Do all that is due now."""
        await self._finish_all()
        for id, folder in await self._database.read(recording.doomed):
            await asyncio.to_thread(shutil.rmtree, self._root / folder, ignore_errors=True)
            await self._database.write(lambda db, id=id: recording.forget(db, id))  # type: ignore[misc]
        for id, folder, names in await self._database.read(recording.untidy):
            await asyncio.to_thread(_tidy, self._root / folder, names)
            await self._database.write(lambda db, id=id: recording.tidied(db, id))  # type: ignore[misc]

    async def _finish_all(self) -> None:
        running: set[asyncio.Task[None]] = set()
        try:
            while True:
                while len(running) < AT_ONCE and (claimed := await self._database.write(recording.claim)):
                    running.add(asyncio.create_task(self._finish(*claimed)))
                if not running:
                    return
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for failed in filter(None, (one.exception() for one in done)):
                    log.error("recording.not_written", exc_info=failed)  # its lease runs out
        finally:
            for one in running:
                one.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _finish(self, id: UUID, folder: str) -> None:
        files = await self._files(self._root / folder)
        if files is None:
            await self._database.write(lambda db: recording.not_finished(db, id))
        else:
            await self._database.write(lambda db: recording.finished(db, id, files))

    async def _files(self, folder: Path) -> list[dict[str, Any]] | None:
        """The finished files, or None when they could not be made."""
        process = await apart(FINISH_MODULE, str(folder))
        try:
            async with asyncio.timeout(FINISH_S):
                told, _ = await process.communicate()
        except TimeoutError:
            told = b""
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            log.warning("recording.not_finished", code=process.returncode)
            return None
        made: list[dict[str, Any]] = json.loads(told)
        return made


def _tidy(folder: Path, names: Collection[str]) -> None:
    """Remove everything but these."""
    for path in folder.iterdir():
        if path.name not in names:
            path.unlink(missing_ok=True)
