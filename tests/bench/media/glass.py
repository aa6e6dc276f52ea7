"""What a person sees: from the click to the first picture, and from a speaker's screen to a viewer's.

Two pages of one Chromium, so that both read one clock. The speaker's picture is the time itself, drawn as black
and white squares; the viewer reads it back from every picture shown.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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
HAND_OVER_BAR_MS = 1_000.0
HAND_OVERS = 12
_SPEAKERS = ("one", "other")
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
  window.speak = async (owner) => {
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
    await exchange(pc, `/whip?owner=${owner}`);
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
  window.still = async (ms) => {
    const video = document.getElementById("v0"), end = performance.now() + ms;
    let longest = 0;
    for (let last = performance.now(); last < end; ) {
      await frame(video);
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    }
    return longest;
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


@dataclass(frozen=True)
class _Seen:
    """All in milliseconds."""

    firsts: list[float]
    delays: list[float]
    stills: list[float]


def measure(joins: int, frames: int, say: Callable[[str], None]) -> Iterator[Row]:
    seen = asyncio.run(_measure(joins, frames))
    firsts, delays = seen.firsts, seen.delays
    say(f"  click to first frame {firsts}")
    say(f"  still at a hand-over {seen.stills}")
    what = "Chromium publishes 640 x 360 at 30/s and watches, everything on one machine"
    yield row(
        "media: click to first frame, p95",
        [_p95(firsts)],
        "ms",
        bar=FIRST_FRAME_BAR_MS,
        conditions=f"{what}; {joins} clicks, p50 {median(firsts):.0f} ms",
    )
    for name, value in (("p50", median(delays)), ("p95", _p95(delays))):
        yield row(f"media: glass to glass, {name}", [value], "ms", conditions=f"{what}; {len(delays)} pictures")
    yield row(
        "media: hand-over, longest still picture",
        [max(seen.stills)],
        "ms",
        bar=HAND_OVER_BAR_MS,
        conditions=f"{what}; {HAND_OVERS} times from one speaker to the other, p50 {median(seen.stills):.0f} ms",
    )


def _p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20)[18]


async def _measure(joins: int, frames: int) -> _Seen:
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(MediaSettings(control=Path(folder) / "media.sock", host="127.0.0.1"))
        engine.want(ROOM, Wish(revision=1, open=True, on_air=frozenset({_SPEAKERS[0]})))
        try:
            async with async_playwright() as playwright, Bridge(engine).serving() as bridge:
                browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=_FLAGS)
                speaker, viewer = await _page(browser, bridge), await _page(browser, bridge)
                await speaker.evaluate("speak", _SPEAKERS[0])
                await viewer.evaluate("click()")
                await viewer.evaluate("delays(60)")  # until the encoder has found its rate
                firsts = [round(float(await viewer.evaluate("click()")), 1) for _ in range(joins)]
                delays = [float(one) for one in await viewer.evaluate(f"delays({frames})")]
                await (await _page(browser, bridge)).evaluate("speak", _SPEAKERS[1])
                stills = [await _handed_over(engine, viewer, number) for number in range(HAND_OVERS)]
                await browser.close()
                return _Seen(firsts, delays, stills)
        finally:
            await engine.close()


async def _handed_over(engine: Engine, viewer: Page, number: int) -> float:
    """The longest time without a new picture, while another one takes the stage."""
    await asyncio.sleep(1)  # some pictures have come since the last keyframe
    looking = asyncio.create_task(viewer.evaluate("still(2500)"))
    await asyncio.sleep(0.5)
    engine.want(ROOM, Wish(revision=number + 2, open=True, on_air=frozenset({_SPEAKERS[(number + 1) % 2]})))
    return round(float(await looking), 1)


async def _page(browser: Browser, bridge: Bridge) -> Page:
    context = await browser.new_context(permissions=["microphone"])
    page = await context.new_page()
    await page.goto(bridge.url)
    await page.evaluate(_SCRIPT)
    return page
