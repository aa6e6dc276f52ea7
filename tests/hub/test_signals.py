"""Signals: passed on at once, summed when many, never stored."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.broker.memory import MemoryBroker
from realtime.hub.signals import merge
from tests.hub.fakes import FakeHistory
from tests.hub.nodes import QUICK, node

NUMBERS = st.dictionaries(st.text(max_size=3), st.integers(), max_size=5)


@pytest.mark.parametrize(
    ("older", "newer", "one"),
    [
        ({"claps": 2}, {"claps": 3}, {"claps": 5}),
        ({"people": [1, 2]}, {"people": [2, 3]}, {"people": [1, 2, 3]}),
        ({"by": {"clap": 1}}, {"by": {"clap": 1, "heart": 2}}, {"by": {"clap": 2, "heart": 2}}),
        ({"at": "left"}, {"at": "right"}, {"at": "right"}),
        ({"on": True}, {"on": False}, {"on": False}),
        ({}, {"a": 1}, {"a": 1}),
    ],
)
def test_two_signals_become_one(older: dict[str, Any], newer: dict[str, Any], one: dict[str, Any]) -> None:
    assert merge(older, newer) == one


@given(NUMBERS, NUMBERS, NUMBERS)
def test_sums_do_not_depend_on_grouping_or_order(a: dict[str, int], b: dict[str, int], c: dict[str, int]) -> None:
    assert merge(merge(a, b), c) == merge(a, merge(b, c)) == merge(merge(c, a), b)


def test_merging_stays_small() -> None:
    signal: dict[str, Any] = {}
    for number in range(1000):
        signal = merge(signal, {f"key{number}": 1, "people": [number]})
    assert len(signal) == 100
    assert len(signal["people"]) == 25


async def test_signal_reaches_everyone_on_all_nodes_and_is_not_stored() -> None:
    broker, history = MemoryBroker(), FakeHistory()
    async with (
        node(broker=broker, history=history, name="n1") as one,
        node(broker=broker, history=history, name="n2") as other,
        one.client("amal") as amal,
        one.client("badr") as badr,
        other.client("dina") as dina,
    ):
        for client in (amal, badr, dina):
            await client.subscribe("session:a")
        assert (await amal.ask(do="signal", channel="session:a", name="typing", data={}))["ok"] == {}
        typing = {
            "type": "signal",
            "channel": "session:a",
            "name": "typing",
            "data": {"people": [{"id": "amal", "name": "Amal"}]},
        }
        assert await badr.frame() == typing
        assert await dina.frame() == typing
        assert history.rows == {}


async def test_many_signals_are_summed_over_nodes_and_none_is_lost() -> None:
    broker = MemoryBroker()
    async with (
        node(broker=broker, name="n1") as one,
        node(broker=broker, name="n2") as other,
        one.client("amal") as amal,
        other.client("badr") as badr,
    ):
        await amal.subscribe("session:a")
        await badr.subscribe("session:a")
        for _ in range(25):
            await amal.send(do="signal", id=1, channel="session:a", name="clap", data={})
            await badr.send(do="signal", id=1, channel="session:a", name="clap", data={})
        for client in (amal, badr):
            claps, frames = 0, 0
            while claps < 50:
                frame = await client.until_type("signal", name="clap")
                claps += frame["data"]["claps"]
                frames += 1
            assert claps == 50
            assert frames < 20


async def test_names_are_not_passed_on_in_a_large_audience() -> None:
    limits = replace(QUICK, names_up_to=1)
    async with node(limits=limits) as n, n.client("amal") as amal, n.client("badr") as badr:
        await amal.subscribe("session:a")
        await badr.subscribe("session:a")
        await amal.ask(do="signal", channel="session:a", name="typing", data={})
        await amal.ask(do="signal", channel="session:a", name="clap", data={})
        assert (await badr.frame())["name"] == "clap"


async def test_signal_to_a_channel_not_subscribed_is_refused() -> None:
    async with node() as n, n.client() as client:
        reply = await client.ask(do="signal", channel="session:a", name="typing", data={})
        assert reply["error"]["code"] == "channel.not_subscribed"


async def test_signal_the_gate_refuses_is_answered_or_ends_the_connection() -> None:
    async with node() as n, n.client() as client:
        await client.subscribe("session:a")
        reply = await client.ask(do="signal", channel="session:a", name="dance", data={})
        assert reply["error"]["code"] == "signal.unknown"
        await client.send(do="signal", id=9, channel="session:a", name="evil", data={})
        assert await client.closed() == (3501, "signal.evil")


async def test_server_may_signal() -> None:
    async with node() as n, n.client() as client:
        await client.subscribe("session:a")
        n.hub.signal("session:a", "tick", {"n": 1})
        n.hub.signal("session:nobody", "tick", {"n": 1})
        assert (await client.frame())["data"] == {"n": 1}
