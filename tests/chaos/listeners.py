"""Live clients that keep the protocol's promises: load, follow, come back with the last position."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException
from websockets.typing import Origin, Subprotocol

from realtime.hub.frames import SUBPROTOCOL
from tests.chaos.history import JSON, Heard, Piece, Told
from tests.chaos.line import Line

SILENT_S = 45.0  # a server says something every 20 s
SMALL_BUFFER = 4096
COME_BACK = frozenset({1001, 1006, 1011, 1012, 3008, 3009, 3010})


class Lost(Exception):
    """The link is over: come back."""


@dataclass
class Numbers:
    """How it went, of all listeners together."""

    links: int = 0
    recovered: int = 0
    loaded: int = 0
    deliveries: int = 0
    closes: dict[int, int] | None = None

    def closed(self, code: int) -> None:
        self.closes = self.closes or {}
        self.closes[code] = self.closes.get(code, 0) + 1


class Listener:
    """Follows one channel. A stalled one leaves its socket unread for a while, as a phone in a tunnel does;
    that needs a `direct` link, for a proxy's buffers would take everything in the meantime."""

    def __init__(
        self,
        name: str,
        channel: str,
        port: int,
        origin: str,
        token: str,
        line: Line,
        numbers: Numbers,
        *,
        direct: bool,
    ) -> None:
        self.direct = direct
        self.heard = Heard(name, channel)
        self.errors: list[str] = []
        self._port = port
        self._origin = origin
        self._token = token
        self._line = line
        self._numbers = numbers
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._ids = 0
        self._chance = random.Random(name)

    @property
    def offset(self) -> int:
        """How far it has heard."""
        if not self.heard.pieces:
            return -1
        piece = self.heard.pieces[-1]
        return piece.told[-1].offset if piece.told else piece.position[0]

    def stall(self) -> None:
        self._flowing.clear()

    def go_on(self) -> None:
        self._flowing.set()

    async def follow(self) -> None:
        """Until cancelled."""
        while True:
            try:
                async with self._link() as connection:
                    await self._subscribe(connection)
                    await self._read_on(connection)
            except (OSError, TimeoutError, Lost, WebSocketException):
                await asyncio.sleep(self._chance.uniform(0.1, 1.0))

    @asynccontextmanager
    async def _link(self) -> AsyncIterator[ClientConnection]:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        sock.setblocking(False)
        try:
            async with asyncio.timeout(10):
                await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self._port))
                connection = await connect(
                    f"ws://127.0.0.1:{self._port}/ws",
                    sock=sock,
                    origin=Origin(self._origin),
                    additional_headers={"Cookie": f"login={self._token}"},
                    subprotocols=[Subprotocol(SUBPROTOCOL)],
                    compression=None,
                    ping_interval=None,
                    max_queue=1,
                    close_timeout=1,
                )
        except BaseException as fault:
            sock.close()
            if isinstance(fault, InvalidHandshake):
                raise Lost from fault
            raise
        self._numbers.links += 1
        try:
            yield connection
        finally:
            if connection.close_code is not None:
                self._note(connection.close_code, connection.close_reason or "")
            connection.transport.abort()
            with contextlib.suppress(OSError):
                await connection.wait_closed()

    def _note(self, code: int, reason: str) -> None:
        self._numbers.closed(int(code))
        if code not in COME_BACK:
            self.errors.append(f"{self.heard.name} was closed with {code} {reason}")
        if code in {1012, 3008, 3009, 3010} and not re.fullmatch(r"retry=\d+-\d+", reason):
            self.errors.append(f"{self.heard.name}: {code} does not say when to come back: {reason!r}")

    async def _frame(self, connection: ClientConnection) -> JSON:
        await self._flowing.wait()
        async with asyncio.timeout(SILENT_S):
            frame: JSON = json.loads(await connection.recv())
        if frame["type"] == "beat":
            await connection.send('{"do":"beat"}')
        return frame

    async def _subscribe(self, connection: ClientConnection) -> None:
        if not self.heard.pieces:
            await self._load()
        while True:
            self._ids += 1
            piece = self.heard.pieces[-1]
            position = (piece.told[-1].offset, piece.told[-1].id) if piece.told else piece.position
            wish = {"offset": position[0], "id": position[1]}
            request = {"do": "subscribe", "id": self._ids, "channel": self.heard.channel, "position": wish}
            await connection.send(json.dumps(request))
            reply = await self._reply(connection)
            if "error" in reply:
                if reply["error"]["code"] != "server.busy":
                    self.errors.append(f"{self.heard.name} was refused: {reply['error']}")
                await asyncio.sleep(0.3)
            elif reply["ok"]["recovered"]:
                self._numbers.recovered += 1
                for one in reply["ok"]["publications"]:
                    self._take(one)
                return
            else:
                await asyncio.sleep(self._chance.uniform(0, reply["ok"]["jitter_ms"][1] / 1000))
                await self._load()

    async def _reply(self, connection: ClientConnection) -> JSON:
        async with asyncio.timeout(20):
            while True:
                frame = await self._frame(connection)
                if frame["type"] == "reply" and frame["id"] == self._ids:
                    return frame

    async def _load(self) -> None:
        """The snapshot by HTTP; what follows begins at its position."""
        snapshot = await load(self._line, self.heard.channel)
        position = snapshot["position"]
        self.heard.pieces.append(Piece((position["offset"], position["id"]), snapshot))
        self._numbers.loaded += 1

    async def _read_on(self, connection: ClientConnection) -> None:
        while True:
            frame = await self._frame(connection)
            if frame["type"] == "publication":
                self._take(frame)
            elif frame["type"] == "unsubscribed":
                self.errors.append(f"{self.heard.name} lost its channel: {frame}")
                raise Lost

    def _take(self, one: JSON) -> None:
        self._numbers.deliveries += 1
        self.heard.pieces[-1].told.append(Told(one["offset"], one["id"], one["name"], one["data"]))


async def load(line: Line, channel: str) -> JSON:
    """A channel's snapshot. Raises Lost when the server cannot answer now."""
    kind, _, id = channel.partition(":")
    path = f"/api/sessions/{id}/chat" if kind == "session" else f"/api/boards/{id}"
    answer = await line.ask("GET", path)
    if answer.status != 200:
        await asyncio.sleep(0.3)
        raise Lost
    return answer.json
