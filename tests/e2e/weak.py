"""Lines as bad as people really have: a talk heard and seen through them, and what came of it second by second."""

from __future__ import annotations

import array
import asyncio
import math
import wave
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from playwright.async_api import Page

from models.migrate import upgrade
from tests.e2e.chromium import EXECUTABLE, chromium, profile, until
from tests.e2e.house import database, lay_out_talk
from tests.e2e.media import numbers
from tests.e2e.sites import Site
from tests.e2e.steps import go_on_air, watch
from tests.support.networks import Network, networks

PORT = 8000
RATE = 16_000
# What the receiver says of its sound and picture, over all slots.
RECEIVED = """
async () => {
  const sum = { samples: 0, concealed: 0, packets: 0, lost: 0, repaired: 0, decoded: 0, frozen_s: 0, wait_s: 0 };
  for (const peer of window.peers.filter((one) => one.connectionState === 'connected')) {
    for (const one of (await peer.getStats()).values()) {
      if (one.type !== 'inbound-rtp') continue;
      if (one.kind === 'video') {
        sum.decoded += one.framesDecoded;
        sum.frozen_s += one.totalFreezesDuration ?? 0;
      } else if (one.packetsReceived > 0) {
        sum.samples += one.totalSamplesReceived;
        sum.concealed += one.concealedSamples - one.silentConcealedSamples;
        sum.packets += one.packetsReceived;
        sum.lost += one.packetsLost;
        sum.repaired += one.fecPacketsReceived ?? 0;
        sum.wait_s = one.jitterBufferDelay / Math.max(1, one.jitterBufferEmittedCount);
      }
    }
  }
  return sum;
}
"""
# The widest picture that comes, once the server gives less for the line's sake.
LESS = """
async (before) => {
  let widest = 0;
  for (const peer of window.peers.filter((one) => one.connectionState === 'connected')) {
    for (const one of (await peer.getStats()).values()) {
      if (one.type === 'inbound-rtp' && one.kind === 'video') widest = Math.max(widest, one.frameWidth ?? 0);
    }
  }
  if (before === 0) return widest;
  return widest > 0 && widest < before && document.querySelector('.less[data-action=quality]') !== null;
}
"""
AUDIO_ONLY = "if (location.protocol !== 'about:') localStorage.setItem('quality', 'audio')"


@dataclass(frozen=True)
class Received:
    samples: float
    concealed: float
    packets: int
    lost: int
    repaired: int
    decoded: int
    frozen_s: float
    wait_s: float


@dataclass(frozen=True)
class Heard:
    """`worst` is the share of one second's sound that the player had to make up; a gap is most of a second."""

    seconds: int
    packets: int
    lost: float
    made_up: float
    worst: float
    silent_seconds: int
    wait_ms: float


@dataclass(frozen=True)
class Seen:
    """`decoded` is a share of what the speaker's browser encoded; `frozen_s` as the viewer's browser tells."""

    decoded: float
    frozen_s: float
    seconds_without: int
    """The most in a row without a picture."""


@dataclass(frozen=True)
class Talk:
    """A speaker on a good line, and a viewer on one that can be made bad."""

    middle: Network
    line: Network
    speaker: Page
    viewer: Page

    def narrow(self, *, kbit: int | None = None, loss_percent: int = 0) -> None:
        self.line.narrow(self.middle, kbit=kbit, loss_percent=loss_percent)


async def received(page: Page) -> Received:
    return Received(**await page.evaluate(RECEIVED))


async def listen(page: Page, seconds: int) -> Heard:
    """What was heard, looked at every second."""
    seen = [await received(page)]
    for _ in range(seconds):
        await asyncio.sleep(1)
        seen.append(await received(page))
    steps = list(pairwise(seen))
    shares = [(now.concealed - then.concealed) / max(1.0, now.samples - then.samples) for then, now in steps]
    first, last = seen[0], seen[-1]
    came, lost = last.packets - first.packets, last.lost - first.lost
    return Heard(
        seconds=seconds,
        packets=came,
        lost=lost / max(1, came + lost),
        made_up=(last.concealed - first.concealed) / max(1.0, last.samples - first.samples),
        worst=max(shares),
        silent_seconds=sum(now.packets == then.packets for then, now in steps),
        wait_ms=1000 * last.wait_s,
    )


async def look(talk: Talk, seconds: int) -> Seen:
    """What was seen, looked at every second."""
    sent, pictures = await numbers(talk.speaker), [await received(talk.viewer)]
    for _ in range(seconds):
        await asyncio.sleep(1)
        pictures.append(await received(talk.viewer))
    encoded = (await numbers(talk.speaker)).encoded - sent.encoded
    without = longest = 0
    for then, now in pairwise(pictures):
        without = without + 1 if now.decoded == then.decoded else 0
        longest = max(longest, without)
    first, last = pictures[0], pictures[-1]
    return Seen((last.decoded - first.decoded) / max(1, encoded), last.frozen_s - first.frozen_s, longest)


async def gets_less(talk: Talk, kbit: int) -> None:
    """The line bears so much from now on: another layer comes, and it goes on."""
    before = await until(talk.viewer, LESS, 0)
    talk.narrow(kbit=kbit)
    await until(talk.viewer, LESS, before, within_s=40)
    decoded = (await received(talk.viewer)).decoded
    await until(
        talk.viewer, f"async (target) => (await ({RECEIVED})()).decoded >= target", decoded + 30, within_s=40
    )


@asynccontextmanager
async def talking(folder: Path, *, audio_only: bool) -> AsyncIterator[Talk]:
    """A real installation in networks of its own, a speaker who never pauses, and a viewer who is in."""
    with networks(["weak", "near"]) as (middle, (weak, near)):
        url = f"http://{middle.address}:{PORT}"
        settings = {"MULTAQA_HOST": "0.0.0.0", "MULTAQA_PORT": str(PORT), "MULTAQA_PUBLIC_URL": url}
        site = Site("serve", folder / "data", **settings)
        (folder / "data").mkdir()
        rows = f"sqlite:///{folder}/data/multaqa.sqlite"
        await asyncio.to_thread(upgrade, rows)
        async with database(rows) as db:
            world = await db.write(lambda unit: lay_out_talk(unit))
        write_speech(folder / "speech.wav")
        voice = f"--use-file-for-fake-audio-capture={folder}/speech.wav"
        trust = f"--unsafely-treat-insecure-origin-as-secure={url}"
        await site.start(before=middle.inside)
        try:
            path = f"/s/{world.session}"
            async with (
                chromium(trust, voice, executable=near.program(folder, EXECUTABLE)) as free,
                chromium(trust, executable=weak.program(folder, EXECUTABLE)) as behind,
                profile(free, url, world["speaker"].token) as one,
                profile(behind, url, world["attendee"].token) as two,
            ):
                if audio_only:
                    await two.context.add_init_script(AUDIO_ONLY)
                speaker = await one.open(f"{path}/studio")
                await go_on_air(speaker)
                viewer = await two.open(path)
                if audio_only:
                    await viewer.locator("[data-action=join]").click()
                    await until(viewer, f"async () => (await ({RECEIVED})()).packets > 50")
                else:
                    await watch(viewer)
                yield Talk(middle, weak, speaker, viewer)
        finally:
            await site.stop()


def write_speech(path: Path, seconds: float = 8.0) -> None:
    """Vowels without a pause: pulses through two resonances that change with every syllable."""
    vowels: Sequence[tuple[float, float]] = ((700, 1200), (300, 2300), (320, 800), (500, 1700), (450, 1000))
    samples = array.array("h")
    phase, memory = 0.0, [0.0] * 4
    for n in range(int(seconds * RATE)):
        at = n / RATE
        phase += (120 + 25 * math.sin(2 * math.pi * 0.7 * at)) / RATE
        sound = 0.0
        if phase >= 1:
            phase -= 1
            sound = 1.0
        for place, formant in enumerate(vowels[int(at / 0.22) % len(vowels)]):
            one, two = memory[2 * place], memory[2 * place + 1]
            sound += 1.94 * math.cos(2 * math.pi * formant / RATE) * one - 0.941 * two
            memory[2 * place], memory[2 * place + 1] = sound, one
        # Syllables rise and fall: steady sound would be taken for noise, and no encoder protects that.
        loud = 2_500 * max(0.003, math.sin(math.pi * (at / 0.22 % 1))) ** 2
        samples.append(int(max(-32_000, min(32_000, sound * loud))))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
