"""What every broker promises."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from realtime.broker.memory import MemoryBroker
from realtime.broker.redis import RedisBroker
from realtime.hub.ports import Broker

TwoNodes = tuple[Broker, Broker]


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.services)])
async def two_nodes(request: pytest.FixtureRequest) -> AsyncIterator[TwoNodes]:
    """The broker as two nodes see it."""
    if request.param == "memory":
        broker = MemoryBroker()
        yield broker, broker
        return
    url: str = request.getfixturevalue("redis_url")
    brokers = RedisBroker(url), RedisBroker(url)
    for redis in brokers:
        await redis.start()
    yield brokers
    for redis in brokers:
        await redis.stop()


class Inbox:
    """A listener that remembers, and lets a test wait."""

    def __init__(self) -> None:
        self.payloads: list[bytes] = []
        self._changed = asyncio.Event()

    def __call__(self, payload: bytes) -> None:
        self.payloads.append(payload)
        self._changed.set()

    async def has(self, number: int) -> list[bytes]:
        async with asyncio.timeout(10):
            while len(self.payloads) < number:
                self._changed.clear()
                await self._changed.wait()
        return self.payloads


async def test_listener_hears_what_another_node_publishes(two_nodes: TwoNodes) -> None:
    here, there = two_nodes
    inbox = Inbox()
    await there.listen("session:a", inbox)
    await here.publish("session:a", b"one\r\n\x00two")
    assert await inbox.has(1) == [b"one\r\n\x00two"]


async def test_node_hears_itself(two_nodes: TwoNodes) -> None:
    inbox = Inbox()
    await two_nodes[0].listen("session:a", inbox)
    await two_nodes[0].publish("session:a", b"one")
    assert await inbox.has(1) == [b"one"]


async def test_payloads_of_one_node_keep_their_order(two_nodes: TwoNodes) -> None:
    here, there = two_nodes
    inbox = Inbox()
    await there.listen("session:a", inbox)
    sent = [b"%d" % number for number in range(500)]
    for payload in sent:
        await here.publish("session:a", payload)
    assert await inbox.has(500) == sent


async def test_listener_hears_its_topic_only(two_nodes: TwoNodes) -> None:
    here, there = two_nodes
    one, other = Inbox(), Inbox()
    await there.listen("session:a", one)
    await there.listen("session:b", other)
    await here.publish("session:a", b"for a")
    await here.publish("session:b", b"for b")
    assert await other.has(1) == [b"for b"]
    assert one.payloads == [b"for a"]


async def test_all_listeners_of_a_topic_hear_it(two_nodes: TwoNodes) -> None:
    here, there = two_nodes
    inboxes = [Inbox() for _ in range(3)]
    for inbox in inboxes:
        await there.listen("session:a", inbox)
    await here.publish("session:a", b"one")
    for inbox in inboxes:
        assert await inbox.has(1) == [b"one"]


async def test_stopped_listener_hears_nothing_while_others_do(two_nodes: TwoNodes) -> None:
    here, there = two_nodes
    gone, stays = Inbox(), Inbox()
    stop = await there.listen("session:a", gone)
    await there.listen("session:a", stays)
    await stop()
    await here.publish("session:a", b"one")
    assert await stays.has(1) == [b"one"]
    assert gone.payloads == []


async def test_topic_can_be_listened_to_again_after_everyone_stopped(two_nodes: TwoNodes) -> None:
    here, there = two_nodes
    stop = await there.listen("session:a", Inbox())
    await stop()
    inbox = Inbox()
    await there.listen("session:a", inbox)
    await here.publish("session:a", b"one")
    assert await inbox.has(1) == [b"one"]


async def test_large_payload_arrives_whole(two_nodes: TwoNodes) -> None:
    here, there = two_nodes
    inbox = Inbox()
    await there.listen("session:a", inbox)
    payload = bytes(range(256)) * 4096
    await here.publish("session:a", payload)
    assert await inbox.has(1) == [payload]


async def test_publishing_to_nobody_is_fine(two_nodes: TwoNodes) -> None:
    here, there = two_nodes
    await here.publish("session:nobody", b"one")
    inbox = Inbox()
    await there.listen("session:nobody", inbox)
    await here.publish("session:nobody", b"two")
    assert await inbox.has(1) == [b"two"]


async def test_broker_at_work_is_not_degraded(two_nodes: TwoNodes) -> None:
    assert [broker.degraded for broker in two_nodes] == [False, False]


async def test_no_gap_is_told_where_nothing_was_lost(two_nodes: TwoNodes) -> None:
    here, there = two_nodes
    gaps: list[str] = []
    there.on_gap(lambda: gaps.append("gap"))
    inbox = Inbox()
    await there.listen("session:a", inbox)
    await here.publish("session:a", b"one")
    assert (await inbox.has(1), gaps) == ([b"one"], [])
