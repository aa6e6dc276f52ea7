"""The part media: forwarding one talk to more and more viewers, on one core, beside Janus.

All servers do the same work one after the other in every round: the same source, viewers negotiated by ICE and
DTLS who send receiver reports with estimates once a second. The kernel takes the viewers' media away behind a
socket filter, counted, so that reading costs no server anything; one viewer in forty decrypts everything.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Protocol

import psutil

from tests.bench.media.crowd import Crowd
from tests.bench.media.janus import Janus
from tests.bench.media.ours import Ours
from tests.bench.media.peer import Peer
from tests.bench.media.source import Source
from tests.bench.pinned import LOAD_CORE, SERVER_CORE
from tests.bench.places import ROOT
from tests.bench.rows import Row, digits, row
from tests.support.processes import Program, find_program

Say = Callable[[str], None]

PACKETS_PER_S = 210
MULTAQA = "Multaqa"
JANUS = "Janus"
JANUS_LOOPS = "Janus, event_loops=1"
VIEWERS_BAR = 2.0
CORE_BAR = 700
LATENCY_BAR_MS = 5.0
JOIN_BAR_MS = 4.0
WHOLE = 0.999
BUSY_SHARE = 0.7


class Peered(Protocol):
    """A server under measurement."""

    name: str
    ready: str

    def command(self) -> list[str]: ...
    async def open(self) -> Source: ...
    async def join(self) -> Peer: ...
    async def close(self) -> None: ...


@dataclass(frozen=True)
class Plan:
    rounds: int
    sizes: tuple[int, ...]
    seconds: float
    idle_s: float
    warm_up_s: float = 1.5


FULL = Plan(7, (100, 250, 600, 900), 3.0, 2.0)
SHORT = Plan(1, (50, 150), 2.0, 2.0)


@dataclass(frozen=True)
class Run:
    """One server with one number of viewers; CPU in seconds of the whole process."""

    server: str
    viewers: int
    cpu_us: float  # for each packet and viewer
    share: float  # of the core
    delivered: float
    p50_ms: float
    p99_ms: float
    join_ms: float  # CPU for each viewer that joined
    idle: float  # of a core for each viewer, no media flowing
    load_share: float

    @property
    def per_core(self) -> float:
        return 1e6 / (PACKETS_PER_S * self.cpu_us)


def outside_address() -> str:
    """An address of this machine that is not loopback, where Janus may be reached."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def measure(plan: Plan, say: Say) -> Iterator[Row]:
    runs: list[Run] = []
    saturated: set[tuple[str, int]] = set()
    for number in range(plan.rounds):
        for make in _order(number):
            for done in asyncio.run(_one(make, plan, saturated, say)):
                runs.append(done)
    yield from rows(runs, plan)


def _order(number: int) -> list[Callable[[Path, str], Peered]]:
    makers: list[Callable[[Path, str], Peered]] = [Ours]
    if _there("janus"):
        makers += [
            lambda folder, host: Janus(folder, host, loops=1),
            lambda folder, host: Janus(folder, host, loops=None),
        ]
    return makers[number % len(makers) :] + makers[: number % len(makers)]


def _there(program: str) -> bool:
    try:
        find_program(program)
    except Exception:
        return False
    return True


async def _one(
    make: Callable[[Path, str], Peered], plan: Plan, saturated: set[tuple[str, int]], say: Say
) -> list[Run]:
    """One server through all sizes. What did not deliver half last time is not asked for more viewers."""
    host = outside_address()
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {LOAD_CORE})
    runs: list[Run] = []
    with tempfile.TemporaryDirectory() as folder:
        server = make(Path(folder), host)
        command = [sys.executable, "-m", "tests.bench.pinned", str(SERVER_CORE)]
        own = server.command()
        program = Program.start([*command, *([sys.executable] if own[0] == "-c" else []), *own], cwd=ROOT)
        try:
            program.wait_for(server.ready)
            source = await server.open()
            crowd = Crowd(server.join)
            flowing = asyncio.create_task(source.run())
            process = psutil.Process(program.pid)
            for size in plan.sizes:
                if (server.name, size) in saturated:
                    break
                done, flowing = await _measured(server, process, crowd, source, flowing, size, plan)
                runs.append(done)
                say(f"  {size:4} viewers  {server.name:22} {told(done)}")
                if done.delivered < 0.9:
                    saturated.update((server.name, larger) for larger in plan.sizes if larger > size)
            flowing.cancel()
            await crowd.close()
            await server.close()
        finally:
            program.stop()
            os.sched_setaffinity(0, allowed)
    return runs


async def _measured(
    server: Peered,
    process: psutil.Process,
    crowd: Crowd,
    source: Source,
    flowing: asyncio.Task[None],
    size: int,
    plan: Plan,
) -> tuple[Run, asyncio.Task[None]]:
    """Idle first (the source rests while viewers come), then with the talk on."""
    flowing.cancel()
    await asyncio.sleep(0.3)
    there = len(crowd.peers)
    resting = await _share(process, plan.idle_s if there else 0.0)
    before, moment = _cpu(process), time.monotonic()
    await crowd.grow(size)
    spent = _cpu(process) - before - resting * (time.monotonic() - moment)
    join_ms = spent / (size - there) * 1e3
    idle = await _share(process, plan.idle_s) / size
    flowing = asyncio.create_task(source.run())
    await asyncio.sleep(plan.warm_up_s)
    own, counts, sent, cpu, moment = (
        time.process_time(),
        crowd.begin(),
        source.sent,
        _cpu(process),
        time.monotonic(),
    )
    await asyncio.sleep(plan.seconds)
    cpu, passed, sent = _cpu(process) - cpu, time.monotonic() - moment, source.sent - sent
    own = time.process_time() - own
    await asyncio.sleep(0.02)  # what is on its way
    got = crowd.delivered(counts)
    latencies = crowd.latencies_ms()
    total = sum(min(one, sent) for one in got)
    return (
        Run(
            server=server.name,
            viewers=size,
            cpu_us=cpu / max(1, total) * 1e6,
            share=cpu / passed,
            delivered=total / (sent * size),
            p50_ms=median(latencies) if latencies else float("nan"),
            p99_ms=quantiles(latencies, n=100)[98] if len(latencies) > 1 else float("nan"),
            join_ms=join_ms,
            idle=idle,
            load_share=own / passed,
        ),
        flowing,
    )


async def _share(process: psutil.Process, seconds: float) -> float:
    """Of a core, without doing anything."""
    before = _cpu(process)
    await asyncio.sleep(seconds)
    return (_cpu(process) - before) / seconds if seconds else 0.0


def _cpu(process: psutil.Process) -> float:
    """Seconds of all its threads, by the scheduler's own count: clock ticks are too coarse."""
    tasks = Path(f"/proc/{process.pid}/task")
    spent = 0
    for task in tasks.iterdir():
        with contextlib.suppress(OSError):  # a thread that ended meanwhile
            spent += int((task / "schedstat").read_text().split()[0])
    return spent / 1e9


def told(done: Run) -> str:
    return (
        f"{done.cpu_us:6.2f} us  {done.per_core:5.0f}/core  core {done.share:4.0%}"
        f"  delivered {done.delivered:7.2%}"
        f"  p50 {digits(done.p50_ms):>5} p99 {digits(done.p99_ms):>5} ms  join {digits(done.join_ms)} ms"
        f"  idle {done.idle * 100:.4f} %  load {done.load_share:4.0%}"
    )


def rows(runs: Sequence[Run], plan: Plan) -> Iterator[Row]:
    what = "1.5 Mbit/s (160 + 50 packets/s), viewers' RTCP included, one core, loopback"
    ours = [run for run in runs if run.server == MULTAQA]
    for size in plan.sizes:
        mine = [run for run in ours if run.viewers == size]
        if not mine:
            continue
        for peer in (JANUS, JANUS_LOOPS):
            theirs = [run for run in runs if run.server == peer and run.viewers == size]
            pairs = list(zip(mine, theirs, strict=False))
            if pairs:
                yield row(
                    f"media: CPU per packet and viewer, {size} viewers",
                    [one.cpu_us for one, _ in pairs],
                    "us",
                    against=peer,
                    others=[other.cpu_us for _, other in pairs],
                    conditions=f"{what}; delivered {_worst(mine):.2%}, {peer} {_worst(theirs):.2%}",
                )
        yield row(
            f"media: delivered, {size} viewers",
            [run.delivered * 100 for run in mine],
            "%",
            better="higher",
            conditions=what,
        )
        yield row(
            f"media: added latency p99, {size} viewers",
            [run.p99_ms for run in mine],
            "ms",
            conditions=f"{what}; {median(run.share for run in mine):.0%} of the core",
            bar=LATENCY_BAR_MS if _nearest_busy(ours, plan) == size else None,
        )
    yield from _capacity_rows(runs, what)
    yield row(
        "media: join, server CPU for each viewer",
        [run.join_ms for run in ours],
        "ms",
        conditions="offer, ICE, DTLS, first packets",
        bar=JOIN_BAR_MS,
    )
    for peer in (JANUS, JANUS_LOOPS):
        theirs = [run for run in runs if run.server == peer and run.viewers == plan.sizes[0]]
        mine = [run for run in ours if run.viewers == plan.sizes[0]]
        if theirs:
            yield row(
                f"media: join, {plan.sizes[0]} viewers",
                [run.join_ms for run in mine],
                "ms",
                against=peer,
                others=[run.join_ms for run in theirs],
                conditions="server CPU for each viewer",
            )
            yield row(
                f"media: idle, {plan.sizes[0]} viewers",
                [run.idle * 100 for run in mine],
                "%",
                against=peer,
                others=[run.idle * 100 for run in theirs],
                conditions="server's share of the core for each viewer, no media",
            )


def _capacity_rows(runs: Sequence[Run], what: str) -> Iterator[Row]:
    """Viewers on one core: the best of what was delivered whole, by what a packet costs there."""
    ours = _best(runs, MULTAQA)
    theirs = {peer: _best(runs, peer) for peer in (JANUS, JANUS_LOOPS)}
    known = {peer: found for peer, found in theirs.items() if found}
    if ours and known:
        better = max(known, key=lambda peer: median(known[peer]))
        count = min(len(ours), len(known[better]))
        yield row(
            "media: viewers per core",
            ours[:count],
            "",
            against=better,
            others=known[better][:count],
            bar=VIEWERS_BAR,
            better="higher",
            conditions=f"{what}; the better setting of Janus",
        )
    largest = max((run.viewers for run in runs if run.server == MULTAQA and run.delivered >= WHOLE), default=0)
    yield row(
        "media: viewers served on one core at 1.5 Mbit/s",
        [float(largest)],
        "",
        bar=CORE_BAR,
        better="higher",
        conditions=f"{what}; at least 99.9 % delivered",
    )


def _best(runs: Sequence[Run], server: str) -> list[float]:
    """Viewers per core of each round at the size where most fit on a core, everything delivered."""
    sizes = {run.viewers for run in runs if run.server == server}
    candidates = {
        size: [
            run.per_core for run in runs if run.server == server and run.viewers == size and run.delivered > 0.99
        ]
        for size in sizes
    }
    return max((found for found in candidates.values() if found), key=median, default=[])


def _nearest_busy(ours: Sequence[Run], plan: Plan) -> int:
    def distance(size: int) -> float:
        shares = [run.share for run in ours if run.viewers == size]
        return abs(median(shares) - BUSY_SHARE) if shares else 9.0

    return min(plan.sizes, key=distance)


def _worst(runs: Sequence[Run]) -> float:
    return min(run.delivered for run in runs)
