"""Somebody with two hours: in Arabic on a phone, from a talk's message to a task, into its team, and out."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Browser, FilePayload, expect

from server.demo.people import LIVE_SESSION, TEAM
from tests.e2e.accessibility import axe
from tests.e2e.chromium import PHONE
from tests.e2e.demo import Demo
from tests.e2e.steps import LONG_MS, button, say
from tests.e2e.words import word
from tests.support.trello import trello

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]
expect.set_options(timeout=LONG_MS)

ASKED = "من يفرّغ هذا المقطع؟"
MINUTES = "محضر اللقاء.txt"


async def test_a_message_becomes_a_task_that_somebody_takes_and_hands_back(demo: Demo, browser: Browser) -> None:
    async with (
        demo.profile(browser, "team_lead") as lead,
        demo.profile(browser, "attendee", size=PHONE) as somebody,
    ):
        # The lead hears in the talk that somebody is wanted, and makes a task of it.
        talk = await lead.open(f"/s/{LIVE_SESSION}")
        await say(talk, ASKED)
        message = talk.get_by_role("log").locator("article", has_text=ASKED)
        await message.hover()
        await message.locator("[aria-haspopup=menu]").click()
        await talk.get_by_role("menuitem", name=word("talk.to_task")).click()
        form = talk.locator("[data-form=task]")
        await expect(form.locator("input[name=title]")).to_have_value(ASKED)
        await form.locator("input[name=minutes]").fill("60")
        await form.locator("[data-action=make-task]").click()
        await expect(form).to_have_count(0)

        # Somebody looks at the team's open door, comes in, and says what they bring.
        page = await somebody.open(f"/t/{TEAM}")
        assert await page.evaluate("document.documentElement.dir") == "rtl"
        await page.locator("[data-action=join]").click()
        profile = page.locator("[data-form=volunteer]")
        await profile.locator("input[name=skill]").fill("تفريغ")
        await profile.locator("[data-action=save-profile]").click()
        await expect(profile).to_have_count(0)
        await expect(page.locator("#members")).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")

        # The task, in two taps; and back when there is no time for it.
        await somebody.go(page, "/work")
        task = page.locator("[data-list=open] [data-task]", has_text=ASKED)
        await task.locator("[data-action=take]").click()
        mine = page.locator("[data-task]", has_text=ASKED)
        await expect(mine).to_contain_text(word("work.mine.tag"))
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        # The way back leads to the very message.
        await mine.get_by_role("link", name=word("work.from_talk")).click()
        await expect(page.get_by_role("log").locator("article", has_text=ASKED)).to_be_in_viewport()
        # From beside the same talk, too: the chat comes to the front, at a message said long before.
        await page.get_by_role("tab", name=word("panels.work")).click()
        origin = page.locator("#stage-panel-work [data-origin]").first
        message_id = (await origin.get_attribute("href") or "").rpartition("=")[2]
        await origin.click()
        await expect(page.get_by_role("log").locator(f"[data-message='{message_id}']")).to_be_in_viewport()
        await somebody.go(page, "/work")
        await page.locator("[data-action=pause]").click()
        await page.locator("textarea[name=note]").fill("سفر")
        await page.locator("[data-action=pause-now]").click()
        await expect(page.locator("[data-mine=none]")).to_be_visible()

        # The lead sees it on the team's page, and brings in somebody by name, spelled as it comes.
        page = await lead.open(f"/t/{TEAM}")
        work = page.locator("[data-part=team-work]")
        await expect(work.get_by_role("link", name=ASKED).first).to_be_visible()
        await work.get_by_role("link", name=ASKED).first.click()
        minutes: FilePayload = {"name": MINUTES, "mimeType": "text/plain", "buffer": "اتفقنا.".encode()}
        await page.locator("[data-pick=file]").set_input_files(minutes)
        await expect(page.locator("[data-part=files]").get_by_role("link", name=MINUTES)).to_be_visible()
        await lead.go(page, f"/t/{TEAM}")
        await work.get_by_role("tab", name=word("teams.calendar")).click()
        await expect(work.locator("ol a").first).to_be_visible()
        await work.get_by_role("tab", name=word("teams.files")).click()
        await expect(work.get_by_role("link", name=MINUTES)).to_be_visible()
        wanted = page.locator("[data-candidate]").first
        name = await wanted.locator(".name").inner_text()
        await page.locator("input[name=candidate]").fill(name[:4])
        await page.locator("[data-candidate]", has_text=name).get_by_role("button").click()
        await expect(page.locator("[data-person]", has_text=name)).to_be_visible()

        # A board comes in from Trello, looked at before anything changes.
        await page.locator("[data-action=import-board]").click()
        content = json.dumps(trello(20)).encode()
        file: FilePayload = {"name": "t.json", "mimeType": "application/json", "buffer": content}
        await page.locator("input[name=board]").set_input_files(file)
        await expect(page.locator("[data-list=cards] li")).to_have_count(9)
        assert not await axe(page, "light")
        await page.locator("dialog[open] input[name=title]").fill("من الخارج")
        await page.locator("[data-action=import]").click()
        await expect(page.locator("[data-column]")).to_have_count(3)
        await expect(page.locator("[data-card]").first).to_contain_text("ترجمة الدليل")
        # Its checklist has the heading it had.
        await page.locator("[data-card]", has=page.locator(".marks")).first.click()
        await expect(page.locator("[data-part=checklist]")).to_contain_text("قائمة الترجمة")
        # The same file once more goes where it went, and finds nothing new.
        await lead.go(page, f"/t/{TEAM}")
        await page.locator("[data-action=import-board]").click()
        await page.locator("input[name=board]").set_input_files(file)
        await expect(page.locator("input[name=into]:checked")).not_to_have_value("")
        await expect(page.locator("[data-action=import]")).to_be_disabled()

        # The lead is told once, in one line.
        told = await lead.open("/notifications")
        await expect(told.get_by_text("سفر")).to_be_visible()
        await expect(button(told, "notices.read_all")).to_be_visible()
