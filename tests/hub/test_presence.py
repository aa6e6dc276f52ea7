"""Who is here, over all nodes: told, forgotten with a silent node, names only among few."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

from realtime.broker.memory import MemoryBroker
from realtime.hub.frames import dump
from realtime.hub.limits import Limits
from realtime.hub.ports import Stop
from realtime.hub.presence import TOPIC
from tests.hub.nodes import QUICK, Client, Node, node


def present(channel: str) -> bool:
    return channel.startswith("session:")


async def count_is(client: Client, count: int) -> dict[str, Any]:
    """Wait until the client is told so many."""

    def told(frame: dict[str, Any]) -> bool:
        return frame.get("name") == "presence" and bool(frame["data"]["count"] == count)

    data: dict[str, Any] = (await client.until(told))["data"]
    return data


@asynccontextmanager
async def nodes(broker: MemoryBroker, limits: Limits = QUICK) -> AsyncIterator[tuple[Node, Node]]:
    async with (
        node(broker=broker, name="n1", limits=limits, has_presence=present) as one,
        node(broker=broker, name="n2", limits=limits, has_presence=present) as other,
    ):
        yield one, other


async def test_people_on_all_nodes_are_counted_and_named() -> None:
    async with nodes(MemoryBroker()) as (one, other), one.client("amal") as amal, other.client("badr") as badr:
        await amal.subscribe("session:a")
        await badr.subscribe("session:a")
        people = [{"id": "amal", "name": "Amal"}, {"id": "badr", "name": "Badr"}]
        assert await count_is(amal, 2) == {"count": 2, "people": people}
        assert await count_is(badr, 2) == {"count": 2, "people": people}


async def test_person_with_several_connections_is_counted_once() -> None:
    async with (
        nodes(MemoryBroker()) as (one, other),
        one.client("amal") as phone,
        one.client("amal") as laptop,
        other.client("amal") as tablet,
    ):
        for client in (phone, laptop, tablet):
            await client.subscribe("session:a")
        async with one.client("badr") as badr:
            await badr.subscribe("session:a")
            assert (await count_is(badr, 2))["people"] == [
                {"id": "amal", "name": "Amal"},
                {"id": "badr", "name": "Badr"},
            ]
            await laptop.ask(do="unsubscribe", channel="session:a")
            await tablet.socket.close()
            await phone.socket.close()
            assert (await count_is(badr, 1))["people"] == [{"id": "badr", "name": "Badr"}]


async def test_many_people_are_counted_without_names() -> None:
    limits = replace(QUICK, names_up_to=3)
    async with nodes(MemoryBroker(), limits) as (one, other), AsyncExitStack() as stack:
        clients = []
        for number in range(5):
            n = (one, other)[number % 2]
            client = await stack.enter_async_context(n.client(f"p{number}"))
            await client.subscribe("session:a")
            clients.append(client)
        assert await count_is(clients[0], 5) == {"count": 5, "people": None}


async def test_people_of_a_silent_node_are_forgotten() -> None:
    broker = MemoryBroker()
    async with node(broker=broker, has_presence=present) as n, n.client() as client:
        await client.subscribe("session:a")
        told = {"node": "n9", "whole": True, "counts": {"session:a": [40, None]}}
        await broker.publish(TOPIC, dump(told))
        await count_is(client, 41)
        await count_is(client, 1)


async def test_newcomer_is_told_at_once_who_was_here() -> None:
    async with node(has_presence=present) as n, n.client("amal") as amal:
        await amal.subscribe("session:a")
        await count_is(amal, 1)
        async with n.client("badr") as badr:
            await badr.subscribe("session:a")
            assert (await badr.frame())["data"]["count"] == 1
            await count_is(badr, 2)


async def test_counts_are_pushed_at_most_once_a_tick() -> None:
    limits = replace(QUICK, tick_s=0.3)
    async with node(limits=limits, has_presence=present) as n, n.client("amal") as amal, AsyncExitStack() as stack:
        await amal.subscribe("session:a")
        for number in range(10):
            client = await stack.enter_async_context(n.client(f"p{number}"))
            await client.subscribe("session:a")
        await count_is(amal, 11)
        pushes = [frame for frame in amal.seen if frame.get("name") == "presence"]
        assert len(pushes) <= 3


async def test_channel_without_presence_is_never_counted() -> None:
    broker = MemoryBroker()
    async with node(broker=broker, has_presence=present) as n, n.client() as client:
        told: list[bytes] = []
        stop: Stop = await broker.listen(TOPIC, told.append)
        await client.subscribe("person:amal")
        await asyncio.sleep(0.3)
        n.publish("person:amal")
        assert (await client.frame())["type"] == "publication"
        assert told
        assert all(b"person:amal" not in payload for payload in told)
        await stop()


async def test_garbage_on_the_presence_topic_is_counted_and_ignored() -> None:
    broker = MemoryBroker()
    async with node(broker=broker, has_presence=present) as n, n.client() as client:
        for garbage in (b"", b"[]", b"{}", b'{"node":"x","whole":true,"counts":{"session:a":3}}'):
            await broker.publish(TOPIC, garbage)
        await client.subscribe("session:a")
        await count_is(client, 1)
        assert n.hub.numbers.broker_garbage == 4
