"""The example's talk, and FFmpeg's WHIP client that publishes it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import av
import pytest

from realtime.media.engine import Engine
from realtime.media.room import Wish
from server.demo.talk import FRAMES_PER_S, GROUP_S, HEIGHT, WIDTH, Talk

from .bridge import KEY, Bridge
from .conftest import ROOM, Stage

pytestmark = pytest.mark.media

Until = Callable[[Callable[[], bool]], Awaitable[None]]


@pytest.fixture(scope="module")
def talk() -> Talk:
    return Talk()


def test_pictures_decode_from_every_beginning_of_a_group(talk: Talk) -> None:
    group = GROUP_S * FRAMES_PER_S
    decoder = av.CodecContext.create("h264", "r")

    frames = [
        frame
        for first in (0, 7 * group)
        for number in range(first, first + group)
        for frame in decoder.decode(av.Packet(talk.picture(number).data))
    ]

    assert len(frames) == 2 * group
    assert {(frame.width, frame.height) for frame in frames} == {(WIDTH, HEIGHT)}
    assert decoder.profile == "Constrained Baseline"
    assert [talk.picture(number).keyframe for number in (0, 1, 7 * group)] == [True, False, True]


def test_picture_comes_again_after_a_minute(talk: Talk) -> None:
    assert talk.picture(60 * FRAMES_PER_S) is talk.picture(0)


def test_sound_lasts_a_minute(talk: Talk) -> None:
    decoder = av.CodecContext.create("opus", "r")
    decoder.sample_rate, decoder.layout = 48_000, "stereo"

    samples = [
        frame.samples for number in range(3000) for frame in decoder.decode(av.Packet(talk.sound(number).data))
    ]

    assert sum(samples) == 60 * 48_000
    assert talk.sound(3000) is talk.sound(0)


def test_clock_and_bar_move(talk: Talk) -> None:
    pictures = [bytes(talk.draw(number).planes[0]) for number in (0, 12, FRAMES_PER_S)]

    assert len(set(pictures)) == 3


async def test_talk_of_ffmpeg_is_seen_and_heard_and_comes_back_after_being_dropped(
    stage: Stage, engine: Engine, until: Until
) -> None:
    async with Bridge(engine).serving() as bridge, _pushing(bridge) as speaker:
        await until(lambda: engine.stats()["publishers"] == 1)
        watcher = await stage.watch("v1")
        await watcher.sees(more=30)
        assert watcher.loudest > 0
        assert bridge.authorizations[0] == f"Bearer {KEY}"

        engine.want(ROOM, Wish(revision=2, open=False))
        engine.want(ROOM, Wish(revision=3, open=True, on_air="all"))
        await until(lambda: engine.stats()["publishers"] == 1)

    assert speaker.returncode == 0


@asynccontextmanager
async def _pushing(bridge: Bridge) -> AsyncIterator[asyncio.subprocess.Process]:
    """FFmpeg's client in its own process, told to stop by the end of its control pipe."""
    reading, writing = os.pipe()
    speaker = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.media.foreign.ffmpeg",
        f"--url={bridge.url}/whip",
        f"--key={KEY}",
        f"--control-pipe={reading}",
        pass_fds=[reading],
    )
    os.close(reading)
    try:
        yield speaker
    finally:
        os.close(writing)
        await speaker.wait()
