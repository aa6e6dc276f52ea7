"""Somebody registers on a phone, is the same person on a laptop, and hears at once what is announced."""

from __future__ import annotations

from uuid import uuid4

import pytest
from playwright.async_api import Browser, expect

from server.demo.people import CONFERENCE, LIVE_SESSION
from tests.e2e.chromium import PHONE, profile
from tests.e2e.demo import Demo
from tests.e2e.steps import LONG_MS

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

CARD = "[data-state=confirmed]"
expect.set_options(timeout=LONG_MS)


async def test_registered_on_a_phone_is_the_same_person_on_a_laptop(demo: Demo, browser: Browser) -> None:
    async with (
        profile(browser, demo.url, size=PHONE) as phone,
        profile(browser, demo.url, locale="en") as laptop,
        demo.profile(browser, "organiser") as organiser,
    ):
        page = await phone.open(f"/r/{CONFERENCE}")
        assert await page.evaluate("document.documentElement.dir") == "rtl"
        await page.locator("[data-action=register]").click()
        await expect(page.locator("input[name=name][aria-invalid=true]")).to_be_focused()
        await page.locator("input[name=name]").fill("سعاد المنصور")
        await page.locator("input[name=email]").fill(f"suad.{uuid4().hex[:8]}@example.org")
        await page.get_by_text("الترجمة").click()
        await page.locator("[data-action=register]").click()
        await expect(page.locator(CARD)).to_contain_text("سعاد المنصور")
        link = await page.locator("input[readonly]").input_value()
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")

        other = await laptop.open(link.removeprefix(demo.url))
        await expect(other.locator(CARD)).to_contain_text("سعاد المنصور")
        await other.locator("[data-action=enter]").first.click()
        await other.wait_for_url(f"**/c/{CONFERENCE}")
        me = "async () => (await (await fetch('/api/me')).json()).person.id"
        assert await other.evaluate(me) == await page.evaluate(me)

        # What she is told counts on both; read on one, it is read on the other.
        await phone.go(page, "/notifications")
        await expect(other.locator("[data-action=bell]")).to_contain_text("1")
        await page.locator("[data-action=read-all]").click()
        await expect(other.locator("[data-action=bell] .count")).to_have_count(0)

        # An announcement is on her phone at once, and gone when it is taken back.
        await phone.go(page, f"/s/{LIVE_SESSION}")
        desk = await organiser.open(f"/c/{CONFERENCE}/announcements")
        await desk.locator("textarea[name=text]").fill("القاعة الثانية مغلقة اليوم")
        await desk.locator("[data-action=announce]").click()
        banner = page.locator("[data-announcement]", has_text="القاعة الثانية مغلقة اليوم")
        await expect(banner).to_be_visible()
        await desk.locator("li", has_text="القاعة الثانية").locator("[data-action=withdraw]").click()
        await expect(banner).to_have_count(0)

        # The organiser finds her in the list, whatever the spelling, and ends the registration.
        people = await organiser.open(f"/c/{CONFERENCE}/registrations")
        await people.get_by_role("searchbox").fill("سُعاد")
        row = people.locator("[data-registration]", has_text="سعاد المنصور")
        await expect(row).to_have_count(1)
        await expect(people.locator("[data-registration]")).to_have_count(1)
        await row.get_by_role("checkbox").check()
        await people.locator("[data-action=revoke-many]").click()
        await people.locator("[data-action=revoke-now]").click()
        await expect(row).to_contain_text("أنهاه المنظمون")
        await other.wait_for_url("**/sign-in**")


async def test_mail_that_would_be_sent_is_shown_in_the_example(demo: Demo, browser: Browser) -> None:
    async with demo.profile(browser, "organiser") as somebody:
        page = await somebody.open("/demo/outbox")
        mail = page.locator("[data-mail]", has_text="rana@example.org")
        await expect(mail).to_contain_text("رنا يعقوب")
        await expect(mail.get_by_role("link")).to_have_count(1)
