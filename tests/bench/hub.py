"""The part hub: what one delivery costs, how long it takes, and what an idle connection weighs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tests.bench import peers
from tests.bench.pinned import prioritised
from tests.bench.rig import Run, Server, Work, idling, run, started
from tests.bench.rows import Row, digits, row

CALM = Work("1,000 x 20/s", connections=1000, rate=20)
BUSY = Work("5,000 x 10/s", connections=5000, rate=10)
SATURATED = Work("saturated, 1,000", connections=1000, outstanding=8, seconds=3)
# Large enough messages that a socket nobody reads is full before the warm-up ends.
HEALTHY = Work("1,000 x 20/s of 4 KB", connections=1000, rate=20, message_bytes=4096, warm_up=4, seconds=5)
STALLED = Work("the same, 10 % stalled", 1000, rate=20, message_bytes=4096, warm_up=4, seconds=5, stalled=10)
PLAIN = Work("1,000 x 10/s of 700 B", connections=1000, rate=10, message_bytes=700)
DEFLATED = Work("the same, deflate", connections=1000, rate=10, message_bytes=700, deflate=True)
IDLE_SETTLES_S = 4.0  # presence tells its counts once a second

Runs = dict[str, list[Run]]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How thorough: rounds of the servers that a bar names, and of the others."""

    rounds: int
    others: int
    stalled_rounds: int
    idle_connections: int
    works: tuple[Work, ...]


FULL = Plan(5, 2, 5, 2000, (CALM, BUSY, SATURATED))
SHORT = Plan(2, 1, 1, 500, (BUSY, SATURATED))

# Which peer may cost how much: the design's figures to hold.
BARS = {(BUSY.name, peers.FLOOR): 1.35, (BUSY.name, peers.NODE_WS): 0.90, (SATURATED.name, peers.FLOOR): 0.25}
STALLED_BAR = 1.5
IDLE_BAR_KB = 20.0


def measure(plan: Plan, say: Say) -> Iterator[Row]:
    with_bars = [peers.floor(), peers.hub(), peers.node_ws()]
    others = [peers.naive(), peers.socket_io()]
    for work in plan.works:
        runs = _interleaved(work, with_bars, others, plan, say)
        yield from delivery_rows(work, runs)
    yield from deflate_rows([_deflate_round(say) for _ in range(plan.others)])
    yield stalled_row([_stalled_round(say) for _ in range(plan.stalled_rounds)])
    yield idle_row(plan.idle_connections, [idle_kb(plan.idle_connections) for _ in range(2)])


def _interleaved(work: Work, first: Sequence[Server], others: Sequence[Server], plan: Plan, say: Say) -> Runs:
    """All servers back to back in each round, so that a change of the machine's mood meets them all."""
    runs: Runs = {}
    for number in range(plan.rounds):
        for server in [*first, *(others if number < plan.others else ())]:
            done = run(server, work)
            runs.setdefault(server.name, []).append(done)
            say(f"  {work.name:24} {server.name:22} {told(done)}")
    return runs


def told(done: Run) -> str:
    faults = "" if done.sound else f"  {done.missing} missing, {done.gaps} gaps, {done.ended} ended"
    return (
        f"{done.cpu_us:6.2f} us  p50 {digits(done.p50_ms):>5}  p99 {digits(done.p99_ms):>5} ms"
        f"  {done.per_second:9,.0f}/s  load {done.load_share:4.0%}{faults}"
    )


def delivery_rows(work: Work, runs: Runs) -> Iterator[Row]:
    """The hub's processor time for each delivery against every peer, and its latency."""
    ours = runs[peers.HUB]
    sound = all(one.sound for one in ours)
    conditions = f"{_conditions()}, {work.message_bytes} B messages"
    for peer, theirs in runs.items():
        if peer == peers.HUB:
            continue
        yield row(
            f"Hub: CPU per delivery, {work.name}",
            [one.cpu_us for one in ours[: len(theirs)]],
            "us",
            against=peer,
            others=[one.cpu_us for one in theirs],
            bar=BARS.get((work.name, peer)),
            conditions=conditions,
            sound=sound,
        )
        if not work.outstanding:
            for name, pick in _LATENCIES.items():
                yield row(
                    f"Hub: {name} of a delivery, {work.name}",
                    [pick(one) for one in ours[: len(theirs)]],
                    "ms",
                    against=peer,
                    others=[pick(one) for one in theirs],
                    conditions=conditions,
                    sound=sound,
                )


_LATENCIES: dict[str, Callable[[Run], float]] = {"p50": lambda one: one.p50_ms, "p99": lambda one: one.p99_ms}


def _stalled_round(say: Say) -> tuple[Run, Run]:
    without, stalled = run(peers.hub(), HEALTHY), run(peers.hub(), STALLED)
    say(f"  {HEALTHY.name:24} {peers.HUB:22} {told(without)}")
    say(f"  {STALLED.name:24} {peers.HUB:22} {told(stalled)}")
    return without, stalled


def stalled_row(rounds: Sequence[tuple[Run, Run]]) -> Row:
    return row(
        "Hub: healthy clients' p99 with 10 % stalled readers",
        [stalled.p99_ms for _, stalled in rounds],
        "ms",
        against="without stalled ones",
        others=[without.p99_ms for without, _ in rounds],
        bar=STALLED_BAR,
        conditions=f"{_conditions()}, {HEALTHY.name}",
        sound=all(one.sound for both in rounds for one in both),
    )


def _deflate_round(say: Say) -> tuple[Run, Run, Run]:
    plain, deflated = run(peers.hub(), PLAIN), run(peers.hub(), DEFLATED)
    each = run(peers.node_ws_deflating(), DEFLATED)
    for work, name, done in (
        (PLAIN, peers.HUB, plain),
        (DEFLATED, peers.HUB, deflated),
        (DEFLATED, peers.NODE_WS_DEFLATE, each),
    ):
        say(f"  {work.name:24} {name:22} {told(done)}  {done.wire_bytes:.0f} B")
    return plain, deflated, each


def deflate_rows(rounds: Sequence[tuple[Run, Run, Run]]) -> Iterator[Row]:
    """Compressed once for all, against not at all and against once for each; no rows where nothing was."""
    plain, deflated, each = zip(*rounds, strict=True)
    if not all(one.deflated for one in deflated):
        return
    sound = all(one.sound for one in deflated)
    conditions = f"{_conditions()}, {PLAIN.name}, one frame compressed for all"
    for against, others in (("the same, plain", plain), (peers.NODE_WS_DEFLATE, each)):
        yield row(
            "Hub: CPU per delivery, deflate",
            [one.cpu_us for one in deflated],
            "us",
            against=against,
            others=[one.cpu_us for one in others],
            conditions=conditions,
            sound=sound,
        )
    yield row(
        "Hub: bytes on the wire, deflate",
        [one.wire_bytes for one in deflated],
        "B",
        against="the same, plain",
        others=[one.wire_bytes for one in plain],
        conditions=conditions,
        sound=sound,
    )


def idle_kb(connections: int) -> float:
    """Kilobytes by which the server grows for each connection that hears three channels, one of them its own."""
    channels = ["session:bench", "conference:bench", "person:p%d"]
    asked = [peers.subscribe(channel, number) for number, channel in enumerate(channels, start=1)]
    # The hello, three answers, and perhaps the presence; a first few connections make what all of them share.
    with started(peers.hub()) as running, idling(running, 20, subscribe=asked, replies=4):
        time.sleep(IDLE_SETTLES_S)
        before = running.resident_kb()
        with idling(running, connections, subscribe=asked, replies=4):
            time.sleep(IDLE_SETTLES_S)
            return (running.resident_kb() - before) / connections


def idle_row(connections: int, values: Sequence[float]) -> Row:
    return row(
        "Hub: memory per idle connection",
        values,
        "KB",
        bar=IDLE_BAR_KB,
        conditions=f"{connections:,} connections with a browser's headers, each subscribed to a session, a "
        "conference and its own person channel; growth of the resident set, without the kernel's buffers",
    )


def _conditions() -> str:
    order = "before other load" if prioritised() else "beside other load"
    return f"server and load generator on a core each, loopback, {order}"
