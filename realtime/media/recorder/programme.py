"""The programme of one stage: the shared screen or film if there is one, else who speaks, with the sound of all.

Nothing here looks at a clock: the media process tells with every message how late it is. What is written lags
behind by `DELAY_S`, so that a packet that had to be asked for again still finds its place.
"""

from __future__ import annotations

import contextlib
import errno
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame

from ..rtp import AUDIO_CLOCK
from . import mp4
from .depacketise import Picture
from .folder import Folder
from .mixer import Mixer, Planes
from .reorder import WAIT_S
from .segmenter import CUT_S, Segmenter
from .source import Arrived, Medium, Reading, Source
from .still import still
from .track import Track

DELAY_S = WAIT_S + 0.2
ASK_EVERY_S = 0.5
HOLD_S = 2.0
"""A picture stays at least so long before another speaker's may take its place."""

STILL_EVERY_S = 1.0
ABSENT_S, QUIET_S = 1.5, 2.5
"""A source that sends no picture for so long is not waited for, while what is said goes on.

A shared screen on which nothing moves is given longer: browsers send it once a second.
"""

MOST_COMING = 2_048
"""Pictures that wait for their time, of all together: several times what six people send in `DELAY_S`."""

LOOK_AT_DISK_S = 1.0
TRACKS = "tracks.jsonl"
FILM = "film.mkv"
SHOWN = frozenset({"screen", "video"})


@dataclass(frozen=True)
class OnAir:
    """A publisher on air as the media process names it."""

    id: str
    kind: str
    label: str
    codec: str | None
    audio: bool


class DiskFull(OSError):
    """So little is left that writing ends before the database runs out of room."""


class Programme:
    """Writes one stage into one folder from the moment it is made until it is closed.

    `ask` is called with the id of a publisher of whom a keyframe is needed. Raises OSError when the disk does.
    """

    def __init__(self, path: Path, *, kept: bool, now: float, ask: Callable[[str], None], least_free: int) -> None:
        self._ask = ask
        self._least_free = least_free
        self._start = now
        self._kept = kept
        self._looked = 0.0
        self._now = now
        self._sources: dict[str, Source] = {}
        self._tracks: dict[str, Track] = {}
        self._speaker: str | None = None
        self._current: str | None = None
        self._since = 0.0
        self._asked: dict[str, float] = {}
        self._coming: list[tuple[float, str, Picture]] = []
        self._shown_at = -1.0
        self._codec: str | None = None
        self._film: tuple[Track, AudioCodecContext] | None = None
        self._mixer = Mixer()
        path.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._look_at_disk(now)
        self._folder = Folder(path)
        self._segmenter = Segmenter(self._folder, kept=kept)

    # What the media process tells.

    @property
    def pieces(self) -> int:
        return self._segmenter.pieces

    def keep(self, kept: bool) -> None:
        if kept == self._kept:
            return
        self._kept = kept
        self._segmenter.keep(kept)
        if not kept:
            self._close_tracks(list(self._tracks))
            self._close_film()

    def arrange(self, on_air: Sequence[OnAir]) -> None:
        """Exactly these are on air."""
        wanted = {one.id: one for one in on_air}
        gone = [id for id in self._sources if id not in wanted]
        for id in gone:
            del self._sources[id]
        self._close_tracks(gone)
        for id, one in wanted.items():
            known = self._sources.get(id)
            if known is None or (known.pictures and known.pictures.codec) != one.codec:
                self._close_tracks([id])
                self._sources[id] = Source(id, kind=one.kind, label=one.label, codec=one.codec, audio=one.audio)

    def speaks(self, id: str | None) -> None:
        self._speaker = id

    def push(self, id: str, medium: Medium, packet: Arrived) -> None:
        source = self._sources.get(id)
        stream = source and (source.sound if medium == "audio" else source.pictures)
        if stream:
            stream.push(packet)

    def restart(self, id: str, medium: Medium) -> None:
        if id in self._sources:
            self._sources[id].restart(medium)

    def read(self, id: str, medium: Medium, reading: Reading) -> None:
        if id in self._sources:
            self._sources[id].read(medium, reading)

    def tick(self, now: float) -> None:
        """Write what has become certain."""
        self._now = now
        if now - self._looked >= LOOK_AT_DISK_S:
            self._look_at_disk(now)
        self._gather(now)
        edge = now - self._start - DELAY_S
        for frame in self._mixer.pull(int(edge * AUDIO_CLOCK)):
            self._hear(frame)
        self._coming.sort(key=lambda coming: coming[0])
        while self._coming and self._coming[0][0] <= edge:
            at, id, picture = self._coming.pop(0)
            self._consider(at, id, picture)
        self._fill(edge)
        self._segmenter.passed(edge)
        self._ask_keyframes(now)

    def close(self, now: float, *, ended: bool) -> None:
        """Write the rest. `ended`: the session is over, players need not ask again."""
        try:
            self.tick(now + DELAY_S)
            self._close_tracks(list(self._tracks))
            self._close_film()
            self._segmenter.close(ended=ended)
        finally:
            self._folder.close()

    def abandon(self) -> None:
        """Let go of a folder that cannot be written to any more; what is whole there stays."""
        for track in [*self._tracks.values(), *([self._film[0]] if self._film else [])]:
            try:
                track.close()
            except (OSError, av.FFmpegError):
                continue
        with contextlib.suppress(OSError):
            self._segmenter.show(ended=True)
        self._folder.close()

    # From packets to the programme.

    def _gather(self, now: float) -> None:
        for id, source in self._sources.items():
            if source.sound is not None:
                for at, payload, heard in source.sound.pop(now, self._start):
                    self._lay(source, at, payload, heard)
            if source.pictures is not None:
                for at, picture in source.pictures.pop(now, self._start):
                    if self._kept:
                        self._track(source, at).picture(at, picture)
                    if len(self._coming) < MOST_COMING:
                        self._coming.append((at, id, picture))
                    else:
                        source.pictures.broken = True

    def _lay(self, source: Source, at: float, payload: bytes, heard: Sequence[Planes]) -> None:
        if self._kept:
            self._track(source, at).sound(at, payload)
        place = round(at * AUDIO_CLOCK)
        for planes in heard:
            self._mixer.add(max(0, place), planes)
            place += len(planes[0])

    def _hear(self, frame: AudioFrame) -> None:
        if self._film is not None:
            track, encoder = self._film
            for packet in encoder.encode(frame):
                track.sound((packet.pts or 0) / AUDIO_CLOCK, bytes(packet))
        self._segmenter.sound(frame)

    def _wanted(self) -> str | None:
        """Whose picture the programme should have now."""
        seen = [source for source in self._sources.values() if self._present(source)]
        screens = [source.id for source in seen if source.kind in SHOWN]
        if screens:
            return screens[-1]
        ids = [source.id for source in seen]
        if self._speaker in ids:
            return self._speaker
        if self._current in ids:
            return self._current
        return ids[0] if ids else None

    def _present(self, source: Source) -> bool:
        """Whether pictures of it come in, be they whole or not: one that comes back is asked for a keyframe."""
        return source.pictures is not None and self._now - source.pictures.arrived < _patience(source)

    def _consider(self, at: float, id: str, picture: Picture) -> None:
        if id != self._current and picture.keyframe and id == self._wanted() and self._may_switch(at):
            self._current, self._since = id, at
        source = self._sources.get(id)
        if id == self._current and source is not None and source.pictures is not None:
            self._show(at, source.pictures.codec, picture)

    def _may_switch(self, at: float) -> bool:
        """At once to a screen or when there is nothing to see, else not before the picture stood for a while."""
        known = self._sources.get(self._current or "")
        wanted = self._sources.get(self._wanted() or "")
        calm = at - self._since >= HOLD_S
        return known is None or calm or (wanted is not None and not SHOWN.isdisjoint((wanted.kind, known.kind)))

    def _show(self, at: float, codec: str, picture: Picture) -> None:
        at = max(at, self._shown_at + 0.001)
        self._shown_at = at
        self._codec = codec
        if codec in mp4.CONTAINED:
            self._segmenter.picture(at, codec, picture)
        elif self._kept:
            if self._film is None and picture.keyframe:
                self._open_film(codec)
            if self._film is not None:
                self._film[0].picture(at, picture)

    def _fill(self, edge: float) -> None:
        """While nobody shows a picture, a still one. Who shows again after that begins with a keyframe."""
        current = self._sources.get(self._current or "")
        if current is not None and current.pictures is not None and edge - self._shown_at < _patience(current):
            return
        self._current = None
        codec = self._codec or "H264"
        if edge - self._shown_at >= STILL_EVERY_S:
            self._show(edge, codec, still(codec))

    def _ask_keyframes(self, now: float) -> None:
        for id in {self._current, self._wanted()}:
            source = self._sources.get(id or "")
            if source is None or source.pictures is None or id is None:
                continue
            pictures = source.pictures
            due = pictures.broken or id != self._current or now - pictures.last_keyframe >= CUT_S - 0.1
            if due and now - self._asked.get(id, -1.0) >= ASK_EVERY_S:
                self._asked[id] = now
                self._ask(id)

    # Files beside the programme.

    def _track(self, source: Source, at: float) -> Track:
        track = self._tracks.get(source.id)
        if track is None:
            number = sum(1 for _ in self._folder.path.glob("t*.mkv")) + 1
            while (self._folder.path / f"t{number}.mkv").exists():
                number += 1
            name = f"t{number}.mkv"
            codec = source.pictures.codec if source.pictures else None
            (self._folder.path / name).touch()
            track = Track(self._folder.path / name, codec=codec, audio=source.sound is not None)
            self._tracks[source.id] = track
            with (self._folder.path / TRACKS).open("a") as listed:
                told = {
                    "name": name,
                    "label": source.label,
                    "kind": source.kind,
                    "at_ms": max(0, round(at * 1000)),
                }
                listed.write(json.dumps(told) + "\n")
        return track

    def _close_tracks(self, ids: Sequence[str]) -> None:
        for id in ids:
            track = self._tracks.pop(id, None)
            if track is not None:
                track.close()

    def _open_film(self, codec: str) -> None:
        encoder = av.CodecContext.create("libopus", "w")
        encoder.sample_rate, encoder.layout, encoder.format = AUDIO_CLOCK, "stereo", "flt"
        encoder.bit_rate = 64_000
        path, number = self._folder.path / FILM, 1
        while path.exists():
            number += 1
            path = self._folder.path / f"film{number}.mkv"
        self._film = (Track(path, codec=codec, audio=True), encoder)

    def _close_film(self) -> None:
        if self._film is not None:
            self._film[0].close()
            self._film = None

    def _look_at_disk(self, now: float) -> None:
        self._looked = now
        if shutil.disk_usage(self._path).free < self._least_free:
            raise DiskFull(errno.ENOSPC, "the disk is nearly full")


def _patience(source: Source) -> float:
    return QUIET_S if source.kind == "screen" else ABSENT_S
