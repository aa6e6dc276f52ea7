"""The folder of one recording: pieces under their names, and an index of one line for each that is whole.

A piece is written under another name, brought to the disk, and only then named and listed, so that whatever the
moment of a crash, the index tells of whole pieces only. A broken last line is dropped at the next opening.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

INDEX = "index.jsonl"
LOCK = ".lock"


@dataclass(frozen=True)
class Piece:
    """One segment of the programme. `at` and `duration` in its seconds, `wall` in seconds of the epoch.

    `video` names the beginning its pictures need, or is empty where there is only sound. `gap`: what came before
    does not run on into it. `kept`: it was written while the session was being recorded.
    """

    number: int
    at: float
    duration: float
    wall: float
    video: str
    gap: bool
    kept: bool

    @property
    def picture_name(self) -> str:
        return f"v{self.number}.m4s"

    @property
    def sound_name(self) -> str:
        return f"a{self.number}.m4s"


@dataclass(frozen=True)
class Beginnings:
    """A file that players need before the pieces that name it, and its codecs."""

    name: str
    codecs: str


class Folder:
    """Where one recording is written; opened again after a crash, it goes on after its last whole piece."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pieces: list[Piece] = []
        self.beginnings: dict[str, Beginnings] = {}
        path.mkdir(parents=True, exist_ok=True)
        self._lock = (path / LOCK).open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        whole = self._load()
        self._index = (path / INDEX).open("ab")
        self._index.truncate(whole)

    def _load(self) -> int:
        """Read what was written before; returns how many bytes of the index are whole."""
        whole = 0
        for line in read_lines(self.path):
            whole += len(line)
            told = json.loads(line)
            if "codecs" in told:
                self.beginnings[told["name"]] = Beginnings(**told)
            else:
                self.pieces.append(Piece(**told))
        return whole

    @property
    def length(self) -> float:
        return self.pieces[-1].at + self.pieces[-1].duration if self.pieces else 0.0

    def begin(self, beginning: Beginnings, data: bytes) -> None:
        self.write(beginning.name, data)
        self.beginnings[beginning.name] = beginning
        self._list(asdict(beginning))

    def add(self, piece: Piece, *, pictures: bytes, sound: bytes) -> None:
        if piece.video:
            self.write(piece.picture_name, pictures)
        self.write(piece.sound_name, sound)
        self.pieces.append(piece)
        self._list(asdict(piece))

    def write(self, name: str, data: bytes) -> None:
        """A whole file or none."""
        draft = self.path / f".{name}.part"
        with draft.open("wb") as out:
            out.write(data)
            out.flush()
            os.fdatasync(out.fileno())
        os.replace(draft, self.path / name)

    def show(self, name: str, text: str) -> None:
        """A file that is written again and again, and may be written again after a crash."""
        draft = self.path / f".{name}.part"
        draft.write_text(text)
        os.replace(draft, self.path / name)

    def _list(self, entry: dict[str, object]) -> None:
        self._index.write(json.dumps(entry, separators=(",", ":")).encode() + b"\n")
        self._index.flush()
        os.fdatasync(self._index.fileno())

    def close(self) -> None:
        self._index.close()
        self._lock.close()


def read_lines(path: Path) -> Iterator[bytes]:
    """The whole lines of a folder's index."""
    index = path / INDEX
    if index.exists():
        for line in index.read_bytes().splitlines(keepends=True):
            try:
                json.loads(line)
            except ValueError:
                return
            if not line.endswith(b"\n"):
                return
            yield line


def read_pieces(path: Path) -> Sequence[Piece]:
    told = [json.loads(line) for line in read_lines(path)]
    return [Piece(**entry) for entry in told if "codecs" not in entry]


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Wait until nobody writes there any more: a killed writer's lock is freed by the kernel."""
    with (path / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
