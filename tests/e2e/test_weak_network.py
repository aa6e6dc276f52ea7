"""A talk over a bad line: the picture goes on through losses and grows smaller; sound goes on at 64 kbit/s."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tests.e2e.weak import gets_less, listen, look, received, talking

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(240),
    pytest.mark.skipif(os.geteuid() != 0, reason="a network of its own needs root"),
]
LOSS_PERCENT = 5
PICTURE_S, SOUND_S = 10, 10
SETTLE_S = 5
SMALL_KBIT = 450
"""Far below the large picture, enough for the small one with its sound and repeats."""


async def test_talk_goes_on_over_a_bad_line(tmp_path: Path) -> None:
    """Short forms; the long ones are `python -m tests.bench weak`."""
    async with talking(tmp_path, audio_only=False) as talk:
        talk.narrow(loss_percent=LOSS_PERCENT)
        await asyncio.sleep(SETTLE_S)
        heard, seen = await asyncio.gather(listen(talk.viewer, PICTURE_S), look(talk, PICTURE_S))
        assert seen.decoded >= 0.85
        assert (seen.seconds_without, seen.frozen_s < PICTURE_S / 5) == (0, True), seen
        assert heard.silent_seconds == 0

        await gets_less(talk, kbit=SMALL_KBIT)

        await talk.viewer.locator("[data-action=quality]").click()
        await talk.viewer.locator("[data-mode=audio] input").check()
        talk.narrow(kbit=64)
        await asyncio.sleep(SETTLE_S)
        before = await received(talk.viewer)
        heard = await listen(talk.viewer, SOUND_S)
        assert (await received(talk.viewer)).decoded == before.decoded
        assert heard.lost > 0, "the line was good"
        assert (heard.silent_seconds, heard.made_up < 0.15) == (0, True), heard
