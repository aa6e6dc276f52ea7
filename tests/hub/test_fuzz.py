"""Whatever a client sends: an answer or a close code of the page, never an exception, never a stall."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from realtime.broker.memory import MemoryBroker
from realtime.hub.connection import Connection
from realtime.hub.frames import Close
from realtime.hub.hub import Hub
from realtime.hub.limits import Limits
from realtime.hub.ports import Handshake, Peer
from tests.hub.fakes import FakeGate, FakeHistory
from tests.hub.test_model import FakeLink, parse_frames

KEYS = st.sampled_from(["do", "id", "channel", "position", "name", "data", "offset", "type"])
WORDS = st.sampled_from(["subscribe", "unsubscribe", "signal", "beat", "session:a", "typing", "clap", "evil", ""])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | WORDS
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6), max_leaves=20
)
FRAMES = st.fixed_dictionaries(
    {"do": WORDS},
    optional={
        "id": st.integers(-1, 5) | LEAVES,
        "channel": WORDS | LEAVES,
        "name": WORDS | LEAVES,
        "data": st.dictionaries(st.text(max_size=3), VALUES, max_size=3) | VALUES,
        "position": st.none() | st.fixed_dictionaries({"offset": st.integers(-1, 3), "id": WORDS}) | VALUES,
    },
)
MESSAGES = (
    st.binary(max_size=100)
    | FRAMES.map(lambda frame: json.dumps(frame).encode())
    | VALUES.map(lambda value: json.dumps(value).encode())
)
ALLOWED = {Close.PROTOCOL, Close.LIMIT, Close.NOT_ALLOWED}


async def talk(messages: list[bytes]) -> tuple[list[dict[str, Any]], list[int]]:
    """All a client was told, and the codes it was closed with."""
    told: list[dict[str, Any]] = []
    codes: list[int] = []
    history = FakeHistory()
    history.commit_many("session:a", 3)
    limits = Limits(tick_s=60, head_check_s=60, signal_s=0)
    hub = Hub(gate=FakeGate(), history=history, broker=MemoryBroker(), node="n1", limits=limits)
    await hub.start()
    link = FakeLink(deliver=lambda data: told.extend(parse_frames(data)), on_close=codes.append)
    peer = Peer("amal", None, "Amal")
    connection = Connection(
        id="c", hub=hub, link=link, handshake=Handshake("", None, "amal", None, None), peer=peer
    )
    hub._admission.arrive("")
    hub.enter(connection)
    for message in messages:
        connection.received(message)
        for _ in range(12):
            await asyncio.sleep(0)
    faults = hub.numbers.gate_faults + hub.numbers.history_faults
    connection.lost()
    await hub.stop()
    assert faults == 0
    assert hub.numbers.connections == hub.numbers.subscriptions == 0
    return told, codes


@settings(max_examples=4 * settings().max_examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(MESSAGES, max_size=12))
def test_any_messages_are_answered_or_end_the_connection(messages: list[bytes]) -> None:
    told, codes = asyncio.run(talk(messages))
    assert len(codes) <= 1
    assert set(codes) <= ALLOWED
    assert {frame["type"] for frame in told} <= {"reply", "signal", "publication"}


def test_hostile_messages_are_read_quickly() -> None:
    """Nothing of 64 KiB may hold the loop for long."""
    size = 65_536
    hostile = [
        b"[" * size,
        b'{"a":' * (size // 5),
        b'{"do":"signal","id":1,"channel":"session:a","name":"typing","data":{"a":' + b"9" * (size - 100) + b"}}",
        b'{"do":"signal","id":1,"channel":"session:a","name":"typing","data":{"a":[' + b"1," * 30_000 + b"1]}}",
        b'{"do":"subscribe","id":1,"channel":"' + b"a:" * 30_000 + b'","position":null}',
        b'{"do":"signal","id":1,"channel":"a","name":"a","data":{'
        + b",".join(b'"%d":1' % number for number in range(6000))
        + b"}}",
    ]
    for message in hostile:
        begun = time.perf_counter()
        asyncio.run(talk([message]))
        assert time.perf_counter() - begun < 0.2, message[:40]
