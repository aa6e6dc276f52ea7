"""One tiny round of each own part of the benchmarks: nothing is timed, only that they still run and are right."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bench import command, hub, peers
from tests.bench.media import measure as media
from tests.bench.places import NODE_SCRIPTS
from tests.bench.rig import Server, Work, run
from tests.bench.rows import row, table, write

TINY = Work("tiny", connections=50, rate=50, warm_up=0.2, seconds=0.4)
TINY_SATURATED = Work("tiny, saturated", connections=50, outstanding=8, warm_up=0.1, seconds=0.2)
TINY_DEFLATE = Work("tiny, deflate", connections=50, rate=50, message_bytes=700, deflate=True, seconds=0.4)
TINY_STALLED = Work("tiny, stalled", connections=50, rate=50, message_bytes=4096, stalled=10, seconds=0.4)


compiled = pytest.mark.services  # needs a C compiler, which comes with the services


@compiled
@pytest.mark.parametrize("server", [peers.floor, peers.hub, peers.naive])
@pytest.mark.parametrize("work", [TINY, TINY_SATURATED, TINY_DEFLATE], ids=lambda work: work.name)
def test_every_message_reaches_everybody_in_order(server: Callable[[], Server], work: Work) -> None:
    done = run(server(), work)
    assert done.sound
    assert done.per_second > 0
    assert 0 < done.p50_ms <= done.p99_ms


@compiled
def test_stalled_readers_are_not_waited_for() -> None:
    assert run(peers.hub(), TINY_STALLED).sound


@compiled
def test_idle_connections_are_weighed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "IDLE_SETTLES_S", 0.1)
    assert hub.idle_kb(50) > 0


@pytest.mark.whole
def test_commands_are_answered() -> None:
    assert command.post_messages(20).p50_ms > 0


@pytest.mark.media
@pytest.mark.services
def test_viewers_of_both_media_servers_get_everything() -> None:
    plan = media.Plan(rounds=1, sizes=(4,), seconds=0.4, idle_s=0.1, warm_up_s=0.2)
    told: list[str] = []

    rows = {one.name: one for one in media.measure(plan, told.append)}

    assert len(told) == 3
    assert all("delivered 100.00%" in line for line in told)
    assert rows["media: viewers per core"].ratio is not None


def test_lock_of_the_peers_names_no_registry() -> None:
    lock = json.loads((NODE_SCRIPTS / "package-lock.json").read_text())
    packages = [package for name, package in lock["packages"].items() if name]
    assert all("integrity" in package and "resolved" not in package for package in packages)


def test_row_compares_the_ratio_with_the_bar(tmp_path: Path) -> None:
    rows = [
        row("a", [2.0, 4.0, 9.0], "us", against="b", others=[1.0, 4.0, 3.0], bar=2.0, conditions="here"),
        row("c", [3.0], "KB", bar=2.0, conditions="here"),
        row("d", [1.0], "ms", against="e", others=[4.0], bar=0.5, conditions="here", sound=False),
    ]
    assert [(one.value, one.ratio, one.held) for one in rows] == [
        (4.0, 2.0, True),
        (3.0, None, False),
        (1.0, 0.25, False),
    ]
    assert rows[0].conditions == "here; 3 round(s), 2 to 9, b: 3, 1 to 4"
    write(rows, tmp_path / "bench.json")
    fields = {"name", "value", "unit", "against", "ratio", "better", "bar", "held", "conditions"}
    assert all(set(one) == fields for one in json.loads((tmp_path / "bench.json").read_text()))
    assert table(rows).count("NO") == 2
