"""The services of `docker-compose.yml` as plain processes, and two browsers in one talk over HTTPS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.e2e.chromium import PHONE, profile
from tests.e2e.house import database, lay_out_talk
from tests.e2e.media import seen_and_heard
from tests.e2e.steps import enter_backstage, go_live, hears, say, watch
from tests.support.compose import Compose, start_compose

pytestmark = [
    pytest.mark.browser,
    pytest.mark.services,
    pytest.mark.asyncio(loop_scope="package"),
    pytest.mark.timeout(240),
]


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def installation() -> AsyncIterator[Compose]:
    with start_compose() as compose:
        yield compose


async def test_two_browsers_in_one_talk(browser: Browser, installation: Compose) -> None:
    rows = installation.environment_of("server")["MULTAQA_DATABASE_URL"]
    async with database(rows) as db:
        world = await db.write(lambda unit: lay_out_talk(unit, live=False))
    path, url = f"/s/{world.session}", installation.url
    # The certificate comes from the proxy's own authority, which this browser has never met.
    async with (
        profile(browser, url, world["speaker"].token, ignore_https_errors=True) as one,
        profile(browser, url, world["attendee"].token, ignore_https_errors=True) as two,
        profile(browser, url, world["noor"].token, size=PHONE, ignore_https_errors=True) as three,
    ):
        speaker = await one.open(f"{path}/studio")
        await enter_backstage(speaker)
        await go_live(speaker)
        attendee, noor = await asyncio.gather(two.open(path), three.open(path))
        await watch(attendee)
        await watch(noor)
        assert await noor.evaluate("isSecureContext")
        await seen_and_heard(speaker, attendee, noor)
        await say(attendee, "مساء الخير من وراء HTTPS")
        await say(noor, "مساء النور")
        for page in (attendee, noor, speaker):
            await hears(page, "مساء الخير من وراء HTTPS")
            await hears(page, "مساء النور")
