"""The parent of all processes of one host: starts them, starts them again, and ends them in order.

Each child holds the reading end of a control pipe; closing our end tells it to finish. The kernel closes
it too when the parent is killed, so no child outlives it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 10.0
STEADY_S = 30.0
DRAIN_S = 20.0
log = structlog.get_logger()


@dataclass
class Child:
    """One process: its arguments after `python -m server`, and descriptors it inherits.

    `CONTROL` in the arguments stands for the number of its control pipe. Children of a lower `stage` end
    first: people are sent away before the media they watch.
    """

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)  # what `ps` must not show
    fds: Sequence[int] = ()
    stage: int = 0
    wait_s: float = FIRST_WAIT_S
    control: int | None = field(default=None, repr=False)
    process: asyncio.subprocess.Process | None = field(default=None, repr=False)


class Supervisor:
    """Keeps its children alive until it is told to stop by SIGTERM or SIGINT."""

    def __init__(self, children: Sequence[Child], environment: Mapping[str, str]) -> None:
        self._children = children
        self._environment = dict(environment)
        self._stopping = asyncio.Event()

    async def run(
        self, *, started: Callable[[], object] = lambda: None, stopping: Callable[[], object] = lambda: None
    ) -> None:
        """Start everything, call `started`; when told to stop, call `stopping`, and return once all have ended."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        keepers = [asyncio.create_task(self._keep(child)) for child in self._children]
        started()
        await self._stopping.wait()
        stopping()
        for stage in sorted({child.stage for child in self._children}):
            await self._end([child for child in self._children if child.stage == stage])
        await asyncio.gather(*keepers)

    async def _keep(self, child: Child) -> None:
        while not self._stopping.is_set():
            began = time.monotonic()
            await self._start(child)
            assert child.process is not None
            if self._stopping.is_set():
                self._close(child)  # told to stop while it was being started: nobody else has its pipe yet
            code = await child.process.wait()
            if self._stopping.is_set():
                return
            self._close(child)
            log.warning("child.ended", child=child.name, code=code)
            steady = time.monotonic() - began > STEADY_S
            child.wait_s = FIRST_WAIT_S if steady else min(child.wait_s * 2, LONGEST_WAIT_S)
            try:
                await asyncio.wait_for(self._stopping.wait(), child.wait_s)
            except TimeoutError:
                continue

    async def _start(self, child: Child) -> None:
        reading, writing = os.pipe()
        arguments = [str(reading) if word == "CONTROL" else word for word in child.arguments]
        child.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "server",
            *arguments,
            pass_fds=(reading, *child.fds),
            env=self._environment | dict(child.environment),
            # A group of its own: the terminal's Ctrl-C reaches the parent alone.
            process_group=0,
        )
        os.close(reading)
        child.control = writing

    async def _end(self, children: Sequence[Child]) -> None:
        for child in children:
            self._close(child)
        running = [child.process for child in children if child.process and child.process.returncode is None]
        if not running:
            return
        waits = [asyncio.create_task(process.wait()) for process in running]
        _, late = await asyncio.wait(waits, timeout=DRAIN_S)
        if late:
            for process in running:
                if process.returncode is None:
                    log.warning("child.killed", pid=process.pid)
                    process.kill()
            await asyncio.wait(late)

    @staticmethod
    def _close(child: Child) -> None:
        if child.control is not None:
            os.close(child.control)
            child.control = None
