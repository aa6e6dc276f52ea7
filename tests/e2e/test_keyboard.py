"""What a mouse does, keys do: cards move, dialogs and menus give the focus back."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.e2e.chromium import profile, settled
from tests.e2e.house import CARDS, House
from tests.e2e.steps import button
from tests.e2e.words import word

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]
FOCUSED = "() => document.activeElement?.closest('[data-card] .title')?.innerText.trim()"
PLACE = """
(title) => [...document.querySelectorAll('[data-column]')].flatMap((column, at) =>
  [...column.querySelectorAll('[data-card] .title')].map((card, row) => [card.innerText.trim(), at, row]))
  .find(([text]) => text === title).slice(1)
"""


async def test_card_moves_by_keys_and_keeps_the_focus(browser: Browser, house: House) -> None:
    card = CARDS[2]
    async with profile(browser, house.left, house.world["lead"].token) as lead:
        page = await lead.open(f"/b/{house.world.board}")
        await page.locator("[data-find]").wait_for()  # what hears the keys has come with it
        await title_of(page, card).focus()
        column, row = await page.evaluate(PLACE, card)
        # The first column stands at the right: left is onwards.
        for keys, place in (("Alt+ArrowUp", [column, row - 1]), ("Alt+ArrowLeft", [column + 1, None])):
            await page.keyboard.press(keys)
            await expect(page.get_by_role("status").filter(has_text=card)).to_be_attached()
            now = await page.evaluate(PLACE, card)
            assert now[0] == place[0]
            assert place[1] in {None, now[1]}
            assert await page.evaluate(FOCUSED) == card
        await page.keyboard.press("Alt+ArrowRight")
        assert (await page.evaluate(PLACE, card))[0] == column
        assert await page.evaluate(FOCUSED) == card


async def test_card_is_renamed_and_opened_by_keys(browser: Browser, house: House) -> None:
    async with profile(browser, house.left, house.world["member"].token) as member:
        page = await member.open(f"/b/{house.world.board}")
        title = title_of(page, CARDS[1])
        await page.locator("[data-find]").wait_for()  # what hears the keys has come with it
        await title.focus()
        await page.keyboard.press("e")
        await expect(page.get_by_label(word("board.card.rename.label"))).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(title).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.locator("dialog[data-opened]")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(title).to_be_focused()


async def test_dialog_keeps_and_returns_the_focus(browser: Browser, house: House) -> None:
    async with profile(browser, house.left, house.world["organiser"].token) as organiser:
        page = await organiser.open(f"/c/{house.world.conference}")
        await settled(page)
        opener = button(page, "conference.session.add").first
        await opener.focus()
        await page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_be_visible()
        for _ in range(25):
            await page.keyboard.press("Tab")
            assert await inside(page), "Tab left an open dialog"
        await page.keyboard.press("Escape")
        await expect(dialog).to_have_count(0)
        await expect(opener).to_be_focused()


async def test_menu_goes_by_arrows_and_returns_the_focus(browser: Browser, house: House) -> None:
    async with profile(browser, house.left, house.world["lead"].token) as lead:
        page = await lead.open(f"/b/{house.world.board}")
        opener = page.locator("[data-card]").first.get_by_role("button").last
        await opener.focus()
        await page.keyboard.press("Enter")
        items = page.get_by_role("menuitem")
        await expect(items.first).to_be_focused()
        await page.keyboard.press("End")
        await expect(items.last).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(items).to_have_count(0)
        await expect(opener).to_be_focused()


def title_of(page: Page, card: str) -> Locator:
    return page.locator("[data-card]", has_text=card).locator(".title")


async def inside(page: Page) -> bool:
    """In the dialog, or on its way round through the browser's own bar."""
    return bool(await page.evaluate("document.activeElement.matches('body, dialog, dialog *')"))
