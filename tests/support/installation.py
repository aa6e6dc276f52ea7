"""A whole installation as an operator runs it: `multaqa serve` and the other commands as processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil

from tests.support.processes import Program, free_port
from tests.support.services import Backend

ROOT = Path(__file__).parents[2]


class Installation:
    """One data folder with its settings. Nothing runs before `start`; no media process belongs to it."""

    def __init__(self, backend: Backend, data_dir: Path, **settings: str) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.program: Program | None = None
        ours = {
            "MULTAQA_DATA_DIR": str(data_dir),
            "MULTAQA_HOST": "127.0.0.1",
            "MULTAQA_PORT": str(self.port),
            "MULTAQA_MEDIA_CONTROL": f"unix:{data_dir}/no-media.sock",
            "MULTAQA_LOG_FORMAT": "plain",
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("MULTAQA_")}
        self.environment: Mapping[str, str] = {**inherited, **ours, **backend.environment, **settings}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Program:
        """`multaqa serve`, until it answers."""
        self.program = Program.start(
            [sys.executable, "-m", "server", "serve"], env=self.environment, cwd=ROOT, dies_by=signal.SIGTERM
        )
        self.program.wait_for(r"^\s*Open http")
        return self.program

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        """End the parent, and with it all processes; returns its exit code."""
        assert self.program is not None
        return self.program.stop(by)

    def workers(self) -> list[psutil.Process]:
        """The server processes that the parent runs at this moment."""
        assert self.program is not None
        try:
            children = psutil.Process(self.program.pid).children()
            return [child for child in children if "worker" in child.cmdline()]
        except psutil.NoSuchProcess:
            return []

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Another command of the same installation, to its end."""
        return subprocess.run(
            [sys.executable, "-m", "server", *map(str, arguments)],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
