"""A node with its hub on a real uvicorn in the test's own loop, and clients that keep the protocol's promises."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from realtime.broker.memory import MemoryBroker
from realtime.hub.frames import SERVER_FRAMES, SUBPROTOCOL
from realtime.hub.hub import Hub
from realtime.hub.limits import Limits
from realtime.hub.ports import Broker, Frame
from realtime.hub.uvicorn import HubServer, server_config
from tests.hub.fakes import FakeGate, FakeHistory

QUICK = Limits(
    tick_s=0.05, hold_s=0.05, head_check_s=0.2, presence_tell_s=0.2, presence_forget_s=0.6, signal_s=0.2
)


async def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(await request.body())


async def eventually(condition: Callable[[], bool], seconds: float = 10) -> float:
    """Wait for a condition; returns how long it took."""
    begun = time.monotonic()
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the state of several parts, none of which tells
            await asyncio.sleep(0.01)
    return time.monotonic() - begun


class QuickServer(HubServer):
    """The real server without uvicorn's pauses of a tenth of a second, and with ten ticks where it has one.

    How the real one drains is tested with real processes.
    """

    async def main_loop(self) -> None:
        counter = 0
        while not await self.on_tick(counter):
            counter += 1
            await asyncio.sleep(0.01)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await eventually(lambda: not self.server_state.connections)


class Node:
    """One server process, as far as the hub goes."""

    def __init__(
        self, hub: Hub, history: FakeHistory, gate: FakeGate, server: HubServer, sock: socket.socket
    ) -> None:
        self.hub = hub
        self.history = history
        self.gate = gate
        self.server = server
        self.port: int = sock.getsockname()[1]

    def publish(self, channel: str, number: int = 1) -> None:
        """Commit and publish, as an action does."""
        for _ in range(number):
            self.hub.publish([self.history.commit(channel)])

    @asynccontextmanager
    async def client(self, cookie: str = "amal", **options: Any) -> AsyncIterator[Client]:
        async with self.socket(cookie, **options) as socket:
            client = Client(socket)
            client.hello = await client.frame()
            yield client

    def socket(
        self,
        cookie: str = "amal",
        *,
        origin: str | None = None,
        subprotocols: list[str] | None = None,
        host: str = "127.0.0.1",
        port: int | None = None,
        deflate: bool = False,
        **options: Any,
    ) -> connect:
        return connect(
            f"ws://{host}:{port or self.port}/ws",
            additional_headers={"Cookie": cookie} if cookie else {},
            origin=None if origin is None else Origin(origin),
            subprotocols=[Subprotocol(name) for name in ([SUBPROTOCOL] if subprotocols is None else subprotocols)],
            compression="deflate" if deflate else None,
            ping_interval=None,
            max_size=None,
            max_queue=None,
            **options,
        )


class Client:
    """Speaks the protocol by hand: sends, and waits for the frame it wants."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.hello: dict[str, Any] = {}
        self.seen: list[dict[str, Any]] = []
        self._ids = 0

    async def frame(self) -> dict[str, Any]:
        """The next frame, checked against its strict type."""
        raw = await asyncio.wait_for(self.socket.recv(), 10)
        SERVER_FRAMES.validate_json(raw)
        frame: dict[str, Any] = json.loads(raw)
        self.seen.append(frame)
        return frame

    async def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        while not wanted(frame := await self.frame()):
            pass
        return frame

    async def until_type(self, type: str, **fields: Any) -> dict[str, Any]:
        wanted = {"type": type, **fields}
        return await self.until(lambda frame: wanted.items() <= frame.items())

    async def send(self, **frame: Any) -> None:
        await self.socket.send(json.dumps(frame))

    async def ask(self, **frame: Any) -> dict[str, Any]:
        """Send a request and wait for its reply."""
        self._ids += 1
        await self.send(id=self._ids, **frame)
        return await self.until_type("reply", id=self._ids)

    async def subscribe(self, channel: str, offset: int | None = None, id: str | None = None) -> dict[str, Any]:
        position = None if offset is None else {"offset": offset, "id": id}
        reply = await self.ask(do="subscribe", channel=channel, position=position)
        ok: dict[str, Any] = reply.get("ok", reply)
        return ok

    async def publications(self, channel: str, number: int) -> list[int]:
        """The offsets of the next so many publications."""
        offsets: list[int] = []
        while len(offsets) < number:
            frame = await self.until_type("publication", channel=channel)
            offsets.append(frame["offset"])
        return offsets

    async def closed(self) -> tuple[int, str]:
        """Read on to the end; the close code and reason."""
        with pytest.raises(ConnectionClosed) as end:
            await self.until(lambda frame: False)
        assert end.value.rcvd is not None
        return end.value.rcvd.code, end.value.rcvd.reason


@asynccontextmanager
async def node(
    *,
    history: FakeHistory | None = None,
    gate: FakeGate | None = None,
    broker: Broker | None = None,
    name: str = "n1",
    limits: Limits = QUICK,
    has_presence: Callable[[str], bool] = lambda channel: False,
    erases: Callable[[Frame], bool] = lambda frame: False,
) -> AsyncIterator[Node]:
    history, gate = history or FakeHistory(), gate or FakeGate()
    hub = Hub(
        gate=gate,
        history=history,
        broker=broker or MemoryBroker(),
        node=name,
        build="b1",
        limits=limits,
        has_presence=has_presence,
        erases=erases,
    )
    app = Starlette(routes=[WebSocketRoute("/ws", hub.route), Route("/echo", echo, methods=["POST", "GET"])])
    sock = socket.create_server(("127.0.0.1", 0))
    server = QuickServer(server_config(app, lifespan="off"))
    await hub.start()
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    try:
        await server.serving.wait()
        yield Node(hub, history, gate, server, sock)
    finally:
        server.should_exit = True
        await serving
        await hub.stop()
