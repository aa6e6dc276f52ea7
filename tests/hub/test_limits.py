"""What a client must not do, and the code it is sent away with."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from websockets.exceptions import InvalidStatus

from tests.hub.nodes import QUICK, eventually, node


async def test_foreign_origin_is_refused_before_the_accept() -> None:
    async with node() as n:
        with pytest.raises(InvalidStatus) as refusal:
            async with n.socket(origin="https://evil.example"):
                pass
        assert refusal.value.response.status_code == 403


async def test_stranger_is_closed_with_login_ended_after_the_accept() -> None:
    async with node() as n, n.socket("") as socket:
        await socket.wait_closed()
        assert (socket.close_code, socket.close_reason) == (3500, "login.needed")


async def test_gate_that_fails_sends_newcomers_back_for_later() -> None:
    async with node() as n:
        n.gate.failing = True
        async with n.socket() as socket:
            await socket.wait_closed()
            assert (socket.close_code, socket.close_reason) == (1012, "retry=0-1000")


async def test_other_subprotocol_is_closed_as_protocol_error() -> None:
    async with node() as n, n.socket(subprotocols=["something.else"]) as socket:
        await socket.wait_closed()
        assert (socket.close_code, socket.close_reason) == (3502, "protocol.subprotocol")


async def test_connections_of_one_person_are_limited_and_freed() -> None:
    async with node(limits=replace(QUICK, connections_per_person=2)) as n:
        async with n.client(), n.client():
            async with n.socket() as third:
                await third.wait_closed()
                assert (third.close_code, third.close_reason) == (3503, "limit.person")
            async with n.client("badr"):
                pass
        async with n.client() as again:
            assert again.hello["type"] == "hello"


async def test_connections_of_one_address_are_limited() -> None:
    async with node(limits=replace(QUICK, connections_per_address=1)) as n, n.client(), n.socket("badr") as second:
        await second.wait_closed()
        assert (second.close_code, second.close_reason) == (3503, "limit.address")


async def test_crowd_at_the_gate_counts_towards_the_address_and_is_forgotten() -> None:
    async with node(limits=replace(QUICK, connections_per_address=3)) as n:
        n.gate.hanging = asyncio.Event()
        waiting = [asyncio.create_task(n.socket(f"p{number}").__aenter__()) for number in range(3)]
        await eventually(lambda: n.gate.admitted == 3)
        async with n.socket("fourth") as fourth:
            await fourth.wait_closed()
            assert (fourth.close_code, fourth.close_reason) == (3503, "limit.address")
        n.gate.failing = True
        n.gate.hanging.set()
        for socket in await asyncio.gather(*waiting):
            await socket.wait_closed()
        await eventually(lambda: n.hub._admission.addresses == {})


async def test_subscriptions_of_one_connection_are_limited() -> None:
    async with node(limits=replace(QUICK, subscriptions=3)) as n, n.client() as client:
        for number in range(3):
            await client.subscribe(f"session:{number}")
        await client.subscribe("session:2")
        await client.send(do="subscribe", id=9, channel="session:3", position=None)
        assert await client.closed() == (3503, "subscriptions")


async def test_talking_too_fast_is_closed() -> None:
    async with node(limits=replace(QUICK, rate_burst=20.0, rate_per_s=1.0)) as n, n.client() as client:
        for _ in range(21):
            await client.send(do="beat")
        assert await client.closed() == (3503, "rate")


GARBAGE = [
    "",
    "{",
    "[]",
    "null",
    '"beat"',
    "{}",
    '{"do":"dance"}',
    '{"do":"beat","extra":1}',
    '{"do":"subscribe","id":1,"channel":"session:a"}',
    '{"do":"subscribe","id":"1","channel":"session:a","position":null}',
    '{"do":"subscribe","id":1.5,"channel":"session:a","position":null}',
    '{"do":"subscribe","id":-1,"channel":"session:a","position":null}',
    '{"do":"subscribe","id":99999999999999999999,"channel":"session:a","position":null}',
    '{"do":"subscribe","id":1,"channel":"","position":null}',
    '{"do":"subscribe","id":1,"channel":"session:a\\n","position":null}',
    '{"do":"subscribe","id":1,"channel":"session:' + "x" * 300 + '","position":null}',
    '{"do":"subscribe","id":1,"channel":"session:a","position":{"offset":-1,"id":null}}',
    '{"do":"subscribe","id":1,"channel":"session:a","position":{"offset":1}}',
    '{"do":"subscribe","id":1,"channel":"session:a","position":{"offset":NaN,"id":null}}',
    '{"do":"signal","id":1,"channel":"session:a","name":"typing","data":{"a":NaN}}',
    '{"do":"signal","id":1,"channel":"session:a","name":"typing","data":{"a":1e999}}',
    '{"do":"signal","id":1,"channel":"session:a","name":"typing","data":{"a":"\\ud800"}}',
    '{"do":"signal","id":1,"channel":"session:a","name":"typing","data":[]}',
    '{"do":"signal","id":1,"channel":"session:a","name":"typing","data":{"a":' + "[" * 9 + "]" * 9 + "}}",
    "[" * 60_000,
    '{"a":' * 10_000,
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
async def test_garbage_is_closed_as_protocol_error_and_others_do_not_notice(garbage: str) -> None:
    async with node() as n, n.client("bystander") as bystander, n.client() as client:
        await bystander.subscribe("session:a")
        await client.socket.send(garbage)
        assert await client.closed() == (3502, "frame")
        n.publish("session:a")
        assert await bystander.publications("session:a", 1) == [1]


async def test_binary_message_is_closed_as_protocol_error() -> None:
    async with node() as n, n.client() as client:
        await client.socket.send(b'{"do":"beat"}')
        assert await client.closed() == (3502, "frame")


async def test_message_of_exactly_the_limit_is_read_and_one_byte_more_is_not() -> None:
    async with node() as n:
        async with n.client() as client:
            frame = {"do": "signal", "id": 1, "channel": "session:a", "name": "typing", "data": {"a": ""}}
            frame["data"] = {"a": "x" * (65536 - len(json.dumps(frame)))}
            assert len(json.dumps(frame)) == 65536
            await client.socket.send(json.dumps(frame))
            assert (await client.until_type("reply"))["error"]["code"] == "channel.not_subscribed"
        async with n.client() as client:
            await client.socket.send("x" * 65537)
            assert (await client.closed())[0] == 1009


async def test_message_in_fragments_is_one_message_and_counts_whole() -> None:
    async with node() as n:
        async with n.client() as client:
            await client.socket.send(['{"do":"sub', 'scribe","id":1,"channel":"session:a",', '"position":null}'])
            assert (await client.until_type("reply"))["ok"]["recovered"] is True
        async with n.client() as client:
            await client.socket.send(["x" * 40_000, "x" * 40_000])
            assert (await client.closed())[0] == 1009


async def test_silent_client_is_closed_as_idle_and_one_that_answers_stays() -> None:
    limits = replace(QUICK, beat_s=0.1, tick_s=0.05)
    async with node(limits=limits) as n, n.client("silent") as silent, n.client("answers") as answers:

        async def answer() -> None:
            for _ in range(6):
                await answers.until_type("beat")
                await answers.send(do="beat")

        answering = asyncio.create_task(answer())
        code, reason = await silent.closed()
        assert (code, reason) == (3009, "retry=0-1004")
        assert [frame["type"] for frame in silent.seen] == ["hello", "beat", "beat"]
        await answering


async def test_reason_to_come_back_widens_with_the_crowd() -> None:
    async with node() as n, n.client("one") as one, n.client("two"), n.client("three"):
        await asyncio.sleep(0.1)
        n.hub.send_away()
        assert await one.closed() == (1012, "retry=0-1006")
