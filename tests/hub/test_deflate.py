"""Compression: once for all who can read it, plain for the others, and never a door for bombs."""

from __future__ import annotations

import json
import tracemalloc
import zlib
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.hub.deflate import frame_round, squeeze_frame, squeeze_part
from realtime.hub.limits import Limits
from realtime.hub.wire import frame_text, payload_of
from tests.hub.fakes import FakeHistory
from tests.hub.nodes import QUICK, Node, eventually, node
from tests.hub.raw import CONT, END_OF_FLUSH, OFFER, PING, PONG, RSV1, TEXT, deflate, inflate, raw

TEXTS = st.text(max_size=400) | st.binary(max_size=400).map(bytes.hex)
WORDS = {"text": "شكرا على هذا العرض " * 20}


def say(n: Node, number: int = 1) -> None:
    for _ in range(number):
        n.hub.publish([n.history.commit("session:a", data=WORDS)])


def unsqueezed(frame: bytes) -> bytes:
    payload = bytes(payload_of(frame))
    return inflate(payload) if frame[0] & RSV1 else payload


@given(TEXTS, st.integers(0, 600))
def test_compressed_frame_says_the_same_and_is_never_larger(text: str, at_least: int) -> None:
    frame = frame_text(text.encode())
    squeezed = squeeze_frame(frame, at_least=at_least)
    assert unsqueezed(squeezed) == text.encode()
    assert len(squeezed) <= len(frame)
    assert squeezed is frame or len(text.encode()) >= at_least


@given(st.binary(max_size=200), TEXTS, st.binary(max_size=20))
def test_shared_middle_fits_into_any_message(before: bytes, middle: str, after: bytes) -> None:
    frame = b"".join(frame_round(before, squeeze_part(middle.encode()), after))
    assert frame[0] & RSV1
    assert unsqueezed(frame) == before + middle.encode() + after


@pytest.mark.parametrize(
    ("offer", "answer"),
    [
        (OFFER, "permessage-deflate; server_no_context_takeover; client_no_context_takeover"),
        ("permessage-deflate", "permessage-deflate; server_no_context_takeover; client_no_context_takeover"),
        (
            "permessage-deflate; server_max_window_bits=15; client_max_window_bits=10",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover;"
            " server_max_window_bits=15; client_max_window_bits=10",
        ),
        (
            "permessage-deflate; server_max_window_bits=10, permessage-deflate",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        ),
        ("permessage-deflate; server_max_window_bits=10", None),
        ("permessage-deflate; server_max_window_bits=99", None),
        ("permessage-deflate; spin=left", None),
        ("x-webkit-deflate-frame", None),
        (None, None),
    ],
)
async def test_offer_is_answered_with_what_needs_no_state(offer: str | None, answer: str | None) -> None:
    async with node() as n, raw(n, offer=offer) as socket:
        lines = socket.head.decode().split("\r\n")
        told = [line.split(": ", 1)[1] for line in lines if line.lower().startswith("sec-websocket-extensions")]
        assert told == ([] if answer is None else [answer])
        await socket.subscribe("session:a")
        say(n)
        publication = await socket.until_type("publication")
        assert publication.squeezed is (answer is not None)
        assert publication.json["data"] == WORDS


async def test_same_bytes_are_right_for_everybody_whenever_they_came() -> None:
    async with node() as n, AsyncExitStack() as stack:
        wires: list[list[bytes]] = []
        sockets = []
        for number in range(6):
            socket = await stack.enter_async_context(raw(n, offer=OFFER, cookie=f"p{number}"))
            await socket.subscribe("session:a")
            sockets.append(socket)
            say(n)
            wires.append([(await one.until_type("publication")).payload for one in sockets])
        assert all(len(set(wire)) == 1 for wire in wires)
        assert [json.loads(inflate(wire[0]))["offset"] for wire in wires] == [1, 2, 3, 4, 5, 6]
        assert all(len(wire[0]) < 0.6 * len(inflate(wire[0])) for wire in wires)


async def test_publication_is_compressed_once_for_all_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    made = 0
    compressobj = zlib.compressobj

    def counted(*arguments: Any) -> object:
        nonlocal made
        made += 1
        return compressobj(*arguments)

    monkeypatch.setattr(zlib, "compressobj", counted)
    async with node() as n, AsyncExitStack() as stack:
        plain = [await stack.enter_async_context(n.client(f"plain-{number}")) for number in range(2)]
        for client in plain:
            await client.subscribe("session:a")
        say(n, 3)
        for client in plain:
            assert await client.publications("session:a", 3) == [1, 2, 3]
        assert made == 0
        squeezed = [await stack.enter_async_context(raw(n, offer=OFFER, cookie=f"p{i}")) for i in range(5)]
        for socket in squeezed:
            await socket.subscribe("session:a")
        say(n, 3)
        for client in plain:
            assert await client.publications("session:a", 3) == [4, 5, 6]
        for socket in squeezed:
            assert [(await socket.until_type("publication")).json["offset"] for _ in range(3)] == [4, 5, 6]
        assert made == 3
        replies = [await socket.subscribe("session:a", 0) for socket in squeezed]
        assert made == 4
        assert all(reply.squeezed and len(reply.json["ok"]["publications"]) == 6 for reply in replies)


async def test_small_messages_go_as_they_are() -> None:
    async with node() as n, raw(n, offer=OFFER) as socket:
        reply = await socket.subscribe("session:a")
        n.publish("session:a")
        assert not (await socket.until_type("publication")).squeezed
        assert not reply.squeezed


async def test_signals_are_compressed_with_the_pass_they_are_in() -> None:
    async with node() as n, raw(n, offer=OFFER) as socket:
        await socket.subscribe("session:a")
        n.hub.signal("session:a", "reaction", {"names": ["قلب" * 10] * 20})
        frame = await socket.until_type("signal")
        assert frame.squeezed
        assert frame.json["data"] == {"names": ["قلب" * 10] * 20}


@pytest.mark.parametrize("offset", [0, 7, 30])
async def test_replay_is_one_compressed_message(offset: int) -> None:
    history = FakeHistory()
    for _ in range(30):
        history.commit("session:a", data=WORDS)
    async with node(history=history) as n, raw(n, offer=OFFER) as socket:
        id = history.ids("session:a")[offset - 1] if offset else None
        reply = await socket.subscribe("session:a", offset, id)
        assert [item["offset"] for item in reply.json["ok"]["publications"]] == list(range(offset + 1, 31))
        assert reply.squeezed is (offset < 30)
        say(n)
        assert (await socket.until_type("publication")).json["offset"] == 31


async def test_who_fell_behind_catches_up_with_compressed_frames() -> None:
    """Frames the running passes have compressed, and one nobody has wanted compressed before."""
    async with node(limits=replace(Limits(), tick_s=0.1)) as n, raw(n, offer=OFFER) as socket:
        await socket.subscribe("session:a")
        [connection] = n.hub.crowd
        connection.paused()
        say(n, 20)
        await eventually(lambda: n.hub.numbers.lagging == 1)
        say(n, 5)
        connection.resumed()
        frames = [await socket.until_type("publication") for _ in range(25)]
        assert [frame.json["offset"] for frame in frames] == list(range(1, 26))
        assert all(frame.squeezed for frame in frames)


# What the client sends

BEAT = b'{"do":"beat"}'
ASK = b'{"do":"unsubscribe","id":7,"channel":"session:a"}'


async def test_compressed_messages_are_read_alone_and_in_fragments() -> None:
    async with node() as n, raw(n, offer=OFFER) as socket:
        for window in (9, 15):
            socket.send(TEXT, deflate(ASK, window=window), rsv=RSV1)
            assert (await socket.until_type("reply")).json["id"] == 7
        data = deflate(ASK)
        socket.send(TEXT, data[:5], fin=False, rsv=RSV1)
        socket.send(PING, b"between")
        socket.send(CONT, b"", fin=False)
        socket.send(CONT, data[5:])
        pong = await socket.frame()
        assert (pong.opcode, pong.payload) == (PONG, b"between")
        assert (await socket.until_type("reply")).json["id"] == 7
        socket.send(TEXT, ASK)
        assert (await socket.until_type("reply")).json["id"] == 7


async def test_message_with_a_final_block_is_read() -> None:
    """RFC 7692 7.2.3.4: a sender may end its stream; then one empty block follows."""
    encoder = zlib.compressobj(wbits=-15)
    data = encoder.compress(ASK) + encoder.flush() + b"\x00"
    async with node() as n, raw(n, offer=OFFER) as socket:
        socket.send(TEXT, data, rsv=RSV1)
        assert (await socket.until_type("reply")).json["id"] == 7


async def test_exactly_the_limit_is_inflated_and_one_byte_more_is_not() -> None:
    async with node() as n:
        async with raw(n, offer=OFFER) as socket:
            socket.send(TEXT, deflate(ASK.ljust(65536)), rsv=RSV1)
            assert (await socket.until_type("reply")).json["id"] == 7
        async with raw(n, offer=OFFER) as socket:
            socket.send(TEXT, deflate(ASK.ljust(65537)), rsv=RSV1)
            assert await socket.closed() == 1009


def bomb(megabytes: int) -> bytes:
    encoder = zlib.compressobj(9, wbits=-15)
    block = b" " * (1 << 20)
    return b"".join(encoder.compress(block) for _ in range(megabytes)) + encoder.flush(zlib.Z_SYNC_FLUSH)


async def test_bomb_ends_with_1009_within_bounded_memory() -> None:
    """60 KB on the wire that would be 60 MB; in one frame, and in fragments that are small by themselves."""
    data = bomb(60)[:-4]
    assert len(data) < 64 << 10
    async with node() as n, n.client("bystander") as bystander:
        await bystander.subscribe("session:a")
        tracemalloc.start()
        try:
            for size in (len(data), 50):
                async with raw(n, offer=OFFER) as socket:
                    before = tracemalloc.get_traced_memory()[0]
                    tracemalloc.reset_peak()
                    socket.send(TEXT, data[:size], fin=size == len(data), rsv=RSV1)
                    for at in range(size, 10_000 if size < len(data) else 0, size):
                        socket.send(CONT, data[at : at + size], fin=False)
                    assert await socket.closed() == 1009
                    assert tracemalloc.get_traced_memory()[1] - before < 1 << 20
        finally:
            tracemalloc.stop()
        say(n)
        assert await bystander.publications("session:a", 1) == [1]


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([(TEXT, b"\xff\xff\xff\xff", True, RSV1)], 1002),
        ([(TEXT, deflate(b"\xff\xfe"), True, RSV1)], 1007),
        ([(TEXT, deflate(ASK)[:5], False, RSV1), (CONT, deflate(ASK)[5:], True, RSV1)], 1002),
        ([(PING, b"", True, RSV1)], 1002),
        ([(TEXT, b"", True, RSV1)], 3502),  # an empty message
    ],
    ids=["not deflate", "not UTF-8", "RSV1 in the middle", "RSV1 on a ping", "empty"],
)
async def test_broken_compression_ends_only_its_own_connection(
    frames: list[tuple[int, bytes, bool, int]], code: int
) -> None:
    async with node() as n, n.client("bystander") as bystander, raw(n, offer=OFFER) as socket:
        await bystander.subscribe("session:a")
        for opcode, payload, fin, rsv in frames:
            socket.send(opcode, payload, fin=fin, rsv=rsv)
        assert await socket.closed() == code
        say(n)
        assert await bystander.publications("session:a", 1) == [1]


async def test_no_compressor_is_kept_for_a_connection() -> None:
    """An idle connection costs next to nothing more with compression than without."""
    async with node(limits=replace(QUICK, connections_per_person=1000)) as n:
        kept: dict[str | None, float] = {}
        for offer in ("x-warm-up", None, OFFER):
            tracemalloc.start()
            async with AsyncExitStack() as stack:
                before = tracemalloc.get_traced_memory()[0]
                sockets = [await stack.enter_async_context(raw(n, offer=offer)) for _ in range(15)]
                for socket in sockets:
                    await socket.subscribe("session:a")
                    socket.send(TEXT, deflate(BEAT) if offer == OFFER else BEAT, rsv=RSV1 if offer == OFFER else 0)
                for socket in sockets:
                    await socket.subscribe("session:b")
                kept[offer] = (tracemalloc.get_traced_memory()[0] - before) / 15
            tracemalloc.stop()
            await eventually(lambda: n.hub.numbers.connections == 0)
        assert kept[OFFER] - kept[None] < 4000, kept  # not the 34 KB of a compressor


def test_end_of_flush_is_what_zlib_writes() -> None:
    assert squeeze_part(b"x").endswith(END_OF_FLUSH)
