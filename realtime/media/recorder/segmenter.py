"""Cuts the programme into pieces: at a keyframe after two seconds, at four without one, or without any picture."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import av
from av.audio.frame import AudioFrame

from ..rtp import AUDIO_CLOCK, VIDEO_CLOCK
from . import mp4, playlist
from .depacketise import PPS, SPS, Picture
from .folder import Beginnings, Folder, Piece
from .mp4 import Beginning, Sample

CUT_S = 2.0
LONGEST_S = 4.0
_GRACE_S = 0.25
"""How much later than that a piece without another picture ends; rounded, it still is no longer than promised."""

_SOUND_BITS = 96_000
_FRAME = 1_024
"""Samples in one AAC frame; the first one the encoder gives holds only its own delay."""


@dataclass
class _Open:
    """The piece being gathered."""

    at: float
    wall: float
    beginning: tuple[str, Beginning] | None
    gap: bool
    kept: bool
    pictures: list[tuple[int, bytes, bool]] = field(default_factory=list)
    sound: list[Sample] = field(default_factory=list)


class Segmenter:
    """Takes pictures and mixed sound in the order of the programme's time, in seconds from where the folder stood.

    The pictures of a piece all belong to one beginning; where another publisher's differ, a piece ends.
    """

    def __init__(self, folder: Folder, *, kept: bool) -> None:
        self._folder = folder
        self._base = folder.length
        self._encoder = mp4.sound_encoder(_SOUND_BITS)
        self._kept = kept
        self._open: _Open | None = None
        self._gap = bool(folder.pieces)
        self._described: tuple[object, tuple[str, Beginning]] | None = None
        self._waiting: list[Sample] = []  # sound beyond the last picture
        if playlist.SOUND_BEGINNING not in folder.beginnings:
            made = mp4.beginning(self._encoder)
            assert made is not None
            folder.begin(Beginnings(playlist.SOUND_BEGINNING, made.codecs), made.data)

    @property
    def pieces(self) -> int:
        return len(self._folder.pieces)

    def keep(self, kept: bool) -> None:
        """From now on, is it recorded? A piece is never half kept."""
        if kept != self._kept:
            self._kept = kept
            if self._open is not None:
                self._cut(self._now())

    def picture(self, at: float, codec: str, picture: Picture) -> None:
        """The programme's next picture, not before the one before it."""
        at += self._base
        beginning = self._describe(codec, picture) if picture.keyframe else self._described and self._described[1]
        if beginning is None:
            return
        running = self._open
        if running is None:
            running = self._open = self._start(at, beginning)
        elif running.beginning is None or running.beginning[0] != beginning[0]:
            if not picture.keyframe:
                return
            self._cut(at)
            running = self._open = self._start(at, beginning)
        elif (picture.keyframe and at - running.at >= CUT_S - 0.05) or at - running.at >= LONGEST_S:
            self._cut(at)
            running = self._open = self._start(at, beginning)
        running.pictures.append((round(at * VIDEO_CLOCK), mp4.sample_of(codec, picture), picture.keyframe))

    def sound(self, frame: AudioFrame) -> None:
        """The programme's next 20 ms of sound."""
        for packet in self._encoder.encode(frame):
            self._take(packet)

    def passed(self, at: float) -> None:
        """Everything before this time was given: a piece that no picture ended is ended without one."""
        running = self._open
        if running is None or running.beginning is None:
            return
        if at + self._base - running.at >= LONGEST_S + _GRACE_S:
            self._cut(running.at + LONGEST_S)

    def _take(self, packet: av.Packet[Any]) -> None:
        if packet.pts is None or packet.pts < 0:
            return
        at = packet.pts + round(self._base * AUDIO_CLOCK)
        if self._open is None:
            self._open = self._start(at / AUDIO_CLOCK, None)
        self._open.sound.append(Sample(bytes(packet), at, _FRAME))
        running = self._open
        if running.beginning is None and at / AUDIO_CLOCK - running.at >= CUT_S:
            self._cut(at / AUDIO_CLOCK)

    def _start(self, at: float, beginning: tuple[str, Beginning] | None) -> _Open:
        gap, self._gap = self._gap, False
        started = _Open(at=at, wall=time.time(), beginning=beginning, gap=gap, kept=self._kept)
        started.sound, self._waiting = self._waiting, []
        return started

    def _describe(self, codec: str, picture: Picture) -> tuple[str, Beginning] | None:
        """The beginning this keyframe needs; the one before when it is the same."""
        same: object = (codec, picture.nal(SPS), picture.nal(PPS)) if codec == "H264" else codec
        if self._described is not None and self._described[0] == same:
            return self._described[1]
        made = mp4.beginning(self._encoder, codec=codec, picture=picture)
        if made is None:
            return self._described[1] if self._described is not None else None
        known = next((b for b in self._folder.beginnings.values() if self._written(b.name, made)), None)
        name = known.name if known else f"v{len(self._folder.beginnings)}.mp4"
        if known is None:
            self._folder.begin(Beginnings(name, made.codecs), made.data)
        self._described = (same, (name, made))
        return self._described[1]

    def _written(self, name: str, made: Beginning) -> bool:
        return (self._folder.path / name).read_bytes() == made.data

    def _now(self) -> float:
        assert self._open is not None
        ends = [self._open.at]
        ends += [time_ / VIDEO_CLOCK for time_, _, _ in self._open.pictures[-1:]]
        ends += [(sample.time + _FRAME) / AUDIO_CLOCK for sample in self._open.sound[-1:]]
        return max(ends)

    def _cut(self, at: float) -> None:
        """End the running piece at this time of the programme; sound from there on belongs to the next."""
        piece, self._open = self._open, None
        assert piece is not None
        limit = round(at * AUDIO_CLOCK)
        self._waiting = [sample for sample in piece.sound if sample.time >= limit]
        heard = [sample for sample in piece.sound if sample.time < limit]
        if at - piece.at < 0.01 or not (heard or piece.pictures):
            self._gap = self._gap or piece.gap
            return
        number = len(self._folder.pieces) + 1
        shown = self._timed(piece.pictures, round(at * VIDEO_CLOCK))
        pictures = b""
        if piece.beginning is not None:
            made = piece.beginning[1]
            pictures = mp4.fragment(number, [(made.video or 1, shown), (made.audio, heard)])
        self._folder.add(
            Piece(
                number=number,
                at=round(piece.at, 6),
                duration=round(at - piece.at, 6),
                wall=round(piece.wall, 3),
                video=piece.beginning[0] if piece.beginning else "",
                gap=piece.gap,
                kept=piece.kept,
            ),
            pictures=pictures,
            sound=mp4.fragment(number, [(1, heard)]),
        )
        self.show(ended=False)

    @staticmethod
    def _timed(pictures: list[tuple[int, bytes, bool]], end: int) -> list[Sample]:
        times = [time_ for time_, _, _ in pictures] + [end]
        return [
            Sample(data, time_, max(1, times[index + 1] - time_), keyframe)
            for index, (time_, data, keyframe) in enumerate(pictures)
        ]

    def show(self, *, ended: bool) -> None:
        """Write the playlists anew."""
        pieces, beginnings = self._folder.pieces, self._folder.beginnings
        first = next((piece.video for piece in pieces if piece.video), None)
        self._folder.show(playlist.SOUND, playlist.sound(pieces, ended=ended))
        if first is not None:
            self._folder.show(playlist.PICTURES, playlist.pictures(pieces, beginnings, ended=ended))
        codecs = beginnings[first].codecs if first is not None else None
        sound = beginnings[playlist.SOUND_BEGINNING].codecs
        self._folder.show(playlist.MASTER, playlist.master(codecs, sound))

    def close(self, *, ended: bool) -> None:
        """Write what was begun. `ended`: nothing will follow."""
        if self._open is not None:
            for packet in self._encoder.encode(None):
                self._take(packet)
            if self._open is not None:
                self._cut(self._now())
        if self._folder.pieces:
            self.show(ended=ended)
