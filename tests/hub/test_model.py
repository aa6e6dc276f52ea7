"""Random publishers, cuts, lags, gaps and overtaking: what each client has in the end is what history has.

The transport is a fake whose buffer fills and drains when the script says so; everything above it is the real hub.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from realtime.broker.memory import MemoryBroker
from realtime.hub.connection import Connection
from realtime.hub.envelope import pack_publication
from realtime.hub.hub import Hub
from realtime.hub.limits import Limits
from realtime.hub.ports import Frame, Handshake, Peer
from tests.hub.fakes import FakeGate, FakeHistory

CHANNELS = ("session:a", "session:b")
SMALL = Limits(
    slice=2,
    log_frames=16,
    tick_s=0.01,
    hold_s=0.003,
    head_check_s=0.02,
    linger_s=0.02,
    recovery_frames=40,
    window_from_rate=20,
    window_listeners=1,
    window_s=0.002,
    rate_burst=1e9,
    stall_s=60,
    retry_ms_min=0,
    jitter_ms_max=0,
)


@dataclass
class FakeLink:
    """Takes frames at once, or holds them back while paused; a cut loses what is held back."""

    deliver: Callable[[bytes], None]
    on_close: Callable[[int], None]
    held: list[bytes] | None = None
    session: Connection | None = None

    def write(self, data: bytes) -> None:
        if self.held is None:
            self.deliver(data)
        else:
            self.held.append(data)

    def unsent(self) -> int:
        return sum(map(len, self.held or ()))

    def close(self, code: int, reason: str) -> None:
        self.on_close(code)

    def pause(self) -> None:
        assert self.session is not None
        if self.held is None:
            self.held = []
            self.session.paused()

    def resume(self) -> None:
        assert self.session is not None
        if self.held is not None:
            held, self.held = self.held, None
            for data in held:
                self.deliver(data)
            self.session.resumed()


@dataclass
class ModelClient:
    """Keeps the client's side of the protocol: positions, dropping doubles, noticing gaps, loading snapshots."""

    name: str
    hub: Hub
    history: FakeHistory
    positions: dict[str, tuple[int, str | None]] = field(
        default_factory=lambda: dict.fromkeys(CHANNELS, (0, None))
    )
    applied: dict[str, list[str]] = field(default_factory=lambda: {channel: [] for channel in CHANNELS})
    link: FakeLink | None = None
    snapshots: int = 0
    doubles: int = 0
    refused: list[str] = field(default_factory=list)
    _requests: dict[int, str] = field(default_factory=dict)
    _ids: int = 0

    def connect(self) -> None:
        self.refused.clear()
        self.link = link = FakeLink(deliver=lambda data: self._read(link, data), on_close=self._closed)
        handshake = Handshake(self.name, None, self.name, None, None)
        connection = Connection(
            id=self.name, hub=self.hub, link=link, handshake=handshake, peer=Peer(self.name, None, self.name)
        )
        link.session = connection
        self.hub._admission.arrive(self.name)
        self.hub.enter(connection)
        for channel in CHANNELS:
            self.subscribe(channel)

    def subscribe(self, channel: str) -> None:
        assert self.link is not None
        assert self.link.session is not None
        self._ids += 1
        self._requests[self._ids] = channel
        offset, id = self.positions[channel]
        request = {
            "do": "subscribe",
            "id": self._ids,
            "channel": channel,
            "position": {"offset": offset, "id": id},
        }
        self.link.session.received(json.dumps(request).encode())

    def cut(self) -> None:
        if self.link is not None:
            link, self.link = self.link, None
            assert link.session is not None
            link.session.lost()

    def _closed(self, code: int) -> None:
        self.link = None

    def _read(self, link: FakeLink, data: bytes) -> None:
        if link is self.link:
            for frame in parse_frames(data):
                self._take(frame)

    def _take(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "publication":
            self._apply(frame)
        elif frame["type"] == "reply" and "ok" in frame and "recovered" in frame["ok"]:
            self._replied(self._requests.pop(frame["id"]), frame["ok"])
        elif frame["type"] == "reply" and frame["error"]["code"] == "server.busy":
            self.refused.append(self._requests.pop(frame["id"]))

    def retry(self) -> None:
        """Ask again for what the server was too busy for."""
        if self.link is None:
            return
        refused, self.refused = self.refused, []
        for channel in refused:
            self.subscribe(channel)

    def _replied(self, channel: str, ok: dict[str, Any]) -> None:
        if not ok["recovered"]:
            self.snapshots += 1
            ids = self.applied[channel] = self.history.ids(channel)
            self.positions[channel] = (len(ids), ids[-1] if ids else None)
        for publication in ok["publications"]:
            self._apply(publication)

    def _apply(self, frame: dict[str, Any]) -> None:
        channel, offset = frame["channel"], frame["offset"]
        last = self.positions[channel][0]
        if offset <= last:
            self.doubles += 1
            return
        assert offset == last + 1, f"{self.name} got {offset} after {last} in {channel}"
        self.positions[channel] = (offset, frame["id"])
        self.applied[channel].append(frame["id"])


def parse_frames(data: bytes) -> list[dict[str, Any]]:
    """Server frames out of raw bytes, as a browser's WebSocket would."""
    frames = []
    while data:
        assert data[0] == 0x81
        size, start = data[1], 2
        if size >= 126:
            start = 4 if size == 126 else 10
            size = int.from_bytes(data[2:start])
        frames.append(json.loads(data[start : start + size]))
        data = data[start + size :]
    return frames


class Scenario:
    """A seeded script of everything that may happen."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.history, self.broker = FakeHistory(), MemoryBroker()
        self.hub = Hub(
            gate=FakeGate(),
            history=self.history,
            broker=self.broker,
            node="n1",
            limits=SMALL,
            has_presence=lambda channel: False,
        )
        self.clients = [ModelClient(f"c{number}", self.hub, self.history) for number in range(7)]
        self.late: list[Frame] = []
        self.steps: list[Callable[[], None]] = [
            *[self.publish_here] * 6,
            *[self.publish_elsewhere] * 6,
            self.deliver_late,
            self.lose_late,
            *[self.cut_or_connect] * 3,
            *[self.pause_or_resume] * 4,
            self.resubscribe,
            self.fail_or_heal_history,
        ]

    def publish_here(self) -> None:
        channel = self.random.choice(CHANNELS)
        self.hub.publish([self.history.commit(channel) for _ in range(self.random.randint(1, 4))])

    def publish_elsewhere(self) -> None:
        """Another node commits; its message is on the way."""
        self.late += self.history.commit_many(self.random.choice(CHANNELS), self.random.randint(1, 3))

    def deliver_late(self) -> None:
        """What is on the way arrives, turned round and partly twice."""
        self.random.shuffle(self.late)
        for frame in self.late + self.late[:2]:
            self.broker._deliver(frame.channel, pack_publication(frame))
        self.late = []

    def lose_late(self) -> None:
        self.late = []

    def cut_or_connect(self) -> None:
        client = self.random.choice(self.clients)
        if client.link is None:
            client.connect()
        else:
            client.cut()

    def pause_or_resume(self) -> None:
        link = self.random.choice(self.clients).link
        if link is not None:
            if link.held is None:
                link.pause()
            else:
                link.resume()

    def resubscribe(self) -> None:
        client = self.random.choice(self.clients)
        if client.link is not None:
            client.retry()
            client.subscribe(self.random.choice(CHANNELS))

    def fail_or_heal_history(self) -> None:
        self.history.failing = not self.history.failing

    async def play(self, steps: int) -> None:
        await self.hub.start()
        for _ in range(steps):
            self.random.choice(self.steps)()
            for _ in range(self.random.randint(0, 3)):
                await asyncio.sleep(0)
            if self.random.random() < 0.1:
                await asyncio.sleep(self.random.random() * 0.01)
        await self.settle()
        await self.hub.stop()

    async def settle(self) -> None:
        """Everything heals; in the end every client must have everything."""
        self.history.failing = False
        async with asyncio.timeout(20):
            while not self.all_equal():
                for client in self.clients:
                    if client.link is None:
                        client.connect()
                    else:
                        client.link.resume()
                        client.retry()
                await asyncio.sleep(0.005)

    def all_equal(self) -> bool:
        stored = {channel: self.history.ids(channel) for channel in CHANNELS}
        return all(client.applied == stored for client in self.clients)


@pytest.mark.parametrize("seed", range(40))
async def test_every_client_ends_with_exactly_what_history_has(seed: int) -> None:
    scenario = Scenario(seed)
    await scenario.play(400)
    assert scenario.all_equal()


async def test_scripts_reach_every_way_of_recovering() -> None:
    """The random test would prove little if its scripts never came to the hard places."""
    totals: dict[str, int] = {}
    snapshots = 0
    for seed in range(100, 106):
        scenario = Scenario(seed)
        await scenario.play(400)
        snapshots += sum(client.snapshots for client in scenario.clients)
        for name in ("recovered_from_log", "recovered_from_history", "recovered_not", "gaps", "held"):
            totals[name] = totals.get(name, 0) + getattr(scenario.hub.numbers, name)
    assert min(totals.values()) > 0, totals
    assert snapshots > 0
