"""`make dev`: the demo, started anew whenever a Python file, a message or the built front end changes."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from config.setup.places import ROOT, VENV_PYTHON, WEB
from config.setup.progress import say
from config.setup.web import Node

WATCHED = ("config", "models", "server", "realtime")
SUFFIXES = frozenset({".py", ".json", ".md"})
LOOK_EVERY_S = 0.5
STOP_WITHIN_S = 25  # people are sent away first, then the media they watch
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def watch(node: Node) -> None:
    """Serve the demo and rebuild the front end on every change, until Ctrl-C."""
    # Vite itself and not `npm run`, which would leave it behind when it is killed.
    build = ["node", "node_modules/vite/bin/vite.js", "build", "--watch"]
    with subprocess.Popen(build, cwd=WEB, env=node.env, preexec_fn=_tied(signal.SIGKILL)) as builder:
        try:
            with contextlib.suppress(KeyboardInterrupt):
                _serve()
        finally:
            builder.kill()


def _serve() -> None:
    while True:
        seen = _state()
        command = [str(VENV_PYTHON), "-m", "server", "demo"]
        server = subprocess.Popen(command, cwd=ROOT, preexec_fn=_tied(signal.SIGTERM))
        try:
            while _state() == seen:
                time.sleep(LOOK_EVERY_S)
            say("\nA file changed: starting again.")
            server.terminate()
        finally:
            # On Ctrl-C the terminal has told the server already.
            _wait(server)


def _tied(by: signal.Signals) -> Callable[[], None]:
    """What a child runs first: the kernel then ends it when `make dev` is gone, even if that was killed."""
    parent = os.getpid()

    def tie() -> None:
        LIBC.prctl(PR_SET_PDEATHSIG, int(by), 0, 0, 0)
        if os.getppid() != parent:  # it was gone before the line above
            os.kill(os.getpid(), signal.SIGKILL)

    return tie


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
