"""Strangers at the door: silent, slow, and speaking nonsense; and how a node closes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import textwrap
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from realtime.hub import uvicorn as edge
from tests.hub.nodes import Client, Node, eventually, node

UPGRADE = (
    "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: multaqa.1\r\nCookie: amal\r\n"
)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines a test can wait for."""
    monkeypatch.setattr(edge, "HEAD_WAIT_S", 0.3)
    monkeypatch.setattr(edge, "BODY_WINDOW_S", 0.3)


class Stranger:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def hears(self) -> bytes:
        """Everything until the server closes."""
        return await asyncio.wait_for(self.reader.read(), 10)


@asynccontextmanager
async def strange(n: Node, said: bytes = b"") -> AsyncIterator[Stranger]:
    """Somebody with a plain socket, who begins with these words."""
    reader, writer = await asyncio.open_connection("127.0.0.1", n.port)
    try:
        writer.write(said)
        yield Stranger(reader, writer)
    finally:
        writer.transport.abort()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET /echo HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc",
        b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
    ids=["silent", "slow head", "slow body", "slow chunks"],
)
async def test_slow_client_is_closed_while_good_ones_are_served(said: bytes) -> None:
    async with node() as n, AsyncExitStack() as stack:
        slow = [await stack.enter_async_context(strange(n, said)) for _ in range(20)]
        for _ in range(3):
            async with strange(n, b"GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") as good:
                assert (await good.hears()).startswith(b"HTTP/1.1 200 OK")
        for stranger in slow:
            assert (await stranger.hears()).startswith(b"HTTP/1.1 408")
        assert n.server.server_state.late == 20
        await eventually(lambda: n.server.server_state.readers == set())


@pytest.mark.usefixtures("impatient")
async def test_dripping_client_is_closed_as_well() -> None:
    async with node() as n, strange(n, b"GET /echo HTTP/1.1\r\nHost: x\r\nX-Drip: ") as stranger:

        async def drip() -> None:
            while True:
                stranger.writer.write(b"x")
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        with contextlib.suppress(ConnectionResetError):  # for what it said after the end
            await stranger.hears()
        assert n.server.server_state.late == 1
        dripping.cancel()


@pytest.mark.usefixtures("impatient")
async def test_body_that_keeps_moving_is_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "BODY_WINDOW_BYTES", 100)
    async with node() as n:
        head = b"POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 20000\r\n\r\n"
        async with strange(n, head) as stranger:
            for _ in range(50):  # twice the time in which something has to come
                stranger.writer.write(b"x" * 400)
                await asyncio.sleep(0.02)
            answer = await stranger.hears()
            assert answer.startswith(b"HTTP/1.1 200 OK")
            assert answer.endswith(b"x" * 20000)


async def test_idle_keep_alive_connection_is_not_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "HEAD_WAIT_S", 0.1)
    async with node() as n:
        request = b"GET /echo HTTP/1.1\r\nHost: x\r\n\r\n"
        async with strange(n, request) as stranger:
            await stranger.reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(0.4)
            stranger.writer.write(request)
            assert (await stranger.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK")


async def test_head_without_end_is_refused() -> None:
    async with node() as n, strange(n, b"GET /echo HTTP/1.1\r\nX-Long: " + b"x" * 70_000) as stranger:
        assert (await stranger.hears()).startswith(b"HTTP/1.1 431")
        assert n.server.server_state.garbage == 1


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS hello \r\n\r\n",
        b"EHLO mail\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x00" * 100,
    ],
)
async def test_garbage_is_refused_and_not_worth_a_warning(said: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async with node() as n, strange(n, said) as stranger:
        assert (await stranger.hears()).startswith(b"HTTP/1.1 400")
        assert n.server.server_state.garbage == 1
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize(
    "frame",
    [
        b"\x81\x05hello",  # not masked
        b"\x83\x80\x00\x00\x00\x00",  # reserved opcode
        b"\xc1\x80\x00\x00\x00\x00",  # RSV1 without deflate
        b"\x80\x80\x00\x00\x00\x00",  # continuation of nothing
        b"\x09\x80\x00\x00\x00\x00",  # ping in fragments
        b"\x81\x82\x00\x00\x00\x00\xff\xfe",  # not UTF-8
        b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00",  # 2^63 bytes announced
        b"\x88\x81\x00\x00\x00\x00\x01",  # close with one byte
    ],
    ids=["unmasked", "opcode", "rsv", "continuation", "ping", "utf-8", "huge", "close"],
)
async def test_broken_websocket_frames_end_only_their_own_connection(
    frame: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with node() as n, n.client("bystander") as bystander:
        await bystander.subscribe("session:a")
        async with strange(n, (UPGRADE + "\r\n").encode()) as stranger:
            await stranger.reader.readuntil(b'"hello"')
            stranger.writer.write(frame)
            assert b"\x88" in await stranger.hears()
            await eventually(lambda: n.hub.numbers.connections == 1)
            n.publish("session:a")
            assert await bystander.publications("session:a", 1) == [1]
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_frames_sent_right_behind_the_handshake_are_read() -> None:
    async with node() as n:
        text = b'{"do":"subscribe","id":1,"channel":"session:a","position":null}'
        masked = b"\x81" + bytes([0x80 | len(text)]) + b"\x00" * 4 + text
        async with strange(n, (UPGRADE + "\r\n").encode() + masked * 2) as stranger:
            await stranger.reader.readuntil(b'"id":1,"ok"')


async def test_handshake_websockets_cannot_read_is_answered() -> None:
    async with node() as n:
        headers = "".join(f"X-{number}: y\r\n" for number in range(200))
        async with strange(n, (UPGRADE + headers + "\r\n").encode()) as stranger:
            assert (await stranger.hears()).startswith(b"HTTP/1.1 431")


async def test_ping_is_answered() -> None:
    async with node() as n, n.client() as client:
        await asyncio.wait_for(await client.socket.ping(), 5)


async def test_idle_connection_keeps_nothing_of_asgi() -> None:
    async with node() as n, n.client():
        [protocol] = [item for item in n.server.server_state.connections if hasattr(item, "session")]
        await eventually(lambda: not hasattr(protocol, "scope"))
        assert n.server.server_state.tasks == set()


async def test_lost_connection_is_forgotten_everywhere() -> None:
    async with node(has_presence=lambda channel: True) as n:
        clients = [Client(await n.socket(f"p{number}")) for number in range(10)]
        for client in clients:
            await client.frame()
            await client.subscribe("session:a")
        for client in clients:
            client.socket.transport.abort()
        await eventually(lambda: n.hub.numbers.connections == 0)
        assert n.hub.numbers.subscriptions == 0
        assert n.hub.audience("session:a") == 0
        assert (len(n.hub.crowd), n.hub._admission.addresses, n.hub._admission.persons) == (0, {}, {})
        await eventually(lambda: n.server.server_state.connections == set())


PROCESS = textwrap.dedent("""
    import asyncio, socket, sys
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route, WebSocketRoute
    from realtime.broker.memory import MemoryBroker
    from realtime.hub.hub import Hub
    from realtime.hub.uvicorn import HubServer, server_config
    from tests.hub.fakes import FakeGate, FakeHistory

    hub = Hub(gate=FakeGate(), history=FakeHistory(), broker=MemoryBroker(), node="n1")

    async def slow(request):
        print("begun", flush=True)
        await asyncio.sleep(0.5)
        return PlainTextResponse("finished")

    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def lifespan(app):
        await hub.start()
        yield
        await hub.stop()
        print("stopped", flush=True)

    app = Starlette(routes=[WebSocketRoute("/ws", hub.route), Route("/slow", slow)], lifespan=lifespan)
    sock = socket.create_server(("127.0.0.1", 0))
    server = HubServer(server_config(app), on_drain=lambda: print("draining", flush=True))
    print(sock.getsockname()[1], flush=True)
    server.run(sockets=[sock])
    print("end", flush=True)
""")


async def test_sigterm_sends_sockets_away_finishes_requests_and_exits_with_zero() -> None:
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROCESS, stdout=asyncio.subprocess.PIPE, env=environment
    )
    try:
        await _drain(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _drain(process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None
    lines = process.stdout
    port = int(await lines.readline())
    async with node() as n, n.client(port=port) as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await lines.readline() == b"begun\n"
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert await client.closed() == (1012, "retry=0-1002")
        assert time.monotonic() - begun < 0.5  # before the request has finished
        assert (await reader.read()).endswith(b"finished")
        writer.close()
        assert await process.wait() == 0
        assert (await lines.read()).split() == [b"draining", b"stopped", b"end"]
