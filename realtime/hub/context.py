"""What all parts of one hub share."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from realtime.hub.limits import Limits
from realtime.hub.numbers import HubNumbers
from realtime.hub.ports import Broker, Frame, Gate, History

logger = logging.getLogger("multaqa.hub")


@dataclass(frozen=True, slots=True)
class Context:
    gate: Gate
    history: History
    broker: Broker
    node: str
    build: str
    clock: Callable[[], float]
    limits: Limits
    erases: Callable[[Frame], bool] = lambda frame: False
    numbers: HubNumbers = field(default_factory=HubNumbers)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run work in the background; a fault is logged and ends only that work."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            logger.error("background work failed", exc_info=fault)

    async def stop(self) -> None:
        tasks = list(self.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
