"""From the pieces of a folder to files people keep: one that plays and seeks everywhere, and each publisher's own.

`python -m realtime.media.recorder.finish FOLDER` prints what it made as JSON. It may be run again after a crash;
pieces that cannot be read are left out, and what is left plays on without a hole.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer, OutputContainer
from av.stream import Stream

from ..narrow import narrow
from . import playlist
from .folder import Piece, alone, read_pieces
from .programme import TRACKS

PROGRAMME = "programme.mp4"
_TYPES = {".mp4": "video/mp4", ".webm": "video/webm", ".mkv": "video/x-matroska"}
_NICENESS = 10
_MOST_FILE = 64 << 30
"""Two days of a stage at its best."""

_SHORTEST_S = 0.2
"""A file with less in it is nobody's loss."""


@dataclass(frozen=True)
class Made:
    """A finished file. `kind`: the programme, or the track of one publisher, whose name is the label.

    `source`: what the publisher sent, camera, screen, obs or video; `at_ms`: when in the programme they began.
    """

    name: str
    kind: str
    label: str
    type: str
    bytes: int
    duration_ms: int
    source: str = ""
    at_ms: int = 0


def finish(folder: Path) -> list[Made]:
    """Make the files of what was kept; none when nothing was. Waits for whoever still writes there."""
    if not folder.is_dir():
        return []  # nobody was on air
    with alone(folder):
        made: list[Made | None] = []
        kept = [piece for piece in read_pieces(folder) if piece.kept]
        films = sorted(folder.glob("film*.mkv"))
        if any(piece.video for piece in kept) or (kept and not films):
            made.append(_made(folder / PROGRAMME, "programme", "", _join(folder, kept, folder / PROGRAMME)))
        for number, film in enumerate(films):
            target = folder / ("programme.webm" if not number else f"programme{number + 1}.webm")
            made.append(_made(target, "programme", "", _mend(film, target, "webm")))
        for number, track in enumerate(_tracks(folder), 1):
            target = folder / f"track{number}.mkv"
            duration = _mend(folder / track["name"], target, "matroska")
            one = _made(target, "track", track["label"], duration)
            made.append(one and replace(one, source=track.get("kind", ""), at_ms=track.get("at_ms", 0)))
        return [one for one in made if one is not None]


def _tracks(folder: Path) -> Iterator[dict[str, Any]]:
    listed = folder / TRACKS
    for line in listed.read_text().splitlines() if listed.exists() else ():
        try:
            yield json.loads(line)
        except ValueError:
            return  # cut off in the middle of a word


def _made(file: Path, kind: str, label: str, duration: float) -> Made | None:
    if duration < _SHORTEST_S:
        file.unlink(missing_ok=True)
        return None
    return Made(file.name, kind, label, _TYPES[file.suffix], file.stat().st_size, round(duration * 1000))


# The programme: pieces in a row, without those that were not to be kept.


def _join(folder: Path, pieces: Sequence[Piece], target: Path) -> float:
    """Put the pieces into one file with its index in front; returns its length in seconds."""
    draft = target.with_name(f".{target.name}.part")
    with av.open(str(draft), "w", format="mp4", options={"movflags": "faststart"}) as out:
        joined = _Joined(out, pictures=any(piece.video for piece in pieces))
        for _, run in groupby(enumerate(pieces), key=lambda item: (item[1].video, item[1].number - item[0])):
            joined.add(folder, [piece for _, piece in run])
        length = joined.length
    draft.replace(target)
    return length


class _Joined:
    """A file that grows run by run, each laid where the one before ended."""

    def __init__(self, out: OutputContainer, *, pictures: bool) -> None:
        self._out = out
        self._pictures = pictures
        self._streams: dict[str, Stream] = {}
        self._last: dict[str, int] = {}
        self.length = 0.0

    def add(self, folder: Path, run: Sequence[Piece]) -> None:
        """Pieces of one beginning in a row. What cannot be read ends the run there."""
        video = run[0].video
        names = [piece.picture_name if video else piece.sound_name for piece in run]
        files = [folder / name for name in (video or playlist.SOUND_BEGINNING, *names)]
        shift = self.length - run[0].at
        try:
            with av.open(io.BufferedReader(_Chain(files)), "r", format="mp4") as source:
                self._copy(source, shift)
        except (av.FFmpegError, OSError):
            pass
        self.length = max(self.length, run[-1].at + run[-1].duration + shift)

    def _copy(self, source: InputContainer, shift: float) -> None:
        if not self._streams and not self._begin(source):
            return
        for packet in source.demux():
            medium = packet.stream.type
            stream = self._streams.get(medium)
            if stream is None or packet.dts is None or packet.time_base is None:
                continue
            moved = packet.dts + round(shift / packet.time_base)
            packet.pts = packet.dts = max(moved, self._last.get(medium, -1) + 1)
            self._last[medium] = packet.dts
            packet.stream = stream
            self._out.mux(packet)

    def _begin(self, source: InputContainer) -> bool:
        """Take the tracks of the first run that has all of them; what came before in sound alone is left out."""
        media = {stream.type: stream for stream in source.streams}
        if self._pictures and "video" not in media:
            return False
        for medium, stream in media.items():
            self._streams[medium] = self._out.add_stream_from_template(stream)
        return True


class _Chain(io.RawIOBase):
    """Files read as one."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._left = list(files)
        self._open = self._left.pop(0).open("rb")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while True:
            count = self._open.readinto(buffer)
            if count or not self._left:
                return count
            self._open.close()
            self._open = self._left.pop(0).open("rb")

    def close(self) -> None:
        self._open.close()
        super().close()


# Tracks: the same packets, with the index and the length that a crash kept from being written.


def _mend(source: Path, target: Path, form: str) -> float:
    """Copy what is readable; returns its length in seconds, 0 when nothing is."""
    draft = target.with_name(f".{target.name}.part")
    end = Fraction(0)
    try:
        with av.open(str(source), "r", format="matroska") as read, av.open(str(draft), "w", format=form) as out:
            streams = {stream.index: out.add_stream_from_template(stream) for stream in read.streams}
            for packet in _readable(read):
                if packet.dts is not None and packet.pts is not None and packet.time_base is not None:
                    end = max(end, Fraction(packet.pts + (packet.duration or 0)) * packet.time_base)
                    packet.stream = streams[packet.stream.index]
                    out.mux(packet)
    except (av.FFmpegError, OSError):
        if not end:
            draft.unlink(missing_ok=True)
            return 0.0
    draft.replace(target)
    return float(end)


def _readable(container: InputContainer) -> Iterator[av.Packet[Stream]]:
    """Packets up to where the file breaks off."""
    try:
        yield from container.demux()
    except av.FFmpegError:
        return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    narrow(niceness=_NICENESS, most_file=_MOST_FILE)
    av.logging.set_level(av.logging.FATAL)
    json.dump([asdict(one) for one in finish(folder)], sys.stdout)


if __name__ == "__main__":
    main()
