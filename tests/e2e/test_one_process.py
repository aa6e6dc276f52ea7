"""`multaqa serve` on SQLite: FFmpeg speaks, a page watches, and the server is killed under it."""

from __future__ import annotations

import shutil
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.e2e.chromium import PHONE, profile
from tests.e2e.house import database, lay_out_talk, stream_key
from tests.e2e.media import comes_in, plays
from tests.e2e.sites import ROOT, Site, running
from tests.e2e.steps import hears, messages, say, watch
from tests.e2e.words import word
from tests.support.processes import Program

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(180)]


@dataclass
class Talk:
    """`viewer` came once and never loads its page anew."""

    site: Site
    viewer: Page
    key: str
    session: str
    ffmpeg: Program | None = None

    def speak(self) -> None:
        """Let FFmpeg publish, anew if it did."""
        if self.ffmpeg is not None:
            self.ffmpeg.stop()
        self.ffmpeg = Program.start(
            [
                *(sys.executable, "-m", "tests.media.foreign.ffmpeg"),
                *("--url", f"{self.site.url}/whip/{self.session}", "--key", self.key),
            ],
            cwd=ROOT,
        )


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def talk(
    browser: Browser, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Talk]:
    folder = tmp_path_factory.mktemp("one")
    shutil.copyfile(sqlite_template, folder / "multaqa.sqlite")
    site = Site("serve", folder)
    async with database(f"sqlite:///{folder / 'multaqa.sqlite'}") as db:
        world = await db.write(lay_out_talk)
        key = await db.write(lambda unit: stream_key(unit, world, site.url))
    async with running(site), profile(browser, site.url, world["attendee"].token, size=PHONE) as attendee:
        viewer = await attendee.open(f"/s/{world.session}")
        talk = Talk(site, viewer, key, str(world.session))
        talk.speak()
        try:
            await watch(viewer)
            await viewer.evaluate("window.opened = 'once'")
            yield talk
        finally:
            if talk.ffmpeg is not None:
                talk.ffmpeg.stop()


async def test_ffmpeg_publishes_and_chromium_plays(talk: Talk) -> None:
    await comes_in(talk.viewer)


async def test_killed_server_process_is_not_missed(talk: Talk) -> None:
    await say(talk.viewer, "قبل السقوط")
    await hears(talk.viewer, "قبل السقوط")
    talk.site.worker().kill()
    await say(talk.viewer, "والخادم ساقط")
    await hears(talk.viewer, "والخادم ساقط")
    assert await messages(talk.viewer) == ["قبل السقوط", "والخادم ساقط"]
    await comes_in(talk.viewer, frames=25)


async def test_page_comes_back_after_the_whole_server_died(talk: Talk) -> None:
    before = await messages(talk.viewer)
    await talk.site.stop(signal.SIGKILL)
    await say(talk.viewer, "ولا أحد هناك")
    await expect(talk.viewer.get_by_text(word("core.line.reconnecting"))).to_be_visible()
    await talk.site.start()
    await hears(talk.viewer, "ولا أحد هناك")
    assert await messages(talk.viewer) == [*before, "ولا أحد هناك"]
    # FFmpeg 8.1 asks nothing of the other side once it sends: where the new media process has its
    # predecessor's port, it goes on sending to nobody, so whoever runs it starts it again.
    talk.speak()
    await plays(talk.viewer)
    await comes_in(talk.viewer, frames=25)
    await expect(talk.viewer.get_by_text(word("core.line.reconnecting"))).to_be_hidden()
    assert await talk.viewer.evaluate("window.opened") == "once"
