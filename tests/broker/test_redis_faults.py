"""Redis killed, restarted, cut off, silent: publications are late and never lost, and nobody waits for Redis."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from realtime.broker.redis import RedisBroker
from tests.hub.fakes import FakeHistory
from tests.hub.nodes import Node, eventually, node
from tests.support.faults import fault_proxy
from tests.support.services import RedisServer


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis this test may kill."""
    server = RedisServer()
    yield server
    server.close()


@asynccontextmanager
async def two_nodes(one: str, other: str) -> AsyncIterator[tuple[Node, Node]]:
    """Two nodes on one history, each with its own address of Redis."""
    history = FakeHistory()
    async with (
        node(history=history, broker=RedisBroker(one), name="n1") as first,
        node(history=history, broker=RedisBroker(other), name="n2") as second,
    ):
        yield first, second


async def test_publication_crosses_nodes_by_redis_before_any_head_check(redis_url: str) -> None:
    async with two_nodes(redis_url, redis_url) as (here, there), there.client() as client:
        await client.subscribe("session:a")
        checked = there.hub.numbers.history_reads
        here.publish("session:a", 20)
        assert await client.publications("session:a", 20) == list(range(1, 21))
        assert there.hub.numbers.history_reads == checked


async def test_nothing_is_lost_when_redis_is_killed_and_started_again(own_redis: RedisServer) -> None:
    async with two_nodes(own_redis.url, own_redis.url) as (here, there), there.client() as client:
        await client.subscribe("session:a")
        here.publish("session:a", 10)
        await asyncio.to_thread(own_redis.program.stop, signal.SIGKILL)
        here.publish("session:a", 10)
        await eventually(lambda: here.hub.degraded and there.hub.degraded)
        here.publish("session:a", 10)
        assert await client.publications("session:a", 30) == list(range(1, 31))
        await asyncio.to_thread(own_redis.restart)
        await eventually(lambda: not here.hub.degraded and not there.hub.degraded)
        here.publish("session:a", 10)
        assert await client.publications("session:a", 10) == list(range(31, 41))


async def test_silent_link_is_noticed_within_six_seconds_and_nothing_is_lost(redis_server: RedisServer) -> None:
    async with fault_proxy("127.0.0.1", redis_server.port) as proxy:
        silent = f"redis://127.0.0.1:{proxy.port}"
        async with two_nodes(redis_server.url, silent) as (here, there), there.client() as client:
            await client.subscribe("session:a")
            proxy.blackhole()
            here.publish("session:a", 50)
            assert await client.publications("session:a", 50) == list(range(1, 51))
            assert await eventually(lambda: there.hub.degraded) <= 6
            proxy.heal()
            await eventually(lambda: not there.hub.degraded)
            here.publish("session:a", 5)
            assert await client.publications("session:a", 5) == list(range(51, 56))


async def test_cut_link_is_repaired_at_once_by_the_gap_callback(redis_server: RedisServer) -> None:
    async with fault_proxy("127.0.0.1", redis_server.port) as proxy:
        cuttable = f"redis://127.0.0.1:{proxy.port}"
        async with two_nodes(redis_server.url, cuttable) as (here, there), there.client() as client:
            await client.subscribe("session:a")
            for round in range(5):
                proxy.cut()
                here.publish("session:a", 7)
                first = round * 7 + 1
                assert await client.publications("session:a", 7) == list(range(first, first + 7))


async def test_reconnected_broker_subscribes_again_and_calls_back(redis_server: RedisServer) -> None:
    async with fault_proxy("127.0.0.1", redis_server.port) as proxy:
        broker, other = RedisBroker(f"redis://127.0.0.1:{proxy.port}"), RedisBroker(redis_server.url)
        gaps: list[bool] = []
        heard: asyncio.Queue[bytes] = asyncio.Queue()
        broker.on_gap(lambda: gaps.append(broker.degraded))
        await broker.start()
        await other.start()
        for topic in range(1200):
            await broker.listen(f"session:{topic}", heard.put_nowait)
        proxy.cut()
        await eventually(lambda: broker.links == 2)
        assert gaps == [False, False]
        await other.publish("session:1199", b"again")
        assert await asyncio.wait_for(heard.get(), 5) == b"again"
        await broker.stop()
        await other.stop()


async def test_publish_without_redis_neither_waits_nor_raises() -> None:
    broker = RedisBroker("redis://127.0.0.1:1")
    await broker.start()
    begun = time.monotonic()
    for _ in range(1000):
        await broker.publish("session:a", b"one")
    assert time.monotonic() - begun < 1
    assert broker.degraded
    assert broker.unsent == 1000
    await broker.stop()


async def test_blackholed_publisher_does_not_gather_payloads_without_end(redis_server: RedisServer) -> None:
    async with fault_proxy("127.0.0.1", redis_server.port) as proxy:
        broker = RedisBroker(f"redis://127.0.0.1:{proxy.port}")
        await broker.start()
        proxy.blackhole()
        for _ in range(2000):
            await broker.publish("session:a", b"x" * 20_000)
        assert broker.unsent > 0
        await broker.stop()


async def test_wrong_login_leaves_the_broker_degraded(own_redis: RedisServer) -> None:
    broker = RedisBroker(f"redis://nobody:wrong@127.0.0.1:{own_redis.port}")
    await broker.start()
    assert broker.degraded
    await broker.stop()


@pytest.mark.parametrize("url", ["http://127.0.0.1", "127.0.0.1:6379"])
def test_address_of_something_else_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="not a Redis address"):
        RedisBroker(url)
