"""The part weak: a talk by sound alone over 64 kbit/s and 3 % loss, in networks of its own (needs root)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.rows import Row, row
from tests.e2e.weak import Heard, listen, talking

KBIT, LOSS_PERCENT = 64, 3
SETTLE_S = 5
WORST = 0.35
"""Of one second's sound; more of it made up is heard as a gap."""

CONDITIONS = (
    f"{KBIT} kbit/s with a queue of 400 ms and {LOSS_PERCENT} % of packets lost, each way; the real page in "
    "Chromium, one speaker who never pauses"
)


def measure(*, seconds: int, say: Callable[[str], None]) -> Iterator[Row]:
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


async def _hear(seconds: int) -> Heard:
    with TemporaryDirectory(prefix="multaqa-bench-") as folder:
        async with talking(Path(folder), audio_only=True) as talk:
            talk.narrow(kbit=KBIT, loss_percent=LOSS_PERCENT)
            await asyncio.sleep(SETTLE_S)
            return await listen(talk.viewer, seconds)
