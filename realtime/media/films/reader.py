"""Reads a film that `convert` made: RTP payloads with their times, a stretch at a time."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Literal

import av

from .packets import IDR, kind, parameter_sets, payloads, split

CONTAINER = "mp4"


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture or 20 ms of sound, `at` seconds after the film's beginning."""

    medium: Literal["audio", "video"]
    at: float
    payloads: tuple[bytes, ...]
    keyframe: bool


class Reader:
    """Blocks on the disk: to be used from a thread. Raises OSError (of which av's errors are) when it cannot."""

    def __init__(self, path: Path) -> None:
        self._file = av.open(str(path), format=CONTAINER, mode="r")
        video = self._file.streams.video[0]
        self._sets = parameter_sets(bytes(video.codec_context.extradata or b""))
        self.sound = bool(self._file.streams.audio)
        assert video.duration is not None
        assert video.time_base is not None
        self.seconds = float(video.duration * video.time_base)
        self._wanted = [stream for stream in self._file.streams if stream.type in ("audio", "video")]
        self.seek(0.0)

    def seek(self, at: float) -> None:
        """Go on from the last keyframe before this moment."""
        self._file.seek(int(at * 1_000_000), backward=True)
        self._packets = self._file.demux(self._wanted)
        self._reached = {stream.type: at for stream in self._wanted}
        self._read: list[Sample] = []

    def stretch(self, seconds: float) -> list[Sample]:
        """The next samples, so many seconds of them, in order of time; empty at the end.

        In the file sound may lie far behind the picture that it belongs to.
        """
        until = min(self._reached.values()) + seconds
        for packet in self._packets:
            if packet.pts is None or packet.time_base is None:
                continue
            at = float(packet.pts * packet.time_base)
            self._reached[packet.stream.type] = at
            if packet.stream.type == "audio":
                self._read.append(Sample("audio", at, (bytes(packet),), True))
            else:
                self._read.append(self._picture(bytes(packet), at))
            if min(self._reached.values()) >= until:
                break
        else:
            until = inf
        self._read.sort(key=lambda sample: sample.at)
        count = bisect_left(self._read, until, key=lambda sample: sample.at)
        found, self._read = self._read[:count], self._read[count:]
        return found

    def _picture(self, data: bytes, at: float) -> Sample:
        units = list(split(data))
        keyframe = any(kind(unit) == IDR for unit in units)
        if keyframe:
            units = [*self._sets, *(unit for unit in units if unit not in self._sets)]
        return Sample("video", at, tuple(payloads(units)), keyframe)

    def close(self) -> None:
        self._file.close()
