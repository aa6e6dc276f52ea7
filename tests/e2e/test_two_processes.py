"""Two server processes, one media process, PostgreSQL and Redis: people on different ones are in one room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import uuid4

import pytest
import pytest_asyncio
from playwright.async_api import Browser, CDPSession, Locator, Page, expect

from tests.e2e.chromium import profile, until
from tests.e2e.house import House
from tests.e2e.media import numbers, plays, seen_and_heard
from tests.e2e.steps import ask, button, go_on_air, hears, messages, say, watch
from tests.e2e.words import word

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(180)]
DRAWN = "async () => { for (let frames = 0; frames < 4; frames++) await new Promise(requestAnimationFrame); }"
HIGH = {"width": 1280, "height": 1500}  # so that the whole log is in the page
HIGH_PHONE = {"width": 390, "height": 1700}
LOST_S = 20.0
OFFLINE = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0, "packetLoss": 100}
ONLINE = {"offline": False, "latency": 1, "downloadThroughput": -1, "uploadThroughput": -1, "packetLoss": 0}
# What every connection that stands calls itself.
NAMES = """
async () => Promise.all(window.peers.filter((one) => one.connectionState === 'connected').map(async (one) =>
  [...(await one.getStats()).values()].find(({ type }) => type === 'transport').iceLocalUsernameFragment))
"""


@dataclass
class Talk:
    """The speaker and one attendee came by the left process, «نور» by the right one."""

    house: House
    speaker: Page
    attendee: Page
    noor: Page
    cable: CDPSession


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def talk(browser: Browser, house: House) -> AsyncIterator[Talk]:
    people = house.world.people
    path = f"/s/{house.world.session}"
    async with (
        profile(browser, house.left, people["speaker"].token) as one,
        profile(browser, house.left, people["attendee"].token, size=HIGH) as two,
        profile(browser, house.right, people["noor"].token, size=HIGH_PHONE) as three,
    ):
        speaker = await one.open(f"{path}/studio")
        await go_on_air(speaker)
        attendee, noor = await two.open(path), await three.context.new_page()
        cable = await plugged(noor)
        await three.go(noor, path)
        await watch(attendee)
        await watch(noor)
        yield Talk(house, speaker, attendee, noor, cable)


async def test_both_see_and_hear_the_speaker(talk: Talk) -> None:
    await seen_and_heard(talk.speaker, talk.attendee, talk.noor)


async def test_another_network_keeps_the_connection(talk: Talk) -> None:
    """The pages restart ICE (RFC 9725 section 4.3.2): another name, the same connection, nothing negotiated."""
    for page in (talk.speaker, talk.noor):
        before = await page.evaluate(NAMES)
        await page.evaluate("dispatchEvent(new Event('online'))")
        await until(page, f"async (old) => (await ({NAMES})()).every((name, at) => name !== old[at])", before)
        assert len(await page.evaluate(NAMES)) == len(before)
    await seen_and_heard(talk.speaker, talk.attendee, talk.noor, frames=90)


async def test_chat_goes_both_ways(talk: Talk) -> None:
    await say(talk.attendee, "السلام عليكم، هل الصوت واضح عندكم؟")
    await hears(talk.noor, "السلام عليكم، هل الصوت واضح عندكم؟")
    await say(talk.noor, "وعليكم السلام، واضح جدًا 👏")
    for page in (talk.attendee, talk.speaker):
        await hears(page, "وعليكم السلام، واضح جدًا 👏")


async def test_lost_network_loses_nothing(talk: Talk) -> None:
    missed = [f"الخبر رقم {number}" for number in range(1, 6)]
    own = "أكتب هذا وأنا بلا شبكة"
    talk.house.network.refuse()
    talk.house.network.cut()
    await talk.cable.send("Network.emulateNetworkConditions", OFFLINE)
    for text in missed[:3]:
        await say(talk.attendee, text)
    await say(talk.noor, own)
    await expect(talk.noor.get_by_text(word("core.line.reconnecting"))).to_be_visible()
    await asyncio.sleep(LOST_S)
    for text in missed[3:]:
        await say(talk.attendee, text)
    stopped = (await numbers(talk.noor)).decoded
    assert await talk.noor.get_by_text(missed[0]).count() == 0
    assert await talk.attendee.get_by_text(own).count() == 0
    assert (await numbers(talk.noor)).decoded == stopped, "sound and picture had a network of their own"
    talk.house.network.heal()
    await talk.cable.send("Network.emulateNetworkConditions", ONLINE)
    for text in (*missed, own):
        await hears(talk.noor, text)
        await hears(talk.attendee, text)
    log = await messages(talk.noor)
    assert log == await messages(talk.attendee)
    assert [text for text in log if text in missed] == missed
    assert log.count(own) == 1
    await plays(talk.noor)
    await seen_and_heard(talk.speaker, talk.noor, frames=90)


async def test_both_ask_and_vote(browser: Browser, talk: Talk) -> None:
    world, asked = talk.house.world, {talk.attendee: "متى يبدأ التسجيل؟", talk.noor: "كيف أنضم إلى فريق؟"}
    async with profile(browser, talk.house.right, world["moderator"].token) as moderator:
        desk = await moderator.open(f"/s/{world.session}/desk")
        for page, text in asked.items():
            await ask(page, text)
        for text in asked.values():
            await approve(desk, text)
    for page in asked:
        for text in asked.values():
            vote = votes_of(page, text)
            await expect(vote).to_have_attribute("aria-pressed", "false")
            await vote.click()
            await expect(vote).to_have_attribute("aria-pressed", "true")
    for page in asked:
        for text in asked.values():
            await expect(votes_of(page, text).locator("b")).to_have_text("2")


async def test_lead_and_volunteer_move_one_card(browser: Browser, house: House) -> None:
    path, card = f"/b/{house.world.board}", f"ملصق {uuid4().hex[:8]}"
    async with AsyncExitStack() as people:
        first = await people.enter_async_context(profile(browser, house.left, house.world["lead"].token))
        other = await people.enter_async_context(profile(browser, house.right, house.world["member"].token))
        lead, volunteer = await first.open(path), await other.open(path)
        for page in (lead, volunteer):
            await page.locator("[data-find]").wait_for(state="attached")  # the tools have come, too,
            await page.wait_for_load_state("networkidle")  # and what follows them
        to_do, doing, done = await columns(lead)
        await added(lead, to_do, card)
        for page in (lead, volunteer):
            await expect(in_column(page, to_do, card)).to_be_visible()
        await dragged(lead, card, done)
        for page in (lead, volunteer):
            await expect(in_column(page, done, card)).to_be_visible()
        await chosen(volunteer, card, doing)
        for page in (lead, volunteer):
            await expect(in_column(page, doing, card)).to_be_visible()
        # At the same moment, to both sides: the later one stands, and both see the same.
        for page in (lead, volunteer):
            await in_column(page, doing, card).locator(".title").focus()
        await asyncio.gather(lead.keyboard.press("Alt+ArrowRight"), volunteer.keyboard.press("Alt+ArrowLeft"))
        await expect(in_column(lead, doing, card)).to_have_count(0)
        for page in (lead, volunteer):
            await page.evaluate(DRAWN)  # the focus follows the card a moment later: it would leave the next field
        await together(to_do, lead, volunteer)


async def plugged(page: Page) -> CDPSession:
    """The page's network in the test's hand. Sockets of the talk are only held by it when it was there first."""
    cable = await page.context.new_cdp_session(page)
    await cable.send("Network.enable")
    await cable.send("Network.emulateNetworkConditions", ONLINE)
    return cable


async def approve(desk: Page, text: str) -> None:
    """Newcomers wait behind a button, so that nothing moves under the moderator's hand."""
    row, show = desk.locator("article[data-question]", has_text=text), desk.locator(".arrivals button.primary")
    await expect(row.or_(show).first).to_be_visible()
    if await show.is_visible():
        await show.click()
    await button(row, "questions.desk.approve").click()
    await expect(button(row, "questions.desk.approve")).to_have_count(0)


def votes_of(page: Page, text: str) -> Locator:
    return page.locator("li[data-question]", has_text=text).get_by_role("button")


async def columns(page: Page) -> list[str]:
    return await page.locator("[data-column] h2").all_inner_texts()


def in_column(page: Page, title: str, card: str) -> Locator:
    return page.get_by_role("region", name=title, exact=True).locator("[data-card]", has_text=card)


async def dragged(page: Page, card: str, column: str) -> None:
    await page.locator("[data-card][draggable=true]", has_text=card).drag_to(
        page.get_by_role("region", name=column, exact=True).locator(".cards")
    )


async def chosen(page: Page, card: str, column: str) -> None:
    """From the card's own menu."""
    await page.locator("[data-card]", has_text=card).get_by_role("button").last.click()
    await page.get_by_role("menuitem", name=word("board.move.to_other"), exact=True).click()
    await page.get_by_label(word("card.move.column"), exact=True).select_option(column)
    await button(page, "card.move.do").click()


async def added(page: Page, column: str, card: str) -> None:
    await expect(page.locator(".sending")).to_have_count(0)
    region = page.get_by_role("region", name=column, exact=True)
    await region.get_by_role("button").last.click()
    await region.get_by_role("textbox").fill(card)
    await region.get_by_role("textbox").press("Enter")
    await expect(region.get_by_role("textbox")).to_have_value("")
    await region.get_by_role("textbox").press("Escape")  # the field waits for the next card


async def together(column: str, *pages: Page) -> None:
    """All pages show every card at the same place.

    Each adds a card and waits for those of the others: what was published before has then arrived too.
    """
    for number, page in enumerate(pages):
        await added(page, column, f"ختام {number}")
    for number in range(len(pages)):
        for page in pages:
            await expect(in_column(page, column, f"ختام {number}")).to_be_visible()
    shown = "() => [...document.querySelectorAll('[data-card]')].map((one) => one.dataset.card)"
    first, *others = [await page.evaluate(shown) for page in pages]
    assert all(other == first for other in others)
