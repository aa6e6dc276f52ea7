"""What came out of a run, for people and for programs."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tests.chaos.history import JSON, Operation

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
    longest_silence_s: float = 0.0
    crashes: int = 0
    violations: list[str] = field(default_factory=list)

    def count(self, operations: Sequence[Operation]) -> None:
        """Put the numbers of the operations in."""
        self.operations = len(operations)
        self.outcomes = dict(Counter(one.outcome for one in operations))
        self.tried_again = sum(one.tries > 1 for one in operations)
        answered = [one for one in operations if one.outcome == "ok"]
        waits = sorted(one.ended - one.began for one in answered)
        if len(waits) > 1:
            picked = {"p50": statistics.median(waits), "p99": waits[int(len(waits) * 0.99)], "longest": waits[-1]}
            self.acknowledged_ms = {name: round(value * 1000, 1) for name, value in picked.items()}
            ends = sorted(one.ended for one in answered)
            self.longest_silence_s = round(max(later - earlier for earlier, later in pairwise(ends)), 1)


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
        f"  acknowledged after {report.acknowledged_ms} ms; longest silence {report.longest_silence_s} s",
        *(f"  left out: {name}" for name in report.left_out),
        *(f"  ! {violation[:600]}" for violation in report.violations[:SHOWN]),
    ]
    return "\n".join(lines)
