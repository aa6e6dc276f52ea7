"""Progress for people: one line when a step begins, one every few seconds, one when it ends."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from config.setup.places import ROOT, SetupFault

BEAT_S = 5.0
LINES_ON_FAILURE = 60
LINE_WIDTH = 96


def say(text: str) -> None:
    print(text, flush=True)


def step(
    title: str,
    command: Sequence[str | Path],
    *,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run a command quietly, with a sign of life every few seconds; its output is shown when it fails.

    Raises SetupFault with the command's exit code in it.
    """
    say(f"- {title}")
    started = time.monotonic()
    lines: list[str] = []
    with subprocess.Popen(
        [str(part) for part in command],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        reader = threading.Thread(target=_collect, args=(process.stdout, lines), daemon=True)
        reader.start()
        while (code := _wait(process)) is None:
            latest = lines[-1][:LINE_WIDTH] if lines else ""
            say(f"    {time.monotonic() - started:4.0f} s  {latest}".rstrip())
        reader.join()
    if code != 0:
        say("\n".join(lines[-LINES_ON_FAILURE:]))
        raise SetupFault(f"'{title}' failed (exit code {code}); its last lines are above.")
    say(f"    done in {time.monotonic() - started:.1f} s")


def _wait(process: subprocess.Popen[str]) -> int | None:
    try:
        return process.wait(timeout=BEAT_S)
    except subprocess.TimeoutExpired:
        return None


def _collect(stream: IO[str], lines: list[str]) -> None:
    lines.extend(stripped for line in stream if (stripped := line.strip()))
