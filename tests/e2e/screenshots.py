"""`make screenshots`: the pages of the living example, in both languages, on a phone and on a desk.

Writes `web/screenshots/{page}-{lang}-{phone|desktop}.png` of the README's pages; `python -m tests.e2e.screenshots
all` takes every page, to `build/screenshots/`. Somebody has to look at them: no test can.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import get_args

import av
from playwright.async_api import Browser, Page, async_playwright

from server.demo.people import LIVE_SESSION
from tests.e2e.chromium import ARGUMENTS, DESKTOP, EXECUTABLE, PHONE, Locale, Sizes, settled, until
from tests.e2e.demo import Demo, demonstrating
from tests.e2e.media import comes_in
from tests.e2e.steps import watch
from tests.support import client

ROOT = Path(__file__).parents[2]
FOLDER, EVERY = ROOT / "web" / "screenshots", ROOT / "build" / "screenshots"
CAMERA = Path(__file__).with_name("camera.svg")
ZONE = "Asia/Amman"
PAGES = {"lobby": "attendee", "stage": "attendee", "studio": "speaker", "board": "team_lead", "desk": "moderator"}
SIZES: dict[str, tuple[Sizes, float]] = {"desktop": (DESKTOP, 1), "phone": (PHONE, 2)}
HEAVIEST_BYTES = 300_000
# What a camera and a microphone are called on people's machines.
DEVICES = """
if (window.MediaDeviceInfo) Object.defineProperty(MediaDeviceInfo.prototype, 'label', {
  get() { return this.kind === 'videoinput' ? 'HD Webcam' : 'Headset'; },
});
"""
# The one who looks has been counted, and the others have been heard of.
COUNTED = "() => /[1-9]/.test(document.querySelector('[data-tab=people]').innerText)"
RUNNING = "() => document.querySelector('video').currentTime > 1"


async def main() -> None:
    asked = sys.argv[1:] or list(PAGES)
    every = asked == ["all"]
    target = EVERY if every else FOLDER
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder, "camera.mjpeg")
        async with async_playwright() as playwright:
            first = await playwright.chromium.launch(executable_path=EXECUTABLE, args=[*ARGUMENTS])
            write_camera(await drawn(first), film)
            await first.close()
            seen = f"--use-file-for-fake-video-capture={film}"
            browser = await playwright.chromium.launch(executable_path=EXECUTABLE, args=[*ARGUMENTS, seen])
            async with demonstrating(Path(folder, "data")) as demo, audience(demo):
                names = [place.name for place in demo.places] if every else asked
                await take_all(browser, demo, names, target)
            await browser.close()


async def take_all(browser: Browser, demo: Demo, names: list[str], folder: Path) -> None:
    for name in names:
        who = PAGES.get(name, demo[name].persona)
        for locale in get_args(Locale):
            for size, (viewport, scale) in SIZES.items():
                options = {"device_scale_factor": scale, "timezone_id": ZONE, "color_scheme": "light"}
                async with demo.profile(browser, who, locale, viewport, **options) as somebody:
                    await somebody.context.add_init_script(DEVICES)
                    page = await somebody.open(demo[name].path)
                    await begun(page, name)
                    file = folder / f"{name}-{locale}-{size}.png"
                    await page.screenshot(path=file, animations="disabled")
                bytes_ = file.stat().st_size
                heavy = folder == FOLDER and bytes_ > HEAVIEST_BYTES
                print(f"{file.name:28} {bytes_ / 1000:6.0f} KB{' too heavy' if heavy else ''}", flush=True)


async def begun(page: Page, name: str) -> None:
    """The page as people have it when they are busy with it."""
    await settled(page)
    if name == "stage":
        await watch(page)
        await comes_in(page, frames=60)
        await until(page, COUNTED)
    if name == "desk" and page.viewport_size == DESKTOP:
        await page.locator("video").first.wait_for()
        await until(page, RUNNING)
    if name == "studio":
        await page.locator("[data-step=enter]:enabled").wait_for()
    await page.mouse.move(0, 0)
    await page.evaluate("document.activeElement?.blur()")
    if name == "stage":
        await page.locator(".player:not(.active)").wait_for()


@asynccontextmanager
async def audience(demo: Demo) -> AsyncIterator[None]:
    """Others who are in the talk too, as their open pages are."""
    async with AsyncExitStack() as others:
        for persona in ("moderator", "team_lead", "volunteer", "organiser"):
            door = await others.enter_async_context(client.Browser(demo.url))
            await door.post("/api/demo/sign-in", {"persona": persona})
            ear = await others.enter_async_context(door.socket())
            await ear.subscribe(f"session:{LIVE_SESSION}")
        yield


async def drawn(browser: Browser) -> bytes:
    """What stands before the camera."""
    page = await browser.new_page(viewport={"width": 1280, "height": 720})
    await page.set_content(f"<style>body {{ margin: 0 }}</style>{CAMERA.read_text()}")
    picture = await page.screenshot()
    await page.close()
    return picture


def write_camera(picture: bytes, file: Path, frames: int = 20) -> None:
    """A film of one picture, in the format that Chromium takes for a camera."""
    with tempfile.NamedTemporaryFile(suffix=".png") as still, av.open(str(file), "w", format="mjpeg") as film:
        still.write(picture)
        still.flush()
        stream = film.add_stream("mjpeg", rate=20, width=1280, height=720, pix_fmt="yuvj420p")
        with av.open(still.name) as source:
            frame = next(source.decode(video=0)).reformat(format="yuvj420p")
        for number in range(frames):
            frame.pts = number
            film.mux(stream.encode(frame))
        film.mux(stream.encode())


if __name__ == "__main__":
    asyncio.run(main())
