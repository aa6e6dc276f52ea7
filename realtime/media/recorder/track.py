"""One publisher's own file, untouched, in Matroska: readable up to the last second even after a crash."""

from __future__ import annotations

import io
from contextlib import ExitStack
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
from av.container import OutputContainer
from av.stream import Stream

from ..rtp import AUDIO_CLOCK
from . import mp4
from .depacketise import Picture

_UNIT = Fraction(1, 1000)
_PATIENCE_S = 3.0
"""So long a track waits for its first keyframe before it goes on without pictures."""

_OPTIONS = {"cluster_time_limit": "1000", "flush_packets": "1", "reserve_index_space": "0"}


class Track:
    """Opus and pictures of one source from its first keyframe on. Times in seconds of the programme."""

    def __init__(self, path: Path, *, codec: str | None, audio: bool) -> None:
        self._path = path
        self._codec = codec
        self._audio = audio
        self._container: OutputContainer | None = None
        self._streams: dict[str, Stream] = {}
        self._begin = 0.0
        self._waits_since: float | None = None
        self._last: dict[str, int] = {}

    @property
    def open(self) -> bool:
        return self._container is not None

    def sound(self, at: float, payload: bytes) -> None:
        if self._ready(at, None):
            self._mux("audio", at, payload, keyframe=True)

    def picture(self, at: float, picture: Picture) -> None:
        if self._ready(at, picture):
            data = picture.annex_b if self._codec == "H264" else picture.units[0]
            self._mux("video", at, data, keyframe=picture.keyframe)

    def _ready(self, at: float, picture: Picture | None) -> bool:
        if self._container is not None:
            return True
        if self._waits_since is None:
            self._waits_since = at
        if self._codec is not None and picture is not None and picture.keyframe and self._start(at, picture):
            return True
        if self._codec is not None and at - self._waits_since < _PATIENCE_S:
            return False
        return self._start(at, None)

    def _start(self, at: float, keyframe: Picture | None) -> bool:
        """Open the file; false when this keyframe is none that can be read: a publisher may send anything."""
        with ExitStack() as stack:
            template = None
            if keyframe is not None and self._codec is not None:
                data, form = mp4.probe(self._codec, keyframe), mp4.probe_format(self._codec)
                try:
                    shown = stack.enter_context(av.open(io.BytesIO(data), "r", format=form))
                    template = shown.streams.video[0]
                except (av.FFmpegError, IndexError, ValueError):
                    return False
            container = av.open(str(self._path), "w", format="matroska", options=_OPTIONS)
            try:
                if template is not None:
                    self._streams["video"] = container.add_stream_from_template(template)
                self._start_sound(container)
                container.start_encoding()
            except av.FFmpegError as error:
                self._streams.clear()
                container.close()
                _check_disk(error)
                return False
        self._begin = at
        self._container = container
        return True

    def _start_sound(self, container: OutputContainer) -> None:
        if self._audio:
            with av.open(io.BytesIO(_opus_file()), "r", format="ogg") as heard:
                self._streams["audio"] = container.add_stream_from_template(heard.streams.audio[0])

    def _mux(self, medium: str, at: float, data: bytes, *, keyframe: bool) -> None:
        stream = self._streams.get(medium)
        if stream is None or self._container is None or at < self._begin:
            return
        packet = av.Packet(data)
        packet.stream = stream
        packet.time_base = _UNIT
        packet.pts = packet.dts = max(round((at - self._begin) * 1000), self._last.get(medium, -1) + 1)
        self._last[medium] = packet.pts
        packet.is_keyframe = keyframe
        try:
            self._container.mux_one(packet)
        except av.FFmpegError as error:  # what is no picture at all costs itself
            _check_disk(error)

    def close(self) -> None:
        if self._container is not None:
            self._container.close()
            self._container = None


def _check_disk(error: av.FFmpegError) -> None:
    """What the disk would not have is another matter than what a publisher sent."""
    if isinstance(error, OSError):
        raise error


@cache
def _opus_file() -> bytes:
    """A moment of silence as a file, from which the muxer learns what Opus needs to be told."""
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=AUDIO_CLOCK, layout="stereo")
        frame = av.AudioFrame(format="s16", layout="stereo", samples=960)
        frame.sample_rate, frame.pts = AUDIO_CLOCK, 0
        frame.planes[0].update(bytes(frame.planes[0].buffer_size))
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()
