"""Moderation on two processes: a flood is held, a message waits, a banned person stays out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from sqlmodel import Session

from models.base import new_id
from server.actions import invitation, rules
from server.domain.conference import InvitationDraft
from server.domain.moderation import RulesChange
from tests.e2e.chromium import PHONE, Profile, profile
from tests.e2e.house import House, database, lay_out_talk
from tests.e2e.steps import button, hears, say
from tests.e2e.words import shape, word
from tests.support.people import World

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(180)]


@dataclass
class Desk:
    """A conference of this file's own: the moderator came by the left process, the others by the right one."""

    house: House
    world: World
    token: str
    moderator: Page
    attendee: Page
    guest: Profile

    @property
    def path(self) -> str:
        return f"/s/{self.world.session}"


def invite(db: Session, world: World) -> str:
    draft = InvitationDraft(role="attendee")
    made = invitation.create(db, world["organiser"].actor, world.conference, draft, id=new_id(), url="http://x")
    return made.token


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def desk(browser: Browser, house: House, urls: tuple[str, str]) -> AsyncIterator[Desk]:
    async with database(urls[0]) as db:
        world = await db.write(lambda unit: lay_out_talk(unit, live=False))
        token = await db.write(lambda unit: invite(unit, world))
    people = world.people
    async with (
        profile(browser, house.left, people["moderator"].token) as one,
        profile(browser, house.right, people["attendee"].token) as two,
        profile(browser, house.right, size=PHONE) as three,
    ):
        moderator = await one.open(f"/s/{world.session}/moderation")
        attendee = await two.open(f"/s/{world.session}")
        yield Desk(house, world, token, moderator, attendee, three)


async def choose(page: Page, label: str, value: str) -> None:
    await page.get_by_label(word(label)).select_option(value)


async def test_slow_mode_holds_a_flood_and_keeps_the_words(desk: Desk) -> None:
    page = desk.attendee
    await choose(desk.moderator, "moderation.slow", "60")
    await expect(page.locator("form.composer .wait")).to_be_visible()
    await say(page, "رسالتي الأولى")
    await hears(page, "رسالتي الأولى")
    field = page.get_by_label(word("chat.field"))
    await field.fill("والثانية")
    await expect(page.locator("[data-wait]")).to_be_visible()
    await expect(button(page, "chat.send")).to_be_disabled()
    await field.press("Enter")
    await expect(field).to_have_value("والثانية")
    await choose(desk.moderator, "moderation.slow", "0")


async def test_held_message_waits_for_its_moderator(browser: Browser, desk: Desk) -> None:
    await desk.moderator.locator("[data-act=calm]").click()
    async with profile(browser, desk.house.right, desk.world["noor"].token) as noor:
        page = await noor.open(desk.path)
        await expect(page.get_by_text(word("talk.calm"))).to_be_visible()
        await say(page, "هل تسمعونني؟")
        await expect(page.get_by_role("log").get_by_text(word("chat.held"))).to_be_visible()
        await expect(desk.attendee.get_by_text("هل تسمعونني؟")).to_have_count(0)
        await show_new(desk.moderator)
        await desk.moderator.locator("[data-item]", has_text="هل تسمعونني؟").click()
        await desk.moderator.keyboard.press("a")
        await hears(desk.attendee, "هل تسمعونني؟")
        await expect(page.get_by_text(word("chat.held"))).to_have_count(0)
    await desk.moderator.locator("[data-act=calm]").click()
    await expect(desk.attendee.get_by_text(word("talk.calm"))).to_have_count(0)


async def test_reported_person_is_banned_and_stays_out(desk: Desk) -> None:
    guest = await desk.guest.open(f"/join#{desk.token}")
    await guest.get_by_role("textbox").fill("مزعج")
    await guest.get_by_role("textbox").press("Enter")
    await guest.wait_for_url("**/c/**")
    await desk.guest.go(guest, desk.path)
    await say(guest, "اشتروا الآن")
    row = desk.attendee.get_by_role("log").locator("article", has_text="اشتروا الآن")
    await row.hover()
    await row.locator(".actions button").first.click()
    await desk.attendee.get_by_role("menuitem", name=word("talk.report"), exact=True).click()
    await button(desk.attendee, "talk.report.send").click()
    await expect(desk.attendee.get_by_text(word("talk.report.done"))).to_be_visible()

    await desk.moderator.locator("[data-tab=reports]").click()
    await show_new(desk.moderator)
    await desk.moderator.locator("[data-item]", has_text="اشتروا الآن").click()
    await desk.moderator.locator("[data-act=ban]:visible").click()
    await desk.moderator.locator("[data-act=ban-now]:visible").click()
    await expect(desk.moderator.get_by_text(word("moderation.done.ban"))).to_be_visible()

    await expect(guest.locator("main")).to_contain_text("أُبعدتَ عن هذا المؤتمر")  # the page that was open
    another = await desk.guest.context.new_page()  # a new tab
    await another.goto(f"{desk.house.right}{desk.path}")
    await expect(another.get_by_role("log")).to_have_count(0)
    await expect(another.locator("main")).to_contain_text("أُبعدتَ عن هذا المؤتمر")
    kept = [one for one in await desk.guest.context.cookies() if one["name"] != "login"]
    await desk.guest.context.clear_cookies()
    await desk.guest.context.add_cookies([dict(one) for one in kept])  # type: ignore[misc]  # as they were
    await another.goto("about:blank")
    await another.goto(f"{desk.house.right}/join#{desk.token}")
    await another.get_by_role("textbox").fill("اسم آخر")
    await another.get_by_role("textbox").press("Enter")
    await expect(another.locator("main")).to_contain_text("من هذا المتصفح")


async def test_moderator_silences_at_the_message_and_takes_it_back(desk: Desk) -> None:
    await say(desk.attendee, "كلام كثير")
    async with profile(*at_the_chat(desk, "moderator")) as one:
        page = await one.open(desk.path)
        await choose_for(page, "كلام كثير", "talk.lock")
        await expect(desk.attendee.get_by_text(word("talk.silenced"))).to_be_visible()
        await button(page, "core.undo").click()
        await expect(desk.attendee.get_by_text(word("talk.silenced"))).to_have_count(0)


async def test_two_people_write_to_each_other_and_one_blocks(desk: Desk, urls: tuple[str, str]) -> None:
    async with database(urls[0]) as db:
        organiser = desk.world["organiser"].actor
        await db.write(lambda unit: rules.change(unit, organiser, desk.world.conference, RulesChange(direct=True)))
    await say(desk.attendee, "من يكتب لي؟")
    async with profile(*at_the_chat(desk, "noor"), size=PHONE) as two:
        page = await two.open(desk.path)
        await page.locator("article .actions").first.wait_for(state="attached")
        await page.locator("article .name", has_text="attendee").last.click()
        await page.locator("[data-act=write]").click()
        await page.locator(".messages h2", has_text="attendee").wait_for()
        await say(page, "أنا")
        await desk.attendee.locator("[data-action=bell] .count").wait_for()
        await desk.attendee.goto(f"{desk.house.right}/c/{desk.world.conference}/messages")
        await desk.attendee.locator("[data-conversation].fresh").click()
        await hears(desk.attendee, "أنا")
        await expect(desk.attendee.locator("[data-conversation].fresh")).to_have_count(0)
        await say(desk.attendee, "أهلًا")
        await hears(page, "أهلًا")
        await page.locator("header .btn.icon").last.click()
        await page.get_by_role("menuitem", name=word("messages.block"), exact=True).click()
        await expect(page.locator("form.composer")).to_have_count(0)


def at_the_chat(desk: Desk, who: str) -> tuple[Browser, str, str]:
    browser = desk.attendee.context.browser
    assert browser is not None
    return browser, desk.house.right, desk.world[who].token


async def choose_for(page: Page, text: str, label: str) -> None:
    """A choice of a message's menu."""
    row = page.get_by_role("log").locator("article", has_text=text)
    await row.hover()
    await row.locator(".actions button").first.click()
    await page.get_by_role("menuitem", name=shape(label)).click()


async def show_new(page: Page) -> None:
    """Let into the queue what came."""
    await page.locator(".arrivals .btn.primary:visible").click()
