"""What people do on the pages, one step each, by the names that the controls have for them."""

from __future__ import annotations

from playwright.async_api import Locator, Page, expect

from tests.e2e.media import plays
from tests.e2e.words import word

LONG_MS = 30_000
expect.set_options(timeout=LONG_MS)


def button(page: Page | Locator, key: str) -> Locator:
    return page.get_by_role("button", name=word(key), exact=True)


async def enter_backstage(page: Page) -> None:
    """In the studio: this browser allows camera and microphone unasked, so they are on; then backstage."""
    await page.locator("[data-step=backstage], [data-step=enter]").click()
    await expect(page.locator("[data-sending=connected]")).to_be_visible()


async def go_on_air(page: Page) -> None:
    """In the studio of a session that is live already."""
    await page.locator("[data-step=join]").click()
    await expect(page.locator("[data-state=live][data-sending=connected]")).to_be_visible()


async def go_live(page: Page) -> None:
    await page.locator("[data-step=live]").click()
    await expect(page.locator("[data-state=live][data-sending=connected]")).to_be_visible()


async def watch(page: Page) -> None:
    """On a session's page: in, with sound. Who came by a button that says «enter the session» is in already."""
    join = page.locator("[data-action=join]")
    await expect(join.or_(page.locator("video")).first).to_be_visible()
    if await join.is_visible():
        await join.click()
    await plays(page)


async def say(page: Page, text: str) -> None:
    """Write into the chat, and wait until the words have left."""
    field = page.get_by_label(word("chat.field"))
    await field.fill(text)
    await button(page, "chat.send").click()
    await expect(field).to_have_value("")


async def hears(page: Page, text: str) -> None:
    """The message is in the log, from the server and not only on its way."""
    row = page.get_by_role("log").locator("article", has_text=text)
    await expect(row).to_have_count(1)
    await expect(row.get_by_text(word("chat.sending"))).to_have_count(0)


async def messages(page: Page) -> list[str]:
    """All texts of the log, in its order. The page must be high enough to hold them."""
    return await page.get_by_role("log").locator("article p.text").all_inner_texts()


async def ask(page: Page, text: str) -> None:
    await page.get_by_role("tab", name=word("panels.questions")).click()
    await page.get_by_label(word("questions.ask")).fill(text)
    await button(page, "questions.ask.do").click()
    await expect(page.locator("li[data-question]", has_text=text)).to_contain_text(word("questions.mine.waiting"))


async def copied(page: Page) -> str:
    """Press «copy» in the open dialog; what the clipboard then holds."""
    await button(page, "core.copy").click()
    await expect(page.get_by_text(word("core.copied"))).to_be_visible()
    text: str = await page.evaluate("navigator.clipboard.readText()")
    return text


async def check(page: Page) -> dict[str, str]:
    """On «check my connection»: wait for its end; the grade and the words of every line, and what it comes to."""
    await expect(page.locator("[data-check]:not([data-check=running])")).to_be_visible()
    found: dict[str, str] = await page.evaluate(
        """() => Object.fromEntries([
          ['verdict', document.querySelector('[data-check]').dataset.check],
          ...[...document.querySelectorAll('li[data-name]')].flatMap((line) => [
            [line.dataset.name, line.dataset.grade],
            [`${line.dataset.name} text`, line.querySelector("p").innerText],
          ]),
        ])"""
    )
    return found
