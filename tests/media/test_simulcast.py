"""A real Chromium sends one picture in several layers; another is moved between them without a new negotiation."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Browser, Page

from realtime.media.engine import Engine
from realtime.media.quality import Mode
from realtime.media.room import Wish
from realtime.media.viewer import Viewer

from .bridge import Bridge
from .conftest import ROOM
from .test_browser import browser, grown, open_page

pytestmark = [pytest.mark.browser, pytest.mark.media]
__all__ = ["browser"]

LAYERS = [
    {"rid": "l", "scaleResolutionDownBy": 2, "maxBitrate": 150_000},
    {"rid": "h", "maxBitrate": 600_000},
]
"""Chromium sends no more than two layers of a picture of 640 x 360 (three from 960 x 540)."""


def _viewer(engine: Engine) -> Viewer:
    (viewer,) = engine._rooms[ROOM].viewers.values()
    return viewer


async def _width(page: Page, width: int) -> dict[str, Any]:
    """The counts once the picture is that wide."""
    while True:
        now: dict[str, Any] = await page.evaluate("counts()")
        if now["width"].get("1") == width:
            return now
        await page.evaluate("playing()")


async def test_viewer_moves_between_layers_without_a_break(engine: Engine, browser: Browser) -> None:
    engine.want(ROOM, Wish(revision=2, open=True, on_air="all", codec="VP8"))
    async with Bridge(engine).serving() as bridge:
        speaker, watcher = await open_page(browser, bridge), await open_page(browser, bridge)
        await speaker.evaluate("layers => publish('one', {layers})", LAYERS)
        await watcher.evaluate("watch(1)")
        viewer = _viewer(engine)

        await _width(watcher, 640)
        modes: list[tuple[Mode, int]] = [("low", 320), ("high", 640), ("low", 320), ("automatic", 640)]
        for mode, width in modes:
            viewer.want(mode, None)
            await _width(watcher, width)
        viewer.want("automatic", {0: 300})
        await _width(watcher, 320)
        before = await watcher.evaluate("counts()")
        after = await grown(watcher, 20)

        assert after["lost"] == before["lost"] == 0
        told = viewer.quality()
        assert told["sends"] == [{"slot": 0, "layer": 1, "layers": 2, "reason": None}]
        assert told["costs"]["high"] > told["costs"]["low"] > told["costs"]["audio"] >= 0
        assert viewer.chooser.estimate > 0  # the browser tells what it can take


async def test_low_estimate_lowers_the_picture_at_once(engine: Engine, browser: Browser) -> None:
    async with Bridge(engine).serving() as bridge:
        speaker, watcher = await open_page(browser, bridge), await open_page(browser, bridge)
        await speaker.evaluate("layers => publish('one', {layers, codec: 'VP8'})", LAYERS)
        await watcher.evaluate("watch(1)")
        await _width(watcher, 640)
        viewer = _viewer(engine)
        estimated = viewer.chooser.estimated
        viewer.chooser.estimated = lambda bitrate, now: None  # type: ignore[method-assign]

        (large, _) = next(iter(engine._rooms[ROOM].publishers.values())).tracks["video"].layers
        while not large.bitrate:
            await watcher.evaluate("playing()")
        for share in (2, 0.95):
            estimated(large.bitrate * share, viewer.network.now())

        await _width(watcher, 320)
        assert viewer.quality()["reason"] == "network"


async def test_audio_only_hears_and_sees_nothing(engine: Engine, browser: Browser) -> None:
    async with Bridge(engine).serving() as bridge:
        speaker, watcher = await open_page(browser, bridge), await open_page(browser, bridge)
        await speaker.evaluate("publish('one')")
        await watcher.evaluate("watch(1)")
        await watcher.evaluate("playing()")

        _viewer(engine).want("audio", None)
        before = await watcher.evaluate("counts()")
        heard = before["sounds"].get("0", 0)  # none yet where sound came after the first picture
        while (now := await watcher.evaluate("counts()"))["sounds"].get("0", 0) < heard + 50:
            await watcher.wait_for_timeout(100)
        later = await watcher.evaluate("counts()")
        assert later["decoded"]["1"] - before["decoded"]["1"] < 10
        assert now["energy"] > before["energy"]

        _viewer(engine).want("automatic", None)
        await grown(watcher, 20)
        assert (await watcher.evaluate("counts()"))["lost"] == 0


@pytest.mark.parametrize("codec", ["H264", "VP8", "VP9", "AV1"])
async def test_every_codec_is_published_and_played(engine: Engine, browser: Browser, codec: str) -> None:
    engine.want(ROOM, Wish(revision=2, open=True, on_air="all", codec=codec))
    async with Bridge(engine).serving() as bridge:
        speaker, watcher = await open_page(browser, bridge), await open_page(browser, bridge)
        await watcher.evaluate("watch(1)")
        await speaker.evaluate("codec => publish('one', {codec})", codec)
        await watcher.evaluate("playing()")

        seen = await grown(watcher, 20)

        assert seen["codec"]["1"] == f"video/{codec}"
