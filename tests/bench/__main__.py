"""`python -m tests.bench [PART...]`, called by `make bench`. BENCH=short takes minutes less and says less."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator

from tests.bench import board, command, crowd, first_load, hub, recording, weak
from tests.bench.compiler import NoCompiler, program
from tests.bench.media import glass
from tests.bench.media import measure as media
from tests.bench.places import RESULTS, ROOT
from tests.bench.rows import Row, table, write


def say(text: str) -> None:
    print(text, flush=True)


def _hub(short: bool) -> Iterator[Row]:
    return hub.measure(hub.SHORT if short else hub.FULL, say)


def _command(short: bool) -> Iterator[Row]:
    return command.measure(rounds=2 if short else 5, commands=300 if short else 1000, say=say)


def _web(short: bool) -> Iterator[Row]:
    return first_load.measure(rounds=3 if short else 7, say=say)


def _board(short: bool) -> Iterator[Row]:
    return board.measure(rounds=2 if short else 5, say=say)


def _media(short: bool) -> Iterator[Row]:
    yield from media.measure(media.SHORT if short else media.FULL, say)
    yield from glass.measure(joins=10 if short else 40, frames=300, say=say)


def _crowd(short: bool) -> Iterator[Row]:
    return crowd.measure(crowd.SHORT if short else crowd.FULL, say)


def _recording(short: bool) -> Iterator[Row]:
    return recording.measure(rounds=2 if short else 5, say=say)


def _weak(short: bool) -> Iterator[Row]:
    return weak.measure(seconds=60 if short else 600, say=say)


PARTS: dict[str, Callable[[bool], Iterator[Row]]] = {
    "hub": _hub,
    "media": _media,
    "command": _command,
    "crowd": _crowd,
    "recording": _recording,
    "web": _web,
    "board": _board,
    "weak": _weak,
}
ALONE = {"weak"}
"""Parts that take long and say nothing of speed: measured only when asked for by name."""


def main() -> None:
    asked = sys.argv[1:] or [name for name in PARTS if name not in ALONE]
    if unknown := [name for name in asked if name not in PARTS]:
        sys.exit(f"There is no part {', '.join(unknown)}; there are {', '.join(PARTS)}.")
    try:
        program("load")
    except NoCompiler as missing:
        sys.exit(str(missing))
    began = time.monotonic()
    rows: list[Row] = []
    for name in asked:
        say(f"\n{name}")
        rows += PARTS[name](os.environ.get("BENCH") == "short")
    write(rows, RESULTS)
    say(f"\n{table(rows)}\n")
    say(f"{RESULTS.relative_to(ROOT)} written after {time.monotonic() - began:.0f} s.")


if __name__ == "__main__":
    main()
