"""`make chaos`: 50,000 operations and 40 faults on each kind of database; writes build/chaos.json.

And 10,000 operations of 50 people on one board, who move, edit, comment and make cards all at once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

from tests.chaos.place import Kind
from tests.chaos.report import Report, in_words
from tests.chaos.run import Plan, run

RESULT = Path(__file__).parents[2] / "build" / "chaos.json"
KINDS: tuple[Kind, ...] = ("sqlite", "postgresql")


def main() -> int:
    options = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    options.add_argument("--kind", choices=KINDS, action="append", help="one kind of database only")
    options.add_argument("--operations", type=int, default=50_000)
    options.add_argument("--faults", type=int, default=40)
    options.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    options.add_argument("--only", action="append", default=[], help="strike only the fault of this name")
    given = options.parse_args()
    reports: list[Report] = []
    for kind in given.kind or KINDS:
        plan = Plan(
            kind,
            operations=given.operations,
            faults=given.faults,
            people=160,
            sessions=6,
            boards=2,
            listeners=3,
            think_s=0.4,
            seed=given.seed,
            only=tuple(given.only),
        )
        # The same again as a team of 50 on one board, where everybody meets everybody.
        board = replace(
            plan, operations=given.operations // 5, faults=given.faults // 4, people=50, sessions=1, boards=1
        )
        for one in (plan, replace(board, board_share=0.9)):
            print(f"\n{kind}, {one.people} people, seed {given.seed}", flush=True)
            report = asyncio.run(run(one, tell=lambda line: print(f"  {line}", flush=True)))
            print(f"\n{in_words(report)}", flush=True)
            reports.append(report)
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps([asdict(one) for one in reports], indent=1, ensure_ascii=False) + "\n")
    return 1 if any(report.violations for report in reports) else 0


if __name__ == "__main__":
    sys.exit(main())
