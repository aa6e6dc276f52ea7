"""Opened by plain HTTP under any name but this machine's own: every page says what cannot work, and why."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.e2e.chromium import Locale, chromium, profile
from tests.e2e.house import database, lay_out_talk
from tests.e2e.sites import Site, running
from tests.e2e.words import word
from tests.support.people import World
from tests.support.processes import free_port

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]
NAME = "meet.example.org"


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def world(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Site, World]]:
    folder = tmp_path_factory.mktemp("plain")
    shutil.copyfile(sqlite_template, folder / "multaqa.sqlite")
    port = free_port()
    site = Site("serve", folder, MULTAQA_PUBLIC_URL=f"http://{NAME}:{port}", MULTAQA_PORT=str(port))
    async with database(f"sqlite:///{folder / 'multaqa.sqlite'}") as db:
        laid_out = await db.write(lay_out_talk)
    async with running(site):
        yield site, laid_out


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def outside() -> AsyncIterator[Browser]:
    """A browser for which the name leads to this machine; nothing leaves it."""
    async with chromium(f"--host-resolver-rules=MAP {NAME} 127.0.0.1") as launched:
        yield launched


@pytest.mark.parametrize("locale", ["ar", "en"])
async def test_doors_say_why(outside: Browser, world: tuple[Site, World], locale: Locale) -> None:
    site, _ = world
    async with profile(outside, site.url, locale=locale) as stranger:
        for path in ("/", "/sign-in", "/sign-up", "/join#token", "/enter#token", "/setup#token", "/none/such"):
            page = await stranger.open(path)
            assert not await page.evaluate("isSecureContext")
            await expect(page.get_by_text(word("frame.insecure", locale))).to_be_visible()
            await page.close()


async def test_pages_of_a_login_say_why(outside: Browser, world: tuple[Site, World]) -> None:
    site, rows = world
    session, conference = f"/s/{rows.session}", f"/c/{rows.conference}"
    pages = {
        "organiser": ["/", conference, f"{conference}/edit", f"{conference}/people", "/me", f"{session}/desk"],
        "lead": [f"/t/{rows.team}", f"/b/{rows.board}"],
        "attendee": [session],
        "speaker": [f"{session}/studio"],
    }
    for somebody, paths in pages.items():
        async with profile(outside, site.url, rows[somebody].token) as opened:
            for path in paths:
                page = await opened.open(path)
                await expect(page.get_by_text(word("frame.insecure"))).to_be_visible()
                await page.close()


async def test_studio_says_what_to_do(outside: Browser, world: tuple[Site, World]) -> None:
    site, rows = world
    async with profile(outside, site.url, rows["speaker"].token) as speaker:
        page = await speaker.open(f"/s/{rows.session}/studio")
        start = page.locator("[data-action=start]")
        if await start.is_visible():
            await start.click()
        await expect(page.get_by_text(word("studio.fault.insecure")).first).to_be_visible()
