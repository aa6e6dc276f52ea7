"""`make dev`: the demo, started anew whenever a Python file, a message or the built front end changes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from config.setup.places import ROOT, VENV_PYTHON, WEB
from config.setup.progress import say
from config.setup.web import Node

WATCHED = ("config", "models", "server", "realtime")
SUFFIXES = frozenset({".py", ".json", ".md"})
LOOK_EVERY_S = 0.5
STOP_WITHIN_S = 15


def watch(node: Node) -> None:
    """Serve the demo and rebuild the front end on every change, until Ctrl-C."""
    build = [*node.npm, "run", "--silent", "build", "--", "--watch"]
    with subprocess.Popen(build, cwd=WEB, env=node.env, start_new_session=True) as builder:
        try:
            with contextlib.suppress(KeyboardInterrupt):
                _serve()
        finally:
            os.killpg(builder.pid, signal.SIGTERM)


def _serve() -> None:
    while True:
        seen = _state()
        server = subprocess.Popen([VENV_PYTHON, "-m", "server", "demo"], cwd=ROOT)
        try:
            while _state() == seen:
                time.sleep(LOOK_EVERY_S)
            say("\nA file changed: starting again.")
            server.terminate()
        finally:
            # On Ctrl-C the terminal has told the server already.
            _wait(server)


def _wait(server: subprocess.Popen[bytes]) -> None:
    try:
        server.wait(timeout=STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _state() -> dict[Path, int]:
    return {file: file.stat().st_mtime_ns for file in _files() if file.is_file()}


def _files() -> Iterator[Path]:
    for room in WATCHED:
        for folder, _, names in os.walk(ROOT / room):
            yield from (Path(folder, name) for name in names if Path(name).suffix in SUFFIXES)
    yield from (WEB / "dist").glob("*.html")
