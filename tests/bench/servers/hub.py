"""Multaqa's hub alone, on the server class and settings that serve for real: `python -m tests.bench.servers.hub`.

The Gate and the History answer at once, from memory: what they cost in truth is in the row of one command.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID, uuid5

import uvloop
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

from realtime.broker.memory import MemoryBroker
from realtime.hub.frames import Close, publication
from realtime.hub.hub import Hub
from realtime.hub.ports import JSON, START, Frame, Gone, Handshake, Peer, Position, Refusal
from realtime.hub.uvicorn import HubServer, server_config
from tests.bench.servers.control import CHANNEL, content, message_bytes, open_control

PEOPLE = UUID("019a0000-0000-7000-8000-000000000000")
AT = "2026-11-21T08:00:00.000Z"


class Gate:
    """Whoever brings a login may hear everything; each login is a person of its own."""

    async def admit(self, handshake: Handshake) -> Peer | Refusal:
        _, found, login = (handshake.cookie or "").rpartition("login=")
        if not found:
            return Refusal("login.needed", "Sign in first.", Close.LOGIN_ENDED)
        return Peer(str(uuid5(PEOPLE, login)), str(uuid5(PEOPLE, f"login {login}")), f"Person {login}")

    async def may_subscribe(self, peer: Peer, channel: str) -> bool:
        return True

    async def signal(self, peer: Peer, channel: str, name: str, data: JSON) -> JSON | Refusal:
        return Refusal("signal.refused", "Not here.")


class History:
    """The publications of one channel."""

    def __init__(self, *, size: int) -> None:
        self._frames: list[Frame] = []
        self._size = size

    def commit(self, sent: str) -> Frame:
        offset = len(self._frames) + 1
        id = f"019a0000-0000-7000-8000-{offset:012d}"
        bare = {"type": "publication", "channel": CHANNEL, "offset": offset, "id": id, "name": "said", "at": AT}
        data = content(sent, bare, size=self._size)
        payload = publication(channel=CHANNEL, offset=offset, id=id, name="said", at=AT, data=data)
        self._frames.append(Frame(CHANNEL, offset, id, payload))
        return self._frames[-1]

    async def heads(self, channels: Collection[str]) -> Mapping[str, Position]:
        return {CHANNEL: self._frames[-1].position} if self._frames and CHANNEL in channels else {}

    async def since(self, channel: str, after: Position, limit: int) -> Sequence[Frame] | Gone:
        frames = self._frames if channel == CHANNEL else []
        there = START if after.offset == 0 else frames[after.offset - 1].position
        return frames[after.offset : after.offset + limit] if there == after else Gone()


async def main() -> None:
    history = History(size=message_bytes())
    hub = Hub(
        gate=Gate(),
        history=history,
        broker=MemoryBroker(),
        node="bench",
        has_presence=lambda channel: channel == CHANNEL,
    )
    app = Starlette(routes=[WebSocketRoute("/ws", hub.route)])
    listening = socket.create_server(("127.0.0.1", 0), backlog=4096)
    server = HubServer(server_config(app, lifespan="off"))
    await hub.start()
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    await server.serving.wait()
    await open_control(lambda times: hub.publish([history.commit(sent) for sent in times]), listening=listening)
    await serving


if __name__ == "__main__":
    uvloop.run(main())
