"""Installations with live talks, as an operator starts them."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

from tests.support.processes import Program, free_port

ROOT = Path(__file__).parents[2]


class Site:
    """`multaqa COMMAND` with its settings. `url` is what people open."""

    def __init__(self, command: str, data_dir: Path, **settings: str) -> None:
        self.port = free_port()
        self.command = command
        ours = {
            "MULTAQA_DATA_DIR": str(data_dir),
            "MULTAQA_PORT": str(self.port),
            "MULTAQA_MEDIA_PORT": str(free_port(socket.SOCK_DGRAM)),
            "MULTAQA_LOG_FORMAT": "plain",
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("MULTAQA_")}
        self.environment: Mapping[str, str] = inherited | ours | settings
        self.program: Program | None = None

    @property
    def url(self) -> str:
        return self.environment.get("MULTAQA_PUBLIC_URL") or f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        return self.program.output if self.program else ""

    async def start(self, before: Sequence[str] = ()) -> None:
        """Start it (`before` the command may stand what leads into another network), and return when it
        greets: then it answers."""
        command = [*before, sys.executable, "-m", "server", self.command]
        self.program = Program.start(command, env=self.environment, cwd=ROOT, dies_by=signal.SIGTERM)
        if self.command != "media":
            await self.told(r"^\s*Open http")

    async def told(self, pattern: str) -> re.Match[str]:
        """Wait for a line of its output; meanwhile the test's own loop goes on."""
        assert self.program is not None
        return await asyncio.to_thread(self.program.wait_for, pattern)

    async def stop(self, by: signal.Signals = signal.SIGTERM) -> None:
        """End it; with SIGKILL only the parent, whose end the others notice by themselves."""
        if self.program is not None:
            await asyncio.to_thread(self.program.stop, by)

    def worker(self) -> psutil.Process:
        """The server process that the parent runs at this moment."""
        assert self.program is not None
        children = psutil.Process(self.program.pid).children()
        (only,) = [child for child in children if "worker" in child.cmdline()]
        return only


@asynccontextmanager
async def running(*sites: Site) -> AsyncIterator[None]:
    """Start all, one after the other; stop all, the last first."""
    try:
        for site in sites:
            await site.start()
        yield
    finally:
        for site in reversed(sites):
            await site.stop()
