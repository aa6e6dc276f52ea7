"""The recorder process: reads messages on its standard input, writes folders, answers on its standard output.

It ends when its input does: the media process has ended, or was killed. What it was writing is then finished.
"""

from __future__ import annotations

import argparse
import errno
import logging
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import av

from . import pipe
from .programme import Programme

logger = logging.getLogger(__name__)

LEAST_FREE = 512 * 1024 * 1024
"""What recordings leave of the disk: the database needs room to go on."""


class Recorder:
    """All programmes of one media process. What fails in one ends that one alone."""

    def __init__(
        self, root: Path, answer: Callable[[pipe.Message], None], *, least_free: int = LEAST_FREE
    ) -> None:
        self._root = root
        self._answer = answer
        self._least_free = least_free
        self._now = 0.0
        self._programmes: dict[str, Programme] = {}
        self._told: dict[str, pipe.Told] = {}

    def heed(self, message: pipe.Message) -> None:
        if isinstance(message, pipe.Tick):
            self._tick(message.now)
            return
        room = message.room
        try:
            self._heed(room, message)
        except Exception as error:
            self._fail(room, error)

    def _heed(self, room: str, message: pipe.Message) -> None:
        programme = self._programmes.get(room)
        if isinstance(message, pipe.Open):
            self._open(message)
        elif programme is None:
            return
        elif isinstance(message, pipe.Push):
            programme.push(message.publisher, message.medium, message.packet)
        elif isinstance(message, pipe.Arrange):
            programme.arrange(message.on_air)
        elif isinstance(message, pipe.Speaks):
            programme.speaks(message.publisher)
        elif isinstance(message, pipe.Restart):
            programme.restart(message.publisher, message.medium)
        elif isinstance(message, pipe.Read):
            programme.read(message.publisher, message.medium, message.reading)
        elif isinstance(message, pipe.Close):
            self._forget(room)
            programme.close(self._now, ended=message.ended)

    def _open(self, message: pipe.Open) -> None:
        room = message.room
        known = self._programmes.get(room)
        if known is not None:
            known.keep(message.kept)
        else:
            self._told[room] = pipe.Told(room, message.folder, False, False, None)
            self._programmes[room] = Programme(
                self._root / message.folder,
                kept=message.kept,
                now=self._now,
                ask=lambda publisher: self._answer(pipe.Ask(room, publisher)),
                least_free=self._least_free,
            )
        self._tell(room, recording=message.kept)

    def _tick(self, now: float) -> None:
        self._now = now
        for room, programme in list(self._programmes.items()):
            try:
                programme.tick(now)
            except Exception as error:
                self._fail(room, error)
            else:
                self._tell(room, recording=self._told[room].recording)

    def _tell(self, room: str, *, recording: bool) -> None:
        known, programme = self._told[room], self._programmes[room]
        told = pipe.Told(room, known.folder, programme.pieces > 0, recording, None)
        if told != known:
            self._told[room] = told
            self._answer(told)

    def _fail(self, room: str, error: Exception) -> None:
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        logger.error("a programme could not be written on", exc_info=None if full else error)
        programme = self._programmes.get(room)
        folder = self._told[room].folder if room in self._told else ""
        self._forget(room)
        if programme is not None:
            programme.abandon()
        self._answer(pipe.Told(room, folder, False, False, "disk_full" if full else "write_failed"))

    def _forget(self, room: str) -> None:
        self._programmes.pop(room, None)
        self._told.pop(room, None)

    def close(self) -> None:
        """The media process is gone: it comes back, and goes on in the same folders."""
        for room, programme in list(self._programmes.items()):
            try:
                programme.close(self._now, ended=False)
            except Exception as error:
                self._fail(room, error)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="folder of all recordings")
    parser.add_argument("--least-free", type=int, default=LEAST_FREE, help="bytes to leave free on the disk")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    av.logging.set_level(av.logging.FATAL)  # what strangers send must not fill the log
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # a terminal sends them to all; our input's end is the order

    def answer(message: pipe.Message) -> None:
        try:
            sys.stdout.buffer.write(pipe.pack(message))
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            return  # nobody hears it any more; our input ends in a moment

    recorder = Recorder(arguments.root, answer, least_free=arguments.least_free)
    for message in pipe.messages(sys.stdin.buffer):
        recorder.heed(message)
    recorder.close()


if __name__ == "__main__":
    main()
