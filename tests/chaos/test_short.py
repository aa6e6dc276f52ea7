"""The short form of `make chaos`: a few hundred commands and some faults on each kind of database."""

from __future__ import annotations

import pytest

from tests.chaos.place import Kind
from tests.chaos.report import in_words
from tests.chaos.run import Plan, run

STRUCK: dict[Kind, tuple[str, ...]] = {
    "sqlite": ("kill -9 a server process", "people's links cut", "kill -9 the parent"),
    "postgresql": (
        "kill -9 a server process",
        "kill -9 Redis",
        "PostgreSQL restart, immediate",
        "link to Redis cut",
    ),
}


@pytest.mark.services
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_nothing_acknowledged_is_lost(kind: Kind) -> None:
    plan = Plan(
        kind,
        operations=250,
        faults=len(STRUCK[kind]),
        people=24,
        sessions=2,
        boards=1,
        listeners=2,
        think_s=0.3,
        board_share=0.5,
        lasts=0.3,
        only=STRUCK[kind],
    )
    report = await run(plan, tell=print)
    print(in_words(report))
    assert report.violations == []
    assert report.outcomes["ok"] > 180
