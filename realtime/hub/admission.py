"""How a newcomer becomes a connection: asked at the Gate, counted, greeted."""

import secrets
from collections import Counter
from typing import Protocol, cast

from starlette.websockets import WebSocket

from realtime.hub.connection import Connection, Link
from realtime.hub.context import Context, logger
from realtime.hub.frames import SUBPROTOCOL, Close
from realtime.hub.ports import Handshake, Peer, Refusal
from realtime.hub.rights import close_code

LINK = "hub_link"  # where uvicorn.py leaves the socket's protocol object in the ASGI scope's state


class AttachableLink(Link, Protocol):
    @property
    def deflates(self) -> bool:
        """Whether compression without context was negotiated."""

    def attach(self, connection: Connection) -> None:
        """From now on whole messages go to the connection, and the ASGI call may end."""


class Admission:
    def __init__(self, context: Context) -> None:
        self._context = context
        self.addresses: Counter[str] = Counter()  # with those still at the Gate
        self.persons: dict[str, set[Connection]] = {}

    async def verdict(self, handshake: Handshake) -> Peer | Refusal:
        """The Gate's word, with the hub's own limits; a Gate that fails makes the newcomer come back."""
        if self.addresses[handshake.address] > self._context.limits.connections_per_address:
            return Refusal("limit.address", "Too many connections.", Close.LIMIT)
        try:
            verdict = await self._context.gate.admit(handshake)
        except Exception as fault:
            self._context.numbers.gate_faults += 1
            logger.warning("the gate could not admit a newcomer: %r", fault)
            return Refusal("server.busy", "Try again.", Close.RESTART)
        if isinstance(verdict, Peer) and self._full(verdict.person_id):
            return Refusal("limit.person", "Too many connections.", Close.LIMIT)
        return verdict

    def _full(self, person_id: str) -> bool:
        return len(self.persons.get(person_id, ())) >= self._context.limits.connections_per_person

    def arrive(self, address: str) -> None:
        """Count a newcomer before the Gate is asked, so that a crowd at the Gate is counted too."""
        self.addresses[address] += 1

    def depart(self, address: str) -> None:
        self.addresses[address] -= 1
        if not self.addresses[address]:
            del self.addresses[address]

    def enter(self, connection: Connection) -> None:
        self.persons.setdefault(connection.peer.person_id, set()).add(connection)

    def leave(self, connection: Connection) -> None:
        person_id = connection.peer.person_id
        self.depart(connection.handshake.address)
        self.persons[person_id].discard(connection)
        if not self.persons[person_id]:
            del self.persons[person_id]


def handshake_of(websocket: WebSocket) -> Handshake:
    headers = websocket.headers
    return Handshake(
        address=websocket.client.host if websocket.client else "",
        origin=headers.get("origin"),
        cookie=headers.get("cookie"),
        authorization=headers.get("authorization"),
        language=headers.get("accept-language"),
    )


def link_of(websocket: WebSocket) -> AttachableLink:
    link = websocket.scope.get("state", {}).get(LINK)
    if link is None:
        raise RuntimeError("the hub runs on uvicorn with realtime.hub.uvicorn.server_config")
    return cast(AttachableLink, link)


async def refuse(websocket: WebSocket, refusal: Refusal, *, reason: str) -> None:
    """A browser can read only close codes, so all but foreign origins are refused after the accept."""
    if refusal.close is None:
        await websocket.close()
        return
    offered = SUBPROTOCOL in websocket.scope["subprotocols"]
    await websocket.accept(subprotocol=SUBPROTOCOL if offered else None)
    code = close_code(refusal)
    await websocket.close(code, reason if code.comes_back else refusal.code)


def new_id() -> str:
    return secrets.token_urlsafe(9)
