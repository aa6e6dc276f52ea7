"""Lost, doubled and turned round between nodes: each channel is put right before anything is forwarded."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from realtime.broker.memory import MemoryBroker
from realtime.hub.envelope import pack_publication
from realtime.hub.ports import Frame
from tests.hub.fakes import FakeHistory
from tests.hub.nodes import QUICK, Node, eventually, node


async def tell(n: Node, broker: MemoryBroker, *frames: Frame) -> None:
    """What other nodes published, in the order it arrives here."""
    for frame in frames:
        await broker.publish(frame.channel, pack_publication(frame))


async def test_overtaking_publications_are_put_in_order_without_reading_history() -> None:
    broker = MemoryBroker()
    async with node(broker=broker) as n, n.client() as client:
        await client.subscribe("session:a")
        one, two, three = n.history.commit_many("session:a", 3)
        await tell(n, broker, three, two, one)
        assert await client.publications("session:a", 3) == [1, 2, 3]
        assert n.history.since_asked == 0


async def test_doubled_publications_are_forwarded_once() -> None:
    broker = MemoryBroker()
    async with node(broker=broker) as n, n.client() as client:
        await client.subscribe("session:a")
        one, two = n.history.commit_many("session:a", 2)
        await tell(n, broker, one, one, two, one, two)
        n.publish("session:a")
        assert await client.publications("session:a", 3) == [1, 2, 3]


async def test_lost_publication_is_read_from_history_before_later_ones_go_out() -> None:
    broker = MemoryBroker()
    limits = replace(QUICK, head_check_s=60)
    async with node(broker=broker, limits=limits) as n, n.client() as client:
        await client.subscribe("session:a")
        one, _, three = n.history.commit_many("session:a", 3)
        await tell(n, broker, one, three)
        assert await client.publications("session:a", 3) == [1, 2, 3]
        assert n.hub.numbers.gaps == 1


async def test_publication_nobody_told_is_found_by_the_head_check() -> None:
    async with node() as n, n.client() as client:
        await client.subscribe("session:a")
        n.history.commit_many("session:a", 700)
        assert await client.publications("session:a", 700) == list(range(1, 701))


async def test_head_check_is_one_query_for_all_channels() -> None:
    limits = replace(QUICK, head_check_s=60)
    async with node(limits=limits) as n, n.client() as client:
        for number in range(20):
            await client.subscribe(f"session:{number}")
        asked = n.history.heads_asked
        n.hub.check_soon()
        n.history.commit("session:7")
        assert await client.publications("session:7", 1) == [1]
        assert n.history.heads_asked == asked + 1


async def test_garbage_from_the_broker_is_counted_and_ignored() -> None:
    broker = MemoryBroker()
    async with node(broker=broker) as n, n.client() as client:
        await client.subscribe("session:a")
        for garbage in (b"", b"\n", b"P x y\n{}", b"P 1\n{}", b"S n typing\n[]", b"\xff\xfe\n", b"Q 1 2\n{}"):
            await broker.publish("session:a", garbage)
        n.publish("session:a")
        assert await client.publications("session:a", 1) == [1]
        assert n.hub.numbers.broker_garbage == 7


async def test_publication_from_a_foreign_history_is_never_forwarded() -> None:
    """Its offset is ahead of ours, and History does not know it."""
    broker = MemoryBroker()
    async with node(broker=broker) as n, n.client() as client:
        await client.subscribe("session:a")
        foreign = FakeHistory().commit_many("session:a", 9)[8]
        await tell(n, broker, foreign)
        await asyncio.sleep(0.2)
        n.publish("session:a", 9)
        assert await client.publications("session:a", 9) == list(range(1, 10))
        assert all(frame.get("id") != foreign.id for frame in client.seen)


async def test_restored_history_sends_listeners_to_load_anew() -> None:
    async with node() as n, n.client() as client:
        n.publish("session:a", 10)
        await client.subscribe("session:a")
        old = n.history.rows["session:a"][9]
        n.history.restore("session:a", keep=5)
        code, reason = await client.closed()
        assert (code, reason) == (3010, "retry=0-1002")
        async with n.client() as again:
            reply = await again.subscribe("session:a", old.offset, old.id)
            assert (reply["recovered"], reply["position"]["offset"]) == (False, 5)
            n.publish("session:a")
            assert await again.publications("session:a", 1) == [6]


async def test_restored_history_that_grew_past_the_old_head_is_noticed() -> None:
    async with node() as n, n.client() as client:
        n.publish("session:a", 10)
        await client.subscribe("session:a")
        n.history.restore("session:a", keep=5)
        n.history.commit_many("session:a", 8)
        assert (await client.closed())[0] == 3010
        assert n.hub.numbers.histories_replaced == 1


async def test_another_publication_at_a_known_offset_is_noticed_at_once() -> None:
    limits = replace(QUICK, head_check_s=60)
    async with node(limits=limits) as n, n.client() as client:
        await client.subscribe("session:a")
        n.publish("session:a", 3)
        await client.publications("session:a", 3)
        n.history.restore("session:a", keep=2)
        n.publish("session:a")
        assert (await client.closed())[0] == 3010


async def test_history_that_fails_during_a_repair_is_asked_again() -> None:
    broker = MemoryBroker()
    async with node(broker=broker) as n, n.client() as client:
        await client.subscribe("session:a")
        frames = n.history.commit_many("session:a", 3)
        n.history.failing = True
        await tell(n, broker, frames[2])
        await asyncio.sleep(0.15)
        n.history.failing = False
        assert await client.publications("session:a", 3) == [1, 2, 3]


async def test_follower_gets_every_publication_once_and_in_order() -> None:
    async with node() as n:
        n.publish("access", 3)
        followed: list[int] = []
        stop = await n.hub.listen_internal("access", lambda frame: followed.append(frame.offset))
        n.publish("access", 2)
        n.history.commit("access")  # by a node whose message was lost
        n.hub.publish([n.history.commit("access")])
        await eventually(lambda: len(followed) >= 4)
        assert followed == [4, 5, 6, 7]
        await stop()
        n.publish("access")
        assert followed == [4, 5, 6, 7]


async def test_follower_is_told_when_history_was_replaced() -> None:
    async with node() as n:
        n.publish("access", 3)
        lost = asyncio.Event()
        followed: list[int] = []
        await n.hub.listen_internal("access", lambda frame: followed.append(frame.offset), on_lost=lost.set)
        n.history.restore("access", keep=1)
        await asyncio.wait_for(lost.wait(), 5)
        n.publish("access")
        assert followed == [2]


async def test_failing_follower_does_not_stop_others() -> None:
    async with node() as n, n.client() as client:

        def fail(frame: Frame) -> None:
            raise RuntimeError("a bug")

        await n.hub.listen_internal("session:a", fail)
        await client.subscribe("session:a")
        n.publish("session:a", 2)
        assert await client.publications("session:a", 2) == [1, 2]
