"""Running a stage from its desk: a panel handed over before two viewers, going live on a phone, a rehearsal."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest
from playwright.async_api import Browser, Page, expect

from server.demo.people import LIVE_SESSION, NEXT_SESSION, ON_AIR, PERSONAS, Someone
from tests.e2e.chromium import DESKTOP, PHONE, Sizes, until
from tests.e2e.demo import LATER_SESSION, Demo
from tests.e2e.steps import button, enter_backstage, go_on_air, hears, say, watch
from tests.e2e.words import word

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(180)]

MOVING = """
async (wanted) => {
  const videos = [...document.querySelectorAll('.player [data-slot] video')];
  if (videos.length !== wanted) return false;
  const frames = () => videos.map((one) => one.getVideoPlaybackQuality().totalVideoFrames);
  const before = frames();
  await new Promise((done) => setTimeout(done, 500));
  return frames().every((number, at) => videos[at].videoWidth > 0 && number > before[at]);
}
"""


STOP_SHARING = """
() => {
  for (const peer of window.peers.filter((one) => one.connectionState === 'connected')) {
    for (const { track } of peer.getSenders()) {
      if (track?.contentHint !== 'detail') continue;
      track.stop();
      track.dispatchEvent(new Event('ended'));
    }
  }
}
"""


async def sees(page: Page, number: int) -> None:
    """So many pictures are on the stage, and every one moves."""
    await until(page, MOVING, number)


def standing(page: Page, someone: Someone) -> str:
    return f"[data-standing='{someone.id}']"


async def direct(page: Page, someone: Someone, act: str) -> None:
    await page.locator(f"{standing(page, someone)} [data-act={act}]").click()


async def test_panel_of_three_is_handed_over_before_two_viewers(browser: Browser, demo: Demo) -> None:
    async with AsyncExitStack() as people:

        async def somebody(persona: str, path: str, size: Sizes = DESKTOP) -> Page:
            profile = await people.enter_async_context(demo.profile(browser, persona, size=size))
            await profile.context.grant_permissions(["camera", "microphone"], origin=demo.url)
            return await profile.open(path)

        live, studio = f"/s/{LIVE_SESSION}", f"/s/{LIVE_SESSION}/studio"
        viewers = [await somebody("attendee", live), await somebody("volunteer", live, PHONE)]
        for viewer in viewers:
            await watch(viewer)
            await sees(viewer, 2)
        await go_on_air(await somebody("speaker", studio))
        moderator = await somebody("moderator", studio)
        await moderator.locator("[data-step=enter]").click()
        await expect(moderator.locator("[data-step=air]")).to_be_visible()
        for viewer in viewers:
            await sees(viewer, 3)
        organiser = await somebody("organiser", live)
        await organiser.locator("[data-tab=stage]").click()
        await direct(organiser, PERSONAS["moderator"], "air")
        for viewer in viewers:
            await sees(viewer, 4)
        await direct(organiser, ON_AIR, "air")
        await expect(organiser.locator(standing(organiser, ON_AIR))).to_have_attribute("data-where", "behind")
        for viewer in viewers:
            await sees(viewer, 3)
        await viewers[0].locator("[data-action=layout]").click()
        await expect(viewers[0].locator("[data-layout=speaker]")).to_be_visible()
        await direct(organiser, ON_AIR, "air")
        for viewer in viewers:
            await sees(viewer, 4)
        await direct(organiser, PERSONAS["moderator"], "air")


async def test_screen_and_film_stand_large_beside_who_speaks(browser: Browser, demo: Demo) -> None:
    async with demo.profile(browser, "speaker") as home, demo.profile(browser, "attendee", size=PHONE) as seat:
        await home.context.grant_permissions(["camera", "microphone"], origin=demo.url)
        speaker = await home.open(f"/s/{LIVE_SESSION}/studio")
        viewer = await seat.open(f"/s/{LIVE_SESSION}")
        await watch(viewer)
        await go_on_air(speaker)
        await sees(viewer, 3)
        share = button(speaker, "studio.screen.on")
        await share.click()
        await sees(viewer, 4)  # the camera stays
        await expect(viewer.locator("[data-layout=screen]")).to_be_visible()
        # What the browser's own button does.
        await speaker.evaluate(STOP_SHARING)
        await sees(viewer, 3)
        await expect(viewer.locator("[data-layout=gallery]")).to_be_visible()
        await expect(share).to_be_visible()
        await speaker.locator("[data-film][data-state=ready] [data-act=film-on]").click()
        await expect(viewer.locator("[data-layout=screen]")).to_be_visible()
        await sees(viewer, 4)
        await expect(speaker.locator("[data-film] [role=timer]")).to_be_visible()
        await speaker.locator("[data-film]:has([role=timer]) [data-act=film-off]").click()
        await sees(viewer, 3)


async def test_organiser_goes_live_on_a_phone(browser: Browser, demo: Demo) -> None:
    page = f"/s/{NEXT_SESSION}"
    async with (
        demo.profile(browser, "organiser", size=PHONE) as hand,
        demo.profile(browser, "speaker") as home,
        demo.profile(browser, "attendee", "en") as seat,
    ):
        await home.context.grant_permissions(["camera", "microphone"], origin=demo.url)
        attendee = await seat.open(page)
        await expect(attendee.locator("[data-waiting=backstage]")).to_contain_text("Bring a short text")
        speaker = await home.open(f"{page}/studio")
        await speaker.locator("[data-step=enter]").click()
        await speaker.locator("[data-action=agree]").click()  # the session is recorded
        await expect(speaker.locator("[data-sending=connected]")).to_be_visible()
        organiser = await hand.open(page)
        await organiser.locator("[data-tab=stage]").click()
        await organiser.locator("[data-desk] summary").click()
        await organiser.locator("[data-card=en]").fill("We begin in a moment.")
        await organiser.locator("[data-card=save]").click()
        await expect(attendee.locator("[data-waiting=backstage]")).to_contain_text("We begin in a moment.")
        await expect(organiser.locator("[data-where=ready]")).to_be_visible()
        await organiser.locator("[data-move=live]").click()
        await expect(organiser.get_by_text(word("direct.check.sound"))).to_be_visible()
        await organiser.locator("[data-move=confirm]").click()
        await watch(attendee)
        await sees(attendee, 1)
        await organiser.locator("[data-break='10']").click()
        await organiser.locator("[data-move=break]").click()
        await expect(attendee.locator("[data-waiting=backstage]")).to_be_visible()
        await organiser.locator("[data-move=live]").click()
        await organiser.locator("[data-move=confirm]").click()
        await organiser.locator("[data-move=ended]").click()
        await organiser.locator("[data-move=confirm]").click()
        await expect(attendee.locator("[data-waiting=ended]")).to_contain_text("We begin in a moment.")
        await organiser.locator("[data-move=reopen]").click()
        await expect(attendee.locator("[data-waiting=backstage]")).to_be_visible()


async def test_rehearsal_works_and_is_gone_after(browser: Browser, demo: Demo) -> None:
    async with demo.profile(browser, "organiser") as one:
        await one.context.grant_permissions(["camera", "microphone"], origin=demo.url)
        page = await one.open(f"/s/{LATER_SESSION}")
        await page.locator("[data-tab=stage]").click()
        await page.locator("[data-rehearsal=begin]").click()
        await expect(page.locator("[data-rehearsing]")).to_be_visible()
        await enter_backstage(page)
        await say(page, "هل تسمعونني في البروفة؟")
        await hears(page, "هل تسمعونني في البروفة؟")
        rehearsal = page.url.removesuffix("/studio")
        await page.locator("[data-rehearsal=end]").click()
        await expect(page).to_have_url(f"{demo.url}/s/{LATER_SESSION}")
        await expect(page.locator("[data-waiting=scheduled]")).to_be_visible()
        await page.goto(rehearsal)
        await expect(page.get_by_text(word("core.missing.title"))).to_be_visible()
        assert await button(page, "chat.send").count() == 0
