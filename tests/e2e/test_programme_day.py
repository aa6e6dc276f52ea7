"""A sheet becomes the programme on the page, and running late reaches somebody on the other server."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.chromium import PHONE, profile, settled
from tests.e2e.house import House
from tests.e2e.words import word

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

SHEET = """م;العنوان;التاريخ;من;إلى;القاعة;المسار;المتحدثون
١;ورشة الخط العربي;٢٥/٣/٢٠٣٠;٩:٠٠ ص;١٠:٠٠ ص;قاعة الضوء;الفنون;سلمى الحاج
٢;قصص من المكتبات;25/3/2030;10:00;11:00;قاعة الضوء;;
٣;ختام اليوم;٢٥ مارس ٢٠٣٠;11:15;12:00;قاعة الضوء;;
"""
WIDE = "() => [document.documentElement.scrollWidth, innerWidth]"


async def test_sheet_is_brought_in_and_a_late_hall_reaches_the_other_side(browser: Browser, house: House) -> None:
    here = f"/c/{house.world.conference}"
    async with (
        profile(browser, house.left, house.world["organiser"].token) as organiser,
        profile(browser, house.right, house.world["attendee"].token, size=PHONE) as attendee,
    ):
        phone = await attendee.open(here)
        page = await organiser.open(f"{here}/import")
        await page.locator("[name=pasted]").fill(SHEET.replace("٩:٠٠ ص", "؟"))
        await page.locator("[data-action=read]").click()
        # What cannot be read is listed and stays out; the good rows come in, and are not doubled afterwards.
        left = page.locator("[data-list=left] li")
        await expect(left).to_have_count(1)
        await expect(left.locator(".fault")).to_be_visible()
        async with page.expect_download() as file:
            await page.locator("[data-action=download-left]").click()
        assert "ورشة الخط العربي" in (await (await file.value).path()).read_text("utf-8")
        await page.locator("[data-action=import]").click()
        await expect(page.locator("[data-list=rows] li.same")).to_have_count(2)
        await expect(page.locator("[data-action=import]")).to_have_count(0)
        await page.locator(".foot .quiet").click()
        await page.locator("[name=pasted]").fill(SHEET)
        await page.locator("[data-action=read]").click()
        await expect(page.locator("[data-list=rows] li.new")).to_have_count(1)
        await page.locator("[data-action=import]").click()
        await page.wait_for_url(f"**{here}")

        # Folding: another spelling of the same words finds it, on the phone that was open all the time.
        search = phone.locator("[name=find]")
        await search.fill("الخطّ العربى")
        card = phone.locator("article", has_text="ورشة الخط العربي")
        await expect(card).to_be_visible()
        await expect(phone.locator("article")).to_have_count(1)
        await card.locator("[data-action=save]").click()
        await expect(card.locator("[data-action=save]")).to_have_attribute("aria-pressed", "true")
        await expect(card.locator("[data-action=save] svg")).not_to_have_css("fill", "none")
        await search.fill("")
        await phone.locator("[data-action=filter-saved]").click()
        await expect(phone.locator("article")).to_have_count(1)
        before = await card.locator("time").inner_text()
        for width in (320, 360, 412):
            await phone.set_viewport_size({"width": width, "height": 780})
            assert len(set(await phone.evaluate(WIDE))) == 1

        own = page.locator("article", has_text="ورشة الخط العربي")
        await page.locator("[name=find]").fill("الخط")
        await own.locator("button[popovertarget], button[aria-haspopup]").first.click()
        await page.get_by_role("menuitem").filter(has_text="تأخرت").click()
        await page.locator("dialog [name=minutes]").fill("20")
        await expect(page.locator("[data-list=shifts] li")).to_have_count(3)
        await page.locator("[data-action=shift]").click()
        await expect(card.locator("time")).not_to_have_text(before)

        # The session's own page knows that it is saved; what one lets go of comes back by the toast.
        await attendee.go(phone, f"/s/{await card.get_attribute('data-session')}")
        save = phone.locator("[data-action=save]")
        await expect(save).to_have_attribute("aria-pressed", "true")
        await save.click()
        await expect(save).to_have_attribute("aria-pressed", "false")
        await phone.get_by_role("button", name=word("core.undo"), exact=True).click()
        await expect(save).to_have_attribute("aria-pressed", "true")
        await expect(phone.get_by_text(word("panels.save.done"))).to_be_visible()


async def test_days_are_told_by_both_calendars_and_clocks(browser: Browser, house: House) -> None:
    async with profile(browser, house.left, house.world["attendee"].token) as attendee:
        page = await attendee.open(f"/c/{house.world.conference}")
        await settled(page)
        heading = page.locator(".day > h3")
        await expect(heading).not_to_contain_text("هـ")
        await page.locator("[data-action=hijri]").click()
        await expect(heading).to_contain_text("هـ")
        await page.reload()
        await expect(heading).to_contain_text("هـ")


async def test_words_are_kept_in_both_languages_and_a_speaker_tells_of_oneself(
    browser: Browser, house: House
) -> None:
    here = f"/c/{house.world.conference}"
    async with (
        profile(browser, house.left, house.world["organiser"].token) as organiser,
        profile(browser, house.right, house.world["speaker"].token, size=PHONE) as speaker,
    ):
        page = await organiser.open(f"{here}/edit")
        form = page.locator("#edit-panel-frame form")
        await form.locator("summary").click()
        await form.locator("[name=title_en]").fill("A gathering of volunteers")
        await form.locator("[name=description_en]").fill("Two days of it.")
        await form.locator("button.primary").click()
        await page.wait_for_url(f"**{here}")
        await organiser.go(page, f"{here}/edit")
        await expect(form.locator("[name=title_en]")).to_have_value("A gathering of volunteers")
        await expect(form.locator("[name=description_en]")).to_be_visible()

        phone = await speaker.open("/me")
        own = phone.locator("[data-form=speaker]")
        await own.locator("[name=headline]").fill("تخطّ وتعلّم")
        await own.locator("[name=headline_en]").fill("Writes and teaches")
        await own.locator("[name=link]").first.fill("no address")
        await own.locator("button.primary").click()
        await expect(own.locator("[name=link][aria-invalid=true]")).to_have_count(1)
        await own.locator("[name=link]").first.fill("example.org/me/")
        await own.locator("button.primary").click()
        await expect(phone.get_by_text(word("core.saved"))).to_be_visible()
        await expect(own.locator("[name=link]")).to_have_count(2)
        assert len(set(await phone.evaluate(WIDE))) == 1
        await page.locator("[data-tab=speakers]").click()
        await expect(page.locator("#edit-panel-speakers li", has_text="تخطّ وتعلّم")).to_be_visible()

        # A new name reaches the page that is open.
        await phone.locator("[name=name]").fill("هدى الخطّاطة")
        await phone.locator("main form").first.locator("button.primary").click()
        await expect(page.locator("#edit-panel-speakers li", has_text="هدى الخطّاطة")).to_be_visible()

        # The programme shows where else they are found.
        async with profile(browser, house.right, house.world["guest"].token) as guest:
            seen = await guest.open(here)
            await seen.locator("article", has_text="هدى الخطّاطة").first.locator("[data-action=more]").click()
            link = seen.get_by_role("dialog").locator("[data-links] a")
            await expect(link).to_have_text("example.org/me")
            await expect(link).to_have_attribute("href", "https://example.org/me/")


async def test_organiser_writes_from_the_list_of_people_and_lets_everybody_make_teams(
    browser: Browser, house: House
) -> None:
    here = f"/c/{house.world.conference}"
    async with (
        profile(browser, house.left, house.world["organiser"].token) as organiser,
        profile(browser, house.right, house.world["attendee"].token, size=PHONE) as attendee,
    ):
        page = await organiser.open(f"{here}/settings")
        await page.locator("[name=teams_by]").select_option("everybody")
        await expect(page.get_by_text(word("core.saved"))).to_be_visible()
        await page.reload()
        await expect(page.locator("[name=teams_by]")).to_have_value("everybody")
        await page.locator("[name=direct]").check()
        await page.locator("form:has([name=direct]) [type=submit]").click()
        await expect(page.get_by_text(word("core.saved"))).to_have_count(1)
        phone = await attendee.open(here)
        await expect(phone.locator("[data-action=new-team]")).to_be_visible()

        await organiser.go(page, f"{here}/people")
        row = page.locator(f"li[data-person='{house.world['attendee'].id}']")
        await row.locator("select").select_option("speaker")
        await page.get_by_role("button", name=word("core.undo"), exact=True).click()
        await expect(row.locator("select")).to_have_value("attendee")
        await row.locator(".who").click()
        await page.locator("[data-act=write]").click()
        await page.wait_for_url(f"**{here}/messages/*")
        # One's own step down cannot be taken back, so it asks first.
        await organiser.go(page, f"{here}/people")
        own = page.locator(f"li[data-person='{house.world['organiser'].id}'] select")
        await own.select_option("attendee")
        await page.get_by_role("dialog").locator("footer .btn").first.click()
        await expect(own).to_have_value("organiser")
