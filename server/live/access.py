"""Taking away what a changed right no longer allows, in this process, within 5 s of the change."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Protocol

from realtime.hub.hub import Hub
from realtime.hub.ports import Frame, Stop
from server.domain.person import AccessChanged
from server.queries.channels import ACCESS

# Rights that changed without anything being lost: what people send and watch may go on.
_HARMLESS = frozenset({"person.changed"})


class Stages(Protocol):
    async def drop(self, owners: Sequence[str]) -> None: ...


class AccessFollower:
    """Follows the internal channel `access` with the same guarantees that a client's channel has."""

    def __init__(self, hub: Hub, stages: Stages | None) -> None:
        self._hub = hub
        self._stages = stages
        self._tasks: set[asyncio.Task[None]] = set()
        self._stop: Stop | None = None

    async def start(self) -> None:
        self._stop = await self._hub.listen_internal(ACCESS, self._heard, on_lost=self._hub.drop_all)

    async def stop(self) -> None:
        if self._stop is not None:
            await self._stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _heard(self, frame: Frame) -> None:
        fact = AccessChanged.model_validate(json.loads(frame.payload)["data"])
        people = [str(id) for id in fact.person_ids]
        self._hub.drop(person_ids=people, login_ids=[str(id) for id in fact.login_ids])
        owners = [*people, *fact.owners]
        if self._stages is not None and owners and fact.reason not in _HARMLESS:
            task = asyncio.create_task(self._stages.drop(owners))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
