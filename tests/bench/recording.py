"""The part recording: what writing a stage costs, per second of media, with everything the recorder does in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.rows import Row, digits, row
from tests.media.talks import Speaker, Talk

SECONDS = 20


def measure(*, rounds: int, say: Callable[[str], None]) -> Iterator[Row]:
    for name, speakers, kept in (
        ("HLS of one speaker", 1, False),
        ("HLS and recording of one speaker", 1, True),
        ("HLS and recording of a panel of three", 3, True),
    ):
        costs = [_cost(speakers, kept=kept) for _ in range(rounds)]
        say(f"  {name:40} {digits(min(costs))} to {digits(max(costs))} ms CPU per second of media")
        yield row(
            f"{name}, recorder CPU per second of media",
            costs,
            "ms",
            conditions=f"{SECONDS} s of H264 at 10 pictures/s and Opus, all packets in order, sound decoded "
            "and mixed, AAC encoded, pieces and index brought to the disk",
        )


def _cost(speakers: int, *, kept: bool) -> float:
    """Milliseconds of processor time for each second; encoding the source is not in it."""
    panel = [Speaker(f"s{number}", shade=60 + number, hz=440 + 100 * number) for number in range(speakers)]
    with TemporaryDirectory(prefix="multaqa-bench-") as folder:
        for speaker in panel:  # encoded once and kept
            for second in range(SECONDS):
                for _ in speaker.send(lambda packet: None, second, SECONDS):
                    pass
        talk = Talk(Path(folder))
        talk.open(kept=kept)
        panel = [Speaker(one.id, shade=one.shade, hz=one.hz) for one in panel]
        began = time.process_time()
        talk.run(*panel, seconds=SECONDS, of=SECONDS, loud=panel[0])
        talk.end()
        return 1000 * (time.process_time() - began) / SECONDS
