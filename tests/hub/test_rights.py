"""Rights taken away end what is open; nobody else notices."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

from tests.hub.nodes import QUICK, eventually, node


async def test_subscription_no_longer_allowed_ends_with_unsubscribed() -> None:
    async with node() as n, n.client("amal") as amal, n.client("badr") as badr:
        for client in (amal, badr):
            await client.subscribe("session:a")
            await client.subscribe("session:a:moderation")
        n.gate.forbidden.add(("amal", "session:a:moderation"))
        n.hub.drop(person_ids=["amal"])
        assert await amal.until_type("unsubscribed") == {
            "type": "unsubscribed",
            "channel": "session:a:moderation",
            "code": "access.lost",
        }
        n.publish("session:a:moderation")
        n.publish("session:a")
        assert (await amal.until_type("publication"))["channel"] == "session:a"
        assert (await badr.until_type("publication"))["channel"] == "session:a:moderation"


async def test_ended_login_closes_only_its_own_connections() -> None:
    async with node() as n, n.client("amal/phone") as phone, n.client("amal/laptop") as laptop:
        n.gate.ended.add("phone")
        n.hub.drop(login_ids=["phone"])
        assert await phone.closed() == (3500, "login.ended")
        await laptop.subscribe("session:a")
        assert n.hub.numbers.connections == 1


async def test_those_not_named_are_not_asked_again() -> None:
    async with node() as n, n.client("amal"), n.client("badr") as badr:
        asked = n.gate.admitted
        n.hub.drop(person_ids=["somebody"])
        n.hub.drop()
        await badr.subscribe("session:a")
        assert n.gate.admitted == asked


async def test_right_lost_while_subscribing_is_noticed() -> None:
    async with node() as n, n.client("amal") as amal:
        asked: list[str] = []

        def lose_it(person: str, channel: str) -> None:
            """The right goes away just after the first yes."""
            asked.append(channel)
            n.gate.forbidden.add(("amal", "session:a"))
            if len(asked) == 1:
                n.hub.drop(person_ids=["amal"])

        n.gate.on_subscribe = lose_it
        reply = await amal.subscribe("session:a")
        assert reply["error"]["code"] == "channel.refused"
        assert n.hub.numbers.subscriptions == 0


async def test_login_that_ends_while_it_is_admitted_is_noticed() -> None:
    async with node() as n:

        def end_it(login: str) -> None:
            """The login ends just after the yes, when there is no connection yet to be named."""
            n.gate.ended.add(login)
            n.hub.drop(login_ids=[login])

        n.gate.on_admit = end_it
        async with n.client("amal") as amal:
            assert await amal.closed() == (3500, "login.ended")
        assert n.hub.numbers.connections == 0


async def test_gate_that_does_not_answer_makes_the_named_come_back() -> None:
    async with node(limits=replace(QUICK, access_s=0.2)) as n, n.client("amal") as amal:
        n.gate.failing = True
        n.hub.drop(person_ids=["amal"])
        assert (await amal.closed())[0] == 1012


async def test_many_named_at_once_are_all_dealt_with_in_time_when_the_gate_hangs() -> None:
    async with node(limits=replace(QUICK, access_s=0.3)) as n, AsyncExitStack() as stack:
        for number in range(40):
            await stack.enter_async_context(n.client(f"p{number}"))
        n.gate.hanging = asyncio.Event()
        n.hub.drop_all()
        assert await eventually(lambda: n.hub.numbers.closed_restart == 40) < 2
        n.gate.hanging.set()


async def test_everybody_can_be_asked_again() -> None:
    async with node() as n, n.client("amal") as amal, n.client("badr"):
        n.gate.ended.add("login-amal")
        n.hub.drop_all()
        assert await amal.closed() == (3500, "login.ended")
        assert n.hub.numbers.connections == 1


async def test_forbidden_channel_is_refused() -> None:
    async with node() as n, n.client("amal") as amal:
        n.gate.forbidden.add(("amal", "session:a"))
        assert (await amal.subscribe("session:a"))["error"]["code"] == "channel.refused"
        n.publish("session:a")
        assert n.hub.numbers.channels == 0
