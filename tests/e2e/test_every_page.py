"""Every page, in both languages: nothing for axe to find, nothing spilling sideways, everything by keyboard."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.accessibility import axe
from tests.e2e.chromium import DESKTOP, Locale, settled
from tests.e2e.demo import Demo
from tests.e2e.keyboard import walk
from tests.e2e.steps import watch
from tests.e2e.words import word

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

WIDTHS = (320, 360, 412)
PAGES = (
    *("landing", "sign-in", "sign-up", "join", "join-broken", "enter", "setup", "check", "nowhere"),
    *("home", "lobby", "edit", "people", "me", "team", "board", "work", "shared"),
    *("today", "import", "public"),
    *("register", "registrations", "settings", "announcements", "notifications", "mail-habits", "messages"),
    *("stage", "stage-later", "stage-ended", "desk", "moderation", "log", "studio"),
    *("speaker-view", "screen", "stage+polls", "desk+poll"),
    "messages+talk",
    *("lobby+session", "people+invitation", "stage+joined", "stage+questions", "stage-crew+desk"),
)


async def add_session(page: Page) -> None:
    await page.locator("header .btn.primary").first.click()
    await page.get_by_role("dialog").locator("form").wait_for()


async def invite(page: Page) -> None:
    await page.locator("header .btn.primary").last.click()
    await page.get_by_role("dialog").locator("form").wait_for()


async def read_message(page: Page) -> None:
    await page.locator("[data-conversation]").first.click()
    await page.locator("article[data-message] .actions").first.wait_for(state="attached")


async def ask(page: Page) -> None:
    await page.locator("[data-tab=questions]").click()
    await page.locator("li[data-question]").first.wait_for()


async def direct(page: Page) -> None:
    await page.locator("[data-tab=stage]").click()
    await page.locator("[data-desk] details summary:not([data-action])").click()
    await page.locator("[data-standing]").first.wait_for()


async def answer_poll(page: Page) -> None:
    await page.locator("[data-tab=polls]").click()
    await page.locator("article[data-poll] form").first.wait_for()


async def make_poll(page: Page) -> None:
    await page.locator("[data-tab=polls]").click()
    await page.locator("[data-action=new-poll]").click()
    await page.get_by_role("dialog").locator("fieldset").wait_for()


# The same pages in the middle of something.
BUSY = {
    "lobby+session": add_session,
    "people+invitation": invite,
    "messages+talk": read_message,
    "stage+joined": watch,
    "stage+questions": ask,
    "stage-crew+desk": direct,
    "stage+polls": answer_poll,
    "desk+poll": make_poll,
}


@pytest.fixture(params=["ar", "en"])
def locale(request: pytest.FixtureRequest) -> Locale:
    chosen: Locale = request.param
    return chosen


async def opened(browser: Browser, demo: Demo, name: str, locale: Locale) -> AsyncIterator[Page]:
    place = demo[name.partition("+")[0]]
    async with demo.profile(browser, place.persona, locale) as somebody:
        page = await somebody.open(place.path)
        await settled(page)
        if prepare := BUSY.get(name):
            await prepare(page)
        yield page


@pytest.mark.parametrize("name", PAGES)
async def test_page(browser: Browser, demo: Demo, name: str, locale: Locale) -> None:
    async for page in opened(browser, demo, name, locale):
        assert await page.evaluate("[document.documentElement.lang, document.dir]") == [
            locale,
            {"ar": "rtl", "en": "ltr"}[locale],
        ]
        faults = await by_keyboard(page) if locale == "ar" else []
        faults += await axe(page, "light") + await axe(page, "dark") + await widths(page)
        assert not faults, "\n".join(faults)


async def test_board_in_each_of_its_states(browser: Browser, demo: Demo, locale: Locale) -> None:
    """One page for all of them: what is opened over the board, and its other views."""
    async for page in opened(browser, demo, "board", locale):
        views = page.locator(".views button")
        await views.first.wait_for()
        faults = []
        await page.locator("[data-card] .title").first.click()
        await page.locator("[data-part=comments]").wait_for()
        faults += [f"card: {fault}" for fault in await all_of(page)]
        await page.keyboard.press("Escape")
        for panel in ("board.settings", "board.keys", "board.labels"):
            await page.get_by_role("button", name=word("board.menu", locale), exact=True).click()
            await page.get_by_role("menuitem", name=word(panel, locale), exact=True).click()
            await page.get_by_role("dialog").wait_for()
            faults += [f"{panel}: {fault}" for fault in await axe(page, "light")]
            await page.keyboard.press("Escape")
        for at, view in ((1, "list"), (2, "calendar")):
            await views.nth(at).click()
            await page.locator(f".{view}").wait_for()
            faults += [f"{view}: {fault}" for fault in await all_of(page)]
        assert not faults, "\n".join(faults)


async def all_of(page: Page) -> list[str]:
    found = await axe(page, "light") + await axe(page, "dark") + await widths(page)
    await page.set_viewport_size({"width": DESKTOP["width"], "height": DESKTOP["height"]})
    return found


async def test_wrong_address_is_told_to_people_and_programs(browser: Browser, demo: Demo) -> None:
    async with demo.profile(browser, None) as somebody:
        page = await somebody.context.new_page()
        for address in ("/nothing", "/no/such/page"):
            answer = await page.goto(f"{demo.url}{address}")
            assert answer is not None
            assert answer.status == 404
            await expect(page.get_by_role("heading", level=1, name=word("core.missing.title"))).to_be_visible()
        for address in ("/api/nothing", "/whip/a/b/c"):
            problem = await page.request.get(f"{demo.url}{address}", headers={"Accept": "text/html"})
            assert problem.status == 404
            assert (await problem.json())["code"] == "not_found"


async def by_keyboard(page: Page) -> list[str]:
    """Tab alone reaches every control, always shows where one is, and comes round."""
    walked = await walk(page)
    faults = [f"never reached by Tab: {walked.missed}"] if walked.missed else []
    faults += [f"focus does not show: {walked.unseen}"] if walked.unseen else []
    if not walked.came_round:
        faults.append(f"Tab never comes back to the first control; last was {walked.order[-3:]}")
    return faults


async def widths(page: Page) -> list[str]:
    """Narrow screens on which the page is wider than the window, with who makes it so."""
    wide = []
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 740})
        reached: int = await page.evaluate("document.documentElement.scrollWidth")
        if reached != width:
            wide.append(f"{width} px: the page is {reached} wide: {await page.evaluate(SPILLERS)}")
    return wide


SPILLERS = """
[...document.querySelectorAll('body *')]
  .map((one) => ({ one, box: one.getBoundingClientRect() }))
  .filter(({ box }) => box.width && (box.left < -1 || box.right > innerWidth + 1))
  .slice(0, 8).map(({ one }) => `${one.tagName}.${one.className}`).join(' ')
"""
