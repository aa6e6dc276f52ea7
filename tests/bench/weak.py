"""The part weak: a picture through 5 % loss, and sound alone through 64 kbit/s and 3 %; needs root."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.rows import Row, row
from tests.e2e.weak import Heard, Seen, listen, look, talking

KBIT, LOSS_PERCENT = 64, 3
SETTLE_S = 5
WORST = 0.35
"""Of one second's sound; more of it made up is heard as a gap."""

CONDITIONS = (
    f"{KBIT} kbit/s with a queue of 400 ms and {LOSS_PERCENT} % of packets lost, each way; the real page in "
    "Chromium, one speaker who never pauses"
)


PICTURE_LOSS_PERCENT, PICTURE_S = 5, 60


def measure(*, seconds: int, say: Callable[[str], None]) -> Iterator[Row]:
    yield from _picture(asyncio.run(_look()), say)
    heard = asyncio.run(_hear(seconds))
    say(f"  {heard}")
    sound = heard.silent_seconds == 0
    conditions = f"{seconds} s, {CONDITIONS}"
    yield row(
        "Weak line: worst second's share of made-up sound",
        [heard.worst],
        "",
        conditions=conditions,
        bar=WORST,
        sound=sound,
    )
    yield row("Weak line: made-up sound in all", [heard.made_up], "", conditions=conditions)
    yield row("Weak line: packets lost", [heard.lost], "", conditions=conditions)
    yield row("Weak line: seconds without any sound", [heard.silent_seconds], "s", conditions=conditions, bar=0)
    yield row("Weak line: store against bad moments", [heard.wait_ms], "ms", conditions=conditions)


def _picture(seen: Seen, say: Callable[[str], None]) -> Iterator[Row]:
    say(f"  {seen}")
    conditions = f"{PICTURE_S} s, {PICTURE_LOSS_PERCENT} % of packets lost each way; the real page in Chromium"
    shown = "Weak line: picture, seconds in a row without a new one"
    yield row(shown, [seen.seconds_without], "s", conditions=conditions, bar=0)
    yield row("Weak line: picture, frozen in all", [seen.frozen_s], "s", conditions=conditions)
    yield row("Weak line: picture, share decoded", [seen.decoded], "", conditions=conditions, better="higher")


async def _look() -> Seen:
    with TemporaryDirectory(prefix="multaqa-bench-") as folder:
        async with talking(Path(folder), audio_only=False) as talk:
            talk.narrow(loss_percent=PICTURE_LOSS_PERCENT)
            await asyncio.sleep(SETTLE_S)
            return await look(talk, PICTURE_S)


async def _hear(seconds: int) -> Heard:
    with TemporaryDirectory(prefix="multaqa-bench-") as folder:
        async with talking(Path(folder), audio_only=True) as talk:
            talk.narrow(kbit=KBIT, loss_percent=LOSS_PERCENT)
            await asyncio.sleep(SETTLE_S)
            return await listen(talk.viewer, seconds)
