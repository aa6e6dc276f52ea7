"""The pump: passes in slices, and who comes, goes or stalls in the middle of one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from realtime.broker.memory import MemoryBroker
from realtime.hub.channel import Channel
from realtime.hub.context import Context
from realtime.hub.frames import Close
from realtime.hub.limits import Limits
from realtime.hub.ports import START
from tests.hub.fakes import FakeGate, FakeHistory
from tests.hub.test_model import parse_frames


class Reader:
    """A connection as the channel sees it; remembers what it was written."""

    def __init__(self, on_write: Callable[[], None] = lambda: None, *, deflates: bool = False) -> None:
        self.ready = True
        self.open = True
        self.deflates = deflates
        self.lagging: set[Channel] = set()
        self.offsets: list[int] = []
        self.writes = 0
        self.codes: list[Close] = []
        self.write: Callable[[bytes], None] = self._take
        self._on_write = on_write

    def _take(self, data: bytes) -> None:
        self.writes += 1
        self.offsets += [frame["offset"] for frame in parse_frames(data) if frame["type"] == "publication"]
        self._on_write()

    def close(self, code: Close, reason: str = "") -> None:
        self.ready = self.open = False
        self.codes.append(code)


class Stage:
    """A channel with its history, and time to let passes end."""

    def __init__(self, limits: Limits) -> None:
        self.history = FakeHistory()
        self.now = 0.0
        self.context = Context(FakeGate(), self.history, MemoryBroker(), "n1", "", lambda: self.now, limits)
        self.channel = Channel("session:a", self.context)
        self.channel.begin(START)

    def publish(self, number: int = 1) -> None:
        for _ in range(number):
            self.channel.append(self.history.commit("session:a"))

    async def settle(self) -> None:
        for _ in range(50):
            await asyncio.sleep(0)


def stage(**changes: float) -> Stage:
    return Stage(replace(Limits(), **{"slice": 1, **changes}))  # type: ignore[arg-type]


async def test_what_comes_in_one_turn_goes_out_in_one_write() -> None:
    s = stage()
    reader = Reader()
    s.channel.join(reader)
    s.publish(20)
    await s.settle()
    assert (reader.offsets, reader.writes) == (list(range(1, 21)), 1)


async def test_burst_longer_than_the_log_during_a_pass_loses_nothing() -> None:
    s = stage(log_frames=8)
    readers = [Reader(), Reader(), Reader()]
    first = Reader(on_write=lambda: s.publish(30) if s.channel.head.offset < 30 else None)
    for reader in (first, *readers):
        s.channel.join(reader)
    s.publish()
    await s.settle()
    for reader in (first, *readers):
        assert reader.offsets == list(range(1, 32))
    assert len(s.channel.log) <= 8


async def test_who_leaves_during_a_pass_gets_nothing_more() -> None:
    s = stage()
    readers: list[Reader] = []

    def all_leave() -> None:
        for reader in readers:
            s.channel.leave(reader)

    readers += [Reader(on_write=all_leave) for _ in range(4)]
    for reader in readers:
        s.channel.join(reader)
    s.publish()
    await s.settle()
    assert sum(reader.writes for reader in readers) == 1
    s.publish()
    await s.settle()
    assert sum(reader.writes for reader in readers) == 1
    assert not s.channel.used


async def test_who_joins_during_a_pass_begins_after_it() -> None:
    s = stage()
    late = Reader()
    places: list[int] = []

    def join() -> None:
        if not places:
            s.publish(3)
            places.append(s.channel.sent)
            s.channel.join(late)

    for reader in (Reader(on_write=join), Reader()):
        s.channel.join(reader)
    s.publish(2)
    await s.settle()
    assert (places, late.offsets) == ([2], [3, 4, 5])


async def test_who_stalls_before_its_turn_catches_up_from_before_the_pass() -> None:
    s = stage()
    stalled = Reader()

    def stall() -> None:
        stalled.ready = False

    for reader in (Reader(on_write=stall), Reader(), stalled, Reader()):
        s.channel.join(reader)
    s.publish(2)
    await s.settle()
    s.publish(2)
    await s.settle()
    have = list(stalled.offsets)
    assert s.channel.lagging == {stalled: len(have)}
    stalled.ready = True
    s.channel.catch_up(stalled)
    s.publish()
    await s.settle()
    assert stalled.offsets == [1, 2, 3, 4, 5]
    assert s.context.numbers.lagging == 0


async def test_who_fell_off_the_log_is_closed_as_slow() -> None:
    s = stage(log_frames=4)
    stalled, reads = Reader(), Reader()
    stalled.ready = False
    s.channel.join(stalled)
    s.channel.join(reads)
    for _ in range(10):
        s.publish()
        await s.settle()
    assert s.channel.behind(stalled) is None
    s.channel.catch_up(stalled)
    assert stalled.codes == [Close.SLOW]
    assert reads.offsets == list(range(1, 11))


async def test_transport_that_refuses_a_write_does_not_stop_the_pass() -> None:
    s = stage(slice=512)

    def fail(data: bytes) -> None:
        raise RuntimeError("the handler is closed")

    broken, reader = Reader(), Reader()
    broken.write = fail
    s.channel.join(broken)
    s.channel.join(reader)
    s.publish()
    await s.settle()
    assert (broken.codes, reader.offsets) == ([Close.SLOW], [1])


async def test_signal_goes_to_the_live_and_not_to_the_lagging() -> None:
    s = stage()
    live, lagging = Reader(), Reader()
    lagging.ready = False
    for reader in (live, lagging):
        s.channel.join(reader)
    s.channel.push(b"\x81\x0f" + b'{"type":"beat"}')
    await s.settle()
    lagging.ready = True
    s.channel.catch_up(lagging)
    assert (live.writes, lagging.writes) == (1, 0)


@pytest.mark.parametrize(
    ("per_second", "window"), [(10, 0.0), (50, 0.0), (125, pytest.approx(0.010, rel=0.1)), (400, 0.020)]
)
async def test_window_grows_only_under_load(per_second: int, window: float) -> None:
    s = stage(slice=512)
    for _ in range(40):
        s.channel.join(Reader())
    for _ in range(3 * per_second):
        s.now += 1 / per_second
        s.publish()
    assert s.channel._window() == window
    await s.settle()
