"""Running a stage from its desk: a panel directed on a phone, handed over and replayed; a screen; a rehearsal."""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from server.demo.people import LIVE_SESSION, NEXT_SESSION, PERSONAS, Someone
from tests.e2e.chromium import DESKTOP, PHONE, Locale, Profile, Sizes, until
from tests.e2e.demo import LATER_SESSION, Demo
from tests.e2e.steps import button, enter_backstage, go_on_air, hears, say, watch
from tests.e2e.words import word

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(300)]
logger = logging.getLogger(__name__)

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


def standing(someone: Someone) -> str:
    return f"[data-standing='{someone.id}']"


async def direct(page: Page, someone: Someone, act: str) -> None:
    await page.locator(f"{standing(someone)} [data-act={act}]").click()


# When the first picture of somebody was drawn in this page, by the machine's clock.
AWAIT_PICTURE = """
(name) => {
  window.drawn = new Promise((done) => {
    const look = () => {
      const tiles = [...document.querySelectorAll('.player [data-slot]')];
      const video = tiles.find((one) => one.textContent.includes(name))?.querySelector('video');
      if (video?.videoWidth > 0 && video.getVideoPlaybackQuality().totalVideoFrames > 0) {
        return done(performance.timeOrigin + performance.now());
      }
      requestAnimationFrame(look);  // anew each time: a tile may be drawn again before its picture comes
    };
    look();
  });
}
"""
# One goes on air and another off, as quickly as two fingers.
HAND_OVER = """
([heir, leaver]) => {
  const button = (id) => document.querySelector(`[data-standing='${id}'] [data-act=air]`);
  const at = Date.now();
  button(heir).click();
  button(leaver).click();
  return at;
}
"""
REPLAYS = """
() => {
  const video = document.querySelector('[data-replay=ready] video');
  if (!video) return false;
  video.muted = true;
  if (video.paused) video.play().catch(() => {});
  return video.videoWidth > 0 && video.currentTime > 1;
}
"""


async def hand_over(desk: Page, viewers: list[Page], heir: Someone, leaver: Someone) -> None:
    """Say how long it took from the press of the button to the heir's first picture at each viewer."""
    for viewer in viewers:
        await viewer.evaluate(AWAIT_PICTURE, heir.name)
    pressed = await desk.evaluate(HAND_OVER, [str(heir.id), str(leaver.id)])
    drawn = [await viewer.evaluate("() => window.drawn") for viewer in viewers]
    logger.info("hand-over to the %s: %s ms", heir.key, [round(at - pressed) for at in drawn])
    for viewer in viewers:
        await expect(viewer.locator(".player [data-slot]", has_text=leaver.name)).to_have_count(0)


async def agree_to_record(notice: Locator) -> None:
    await notice.click()


async def test_panel_of_three_goes_live_is_handed_over_and_replayed(browser: Browser, demo: Demo) -> None:
    """Directed on a phone, watched by two; three browsers send."""
    path = f"/s/{NEXT_SESSION}"
    speaker, moderator, organiser = (PERSONAS[one] for one in ("speaker", "moderator", "organiser"))
    async with AsyncExitStack() as people:

        async def somebody(persona: str, size: Sizes = DESKTOP, locale: Locale = "ar") -> Profile:
            profile = await people.enter_async_context(demo.profile(browser, persona, locale, size))
            await profile.context.grant_permissions(["camera", "microphone"], origin=demo.url)
            return profile

        viewers = [
            await (await somebody("attendee", locale="en")).open(path),
            await (await somebody("volunteer", PHONE, locale="en")).open(path),
        ]
        for viewer in viewers:
            await expect(viewer.locator("[data-waiting=backstage]")).to_contain_text("Bring a short text")
        hand = await somebody("organiser", PHONE)
        for who in (await somebody("speaker"), await somebody("moderator"), hand):
            studio = await who.open(f"{path}/studio")
            await studio.locator("[data-step=backstage], [data-step=enter]").click()
            await studio.locator("[data-action=agree]").click()  # the session is recorded
            await expect(studio.locator("[data-sending=connected]")).to_be_visible()
        # Nobody is on air yet; who speaks is marked among themselves.
        await expect(studio.locator(".tiles .speaks").first).to_be_visible()

        desk = await hand.open(path)
        # That it is recorded is said once, over what stands below the picture on a phone.
        await desk.add_locator_handler(desk.locator("[data-action=consent]"), agree_to_record)
        await desk.locator("[data-tab=stage]").click()
        await desk.locator("[data-desk] summary").filter(has_text=word("direct.card")).click()
        await desk.locator("[data-card=en]").fill("We begin in a moment.")
        await desk.locator("[data-card=save]").click()
        for viewer in viewers:
            await expect(viewer.locator("[data-waiting=backstage]")).to_contain_text("We begin in a moment.")
        await expect(desk.locator(f"{standing(speaker)}[data-where=ready]")).to_be_visible()
        await desk.locator("[data-move=live]").click()
        await expect(desk.get_by_text(word("direct.check.sound"))).to_be_visible()
        await desk.locator("[data-move=confirm]").click()

        for viewer in viewers:
            await watch(viewer)
            await sees(viewer, 1)
        await direct(desk, moderator, "air")
        for viewer in viewers:
            await sees(viewer, 2)
        await hand_over(desk, viewers, organiser, moderator)
        await hand_over(desk, viewers, moderator, organiser)
        await direct(desk, organiser, "air")
        for viewer in viewers:
            await sees(viewer, 3)
        await viewers[0].locator("[data-action=layout]").click()
        await expect(viewers[0].locator("[data-layout=speaker]")).to_be_visible()

        await desk.locator("[data-break='10']").click()
        await desk.locator("[data-move=break]").click()
        for viewer in viewers:
            await expect(viewer.locator("[data-waiting=backstage] [role=timer]")).to_be_visible()
            await expect(viewer.get_by_text(word("player.wait.break", "en"), exact=True)).to_be_visible()
        await desk.locator("[data-move=live]").click()
        await desk.locator("[data-move=confirm]").click()
        for viewer in viewers:
            await sees(viewer, 3)
        await desk.locator("[data-move=ended]").click()
        await desk.locator("[data-move=confirm]").click()
        for viewer in viewers:
            await until(viewer, REPLAYS)
        await desk.locator("[data-move=reopen]").click()
        await expect(viewers[0].locator("[data-waiting=backstage]")).to_be_visible()


async def test_screen_and_film_stand_large_beside_who_speaks(browser: Browser, demo: Demo) -> None:
    async with demo.profile(browser, "speaker") as home, demo.profile(browser, "attendee", size=PHONE) as seat:
        for one in (home, seat):
            await one.context.grant_permissions(["camera", "microphone"], origin=demo.url)
        speaker = await home.open(f"/s/{LIVE_SESSION}/studio")
        viewer = await seat.open(f"/s/{LIVE_SESSION}")
        await watch(viewer)
        await go_on_air(speaker)
        await sees(viewer, 3)
        # A second window takes over, instead of each throwing the other off for ever; and the first takes it back.
        other = await home.open(f"/s/{LIVE_SESSION}/studio")
        await go_on_air(other)
        await expect(speaker.get_by_text(word("studio.elsewhere"))).to_be_visible()
        await go_on_air(speaker)
        await expect(other.locator("[data-sending=closed]")).to_be_visible()
        await other.close()
        share = button(speaker, "studio.screen.on")
        await share.click()
        await sees(viewer, 4)  # the camera stays
        await expect(viewer.locator("[data-layout=screen]")).to_be_visible()
        # What the browser's own button does.
        await speaker.evaluate(STOP_SHARING)
        await sees(viewer, 3)
        await expect(viewer.locator("[data-layout=gallery]")).to_be_visible()
        await expect(share).to_have_attribute("aria-pressed", "false")
        await speaker.locator("[data-film][data-state=ready] [data-act=film-on]").click()
        await expect(viewer.locator("[data-layout=screen]")).to_be_visible()
        await sees(viewer, 4)
        await expect(speaker.locator("[data-film] [role=timer]")).to_be_visible()
        await speaker.locator("[data-film]:has([role=timer]) [data-act=film-off]").click()
        await sees(viewer, 3)
        # A raised hand is called where the stage is directed, and comes on with its camera.
        await viewer.locator("[data-action=hand]").click()
        async with demo.profile(browser, "organiser") as office:
            desk = await office.open(f"/s/{LIVE_SESSION}")
            await desk.locator("[data-tab=stage]").click()
            await desk.locator(f"[data-hand='{PERSONAS['attendee'].id}'] [data-action=call]").click()
        await expect(viewer.locator("[data-invited]")).to_be_visible()
        asked = await seat.open(f"/s/{LIVE_SESSION}/studio")
        await go_on_air(asked)
        await sees(viewer, 4)


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
        await page.locator("[data-rehearsal=end].danger").click()
        await expect(page).to_have_url(f"{demo.url}/s/{LATER_SESSION}")
        await expect(page.locator("[data-waiting=scheduled]")).to_be_visible()
        await page.goto(rehearsal)
        await expect(page.get_by_text(word("core.missing.title"))).to_be_visible()
        assert await button(page, "chat.send").count() == 0
