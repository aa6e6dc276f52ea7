"""What a person sees: from the click to the first picture, and from a speaker's screen to a viewer's.

Two pages of one Chromium, so that both read one clock. The speaker's picture is the time itself, drawn as black
and white squares; the viewer reads it back from every picture shown.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median, quantiles

from playwright.async_api import Browser, Page, async_playwright

from realtime.media.engine import Engine
from realtime.media.room import Wish
from realtime.media.settings import MediaSettings
from tests.bench.rows import Row, row
from tests.media.bridge import Bridge
from tests.media.conftest import ROOM

FIRST_FRAME_BAR_MS = 250.0
_FLAGS = [
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]

_SCRIPT = """() => {
  const BITS = 28, SIZE = 20;
  const exchange = async (pc, path) => {
    await pc.setLocalDescription();
    const answer = await fetch(path, {method: "POST", body: pc.localDescription.sdp});
    if (answer.status !== 201) throw new Error(await answer.text());
    await pc.setRemoteDescription({type: "answer", sdp: await answer.text()});
  };
  const drawn = () => {
    const canvas = new OffscreenCanvas(640, 360);
    return [canvas, canvas.getContext("2d", {willReadFrequently: true})];
  };
  window.speak = async () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [640, 360];
    const pen = canvas.getContext("2d");
    setInterval(() => {
      const now = Date.now() % 2 ** BITS;
      pen.fillStyle = "#456"; pen.fillRect(0, 0, 640, 360);
      for (let bit = 0; bit < BITS; bit++) {
        pen.fillStyle = Math.floor(now / 2 ** bit) % 2 ? "#fff" : "#000";
        pen.fillRect(20 + bit * SIZE, 100, SIZE, 60);
      }
    }, 1000 / 30);
    const sound = await navigator.mediaDevices.getUserMedia({audio: true});
    const pc = window.pc = new RTCPeerConnection({bundlePolicy: "max-bundle"});
    for (const track of [...sound.getTracks(), ...canvas.captureStream(30).getTracks()])
      pc.addTransceiver(track, {direction: "sendonly"});
    await exchange(pc, "/whip?owner=speaker");
  };
  const frame = (video) => new Promise((resolve) => video.requestVideoFrameCallback(resolve));
  window.click = async () => {
    const began = performance.now();
    window.pc?.close();
    const video = document.getElementById("v0");
    const pc = window.pc = new RTCPeerConnection({bundlePolicy: "max-bundle"});
    pc.ontrack = ({track, streams}) => { if (track.kind === "video") video.srcObject = streams[0]; };
    const shown = frame(video);
    for (const kind of ["audio", "video"]) pc.addTransceiver(kind, {direction: "recvonly"});
    await exchange(pc, "/whep");
    await shown;
    return performance.now() - began;
  };
  window.delays = async (count) => {
    const [, pen] = drawn(), video = document.getElementById("v0"), found = [];
    while (found.length < count) {
      await frame(video);
      pen.drawImage(video, 0, 0, 640, 360);
      const line = pen.getImageData(0, 130, 640, 1).data;
      let then = 0;
      for (let bit = 0; bit < BITS; bit++) if (line[4 * (20 + bit * SIZE + SIZE / 2)] > 128) then += 2 ** bit;
      found.push((Date.now() % 2 ** BITS) - then);
    }
    return found;
  };
}"""


def measure(joins: int, frames: int, say: Callable[[str], None]) -> Iterator[Row]:
    firsts, delays = asyncio.run(_measure(joins, frames))
    say(f"  click to first frame {firsts}")
    what = "Chromium publishes 640 x 360 at 30/s and watches, everything on one machine"
    yield row(
        "media: click to first frame, p95",
        [_p95(firsts)],
        "ms",
        bar=FIRST_FRAME_BAR_MS,
        conditions=f"{what}; {joins} clicks, p50 {median(firsts):.0f} ms",
    )
    yield row(
        "media: glass to glass, p95",
        [_p95(delays)],
        "ms",
        conditions=f"{what}; {len(delays)} pictures, p50 {median(delays):.0f} ms",
    )


def _p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20)[18]


async def _measure(joins: int, frames: int) -> tuple[list[float], list[float]]:
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(MediaSettings(control=Path(folder) / "media.sock", host="127.0.0.1"))
        engine.want(ROOM, Wish(revision=1, open=True, on_air="all"))
        try:
            async with async_playwright() as playwright, Bridge(engine).serving() as bridge:
                browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=_FLAGS)
                speaker, viewer = await _page(browser, bridge), await _page(browser, bridge)
                await speaker.evaluate("speak()")
                await viewer.evaluate("click()")
                await viewer.evaluate("delays(60)")  # until the encoder has found its rate
                firsts = [round(float(await viewer.evaluate("click()")), 1) for _ in range(joins)]
                delays = [float(one) for one in await viewer.evaluate(f"delays({frames})")]
                await browser.close()
                return firsts, delays
        finally:
            await engine.close()


async def _page(browser: Browser, bridge: Bridge) -> Page:
    context = await browser.new_context(permissions=["microphone"])
    page = await context.new_page()
    await page.goto(bridge.url)
    await page.evaluate(_SCRIPT)
    return page
