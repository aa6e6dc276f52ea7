"""Programs that tests start: found, waited for by what they print, and never outliving the test run."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from glob import glob
from pathlib import Path
from typing import Self

LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1  # linux/prctl.h
READY_WITHIN_S = 120.0
KEPT_LINES = 400
FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/local/sbin", "/usr/sbin", "/sbin")


class ProgramFailed(Exception):
    """A program ended, or did not become ready in time; the text holds what it printed last."""


def find_program(name: str) -> Path:
    """The program's path, also from where Debian keeps servers; the newest when there are several."""
    if found := shutil.which(name):
        return Path(found)
    places = sorted((place for folder in FOLDERS for place in glob(f"{folder}/{name}")), key=_by_number)
    if not places:
        raise ProgramFailed(f"{name} is not installed: `make test` names or installs its Debian package")
    return Path(places[-1])


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port of the loopback address that nobody uses at this moment."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Program:
    """A running program. Its output is read all the time, so it never blocks, and the end of it is kept."""

    def __init__(self, process: subprocess.Popen[str], name: str) -> None:
        self.process = process
        self.name = name
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._printed = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True, name=f"output of {name}")
        self._reader.start()

    @classmethod
    def start(
        cls,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: str | None = None,
        dies_by: signal.Signals = signal.SIGKILL,
    ) -> Self:
        """Start a program in a session of its own; the kernel sends it `dies_by` when the tests end,
        even by SIGKILL."""
        process = subprocess.Popen(
            [str(part) for part in command],
            env=None if env is None else dict(env),
            cwd=cwd,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=_tied_to_parent(dies_by),
        )
        return cls(process, Path(command[0]).name)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    @property
    def output(self) -> str:
        with self._printed:
            return "\n".join(self._lines)

    def wait_for(self, pattern: str, *, within_s: float = READY_WITHIN_S) -> re.Match[str]:
        """Wait until a line matches, and return the match. Lines printed before the call count too.

        Raises ProgramFailed when the program ends first or takes too long.
        """
        deadline = time.monotonic() + within_s
        with self._printed:
            while True:
                for line in self._lines:
                    if match := re.search(pattern, line):
                        return match
                if self._ended:
                    raise ProgramFailed(f"{self.name} ended before it printed {pattern!r}:\n{self.output}")
                if not self._printed.wait(timeout=deadline - time.monotonic()):
                    raise ProgramFailed(f"{self.name} did not print {pattern!r} in time:\n{self.output}")

    def stop(self, by: signal.Signals = signal.SIGTERM, *, within_s: float = 20.0) -> int:
        """Send the signal and wait; a program that does not end is killed. Returns its exit code."""
        if self.running:
            self.process.send_signal(by)
        try:
            code = self.process.wait(timeout=within_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self._reader.join()
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._printed:
                self._lines.append(line.rstrip("\n"))
                self._printed.notify_all()
        with self._printed:
            self._ended = True
            self._printed.notify_all()


def _tied_to_parent(by: signal.Signals) -> Callable[[], None]:
    parent = os.getpid()

    def tie() -> None:
        LIBC.prctl(PR_SET_PDEATHSIG, int(by), 0, 0, 0)
        if os.getppid() != parent:  # it died before the line above
            os.kill(os.getpid(), signal.SIGKILL)

    return tie


def _by_number(path: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", path)]
