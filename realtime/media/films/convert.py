"""Makes of a film what the stage sends, and says beforehand what cannot be used.

`python -m realtime.media.films.convert SOURCE TARGET` in a process of its own, with narrow limits: it decodes
what strangers sent. It writes lines of JSON: `{"progress": 0..100}`, and at last `{"film": {...}}` or
`{"fault": code}`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.container import InputContainer, OutputContainer
from av.filter import Graph
from av.packet import Packet
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from ..narrow import narrow
from .plain import Plain

Fault = Literal[
    "unreadable",
    "no_picture",
    "picture_unknown",
    "sound_unknown",
    "picture_too_large",
    "too_long",
    "too_short",
    "damaged",
]

# Demuxers that are opened at all. Playlists are not among them: they name other files and addresses to read.
FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg"
KINDS_OF_STREAM = ("video", "audio")

MOST_SECONDS = 2 * 3600
LEAST_SECONDS = 0.5
MOST_PIXELS = 4096 * 2304
WIDTH, HEIGHT = 1280, 720
MOST_RATE = 30
GROUP_S = 2
VIDEO_KBPS = 1_500
AUDIO_BITRATE = 64_000
SAMPLE_RATE = 48_000
SOUND_SAMPLES = 960
"""20 ms: what one Opus packet holds."""

MOST_ERRORS = 200
MOST_FILE = 3 << 30
NICENESS = 15
TELL_EVERY_S = 5.0

_STREAM_HEADS = "colorprim=bt709:transfer=bt709:colormatrix=bt709:range=tv"


@dataclass(frozen=True)
class Made:
    """The finished film."""

    duration_ms: int
    width: int
    height: int
    sound: bool
    size: int


class Unusable(Exception):
    """Why a film cannot be used."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault: Fault = fault


def convert(source: Path, target: Path, tell: Callable[[int], None]) -> Made:
    """Write the film as MP4 (H264 constrained baseline, a keyframe every 2 s, and Opus). Raises Unusable."""
    try:
        opened = av.open(
            str(source), mode="r", options={"format_whitelist": FORMATS, "protocol_whitelist": "file"}
        )
    except av.FFmpegError:
        raise Unusable("unreadable") from None
    with opened, av.open(str(target), mode="w", format="mp4", options={"movflags": "+faststart"}) as made:
        work = _Work(opened, made)
        for percent in work.run(source.stat().st_size):
            tell(percent)
    return Made(work.duration_ms, work.width, work.height, work.sound, target.stat().st_size)


class _Work:
    def __init__(self, source: InputContainer, made: OutputContainer) -> None:
        video = next(
            (one for one in source.streams.video if not one.disposition & one.disposition.attached_pic), None
        )
        audio = next(iter(source.streams.audio), None)
        if video is None:
            raise Unusable("no_picture")
        if video.codec_context is None:
            raise Unusable("picture_unknown")
        if audio is not None and audio.codec_context is None:
            raise Unusable("sound_unknown")
        if source.duration is not None and source.duration > MOST_SECONDS * av.time_base:
            raise Unusable("too_long")
        self._source = source
        self._made = made
        self._video = video
        self._audio = audio
        video.thread_count = 1
        self._start = (source.start_time or 0) / av.time_base
        shown = video.average_rate or video.guessed_rate or Fraction(25)
        self._rate = max(1, min(MOST_RATE, round(shown)))
        self._pictures: _Pictures | None = None
        self._plain = Plain()
        self._sounds = _Sounds(made) if audio is not None else None
        self._begun = False
        self._errors = 0
        self.width = self.height = 0

    @property
    def sound(self) -> bool:
        return self._sounds is not None

    @property
    def duration_ms(self) -> int:
        assert self._pictures is not None
        return round(self._pictures.number / self._rate * 1000)

    def run(self, size: int) -> Iterator[int]:
        """Work through the source; yields percents as they are reached."""
        told, told_at = 0, time.monotonic()
        for packet in self._packets():
            self._take(packet)
            if packet.pos is not None and size:
                percent = min(99, packet.pos * 100 // size)
                if percent > told or time.monotonic() - told_at > TELL_EVERY_S:
                    told, told_at = max(told, percent), time.monotonic()
                    yield told
        if self._pictures is None or not self._begun:
            raise Unusable("damaged" if self._errors else "no_picture")
        for shown, when in self._plain.end():
            self._pictures.take(shown, when)
        self._pictures.end()
        if self._sounds is not None:
            self._sounds.end(Fraction(self._pictures.number, self._rate))
        if self._pictures.number < LEAST_SECONDS * self._rate:
            raise Unusable("too_short")

    def _packets(self) -> Iterator[Packet[Any]]:
        wanted = [one for one in (self._video, self._audio) if one is not None]
        coming = self._source.demux(wanted)
        while True:
            try:
                yield next(coming)
            except StopIteration:
                return
            except av.FFmpegError:
                self._failed()

    def _take(self, packet: Packet[Any]) -> None:
        try:
            frames = packet.decode()
        except av.FFmpegError:
            self._failed()
            return
        for frame in frames:
            at = Fraction((frame.time or 0) - self._start).limit_denominator(90_000)
            if at > MOST_SECONDS:
                raise Unusable("too_long")
            if isinstance(frame, VideoFrame):
                self._picture(frame, at)
            elif isinstance(frame, AudioFrame) and self._sounds is not None:
                self._sounds.take(frame)

    def _picture(self, frame: VideoFrame, at: Fraction) -> None:
        if frame.width * frame.height > MOST_PIXELS:
            raise Unusable("picture_too_large")
        if self._pictures is None:
            aspect = self._video.sample_aspect_ratio or Fraction(1)
            self.width, self.height = fitting(frame, aspect)
            self._pictures = _Pictures(self._made, self.width, self.height, self._rate)
            self._begun = True
        for shown, when in self._plain.take(frame, at):
            self._pictures.take(shown, when)

    def _failed(self) -> None:
        self._errors += 1
        if self._errors > MOST_ERRORS:
            raise Unusable("damaged")


def fitting(frame: VideoFrame, aspect: Fraction) -> tuple[int, int]:
    """The size it gets: upright, with square pixels, within 1280 x 720 and never larger than it is."""
    width, height = frame.width * max(aspect, Fraction(1)), frame.height * max(1 / aspect, Fraction(1))
    if frame.rotation % 180:
        width, height = height, width
    scale = min(Fraction(1), WIDTH / Fraction(width), HEIGHT / Fraction(height))
    return max(2, int(width * scale) // 2 * 2), max(2, int(height * scale) // 2 * 2)


class _Pictures:
    """Pictures at an even pace, whatever the source's."""

    def __init__(self, made: OutputContainer, width: int, height: int, rate: int) -> None:
        stream = made.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.gop_size = GROUP_S * rate
        stream.codec_context.max_b_frames = 0
        stream.codec_context.thread_count = 1
        kbps = VIDEO_KBPS
        stream.options = {
            "preset": "veryfast",
            "profile": "baseline",
            "crf": "23",
            "x264-params": f"scenecut=0:bframes=0:level=3.1:vbv-maxrate={kbps}:vbv-bufsize={kbps}:{_STREAM_HEADS}",
        }
        self._stream = stream
        self._made = made
        self._rate = rate
        self._size = (width, height)
        self._last: VideoFrame | None = None
        self.number = 0
        """Pictures written."""

    def take(self, frame: VideoFrame, at: Fraction) -> None:
        """Show this picture from `at` on; the one before stands until then."""
        due = round(at * self._rate)
        while self.number < due and self._last is not None:
            self._write(self._last)
        if self._last is None:  # sound may begin first: the first picture stands from the beginning
            self._last = self._fitted(frame)
            while self.number < due:
                self._write(self._last)
        else:
            self._last = self._fitted(frame)
        if self.number == due:
            self._write(self._last)

    def end(self) -> None:
        self._made.mux(self._stream.encode())

    def _write(self, frame: VideoFrame) -> None:
        frame.pts = self.number
        frame.time_base = Fraction(1, self._rate)
        frame.pict_type = PictureType.I if self.number % (GROUP_S * self._rate) == 0 else PictureType.NONE
        self.number += 1
        self._made.mux(self._stream.encode(frame))

    def _fitted(self, frame: VideoFrame) -> VideoFrame:
        return frame.reformat(
            *self._size, format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
        )


class _Sounds:
    """Sound without gaps, in step with the pictures."""

    def __init__(self, made: OutputContainer) -> None:
        stream = made.add_stream("libopus", rate=SAMPLE_RATE, layout="stereo")
        stream.bit_rate = AUDIO_BITRATE
        stream.codec_context.format = "s16"
        self._stream = stream
        self._made = made
        self._graph: Graph | None = None
        self._shape: object = None
        self._fifo = AudioFifo()
        self._written = 0

    def take(self, frame: AudioFrame) -> None:
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        if shape != self._shape:
            self._shape, self._graph = shape, self._built(frame)
        assert self._graph is not None
        self._graph.push(frame)
        self._drain(self._graph)

    def end(self, seconds: Fraction) -> None:
        """Silence up to the end of the picture, and nothing beyond it."""
        missing = int(seconds * SAMPLE_RATE) - self._written - self._fifo.samples
        if missing > 0:
            silence = AudioFrame("s16", "stereo", missing)
            silence.sample_rate = SAMPLE_RATE
            for plane in silence.planes:
                plane.update(bytes(plane.buffer_size))
            silence.pts = None
            self._fifo.write(silence)
        self._write(int(seconds * SAMPLE_RATE))
        self._made.mux(self._stream.encode())

    def _built(self, frame: AudioFrame) -> Graph:
        """`async` fills holes and takes out overlaps, `first_pts` begins at the beginning (ffmpeg-filters)."""
        graph = Graph()
        source = graph.add_abuffer(
            format=frame.format.name,
            layout=frame.layout.name,
            sample_rate=frame.sample_rate,
            time_base=frame.time_base or Fraction(1, frame.sample_rate),
        )
        steps = [
            source,
            graph.add("aresample", f"{SAMPLE_RATE}:async=1000:first_pts=0"),
            graph.add("aformat", "sample_fmts=s16:channel_layouts=stereo"),
            graph.add("abuffersink"),
        ]
        graph.link_nodes(*steps).configure()
        return graph

    def _drain(self, graph: Graph) -> None:
        while True:
            try:
                frame = graph.pull()
            except (av.BlockingIOError, av.EOFError):
                break
            assert isinstance(frame, AudioFrame)
            frame.pts = None
            self._fifo.write(frame)
        self._write(None)

    def _write(self, until: int | None) -> None:
        while self._fifo.samples >= SOUND_SAMPLES and (until is None or self._written < until):
            frame = self._fifo.read(SOUND_SAMPLES)
            assert frame is not None
            frame.pts = self._written
            frame.time_base = Fraction(1, SAMPLE_RATE)
            self._written += SOUND_SAMPLES
            self._made.mux(self._stream.encode(frame))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    arguments = parser.parse_args()
    narrow(niceness=NICENESS, most_file=MOST_FILE)
    av.logging.set_level(av.logging.PANIC)

    def say(**told: object) -> None:
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()

    try:
        made = convert(arguments.source, arguments.target, lambda percent: say(progress=percent))
    except Unusable as unusable:
        say(fault=unusable.fault)
    else:
        say(film=asdict(made))


if __name__ == "__main__":
    main()
