"""With every UDP packet kept back the stage still comes, a few seconds behind; what was recorded is played."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from server.demo.people import LIVE_SESSION, NEXT_SESSION
from tests.e2e.chromium import PHONE, chromium
from tests.e2e.demo import ENDED_SESSION, Demo
from tests.e2e.steps import LONG_MS

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

NO_UDP = "--webrtc-ip-handling-policy=disable_non_proxied_udp"
FROM_20_S = "() => { const v = document.querySelector('video'); v.muted = true; v.currentTime = 20; v.play() }"
SEEN = "() => { const v = document.querySelector('video'); return v && v.videoWidth > 0 && v.currentTime > %s }"


async def plays_on(page: Page, after: float = 0) -> None:
    """The picture has come and goes on."""
    await page.wait_for_function(SEEN % after)
    at = await page.evaluate("document.querySelector('video').currentTime")
    await page.wait_for_function(SEEN % (at + 0.5))


async def test_viewer_without_udp_sees_the_stage_a_few_seconds_behind_and_goes_back(demo: Demo) -> None:
    async with chromium(NO_UDP) as walled, demo.profile(walled, "attendee") as profile:
        page = await profile.open(f"/s/{LIVE_SESSION}")
        await page.locator("[data-action=join]").click()

        await expect(page.locator("[data-delayed=playing]")).to_be_visible(timeout=LONG_MS)
        await plays_on(page)

        line = page.locator(".delayed input[type=range]")
        await expect(line).to_be_visible(timeout=LONG_MS)  # as soon as there is something to go back to
        await line.press("Home")
        await page.wait_for_function("() => document.querySelector('video').currentTime < 6")
        await expect(page.locator("[data-action=newest]")).to_be_visible()
        await plays_on(page)


async def test_full_server_shows_the_stage_behind_at_once_and_by_sound_alone_where_wished(
    browser: Browser, demo: Demo
) -> None:
    """`stage.use_hls`: the line bears no more live pictures. Who saves data is sent none here either."""
    async with demo.profile(browser, "attendee") as profile:
        await profile.context.add_init_script("try { localStorage.setItem('quality', 'audio') } catch {}")
        full: dict[str, Any] = {
            "status": 503,
            "headers": {"Retry-After": "60", "Content-Type": "application/problem+json"},
            "body": '{"code": "stage.use_hls", "detail": "full"}',
        }
        await profile.context.route("**/whep/*", lambda route: route.fulfill(**full))
        asked: list[str] = []
        profile.context.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[-1]))
        page = await profile.open(f"/s/{LIVE_SESSION}")
        await page.locator("[data-action=join]").click()

        await expect(page.locator("[data-delayed=playing]")).to_be_visible()

        assert "sound.m3u8" in asked
        assert not [name for name in asked if re.fullmatch(r"v\d+\.m4s|programme\.m3u8", name)]


async def test_ended_session_plays_its_recording_and_seeks(demo: Demo) -> None:
    async with chromium() as browser, demo.profile(browser, "organiser", size=PHONE) as profile:
        page = await profile.open(f"/s/{ENDED_SESSION}")
        await expect(page.locator("[data-replay=ready]")).to_be_visible()
        await page.evaluate(
            "() => { const v = document.querySelector('video'); v.muted = true; v.currentTime = 20; v.play() }"
        )
        await plays_on(page, after=20)
        await page.locator("[data-action=recording]").click()
        async with page.expect_download() as download:
            await page.locator("[data-action=download]").first.click()
        assert (await download.value).suggested_filename == "programme.mp4"


async def test_speaker_of_a_recorded_session_agrees_before_anything_is_sent(demo: Demo) -> None:
    async with chromium() as browser, demo.profile(browser, "speaker") as profile:
        page = await profile.open(f"/s/{NEXT_SESSION}/studio")
        await page.locator("[data-step=backstage], [data-step=enter]").click()
        agree = page.locator("[data-action=agree]")
        await expect(agree).to_be_visible()
        await expect(page.locator("[data-sending=connected]")).to_have_count(0)
        await agree.click()
        await expect(page.locator("[data-sending=connected]")).to_be_visible()
