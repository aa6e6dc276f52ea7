"""Films: made into what the stage sends, refused with a reason, and shown in a room from a file."""

from __future__ import annotations

import asyncio
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

from realtime.media.engine import Engine
from realtime.media.films.convert import Unusable, convert, fitting
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
    video: Literal["libvpx"] | None = "libvpx",
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


def test_picture_is_made_to_fit_with_square_pixels() -> None:
    frame = VideoFrame(640, 360, "yuv420p")

    assert fitting(frame, Fraction(1)) == (640, 360)
    assert fitting(frame, Fraction(4, 3)) == (852, 360)
    assert fitting(VideoFrame(1920, 1080, "yuv420p"), Fraction(1)) == (1280, 720)
    assert fitting(VideoFrame(1080, 1920, "yuv420p"), Fraction(1)) == (404, 720)
