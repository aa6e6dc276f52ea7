"""Somebody else's WebRTC: Debian's GStreamer publishes to us and plays from us, and both are really decoded.

The other foreign peers are Chromium (test_browser.py) and FFmpeg's WHIP client (test_ffmpeg.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from realtime.media.engine import Engine
from tests.support.processes import Program

from .bridge import Bridge
from .conftest import Stage

pytestmark = pytest.mark.media
SCRIPT = Path(__file__).parent / "foreign" / "gstreamer.py"
DEBIANS_PYTHON = "/usr/bin/python3"  # to which Debian's bindings belong


@contextmanager
def gstreamer(what: str, url: str) -> Iterator[Program]:
    peer = Program.start([DEBIANS_PYTHON, SCRIPT, what, url])
    try:
        yield peer
    finally:
        peer.stop()


async def test_gstreamer_is_seen_and_heard(engine: Engine, stage: Stage) -> None:
    async with Bridge(engine).serving() as bridge:
        with gstreamer("publish", f"{bridge.url}/whip") as peer:
            await asyncio.to_thread(peer.wait_for, "negotiated")
            watcher = await stage.watch("v1")
            await watcher.sees(more=30)
            assert watcher.loudest > 0


async def test_gstreamer_sees_and_hears(engine: Engine, stage: Stage) -> None:
    await stage.publish("p1", codec="VP8")
    async with Bridge(engine).serving() as bridge:
        with gstreamer("play", f"{bridge.url}/whep") as peer:
            for kind in ("audio", "video"):
                await asyncio.to_thread(peer.wait_for, rf"{kind} \d+")
