"""An empty database, a link in the terminal, and an hour later a talk with a guest on a phone."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.e2e.chromium import PHONE, profile
from tests.e2e.media import seen_and_heard
from tests.e2e.sites import Site, running
from tests.e2e.steps import button, copied, enter_backstage, go_live, hears, say, watch
from tests.e2e.words import word

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(240)]
TITLE = "مؤتمر الأثر"
TALK = "كيف نبدأ فريقًا؟"


@pytest_asyncio.fixture(loop_scope="package")
async def site(empty_database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    settings = {"MULTAQA_DATABASE_URL": empty_database_url}
    if empty_database_url.startswith("postgres"):
        settings["MULTAQA_REDIS_URL"] = request.getfixturevalue("redis_url")
    one = Site("serve", tmp_path / "data", **settings)
    async with running(one):
        yield one


async def test_first_conference(browser: Browser, site: Site) -> None:
    link = (await site.told(r"Become the first organiser: (\S+)"))[1]
    async with AsyncExitStack() as people:
        office = await people.enter_async_context(profile(browser, site.url))
        await office.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site.url)
        organiser = await office.open(link.removeprefix(site.url))
        await become_organiser(organiser)
        await make_conference(organiser)
        await add_session(organiser)
        conference = organiser.url
        speakers_link = await invite(organiser, "speaker")
        guests_link = await invite(organiser, "guests")
        await organiser.goto(conference)
        await make_team(organiser)
        await organiser.goto(conference)
        await expect(organiser.locator("[data-step].done")).to_have_count(4)

        home = await people.enter_async_context(profile(browser, site.url))
        speaker = await home.open(speakers_link.removeprefix(site.url))
        await join(speaker, "د. ليلى")
        await enter_backstage(speaker)
        await go_live(speaker)
        # The organiser's list ticks itself: nobody touches that page.
        await expect(organiser.locator("[data-step=stage_tried].done")).to_be_visible()
        await expect(organiser.locator("[data-step].done")).to_have_count(5)

        street = await people.enter_async_context(profile(browser, site.url, size=PHONE))
        guest = await street.open(guests_link.removeprefix(site.url))
        await join(guest, "سلمى")
        await guest.get_by_role("link", name=re.compile(TALK)).first.click()
        await watch(guest)
        await seen_and_heard(speaker, guest)
        await say(guest, "السلام عليكم، أسمعكم بوضوح.")
        await hears(speaker, "السلام عليكم، أسمعكم بوضوح.")
        await say(speaker, "أهلًا بك يا سلمى!")
        await hears(guest, "أهلًا بك يا سلمى!")

        await speaker.locator("[data-step=end]").click()
        await speaker.locator("[data-step='end.confirm']").click()
        await expect(guest.locator("[data-waiting=ended]")).to_be_visible()
        await expect(organiser.get_by_text(word("core.state.ended"))).to_be_visible()


async def become_organiser(page: Page) -> None:
    await page.get_by_label(word("account.name")).fill("هدى العلي")
    await page.get_by_label(word("account.email")).fill("huda@example.org")
    await page.get_by_label(word("account.password"), exact=True).fill("جملة أتذكرها دائمًا")
    await button(page, "account.setup.do").click()
    await expect(page.get_by_text(word("lobby.home.first.title"))).to_be_visible()


async def make_conference(page: Page) -> None:
    await button(page, "lobby.home.first.do").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label(word("conference.form.title")).fill(TITLE)
    await button(dialog, "conference.form.create").click()
    await expect(page.get_by_role("heading", level=1, name=TITLE)).to_be_visible()
    await expect(page.locator("[data-step]")).to_have_count(8)
    await expect(page.locator("[data-step].done")).to_have_count(0)


async def add_session(page: Page) -> None:
    await page.locator("[data-step=session] button").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label(word("conference.session.title"), exact=True).fill(TALK)
    await button(dialog, "conference.session.add").click()
    await expect(page.locator("[data-step=session].done")).to_be_visible()
    await expect(page.locator("article", has_text=TALK)).to_be_visible()


async def invite(page: Page, step: str) -> str:
    """From the check-list to a copied link, and back."""
    await page.locator(f"[data-step={step}] button").click()
    dialog = page.get_by_role("dialog")
    if step == "speaker":
        await dialog.get_by_label(word("people.invite.session")).select_option(label=TALK)
    await button(dialog, "people.invite.do").click()
    link = await copied(page)
    await page.keyboard.press("Escape")
    await page.get_by_role("link", name=TITLE).first.click()
    await expect(page.locator(f"[data-step={step}].done")).to_be_visible()
    return link


async def make_team(page: Page) -> None:
    await page.locator("[data-step=team] button").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label(word("conference.teams.title")).fill("فريق الاستقبال")
    await button(dialog, "conference.teams.create").click()
    await expect(page.get_by_role("heading", level=1, name="فريق الاستقبال")).to_be_visible()


async def join(page: Page, name: str) -> None:
    await page.get_by_label(word("account.name")).fill(name)
    await button(page, "account.join.do").click()
    await expect(page.get_by_role("heading", level=1)).not_to_contain_text(word("account.join.do"))
