"""The demo's talk: slides in Arabic with a clock that shows the true second, and a quiet chord under them.

It is one minute long and begins anew every minute. Each group of pictures is encoded the first time it
is due and kept, so that the first minute costs what a camera would, and every later one next to nothing.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import typst
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.filter import Graph
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import ColorRange, Colorspace

HERE = Path(__file__).parent

WIDTH, HEIGHT = 1280, 720
FRAMES_PER_S = 25
SECONDS = 60
CARD_S = 12
GROUP_S = 2
"""A keyframe so often: one who joins waits no longer, and FFmpeg sends none when asked."""

VIDEO_BITRATE = 900_000
AUDIO_BITRATE = 40_000
SAMPLE_RATE = 48_000
SOUND_S = Fraction(20, 1000)
"""What one Opus packet holds."""

_BT709 = "colorprim=bt709:transfer=bt709:colormatrix=bt709:range=tv"
"""Said in the stream: left to guess, players differ, and the paper turns white."""

_CLOCK_AT = (96, 448)
_BAR_PX = 8
_BAR_COLOURS = {"petrol": (0, 94, 94), "paper": (244, 241, 236)}

_LOUDNESS = 0.035
"""Of full scale for one tone: heard in a quiet room, never in the way."""

_CHORDS_HZ = (
    (196.00, 246.94, 293.66),
    (164.81, 196.00, 246.94),
    (130.81, 196.00, 261.63),
    (146.83, 220.00, 293.66),
    (196.00, 246.94, 392.00),
)


@dataclass(frozen=True)
class Encoded:
    """One encoded picture or stretch of sound, without its time."""

    data: bytes
    keyframe: bool


class Talk:
    """Pictures by their number within the minute, sound by its 20 ms within the minute."""

    def __init__(self) -> None:
        self._cards = [Planes.of(page) for page in _pages("cards")]
        self._faces = [Planes.of(page) for page in _pages("clock")]
        self._colours = {name: _yuv(colour) for name, colour in _BAR_COLOURS.items()}
        self._pictures: dict[int, Encoded] = {}
        self._encoder = video_encoder()
        self._expected = 0
        self._sound = list(_encode_sound())

    def picture(self, number: int) -> Encoded:
        """Encoded picture `number`; it wraps after a minute. Asked for in order from a multiple of a group."""
        number %= SECONDS * FRAMES_PER_S
        if number not in self._pictures:
            self._pictures[number] = self._encode(number)
        return self._pictures[number]

    def sound(self, number: int) -> Encoded:
        return self._sound[number % len(self._sound)]

    def _encode(self, number: int) -> Encoded:
        if number != self._expected:  # a fresh encoder begins with a keyframe, wherever it begins
            self._encoder = video_encoder()
        self._expected = number + 1
        frame = self.draw(number)
        frame.pts = number
        frame.pict_type = PictureType.I if number % (GROUP_S * FRAMES_PER_S) == 0 else PictureType.NONE
        (packet,) = self._encoder.encode(frame)
        return Encoded(data=bytes(packet), keyframe=packet.is_keyframe)

    def draw(self, number: int) -> VideoFrame:
        """The picture itself: slide, clock, and a bar that grows from right to left through the slide."""
        second, part = divmod(number, FRAMES_PER_S)
        planes = self._cards[second // CARD_S % len(self._cards)].copy()
        planes.paste(self._faces[second % SECONDS], at=_CLOCK_AT)
        done = (second % CARD_S + part / FRAMES_PER_S) / CARD_S
        edge = WIDTH - int(WIDTH * done) // 2 * 2
        planes.fill(self._colours["paper"], left=0, right=edge, top=HEIGHT - _BAR_PX)
        planes.fill(self._colours["petrol"], left=edge, right=WIDTH, top=HEIGHT - _BAR_PX)
        return planes.frame()


def video_encoder() -> VideoCodecContext:
    """H264 constrained baseline, parameter sets before every keyframe, nothing held back."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.time_base = Fraction(1, FRAMES_PER_S)
    encoder.framerate = Fraction(FRAMES_PER_S)
    encoder.bit_rate = VIDEO_BITRATE
    encoder.gop_size = GROUP_S * FRAMES_PER_S
    encoder.thread_count = 1
    encoder.options = video_options("veryfast")
    return encoder


def video_options(preset: str) -> dict[str, str]:
    rate = str(VIDEO_BITRATE // 1000)
    return {
        "preset": preset,
        "tune": "zerolatency",
        "profile": "baseline",
        "x264-params": f"scenecut=0:bframes=0:vbv-maxrate={rate}:vbv-bufsize={rate}:{_BT709}",
    }


def _encode_sound() -> Iterator[Encoded]:
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = SAMPLE_RATE, "stereo", "s16"
    encoder.bit_rate = AUDIO_BITRATE
    encoder.options = {"compression_level": "3"}
    for frame in hum(SECONDS):
        for packet in encoder.encode(frame):
            yield Encoded(data=bytes(packet), keyframe=True)


def hum(
    seconds: int,
    *,
    tones: Sequence[tuple[float, ...]] = _CHORDS_HZ,
    begins: float = 0,
    lasts: float = CARD_S,
) -> Iterator[AudioFrame]:
    """Chords that swell and fade in a part of each slide, with silence between, so that the loop has no seam."""
    summed = ["+".join(f"sin({hz}*2*PI*t)" for hz in chord) for chord in tones]
    chords = summed[-1]
    for index in reversed(range(len(summed) - 1)):
        chords = f"if(lt(t,{(index + 1) * CARD_S}),{summed[index]},{chords})"
    at = f"(mod(t,{CARD_S})-{begins})"
    swell = f"between({at},0,{lasts})*pow(sin(PI*{at}/{lasts}),2)"
    graph = Graph()
    source = graph.add("aevalsrc", f"{_LOUDNESS}*{swell}*({chords}):s={SAMPLE_RATE}:d={seconds}")
    sink = graph.add("abuffersink")
    source.link_to(sink)
    graph.configure()
    samples = int(SAMPLE_RATE * SOUND_S)
    resampler = AudioResampler(format="s16", layout="stereo", rate=SAMPLE_RATE, frame_size=samples)
    while True:
        try:
            frame = cast(AudioFrame, sink.pull())
        except (av.EOFError, av.BlockingIOError):
            return
        yield from resampler.resample(frame)


def _pages(part: str) -> list[bytes]:
    pages = typst.compile(
        HERE / "talk.typ",
        format="png",
        ppi=72,
        font_paths=[HERE / "fonts"],
        ignore_system_fonts=True,
        sys_inputs={"part": part},
    )
    return cast(list[bytes], pages)


class Planes:
    """A picture in YUV 4:2:0, its three planes as plain bytes without padding."""

    def __init__(self, width: int, height: int, planes: list[bytearray]) -> None:
        self.width = width
        self.height = height
        self._planes = planes

    @classmethod
    def of(cls, png: bytes) -> Planes:
        with av.open(io.BytesIO(png), "r", format="png_pipe") as container:
            frame = next(container.decode(video=0)).reformat(
                format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
            )
        planes = []
        for plane in frame.planes:
            raw = bytes(plane)
            rows = (raw[row * plane.line_size :][: plane.width] for row in range(plane.height))
            planes.append(bytearray(b"".join(rows)))
        return cls(frame.width, frame.height, planes)

    def copy(self) -> Planes:
        return Planes(self.width, self.height, [bytearray(plane) for plane in self._planes])

    def paste(self, other: Planes, *, at: tuple[int, int]) -> None:
        for index, (ours, theirs) in enumerate(zip(self._planes, other._planes, strict=True)):
            half = 1 if index == 0 else 2
            stride, width = self.width // half, other.width // half
            for row in range(other.height // half):
                start = (at[1] // half + row) * stride + at[0] // half
                ours[start : start + width] = theirs[row * width : (row + 1) * width]

    def fill(self, colour: tuple[int, int, int], *, left: int, right: int, top: int) -> None:
        """Paint everything below `top` between two even columns."""
        for index, (plane, value) in enumerate(zip(self._planes, colour, strict=True)):
            half = 1 if index == 0 else 2
            stride = self.width // half
            for row in range(top // half, self.height // half):
                plane[row * stride + left // half : row * stride + right // half] = bytes([value]) * (
                    (right - left) // half
                )

    def frame(self) -> VideoFrame:
        frame = VideoFrame(self.width, self.height, "yuv420p")
        for plane, data in zip(frame.planes, self._planes, strict=True):
            if plane.line_size == plane.width:
                plane.update(bytes(data))
            else:
                rows = (data[row * plane.width :][: plane.width] for row in range(plane.height))
                plane.update(b"".join(row.ljust(plane.line_size, b"\0") for row in rows))
        return frame


def _yuv(colour: tuple[int, int, int]) -> tuple[int, int, int]:
    """RGB to limited-range BT.709, as the slides were converted."""
    red, green, blue = colour
    return (
        round(16 + 0.183 * red + 0.614 * green + 0.062 * blue),
        round(128 - 0.101 * red - 0.339 * green + 0.439 * blue),
        round(128 + 0.439 * red - 0.399 * green - 0.040 * blue),
    )
