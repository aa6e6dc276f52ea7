"""Films: made into what the stage sends, refused with a reason, and shown in a room from a file."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import pytest
from av.audio.frame import AudioFrame
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from realtime.media.engine import Engine
from realtime.media.films.convert import Unusable, convert, fitting
from realtime.media.films.plain import Plain
from realtime.media.films.reader import Reader
from realtime.media.films.source import FILE, FilmWish
from realtime.media.recorder.depacketise import assemble
from realtime.media.room import Wish
from realtime.media.rtp import RtpPacket
from realtime.media.settings import MediaSettings

from .conftest import ROOM, Stage

pytestmark = pytest.mark.media

FOLDER = "a-folder-nobody-guesses"


def brought(
    path: Path,
    *,
    seconds: int = 5,
    size: str = "322x242",
    video: Literal["libvpx", "mpeg4"] | None = "libvpx",
    audio: Literal["aac"] | None = "aac",
    rate: int = 15,
) -> Path:
    """A film as somebody may bring it: of odd size, at another rate, with mono sound."""
    with av.open(str(path), "w") as made:
        width, height = map(int, size.split("x"))
        pictures = (
            made.add_stream(video, rate=rate, width=width, height=height, pix_fmt="yuv420p") if video else None
        )
        sounds = made.add_stream(audio, rate=44_100, layout="mono") if audio else None
        if pictures is not None:
            pictures.bit_rate = 300_000
            for frame in _made(f"testsrc=size={size}:rate={rate}:duration={seconds}"):
                assert isinstance(frame, VideoFrame)
                made.mux(pictures.encode(frame.reformat(format="yuv420p")))
            made.mux(pictures.encode())
        if sounds is not None:
            shape = av.AudioResampler(format=sounds.format.name, layout="mono", rate=44_100, frame_size=1024)
            for frame in _made(f"sine=frequency=440:duration={seconds}:sample_rate=44100"):
                assert isinstance(frame, AudioFrame)
                for part in shape.resample(frame):
                    made.mux(sounds.encode(part))
            made.mux(sounds.encode())
    return path


def _made(source: str) -> Iterator[VideoFrame | AudioFrame]:
    name, _, arguments = source.partition("=")
    graph = Graph()
    graph.link_nodes(graph.add(name, arguments), graph.add("abuffersink" if name == "sine" else "buffersink"))
    graph.configure()
    while True:
        try:
            frame = graph.pull()
        except (av.EOFError, av.BlockingIOError):
            return
        assert isinstance(frame, VideoFrame | AudioFrame)
        yield frame


async def until(engine: Engine, condition: Callable[[], bool]) -> None:
    async with aclosing(engine.events.listen()) as events:
        async for _ in events:
            if condition():
                return


class Flows:
    """Notes that packets come."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    def push(self, packet: RtpPacket, *, starts_keyframe: bool, now: float) -> None:
        self.begun.set()

    def restart(self) -> None: ...


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of films that holds one of 5 s."""
    root = tmp_path_factory.mktemp("films")
    (root / FOLDER).mkdir()
    told: list[int] = []
    made = convert(brought(root / "brought.mkv"), root / FOLDER / FILE, told.append)
    assert (made.duration_ms, made.width, made.height, made.sound) == (5_000, 322, 242, True)
    assert told == sorted(told)
    assert told[-1] <= 99
    return root


def test_what_is_made_is_what_the_stage_sends(films: Path) -> None:
    reader = Reader(films / FOLDER / FILE)
    samples = [sample for _ in range(5) for sample in reader.stretch(2)]
    reader.close()
    pictures = [sample for sample in samples if sample.medium == "video"]
    sounds = [sample for sample in samples if sample.medium == "audio"]

    assert [sample.at for sample in pictures if sample.keyframe] == [0, 2, 4]
    assert len(pictures) == 5 * 15
    assert 245 <= len(sounds) <= 252
    assert all(len(payload) <= 1_200 for sample in samples for payload in sample.payloads)
    whole = assemble("H264", pictures[0].payloads, keyframe=True)
    assert whole is not None
    decoder = av.CodecContext.create("h264", "r")
    decoder.decode(av.Packet(whole.annex_b))
    assert (decoder.profile, decoder.width, decoder.height) == ("Constrained Baseline", 322, 242)


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("noise.mp4", bytes(range(256)) * 64, "unreadable"),
        # A playlist may name anything on the machine; its name says MP4.
        ("playlist.mp4", b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n", "unreadable"),
        ("empty.mp4", b"", "unreadable"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_reason(
    tmp_path: Path, name: str, content: bytes, fault: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Unusable) as refused:
        convert(tmp_path / name, tmp_path / FILE, lambda percent: None)
    assert refused.value.fault == fault


def test_sound_alone_is_no_film_and_a_picture_without_sound_is_one(tmp_path: Path) -> None:
    sound = brought(tmp_path / "sound.mkv", seconds=1, video=None)
    still = brought(tmp_path / "still.mkv", seconds=1, rate=1, audio=None)
    with pytest.raises(Unusable, match="no_picture"):
        convert(sound, tmp_path / FILE, lambda percent: None)
    assert convert(still, tmp_path / FILE, lambda percent: None).sound is False


async def test_film_takes_a_slot_ends_by_itself_and_goes_on_after_a_restart(films: Path, tmp_path: Path) -> None:
    settings = MediaSettings(control=tmp_path / "media.sock", host="127.0.0.1", films=films)
    film = FilmWish(id="f", owner="film:1", label="A film", folder=FOLDER, since=time.time())
    wish = Wish(revision=1, open=True, on_air=frozenset({"film:1"}), films=(film,))
    engine = Engine(settings)
    try:
        engine.want(ROOM, wish)
        stage = Stage(engine)
        watcher = await stage.watch("v1")
        await watcher.sees(more=20)
        assert watcher.loudest > 0
        (told,) = engine.room(ROOM).view()["publishers"]
        assert (told["kind"], told["label"], told["slot"], told["on_air"]) == ("video", "A film", 0, True)
        await until(engine, lambda: not engine.room(ROOM).publishers)  # it is over
        await stage.close()
    finally:
        await engine.close()

    restarted = Engine(settings)
    try:
        later = replace(film, since=time.time() - 1.5)
        restarted.want(ROOM, replace(wish, films=(later,)))
        await until(restarted, lambda: bool(restarted.room(ROOM).publishers))
        (sender,) = restarted.room(ROOM).publishers.values()
        flows = Flows()
        sender.tracks["video"].layers[0].outputs.append(flows)
        await asyncio.wait_for(flows.begun.wait(), 5)
        assert time.time() - later.since >= 1.9  # not before the next keyframe, which is in its right place
        restarted.want(ROOM, replace(wish, revision=2, films=()))
        assert not restarted.room(ROOM).publishers
    finally:
        await restarted.close()


def test_pictures_of_two_fields_become_whole_ones() -> None:
    """A bar that moved between the fields has teeth; every second line is of another moment."""
    plain = Plain()
    shown: list[VideoFrame] = []
    for number in range(4):

        def at(x: int, y: int, begins: int = 2 * number) -> int:
            return 200 if x // 8 == (begins + y % 2) % 8 else 40

        frame = grey(64, 48, at)
        assert teeth(frame) > 0.2 * 64 * 48
        shown += [one for one, _ in plain.take(of_two_fields(frame), Fraction(number, 25))]
    ends = list(plain.end())
    shown += [one for one, _ in ends]

    assert len(shown) == 4
    assert ends[-1][1] == pytest.approx(Fraction(3, 25), abs=0.001)
    for frame in shown[1:3]:
        assert teeth(frame) < 0.1 * 64 * 48


def test_bright_pictures_get_ordinary_colours() -> None:
    """White paper (203 cd/m2) of a PQ film; and what it is made of is said."""
    frame = VideoFrame(64, 48, "yuv420p10le")
    for plane, level in zip(frame.planes, (573, 512, 512), strict=True):
        plane.update(level.to_bytes(2, "little") * (plane.buffer_size // 2))
    frame.color_trc, frame.color_primaries = ColorTrc.SMPTE2084, ColorPrimaries.BT2020
    frame.colorspace, frame.color_range = Colorspace.BT2020, ColorRange.MPEG

    plain = Plain()
    ((shown, at),) = [*plain.take(frame, Fraction(1, 5)), *plain.end()]

    assert (shown.color_trc, shown.color_primaries, at) == (ColorTrc.BT709, ColorPrimaries.BT709, Fraction(1, 5))
    assert (shown.width, shown.height) == (64, 48)


def test_film_of_a_telephone_held_upright_stands_upright(tmp_path: Path) -> None:
    source = brought(tmp_path / "brought.mp4", seconds=1, size="320x180", video="mpeg4")
    turned = tmp_path / "turned.mp4"
    turned.write_bytes(quarter_turned(source.read_bytes()))

    made = convert(turned, tmp_path / FILE, lambda percent: None)

    assert (made.width, made.height) == (180, 320)
    with av.open(str(source)) as lying, av.open(str(tmp_path / FILE)) as standing:
        before, after = next(lying.decode(video=0)), next(standing.decode(video=0))
    # What was at the top left is at the top right after a quarter turn.
    assert level(after, 150, 30) == pytest.approx(level(before, 30, 29), abs=25)
    assert level(after, 30, 290) == pytest.approx(level(before, 290, 149), abs=25)


def grey(width: int, height: int, at: Callable[[int, int], int]) -> VideoFrame:
    frame = VideoFrame(width, height, "yuv420p")
    for plane, levels in zip(frame.planes, (at, None, None), strict=True):
        line, lines = plane.line_size, plane.height
        plane.update(
            bytes(levels(x, y) if levels and x < width else 128 for y in range(lines) for x in range(line))
        )
    return frame


def of_two_fields(frame: VideoFrame) -> VideoFrame:
    """The same, said to be so."""
    graph = Graph()
    shape = f"video_size={frame.width}x{frame.height}:pix_fmt=yuv420p:time_base=1/25"
    graph.link_nodes(graph.add("buffer", shape), graph.add("setfield", "tff"), graph.add("buffersink"))
    graph.configure()
    graph.vpush(frame)
    return graph.vpull()


def level(frame: VideoFrame, x: int, y: int) -> int:
    grey_ = frame.reformat(format="gray")
    return bytes(grey_.planes[0])[y * grey_.planes[0].line_size + x]


def teeth(frame: VideoFrame) -> int:
    """How many points differ much from those above and below, which are alike."""
    plane = frame.planes[0]
    data, line = bytes(plane), plane.line_size
    return sum(
        abs(data[y * line + x] - data[(y - 1) * line + x]) > 80
        and abs(data[(y - 1) * line + x] - data[(y + 1) * line + x]) < 20
        for y in range(1, frame.height - 1)
        for x in range(frame.width)
    )


def quarter_turned(mp4: bytes) -> bytes:
    """The track's matrix (ISO/IEC 14496-12 6.2.2) as telephones write it: a quarter turn to the right."""
    one, identity = 0x10000, struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    turned = struct.pack(">9i", 0, one, 0, -one, 0, 0, 180 * one, 0, 0x40000000)
    track = mp4.index(b"tkhd")
    at = mp4.index(identity, track)
    return mp4[:at] + turned + mp4[at + len(identity) :]


def test_picture_is_made_to_fit_with_square_pixels() -> None:
    frame = VideoFrame(640, 360, "yuv420p")

    assert fitting(frame, Fraction(1)) == (640, 360)
    assert fitting(frame, Fraction(4, 3)) == (852, 360)
    assert fitting(VideoFrame(1920, 1080, "yuv420p"), Fraction(1)) == (1280, 720)
    assert fitting(VideoFrame(1080, 1920, "yuv420p"), Fraction(1)) == (404, 720)
