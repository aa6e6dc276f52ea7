"""A talk for the recorder on the test's own clock: real H264, VP8 and Opus, packed as browsers pack them."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import cast

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from realtime.media.recorder import pipe
from realtime.media.recorder.__main__ import Recorder
from realtime.media.recorder.programme import OnAir
from realtime.media.recorder.source import Arrived, Medium

FPS = 10
MTU = 1_000


@cache
def pictures(shade: int, seconds: int, codec: str = "libx264") -> tuple[bytes, ...]:
    """A second of one grey after the other, a keyframe each second."""
    encoder = cast(VideoCodecContext, av.CodecContext.create(codec, "w"))
    encoder.width, encoder.height, encoder.pix_fmt = 160 + shade % 2 * 160, 96, "yuv420p"
    encoder.time_base, encoder.framerate, encoder.gop_size = Fraction(1, FPS), Fraction(FPS), FPS
    encoder.thread_count = 1
    encoder.options = (
        {"profile": "baseline", "tune": "zerolatency", "preset": "ultrafast"}
        if codec == "libx264"
        else {"deadline": "realtime", "lag-in-frames": "0"}
    )
    made = []
    for number in range(seconds * FPS):
        frame = av.VideoFrame(encoder.width, encoder.height, "yuv420p")
        for index, plane in enumerate(frame.planes):
            plane.update(bytes([shade if index == 0 else 128]) * plane.buffer_size)
        frame.pts = number
        frame.pict_type = PictureType.I if number % FPS == 0 else PictureType.NONE
        made += [bytes(packet) for packet in encoder.encode(frame)]
    return tuple(made)


@cache
def tone(hz: int, seconds: int) -> tuple[bytes, ...]:
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "mono", "flt"
    made = []
    for number in range(seconds * 50):
        frame = av.AudioFrame(format="flt", layout="mono", samples=960)
        wave = (0.3 * math.sin(2 * math.pi * hz * (number * 960 + n) / 48_000) for n in range(960))
        frame.planes[0].update(array("f", wave).tobytes())
        frame.sample_rate, frame.pts = 48_000, number * 960
        made += [bytes(packet) for packet in encoder.encode(frame)]
    return tuple(made)


def h264_payloads(picture: bytes) -> list[bytes]:
    """As a browser packetises: small units whole, large ones in fragments (RFC 6184)."""
    units = [unit for unit in picture.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1") if unit]
    made = []
    for unit in units:
        if len(unit) <= MTU:
            made.append(unit)
            continue
        pieces = [unit[at : at + MTU] for at in range(1, len(unit), MTU)]
        for index, piece in enumerate(pieces):
            flags = (0x80 if index == 0 else 0) | (0x40 if index == len(pieces) - 1 else 0)
            made.append(bytes([unit[0] & 0x60 | 28, flags | unit[0] & 0x1F]) + piece)
    return made


class Speaker:
    """Sends one grey and one tone into a programme, packet by packet, on the test's own clock."""

    def __init__(self, id: str, *, shade: int, hz: int, codec: str = "H264", kind: str = "camera") -> None:
        self.id, self.shade, self.hz, self.codec, self.kind = id, shade, hz, codec, kind
        self.lose: Callable[[int], bool] = lambda sequence: False
        self._sequences = {"audio": 65_000, "video": 65_500}

    @property
    def on_air(self) -> OnAir:
        return OnAir(id=self.id, kind=self.kind, label=self.id, codec=self.codec, audio=True)

    def send(self, push: Callable[[pipe.Push], None], second: int, seconds: int) -> Iterator[float]:
        """Everything of one second of `seconds`, in the order of time; yields where the clock stands."""
        for step in range(50):
            now = second + step / 50
            if step % (50 // FPS) == 0:
                self._picture(push, second * FPS + step * FPS // 50, now, seconds)
            payload = tone(self.hz, seconds)[second * 50 + step]
            self._packet(push, "audio", [payload], (second * 50 + step) * 960 + 4_294_960_000, now, keyframe=True)
            yield now

    def _picture(self, push: Callable[[pipe.Push], None], number: int, now: float, seconds: int) -> None:
        if self.codec == "H264":
            payloads = h264_payloads(pictures(self.shade, seconds)[number])
        else:
            frame = pictures(self.shade, seconds, "libvpx")[number]
            payloads = [
                (b"\x10" if at == 0 else b"\x00") + frame[at : at + MTU] for at in range(0, len(frame), MTU)
            ]
        self._packet(push, "video", payloads, number * 90_000 // FPS, now, keyframe=number % FPS == 0)

    def _packet(
        self,
        push: Callable[[pipe.Push], None],
        medium: Medium,
        payloads: list[bytes],
        timestamp: int,
        now: float,
        *,
        keyframe: bool,
    ) -> None:
        for index, payload in enumerate(payloads):
            sequence = self._sequences[medium] & 0xFFFF
            self._sequences[medium] += 1
            if medium == "video" and self.lose(sequence):
                continue
            packet = Arrived(
                sequence=sequence,
                timestamp=timestamp & 0xFFFFFFFF,
                marker=index == len(payloads) - 1,
                keyframe=keyframe and index == 0,
                payload=payload,
                now=now,
            )
            push(pipe.Push("talk", self.id, medium, packet))


class Talk:
    """A recorder and its clock."""

    def __init__(self, root: Path, *, least_free: int = 0) -> None:
        self.root = root
        self.answers: list[pipe.Message] = []
        self.recorder = Recorder(root, self.answers.append, least_free=least_free)
        self.second = 0

    def open(self, *, kept: bool, folder: str = "folder-of-the-talk") -> None:
        self.recorder.heed(pipe.Tick(float(self.second)))
        self.recorder.heed(pipe.Open("talk", folder, kept))

    def run(self, *speakers: Speaker, seconds: int, of: int, loud: Speaker | None = None) -> None:
        self.recorder.heed(pipe.Arrange("talk", tuple(speaker.on_air for speaker in speakers)))
        self.recorder.heed(pipe.Speaks("talk", loud.id if loud else None))
        for _ in range(seconds):
            for now in zip(*(one.send(self.recorder.heed, self.second, of) for one in speakers), strict=True):
                self.recorder.heed(pipe.Tick(now[0]))
            self.second += 1
            self.recorder.heed(pipe.Tick(float(self.second)))

    def end(self, *, ended: bool = True) -> None:
        self.recorder.heed(pipe.Close("talk", ended))

    @property
    def folder(self) -> Path:
        return self.root / "folder-of-the-talk"

    @property
    def told(self) -> pipe.Told:
        return [answer for answer in self.answers if isinstance(answer, pipe.Told)][-1]


def shades(file: Path) -> list[tuple[float, int]]:
    """Second by second which grey a player shows."""
    shown: dict[int, int] = {}
    with av.open(str(file), "r") as container:
        for frame in container.decode(video=0):
            shown[int(frame.time or 0)] = bytes(frame.planes[0])[0]
    return sorted((float(second), shade) for second, shade in shown.items())


def energy(file: Path, hz: int) -> float:
    """How much of a tone there is in the whole sound (Goertzel), 1 for full scale."""
    samples = array("f")
    with av.open(str(file), "r") as container:
        for frame in container.decode(audio=0):
            samples.frombytes(bytes(frame.planes[0])[: 4 * frame.samples])
    middle = samples[len(samples) // 4 : len(samples) // 4 + 24_000]
    real = sum(value * math.cos(2 * math.pi * hz * n / 48_000) for n, value in enumerate(middle))
    imaginary = sum(value * math.sin(2 * math.pi * hz * n / 48_000) for n, value in enumerate(middle))
    return 2 * math.hypot(real, imaginary) / len(middle)
