"""Moderators approve and merge while attendees vote, and 300 people answer a poll; Redis dies in the middle."""

from __future__ import annotations

import asyncio
import random
import signal

import pytest
from playwright.async_api import Browser, Locator, Page, expect
from sqlmodel import Session

from server.actions import conference
from tests.e2e.chromium import PHONE, profile
from tests.e2e.house import House, database
from tests.e2e.steps import ask, button
from tests.e2e.words import word
from tests.support import client
from tests.support.people import World, enrol
from tests.support.services import RedisServer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(180)]
VOTERS = 300
AT_ONCE = 10
FIRST = "كيف نحافظ على حماس المتطوّعين؟"
AGAIN = "كيف نحافظ على حَماس المتطوعين بعد شهر؟"
OTHER = "متى تُنشر الشرائح على الموقع؟"
OPTIONS = ("صباحًا", "ظهرًا", "مساءً")


async def test_the_day_of_questions_and_a_poll(
    browser: Browser, house: House, urls: tuple[str, str], redis_server: RedisServer
) -> None:
    world, path = house.world, f"/s/{house.world.session}"
    async with (
        profile(browser, house.left, world["moderator"].token) as one,
        profile(browser, house.left, world["attendee"].token) as two,
        profile(browser, house.right, world["noor"].token, size=PHONE) as three,
    ):
        desk, attendee, noor = await one.open(f"{path}/desk"), await two.open(path), await three.open(path)
        for page, text in ((attendee, FIRST), (noor, OTHER), (noor, AGAIN)):
            await ask(page, text)
        await approve_together(desk, FIRST, OTHER)
        await vote(attendee, FIRST)
        await vote(noor, OTHER)
        await approve(desk, AGAIN)
        await vote(noor, AGAIN)
        await merge(desk, AGAIN, into=FIRST)
        for page in (attendee, noor):
            await expect(listed(page, AGAIN)).to_have_count(0)
            await expect(listed(page, FIRST).locator("b").first).to_have_text("2")
            await expect(listed(page, FIRST).get_by_role("button")).to_have_attribute("aria-pressed", "true")

        await asyncio.to_thread(redis_server.restart, signal.SIGKILL)
        await vote(attendee, OTHER)
        await expect(listed(noor, OTHER).locator("b").first).to_have_text("2")
        await open_poll(desk, "متى نلتقي؟")
        for page in (attendee, noor):
            await page.locator("[data-tab=polls]").click()
            await page.get_by_text(OPTIONS[0], exact=True).click()
            await button(page, "polls.answer").click()
        expected = await answers(house, world, urls[0])
        expected[0] += 2  # «نور» and the attendee
        await shows(desk, expected)
        await desk.locator("[data-action=close-poll]").click()
        for page in (attendee, noor):
            await expect(page.locator("article[data-poll][data-state=closed]")).to_be_visible()
            await shows(page, expected)


async def approve_together(desk: Page, *texts: str) -> None:
    """Choose several and approve them by one key; newcomers wait behind a button until then."""
    for text in texts:
        await (await row(desk, text)).get_by_role("checkbox").check()
    await desk.keyboard.press("a")
    for text in texts:
        await expect(desk.locator("article[data-question]", has_text=text)).to_have_count(0)


async def row(desk: Page, text: str) -> Locator:
    found, show = desk.locator("article[data-question]", has_text=text), desk.locator(".arrivals button.primary")
    await expect(found.or_(show).first).to_be_visible()
    if not await found.is_visible():
        await show.click()
    await expect(found).to_be_visible()
    return found


async def approve(desk: Page, text: str) -> None:
    await button(await row(desk, text), "questions.desk.approve").click()
    await expect(desk.locator("article[data-question]", has_text=text)).to_have_count(0)


async def merge(desk: Page, text: str, *, into: str) -> None:
    """From the public list, by the question's own menu."""
    await desk.locator("[data-tab=approved]").click()
    await button(desk.locator("article[data-question]", has_text=text), "questions.desk.more").click()
    await desk.get_by_role("menuitem", name=word("questions.desk.merge"), exact=True).click()
    await desk.get_by_role("dialog").get_by_role("button", name=into).click()
    await expect(desk.locator("article[data-question]", has_text=text)).to_have_count(0)


def listed(page: Page, text: str) -> Locator:
    return page.locator("li.open[data-question]", has_text=text)


async def vote(page: Page, text: str) -> None:
    pressed = listed(page, text).get_by_role("button")
    await pressed.click()
    await expect(pressed).to_have_attribute("aria-pressed", "true")


async def open_poll(desk: Page, text: str) -> None:
    await desk.locator("[data-tab=polls]").click()
    await desk.locator("[data-action=new-poll]").click()
    form = desk.get_by_role("dialog")
    await form.get_by_label(word("polls.desk.text"), exact=True).fill(text)
    await button(form, "polls.desk.option.add").click()
    for place, option in enumerate(OPTIONS):
        await form.locator("fieldset input").nth(place).fill(option)
    await button(form, "polls.desk.save").click()
    await desk.locator("[data-action=open-poll]").click()
    await expect(desk.locator("article[data-poll][data-state=open]")).to_be_visible()


async def answers(house: House, world: World, database_url: str) -> list[int]:
    """300 more people answer on both processes, each of them twice; how many chose which option."""

    def come(db: Session) -> list[str]:
        people = [enrol(db, f"صوت {number}") for number in range(VOTERS)]
        for one in people:
            conference.grant(db, world.conference, one.id, "attendee")
        return [one.token for one in people]

    async with database(database_url) as db:
        tokens = await db.write(come)
    async with client.Browser(house.left, world["moderator"].token) as moderator:
        (poll,) = (await moderator.get(f"/api/sessions/{world.session}/polls"))["polls"]
    options = [one["id"] for one in poll["settings"]["options"]]
    chance, chosen, turns = random.Random(7), [0] * len(options), asyncio.Semaphore(AT_ONCE)

    async def answer(token: str, url: str, place: int) -> None:
        async with turns, client.Browser(url, token) as browser:
            for option in (chance.choice(options), options[place]):
                await browser.put(f"/api/polls/{poll['id']}/answer", {"answer": {"option": option}})
        chosen[place] += 1

    await asyncio.gather(
        *(
            answer(token, (house.left, house.right)[number % 2], chance.randrange(len(options)))
            for number, token in enumerate(tokens)
        )
    )
    return chosen


async def shows(page: Page, sums: list[int]) -> None:
    """The page has these numbers beside the options, from the top."""
    numbers = page.locator("article[data-poll] [data-sum] small")
    await expect(numbers).to_have_text([str(count) for count in sums])
