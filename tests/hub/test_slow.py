"""A client that does not read must cost the others nothing, and catch up or be told to come back."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import replace

from realtime.hub.limits import Limits
from tests.hub.fakes import FakeHistory
from tests.hub.nodes import Client, Node, eventually, node

TEXT = {"text": "x" * 16_000}


def small_window() -> socket.socket:
    """A client socket whose kernel hides little of what it does not read."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    return sock


async def stalled_client(n: Node, name: str, channel: str) -> Client:
    """Subscribed, then not reading any more."""
    sock = small_window()
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", n.port))
    client = Client(await n.socket(name, sock=sock, close_timeout=0.1))
    await client.frame()
    await client.subscribe(channel)
    client.socket.transport.pause_reading()
    return client


def publish(n: Node, number: int) -> None:
    for _ in range(number):
        n.hub.publish([n.history.commit("session:a", data=TEXT)])


async def test_stalled_readers_delay_nobody_and_are_told_to_come_back() -> None:
    limits = Limits(tick_s=0.1, stall_s=1.0)
    async with node(limits=limits) as n, n.client("reader") as reader:
        await reader.subscribe("session:a")
        stalled = [await stalled_client(n, f"stalled-{number}", "session:a") for number in range(5)]
        slowest = 0.0
        for number in range(1, 401):
            begun = time.monotonic()
            publish(n, 1)
            assert await reader.publications("session:a", 1) == [number]
            slowest = max(slowest, time.monotonic() - begun)
        assert slowest < 1.0
        await eventually(lambda: n.hub.numbers.closed_slow == 5)
        publish(n, 1)
        assert await reader.publications("session:a", 1) == [401]
        for client in stalled:
            client.socket.transport.abort()


async def test_client_that_reads_on_catches_up_from_the_log_without_gap_or_double() -> None:
    async with node(limits=Limits(tick_s=0.1)) as n:
        client = await stalled_client(n, "stalls", "session:a")
        for _ in range(12):
            publish(n, 5)
            await asyncio.sleep(0.01)
        await eventually(lambda: n.hub.numbers.lagging == 1)
        client.socket.transport.resume_reading()
        assert await client.publications("session:a", 60) == list(range(1, 61))
        await eventually(lambda: n.hub.numbers.lagging == 0)
        publish(n, 1)
        assert await client.publications("session:a", 1) == [61]
        assert n.hub.numbers.closed_slow == 0
        await client.socket.close()


async def test_client_too_far_behind_is_closed_and_recovers() -> None:
    history = FakeHistory()
    async with node(history=history, limits=Limits(tick_s=0.05, behind_bytes=400_000)) as n:
        client = await stalled_client(n, "stalls", "session:a")
        for _ in range(60):
            publish(n, 1)
            await asyncio.sleep(0)
        await eventually(lambda: n.hub.numbers.closed_slow == 1)
        client.socket.transport.abort()
        have = [frame["offset"] for frame in client.seen if frame["type"] == "publication"]
        last = history.rows["session:a"][len(have) - 1] if have else None
        async with n.client("stalls") as again:
            reply = await again.subscribe("session:a", last.offset if last else 0, last.id if last else None)
            assert reply["recovered"] is False  # more than half a megabyte: the snapshot is cheaper


async def test_client_off_the_log_is_closed() -> None:
    limits = Limits(tick_s=0.05, log_frames=20, behind_bytes=1 << 30)
    async with node(limits=limits) as n:
        client = await stalled_client(n, "stalls", "session:a")
        for _ in range(120):
            publish(n, 1)
            await asyncio.sleep(0)
        await eventually(lambda: n.hub.numbers.closed_slow == 1)
        client.socket.transport.abort()


async def test_client_that_asks_without_reading_is_closed() -> None:
    limits = replace(Limits(), rate_burst=10_000.0, behind_bytes=200_000)
    async with node(limits=limits) as n:
        publish(n, 30)
        client = await stalled_client(n, "asks", "session:b")
        for id in range(100, 140):
            await client.send(do="subscribe", id=id, channel="session:a", position={"offset": 0, "id": None})
        await eventually(lambda: n.hub.numbers.closed_slow == 1)
        client.socket.transport.abort()


async def test_bytes_are_encoded_once_for_all_connections() -> None:
    """The very same object goes to every transport."""
    async with node() as n:
        clients = [Client(await n.socket(f"c{number}")) for number in range(5)]
        for client in clients:
            await client.frame()
            await client.subscribe("session:a")
        written: list[bytes] = []
        for connection in n.hub.crowd:
            connection.write = written.append
        publish(n, 1)
        await eventually(lambda: len(written) == 5)
        assert len({id(data) for data in written}) == 1
        for client in clients:
            client.socket.transport.abort()
