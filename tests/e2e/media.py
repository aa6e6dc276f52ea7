"""What the browser's own numbers say about sound and picture, on both ends."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from playwright.async_api import Page

from tests.e2e.chromium import until

ENOUGH = 0.95  # of the frames encoded meanwhile
FRAMES = 240
NUMBERS = """
async () => {
  const sum = { encoded: 0, decoded: 0, energy: 0, packets: 0 };
  for (const peer of window.peers.filter((one) => one.connectionState !== 'closed')) {
    let encoded = 0;
    for (const one of (await peer.getStats()).values()) {
      // Every layer is an encoding of the same frames.
      if (one.type === 'outbound-rtp' && one.kind === 'video') encoded = Math.max(encoded, one.framesEncoded);
      if (one.type === 'inbound-rtp' && one.kind === 'video') sum.decoded += one.framesDecoded;
      if (one.type === 'inbound-rtp' && one.kind === 'audio') sum.energy += one.totalAudioEnergy;
      if (one.type === 'inbound-rtp' && one.kind === 'audio') sum.packets += one.packetsReceived;
    }
    sum.encoded += encoded;
  }
  return sum;
}
"""
PLAYING = """
() => [...document.querySelectorAll('video')].some((one) =>
  !one.paused && !one.muted && one.volume > 0 && one.videoWidth > 0
  && one.checkVisibility({ visibilityProperty: true })
  && one.srcObject?.getAudioTracks().length > 0)
"""


@dataclass(frozen=True)
class Numbers:
    encoded: int
    decoded: int
    energy: float
    packets: int


@dataclass(frozen=True)
class Share:
    """How much of what was encoded a page decoded, and how loud it was there."""

    decoded: float
    energy: float
    frames: int


async def numbers(page: Page) -> Numbers:
    return Numbers(**await page.evaluate(NUMBERS))


async def plays(page: Page) -> None:
    """Wait until a picture runs in the page, with its sound let out."""
    await until(page, PLAYING)


async def shares(speaker: Page, *viewers: Page, frames: int = FRAMES) -> list[Share]:
    """Let the speaker's browser encode so many frames, and see what the viewers decode of them meanwhile."""
    start, before = await _all(speaker, viewers)
    reached = f"async (target) => (await ({NUMBERS})()).encoded >= target"
    await until(speaker, reached, start.encoded + frames, within_s=60)
    end, after = await _all(speaker, viewers)
    encoded = end.encoded - start.encoded
    return [
        Share((now.decoded - then.decoded) / encoded, now.energy - then.energy, encoded)
        for then, now in zip(before, after, strict=True)
    ]


async def seen_and_heard(speaker: Page, *viewers: Page, frames: int = FRAMES) -> None:
    """Every viewer decodes nearly all that is encoded meanwhile, and hears something."""
    for share in await shares(speaker, *viewers, frames=frames):
        assert share.decoded >= ENOUGH, share
        assert share.energy > 0, share


async def comes_in(viewer: Page, frames: int = FRAMES // 2) -> None:
    """Wait until so many more frames were decoded, and sound was heard meanwhile."""
    before = await numbers(viewer)
    reached = f"async (target) => (await ({NUMBERS})()).decoded >= target"
    await until(viewer, reached, before.decoded + frames, within_s=60)
    assert (await numbers(viewer)).energy > before.energy


async def _all(speaker: Page, viewers: tuple[Page, ...]) -> tuple[Numbers, list[Numbers]]:
    first, *others = await asyncio.gather(numbers(speaker), *(numbers(viewer) for viewer in viewers))
    return first, others
