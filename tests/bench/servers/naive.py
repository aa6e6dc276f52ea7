"""What one writes first with Starlette: a set of sockets, and `send_text` awaited for one after the other."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Sequence
from itertools import count

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.bench.servers.control import CHANNEL, content, message_bytes, open_control


class Room:
    def __init__(self, *, size: int) -> None:
        self._sockets: set[WebSocket] = set()
        self._asked: asyncio.Queue[str] = asyncio.Queue()
        self._offsets = count(1)
        self._size = size

    async def join(self, websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.receive_text()
        self._sockets.add(websocket)
        await websocket.send_text('{"type":"reply"}')
        try:
            while True:
                await websocket.receive_text()
        except WebSocketDisconnect:
            self._sockets.discard(websocket)

    def ask(self, times: Sequence[str]) -> None:
        for sent in times:
            self._asked.put_nowait(sent)

    async def publish(self) -> None:
        while True:
            sent = await self._asked.get()
            frame = {"type": "publication", "channel": CHANNEL, "offset": next(self._offsets)}
            text = json.dumps({**frame, "data": content(sent, frame, size=self._size)}, separators=(",", ":"))
            for websocket in list(self._sockets):
                await websocket.send_text(text)


async def main() -> None:
    room = Room(size=message_bytes())
    listening = socket.create_server(("127.0.0.1", 0), backlog=4096)
    config = uvicorn.Config(
        Starlette(routes=[WebSocketRoute("/ws", room.join)]),
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        backlog=4096,
        log_level="warning",
    )
    server = uvicorn.Server(config)
    publishing = asyncio.create_task(room.publish())
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    await open_control(room.ask, listening=listening)
    await serving
    publishing.cancel()


if __name__ == "__main__":
    uvloop.run(main())
