"""«Check my connection», as somebody without a login opens it before a talk."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.chromium import DESKTOP, PHONE, Locale, Sizes, profile
from tests.e2e.demo import Demo
from tests.e2e.steps import check
from tests.e2e.words import word

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(120)]
FOUND = {"browser", "server", "clock", "socket", "udp", "relay", "speed"}


@pytest.mark.parametrize(("locale", "size"), [("ar", PHONE), ("en", DESKTOP)])
async def test_everything_works_and_the_report_says_so(
    browser: Browser, demo: Demo, locale: Locale, size: Sizes
) -> None:
    rights = ["clipboard-read", "clipboard-write", "camera", "microphone"]
    async with profile(browser, demo.url, locale=locale, size=size, permissions=rights) as one:
        page = await one.open("/check")
        found = await check(page)
        assert {name: found[name] for name in FOUND - {"speed", "server"}} == dict.fromkeys(
            FOUND - {"speed", "server"}, "good"
        )
        await page.locator("[data-action=devices]").click()
        await expect(page.locator("[data-name=devices][data-grade=good]")).to_be_visible()
        await page.locator("[data-action=copy]").click()
        report = await page.evaluate("navigator.clipboard.readText()")
        assert report.count("[good]") >= len(FOUND) - 1
        assert "Chrome" in report


async def test_blocked_socket_and_media_are_told_apart(browser: Browser, demo: Demo) -> None:
    """A proxy that lets only plain requests through."""
    async with profile(browser, demo.url, locale="en") as one:
        page = await one.context.new_page()
        await page.add_init_script(
            "RTCPeerConnection.prototype.setRemoteDescription = async () => {}; "
            "window.WebSocket = class extends WebSocket { constructor() { super('ws://127.0.0.1:9/'); } };"
        )
        await one.go(page, "/check")
        found = await check(page)
        assert (found["verdict"], found["server"]) == ("media", "good")
        assert (found["socket"], found["udp"], found["relay"]) == ("bad", "weak", "bad")
        assert found["relay text"].endswith(word("check.relay.none", "en"))
