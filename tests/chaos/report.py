"""What came out of a run, for people and for programs."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tests.chaos.history import JSON, Operation
from tests.chaos.nemesis import Strike

AROUND_S = 5.0  # a restart is felt a little longer than it takes
SHOWN = 20  # violations, of however many


@dataclass
class Report:
    kind: str
    seed: int
    seconds: float = 0.0
    operations: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    tried_again: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    publications: int = 0
    links: JSON = field(default_factory=dict)
    acknowledged_ms: dict[str, float] = field(default_factory=dict)
    longest_silence_s: dict[str, float] = field(default_factory=dict)  # by the fault that struck then
    crashes: int = 0
    violations: list[str] = field(default_factory=list)

    def count(self, operations: Sequence[Operation], struck: Sequence[Strike]) -> None:
        """Put the numbers of the operations and the faults in."""
        self.faults = dict(Counter(strike.name for strike in struck))
        self.operations = len(operations)
        self.outcomes = dict(Counter(one.outcome for one in operations))
        self.tried_again = sum(one.tries > 1 for one in operations)
        answered = [one for one in operations if one.outcome == "ok"]
        waits = sorted(one.ended - one.began for one in answered)
        if len(waits) > 1:
            picked = {"p50": statistics.median(waits), "p99": waits[int(len(waits) * 0.99)], "longest": waits[-1]}
            self.acknowledged_ms = {name: round(value * 1000, 1) for name, value in picked.items()}
            self.longest_silence_s = _silences(sorted(one.ended for one in answered), struck)


def _silences(answers: Sequence[float], struck: Sequence[Strike]) -> dict[str, float]:
    """For how long nobody got an answer, at the worst, when each kind of fault began, lasted or had just ended."""
    longest: dict[str, float] = {}
    for strike in struck:
        near = [at for at in answers if strike.began - AROUND_S <= at <= strike.ended + AROUND_S]
        gaps = [later - earlier for earlier, later in pairwise(near) if later > strike.began]
        longest[strike.name] = max(longest.get(strike.name, 0.0), round(max(gaps, default=0.0), 1))
    return longest


def operations_of(report: Report) -> str:
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(report.outcomes.items()))
    return f"{report.operations} operations ({outcomes}; {report.tried_again} tried again)"


def in_words(report: Report) -> str:
    """The report for people."""
    verdict = "no violation" if not report.violations else f"{len(report.violations)} VIOLATIONS"
    lines = [
        f"{report.kind}: {verdict} in {report.seconds} s, seed {report.seed}",
        f"  {operations_of(report)}, {report.publications} publications",
        f"  {sum(report.faults.values())} faults: "
        + ", ".join(f"{count} x {name}" for name, count in sorted(report.faults.items())),
        f"  live clients: {report.links}",
        f"  acknowledged after {report.acknowledged_ms} ms",
        "  longest silence, in seconds: "
        + ", ".join(
            f"{name} {gap}" for name, gap in sorted(report.longest_silence_s.items(), key=lambda item: -item[1])
        ),
        *(f"  left out: {name}" for name in report.left_out),
        *(f"  ! {violation[:600]}" for violation in report.violations[:SHOWN]),
    ]
    return "\n".join(lines)
