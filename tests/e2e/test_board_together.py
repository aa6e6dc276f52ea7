"""One board, several people: dragging and editing at once, a phone without a network, everything by keys."""

from __future__ import annotations

import asyncio
import base64
import re
from contextlib import AsyncExitStack
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.e2e.accessibility import axe
from tests.e2e.chromium import DESKTOP, PHONE, Sizes, profile, until
from tests.e2e.house import CARDS, House
from tests.e2e.steps import button
from tests.e2e.words import word

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]
WORKS = "[data-find]"  # what is loaded after the board has come
SHOWN = """
() => [...document.querySelectorAll('[data-column]')]
  .map((column) => [...column.querySelectorAll('[data-card] .title')].map((one) => one.innerText.trim()))
"""
COLUMNS = "() => [...document.querySelectorAll('[data-column]')].map((one) => one.dataset.column)"
KEPT = """
async () => {
  const names = await caches.keys();
  return names.includes('shell-1') && names.some((name) => name.startsWith('files-'))
    && await navigator.serviceWorker.ready && navigator.serviceWorker.controller !== null;
}
"""
PICTURE = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw==")
ALL_SENT = "[data-board][data-waiting='0']"


async def test_one_card_dragged_by_two_ends_at_one_place(browser: Browser, house: House) -> None:
    async with AsyncExitStack() as people:
        lead, member = [await enter(people, browser, house, who) for who in ("lead", "member")]
        for _ in range(2):
            await asyncio.gather(drag(lead, CARDS[0], 2), drag(member, CARDS[0], 1))
            await same(lead, member)
        places = await lead.evaluate(SHOWN)
        assert sum(cards.count(CARDS[0]) for cards in places) == 1
        # A whole column, too, is taken by its heading: from the reading side to after the second, and back.
        order = await lead.evaluate(COLUMNS)
        for wanted in ([order[1], order[0], *order[2:]], order):
            await column(lead, 0).locator("h2").drag_to(column(lead, 1), target_position={"x": 8, "y": 24})
            for page in (lead, member):
                await until(page, f"(order) => ({COLUMNS})().join() === order", ",".join(wanted))


async def test_finger_takes_a_card_to_the_next_column(browser: Browser, house: House) -> None:
    """A long press takes it, the strip goes on under it at the edge; a swift swipe only scrolls."""
    async with AsyncExitStack() as people:
        lead = await enter(people, browser, house, "lead")
        phone = await enter(people, browser, house, "member", PHONE)
        await add(phone, "باليد")
        await expect(phone.locator(ALL_SENT)).to_be_attached()
        line = await phone.context.new_cdp_session(phone)
        taken: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        line.on("Input.dragIntercepted", lambda told: taken.put_nowait(told["data"]))
        await line.send("Input.setInterceptDrags", {"enabled": True})
        await line.send("Emulation.setEmitTouchEventsForMouse", {"enabled": True, "configuration": "mobile"})

        async def finger(kind: str, x: float, y: float) -> None:
            at = {"x": round(x), "y": round(y), "button": "left", "clickCount": 1}
            await line.send("Input.emulateTouchFromMouseEvent", {"type": f"mouse{kind}", **at})

        box = await card(phone, "باليد").bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        await finger("Pressed", x, y)
        held = await asyncio.wait_for(taken.get(), 10)

        async def drag_on(kind: str, x: float) -> None:
            await line.send("Input.dispatchDragEvent", {"type": kind, "x": x, "y": 500, "data": held})

        await drag_on("dragEnter", x)
        where = "(one) => one.getBoundingClientRect().left"
        while await column(phone, 1).evaluate(where) < -60:  # the next one comes from the left
            await drag_on("dragOver", 12)
        for _ in range(2):
            await drag_on("dragOver", x)
        await expect(column(lead, 1).locator(".lands")).to_have_count(1)
        await drag_on("drop", x)
        for page in (lead, phone):
            await expect(column(page, 1).locator("[data-card]", has_text="باليد")).to_have_count(1)
        await expect(lead.locator(".lands")).to_have_count(0)
        await finger("Released", x, y)
        await finger("Pressed", x, 500)
        for step in range(1, 6):
            await finger("Moved", x + step * 30, 500)
        await finger("Released", x + 150, 500)
        await until(phone, "() => Math.abs(document.querySelector('.columns').scrollLeft) > 600")
        assert taken.empty()


async def test_different_fields_merge_and_of_one_field_both_texts_are_kept(browser: Browser, house: House) -> None:
    async with AsyncExitStack() as people:
        lead, member = [await enter(people, browser, house, who) for who in ("lead", "member")]
        for page in (lead, member):
            await card(page, CARDS[1]).locator(".title").click()
            await page.locator("[data-action=edit-description]").click()
        theirs, mine = "كتبت القائدة هذا", "وكتب العضو هذا"
        await describe(lead, theirs)
        await expect(member.get_by_text(word("card.words.newer"))).to_be_visible()
        await describe(member, mine)
        clash = member.locator("dialog[data-opened] [data-clash=description]")
        await clash.wait_for()
        assert not await axe(member, "light")
        await expect(clash.locator(".theirs")).to_contain_text(theirs)
        await expect(clash.locator(".yours")).to_contain_text(mine)
        await member.reload()  # both texts outlive the page
        await member.locator(WORKS).wait_for(state="attached")
        await clash.locator("[data-action=together]").click()
        await clash.get_by_role("button", name=word("core.save"), exact=True).click()
        await expect(clash).to_have_count(0)
        for page in (lead, member):
            words = page.locator("[data-part=description] .words")
            await expect(words).to_contain_text(theirs)
            await expect(words).to_contain_text(mine)
        # Changes of one text that do not meet are joined.
        for page in (lead, member):
            await page.locator("[data-action=edit-description]").click()
        await describe(lead, f"{theirs} كله\n\n{mine}")
        await expect(member.get_by_text(word("card.words.newer"))).to_be_visible()
        await describe(member, f"{theirs}\n\n{mine} أيضًا")
        for page in (lead, member):
            words = page.locator("[data-part=description] .words")
            await expect(words).to_contain_text(f"{theirs} كله")
            await expect(words).to_contain_text(f"{mine} أيضًا")
        # Another field at the same time is no clash.
        await asyncio.gather(
            rename(lead, f"{CARDS[1]} ودعوتهم"),
            member.get_by_label(word("card.field.size_minutes")).select_option("30"),
        )
        await expect(lead.get_by_label(word("card.field.size_minutes"))).to_have_value("30")
        await expect(member.locator("dialog[data-opened] textarea.title")).to_have_value(f"{CARDS[1]} ودعوتهم")
        await expect(member.locator("[data-action=faults]")).to_have_count(0)
        # The history tells word by word what was changed, and brings an earlier text back.
        await lead.get_by_text(word("card.history"), exact=True).click()
        await lead.get_by_text(word("card.history.look"), exact=True).first.click()
        changed = lead.locator("[data-changed]:visible")
        await expect(changed.locator("ins")).to_have_text("أيضًا")
        await expect(changed.locator("del")).to_have_count(0)
        assert not await axe(lead, "light")
        await changed.locator("[data-action=text-back]").click()
        await expect(member.locator("[data-part=description] .words")).not_to_contain_text("أيضًا")


async def test_phone_without_a_network_loses_nothing(browser: Browser, house: House) -> None:
    async with AsyncExitStack() as people:
        lead = await enter(people, browser, house, "lead")
        member = await enter(people, browser, house, "member", PHONE)
        await until(member, KEPT)
        await member.context.set_offline(True)
        await add(member, "كُتبت في النفق")
        await choose(member, "كُتبت في النفق", 1)
        await add(lead, "كُتبت في الشمس")
        await member.reload()  # the page itself, its rows and what waits come from this browser
        await member.locator(WORKS).wait_for(state="attached")
        await expect(card(member, "كُتبت في النفق")).to_have_count(1)
        await card(member, CARDS[2]).locator(".title").click()
        comment = member.locator("[data-part=comments] textarea")
        await comment.fill("سأكمل حين تعود الشبكة")
        await button(member.locator("[data-part=comments]"), "card.comments.do").click()
        await member.locator("[data-pick=file]").set_input_files(
            {"name": "لافتة.png", "mimeType": "image/png", "buffer": PICTURE}
        )
        await expect(member.get_by_text(word("card.files.waits"))).to_be_visible()
        await member.locator("[data-action=join]").click()
        assert not await axe(member, "light")
        await member.keyboard.press("Escape")
        await expect(member.locator("[data-board]")).to_have_attribute("data-waiting", "4")
        for door in ("/", "/work"):  # the installed page opens at one of these: from there to one's own card
            await member.goto(f"{house.left}{door}")
            await expect(member.locator(f"[data-kept] a[href='/b/{house.world.board}']")).to_be_visible()
            assert not await axe(member, "light")
        await member.locator("[data-kept] [data-task] a", has_text=CARDS[2]).click()
        await expect(member.locator("[data-part=comments] ol")).to_contain_text("سأكمل حين تعود الشبكة")
        await member.keyboard.press("Escape")
        await member.reload()  # the file, too, outlives the page
        await member.locator(WORKS).wait_for(state="attached")
        assert not await axe(member, "light")
        await member.context.set_offline(False)
        await expect(member.locator(ALL_SENT)).to_be_attached()
        await expect(column(lead, 1).locator("[data-card]", has_text="كُتبت في النفق")).to_be_visible()
        await expect(card(member, "كُتبت في الشمس")).to_be_attached()
        await expect(member.locator("[data-action=faults]")).to_have_count(0)
        await same(lead, member)
        await card(lead, CARDS[2]).locator(".title").click()
        await expect(lead.locator("[data-part=comments] ol")).to_contain_text("سأكمل حين تعود الشبكة")
        await lead.locator("[data-part=files] [data-action=cover]").click()
        await lead.locator("[data-action=add-link]").click()
        await lead.get_by_label(word("card.links.find")).fill("الشمس")
        await lead.locator("[data-link]").click()
        await lead.locator("[data-part=links]").get_by_role("link", name="كُتبت في الشمس").click()
        await expect(lead.locator("[data-part=links]").get_by_role("link", name=CARDS[2])).to_be_visible()
        await expect(card(member, CARDS[2]).locator("img.cover")).to_be_attached()


async def test_whole_board_by_keys_alone(browser: Browser, house: House) -> None:
    async with AsyncExitStack() as people:
        page = await enter(people, browser, house, "lead")
        keys = page.keyboard
        before = await page.evaluate(SHOWN)
        await card(page, CARDS[2]).locator(".title").focus()
        await keys.press("n")  # a new card in the same column, and another
        await keys.type("ضيافة المتحدثين")
        await keys.press("Enter")
        await keys.press("Escape")
        await card(page, "ضيافة المتحدثين").locator(".title").focus()
        await keys.press("Alt+ArrowUp")
        await expect(page.get_by_role("status").filter(has_text="ضيافة المتحدثين")).to_be_attached()
        await keys.press("m")
        await expect(page.get_by_label(word("card.move.column"), exact=True)).to_be_visible()
        await page.get_by_label(word("card.move.column"), exact=True).focus()
        await keys.press("ArrowDown")
        for key in ("Tab", "Tab", "Enter"):
            await keys.press(key)
        await expect(column(page, 1).locator("[data-card]", has_text="ضيافة المتحدثين")).to_be_visible()
        await expect(card(page, "ضيافة المتحدثين").locator(".title")).to_be_focused()
        await keys.press("Enter")
        await page.get_by_label(word("card.items.add")).focus()
        await keys.type("الشاي")
        await keys.press("Enter")
        await page.get_by_role("checkbox", name="الشاي").focus()
        await keys.press("Space")
        await page.get_by_label(word("card.field.due"), exact=True).focus()
        await keys.type("٣١/١٢/٢٠٣٠")
        await keys.press("Enter")
        await keys.press("Escape")
        await expect(card(page, "ضيافة المتحدثين").locator(".due")).to_be_visible()
        await expect(page.locator(ALL_SENT)).to_be_attached()
        await expect(card(page, "ضيافة المتحدثين").locator(".title")).to_be_focused()
        await keys.press("c")
        await expect(card(page, "ضيافة المتحدثين")).to_have_count(0)
        await expect(page.locator(ALL_SENT)).to_be_attached()
        await keys.press("Control+z")
        await expect(card(page, "ضيافة المتحدثين")).to_have_count(1)
        await keys.press("Control+Shift+z")
        await expect(card(page, "ضيافة المتحدثين")).to_have_count(0)
        assert await page.evaluate(SHOWN) == before
        await keys.press("?")
        await expect(page.get_by_role("dialog").get_by_text(word("card.keys.step"))).to_be_visible()
        await page.locator("[data-switch=single-keys]").focus()
        await keys.press("Space")
        await keys.press("Escape")
        await card(page, CARDS[2]).locator(".title").focus()
        await keys.press("n")
        await keys.press("?")
        await expect(page.get_by_role("dialog").or_(page.locator("[data-column] textarea"))).to_have_count(0)


async def test_what_was_lost_on_the_way_is_told_and_comes(browser: Browser, house: House) -> None:
    async with profile(browser, house.left, house.world["member"].token, service_workers="block") as one:
        lost = re.compile(r"/assets/more-.*\.js")
        await one.context.route(lost, lambda route: route.abort())
        page = await one.open(f"/b/{house.world.board}")
        await page.locator(WORKS).wait_for(state="attached")
        await card(page, CARDS[2]).locator(".title").click()
        again = button(page, "core.reload")
        await expect(again).to_be_visible()
        await one.context.unroute(lost)
        await again.click()
        await expect(page.locator("dialog[data-opened]")).to_be_visible()


async def enter(stack: AsyncExitStack, browser: Browser, house: House, who: str, size: Sizes = DESKTOP) -> Page:
    one = await stack.enter_async_context(profile(browser, house.left, house.world[who].token, size=size))
    page = await one.open(f"/b/{house.world.board}")
    await page.locator(WORKS).wait_for(state="attached")
    return page


def column(page: Page, at: int) -> Locator:
    return page.locator("[data-column]").nth(at)


def card(page: Page, title: str) -> Locator:
    return page.locator("[data-column] [data-card]", has_text=title)


async def drag(page: Page, title: str, to: int) -> None:
    await page.locator("[data-card][draggable=true]", has_text=title).drag_to(
        column(page, to).locator(".cards"),
        target_position={"x": 3, "y": 3},  # beside the cards: in the middle may stand the card itself
    )


async def add(page: Page, title: str) -> None:
    await button(column(page, 0), "board.add").or_(column(page, 0).locator(".btn.wide")).last.click()
    await column(page, 0).get_by_role("textbox").fill(title)
    await column(page, 0).get_by_role("textbox").press("Enter")
    await column(page, 0).get_by_role("textbox").press("Escape")


async def choose(page: Page, title: str, to: int) -> None:
    """From the card's own menu."""
    await card(page, title).get_by_role("button").last.click()
    await page.get_by_role("menuitem", name=word("board.move.to_other"), exact=True).click()
    await page.get_by_label(word("card.move.column"), exact=True).select_option(index=to)
    await button(page, "card.move.do").click()


async def describe(page: Page, text: str) -> None:
    part = page.locator("[data-part=description]")
    await part.get_by_role("textbox").fill(text)
    await button(part, "core.save").click()


async def rename(page: Page, title: str) -> None:
    field = page.locator("dialog[data-opened] textarea.title")
    await field.fill(title)
    await field.press("Enter")


async def same(*pages: Page) -> None:
    """All have sent everything, and show one board."""
    for page in pages:
        await expect(page.locator(ALL_SENT)).to_be_attached()
    wanted = f"async (other) => JSON.stringify(({SHOWN})()) === other"
    for page in pages[1:]:
        for _ in range(50):
            shown = await pages[0].evaluate(f"() => JSON.stringify(({SHOWN})())")
            if await page.evaluate(wanted, shown):
                break
            await asyncio.sleep(0.1)
        else:
            raise AssertionError("they see different boards")
