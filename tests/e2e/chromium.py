"""Debian's Chromium with a made-up camera and microphone, and people who come with it."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, BrowserContext, Page, async_playwright
from playwright.async_api import Error as BrowserFault

from tests.support.client import COOKIE

PHOTOGRAPHS = Path(__file__).parents[2] / "build" / "e2e"
EXECUTABLE = "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox",  # the tests may run as root
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--auto-accept-this-tab-capture",  # a shared screen is the page itself
    "--enable-touch-drag-drop",  # as on phones: a long press takes what can be dragged
    "--disable-dev-shm-usage",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
)
WITHIN_MS = 30_000
LOOK_MS = 50
READY = "() => document.documentElement.dataset.ready === 'true' && !document.querySelector('main .skeleton')"
Locale = Literal["ar", "en"]
Sizes = Mapping[str, int]
DESKTOP: Sizes = {"width": 1280, "height": 800}
PHONE: Sizes = {"width": 390, "height": 844}
# Keeps the page's peer connections where a test can ask for their numbers.
KEEP_PEERS = """
window.peers = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...given) { super(...given); window.peers.push(this); }
};
"""

_numbers = count(1)


class PageFault(Exception):
    """The page itself failed: an exception that nobody caught."""


@asynccontextmanager
async def chromium(*more: str, executable: str = EXECUTABLE) -> AsyncIterator[Browser]:
    """A browser without a window."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=[*ARGUMENTS, *more])
        try:
            yield browser
        finally:
            await browser.close()


class Profile:
    """One person's browser: its cookies, its pages, and what went wrong in them."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.url = url
        self.faults: list[str] = []
        context.on("weberror", lambda fault: self.faults.append(str(fault.error)))

    async def open(self, path: str = "/") -> Page:
        """A new page at this address, once the program in it works."""
        page = await self.context.new_page()
        await self.go(page, path)
        return page

    async def go(self, page: Page, path: str) -> None:
        """Load the address anew."""
        await page.goto("about:blank")  # else an address that differs after its # only is not loaded
        await page.goto(f"{self.url}{path}")
        await ready(page)

    async def photograph(self) -> None:
        """Keep what the pages show when a test fails: the picture tells more than the locator's sentence."""
        PHOTOGRAPHS.mkdir(parents=True, exist_ok=True)
        for page in self.context.pages:
            name = f"{os.environ.get('PYTEST_CURRENT_TEST', 'page').split('::')[-1].split()[0]}-{next(_numbers)}"
            with contextlib.suppress(BrowserFault):
                await page.screenshot(path=PHOTOGRAPHS / f"{name}.png", timeout=5_000)


@asynccontextmanager
async def profile(
    browser: Browser,
    url: str,
    token: str | None = None,
    *,
    locale: Locale = "ar",
    size: Sizes = DESKTOP,
    **options: Any,
) -> AsyncIterator[Profile]:
    """Somebody's browser, signed in when a login's token is given. Leaving tells what failed in its pages."""
    phone = {"is_mobile": True, "has_touch": True} if size["width"] < 500 else {}
    settings: dict[str, Any] = {"locale": locale, "viewport": dict(size), "reduced_motion": "reduce"}
    context = await browser.new_context(**settings | phone | options)
    context.set_default_timeout(WITHIN_MS)
    await context.add_init_script(KEEP_PEERS)
    if token is not None:
        # The public address decides the cookie's name, as the server's does.
        secure = url.startswith("https:")
        name = f"__Host-{COOKIE}" if secure else COOKIE
        await context.add_cookies([{"name": name, "value": token, "url": url, "httpOnly": True, "secure": secure}])
    one = Profile(context, url)
    try:
        yield one
    except Exception:
        await one.photograph()
        raise
    finally:
        try:
            await context.close()
        except BrowserFault:
            one.faults.append("the browser was gone")
    if one.faults:
        raise PageFault("\n".join(one.faults))


async def until(page: Page, condition: str, given: Any = None, *, within_s: float = WITHIN_MS / 1000) -> Any:
    """Wait until a function of the page answers with something true, and return that.

    Playwright's own `wait_for_function` evaluates text inside the page, which our pages forbid.
    """
    looking = f"""(given) => new Promise((found, failed) => {{
        const condition = {condition};
        const look = async () => {{
            const answer = await condition(given);
            if (answer) found(answer); else setTimeout(() => look().catch(failed), {LOOK_MS});
        }};
        look().catch(failed);
    }})"""
    async with asyncio.timeout(within_s):
        return await page.evaluate(looking, given)


async def ready(page: Page) -> None:
    """Wait until the page works and shows rows instead of grey places."""
    await until(page, READY)


async def settled(page: Page) -> None:
    """Wait until nothing more is on its way: the parts that come after the page works have come."""
    await ready(page)
    await page.wait_for_load_state("networkidle")
