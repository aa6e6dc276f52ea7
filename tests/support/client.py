"""What people come with: a browser with its cookies, and a socket that keeps what it heard."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

import server.assembly  # noqa: F401  # declares every fact and signal there is
from models.base import new_id
from realtime.hub.frames import SERVER_FRAMES, SUBPROTOCOL
from server.domain.view import FACTS, SIGNALS

JSON = dict[str, Any]
COOKIE = "login"
WITHIN_S = 15.0


class Refused(Exception):
    """The server answered with a problem."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(f"{response.status_code} {response.text}")
        self.status = response.status_code
        self.response = response
        self.problem: JSON = response.json()

    @property
    def code(self) -> str:
        return str(self.problem["code"])


class Browser:
    """Sends what our pages send: the cookie, the page's Origin, and a fresh key with every command."""

    def __init__(
        self, url: str, token: str | None = None, *, language: str = "en", origin: str | None = ""
    ) -> None:
        self.url = url
        own = {"Origin": url if origin == "" else origin} if origin is not None else {}
        self.http = httpx.AsyncClient(
            base_url=url,
            headers={"Accept-Language": language, "User-Agent": "a test's browser", **own},
            timeout=httpx.Timeout(30),
            trust_env=False,
            verify=False,  # plain http: reading the system's certificates costs more than most tests
        )
        if token is not None:
            self.http.cookies.set(COOKIE, token, domain="127.0.0.1")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    @property
    def token(self) -> str | None:
        return self.http.cookies.get(COOKIE)

    async def ask(self, method: str, path: str, body: Any = None, *, key: UUID | None = None) -> httpx.Response:
        """One request, whatever is answered."""
        command = {} if method == "GET" else {"Idempotency-Key": str(key or new_id())}
        content = None if body is None else json.dumps(body)
        if body is not None:
            command["Content-Type"] = "application/json"
        return await self.http.request(method, path, content=content, headers=command)

    async def get(self, path: str) -> JSON:
        return _answer(await self.ask("GET", path))

    async def post(self, path: str, body: Any = None, *, key: UUID | None = None) -> JSON:
        return _answer(await self.ask("POST", path, body, key=key))

    async def patch(self, path: str, body: Any) -> JSON:
        return _answer(await self.ask("PATCH", path, body))

    async def put(self, path: str, body: Any = None) -> JSON:
        return _answer(await self.ask("PUT", path, body))

    async def delete(self, path: str) -> JSON:
        return _answer(await self.ask("DELETE", path))

    @asynccontextmanager
    async def socket(self, *, origin: str | None = "", cookie: str | None = None) -> AsyncIterator[Ear]:
        """A connection to /ws; the first frame has been read."""
        token = self.token
        header = cookie if cookie is not None else f"{COOKIE}={token}" if token else ""
        came_from = self.url if origin == "" else origin
        async with connect(
            self.url.replace("http", "ws", 1) + "/ws",
            additional_headers={"Cookie": header} if header else {},
            origin=None if came_from is None else Origin(came_from),
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            compression=None,
            ping_interval=None,
            max_queue=None,
        ) as connection:
            ear = Ear(connection)
            async with ear:
                yield ear


class Ear:
    """Hears one connection: keeps publications by channel, signals and refusals, and wakes who waits for them."""

    def __init__(self, connection: ClientConnection) -> None:
        self.hello: JSON = {}
        self.heard: dict[str, list[JSON]] = defaultdict(list)
        self.signals: list[JSON] = []
        self.lost: dict[str, str] = {}
        self.closed: tuple[int, str] | None = None
        self._connection = connection
        self._replies: dict[int, JSON] = {}
        self._news = asyncio.Condition()
        self._ids = 0
        self._reader: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._reader = asyncio.create_task(self._read())
        await self.until(lambda: bool(self.hello) or self.closed is not None)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._connection.close()
        assert self._reader is not None
        await self._reader

    def cut(self) -> None:
        """The network is gone: no close frame, nothing."""
        self._connection.transport.abort()

    async def until(self, condition: Callable[[], bool], *, within_s: float = WITHIN_S) -> None:
        """Wait until something heard makes the condition true."""
        async with asyncio.timeout(within_s), self._news:
            await self._news.wait_for(condition)

    async def subscribe(self, channel: str, position: Mapping[str, Any] | None = None) -> JSON:
        """Subscribe; what is replayed counts as heard. Returns `ok`, or the whole reply with its error."""
        reply = await self.request("subscribe", channel=channel, position=position)
        ok: JSON = reply.get("ok", reply)
        self.lost.pop(channel, None)
        return ok

    async def send_text(self, text: str) -> None:
        """Whatever a stranger might send."""
        await self._connection.send(text)

    async def request(self, do: str, **fields: Any) -> JSON:
        self._ids += 1
        id = self._ids
        await self._connection.send(json.dumps({"do": do, "id": id, **fields}))
        await self.until(lambda: id in self._replies or self.closed is not None)
        if id not in self._replies:
            raise ConnectionError(f"closed while asking: {self.closed}")
        return self._replies.pop(id)

    async def publication(self, channel: str, name: str, **data: Any) -> JSON:
        """Wait for a publication of this name whose data has these values; returns its data."""

        def found() -> JSON | None:
            for one in self.heard[channel]:
                if one["name"] == name and data.items() <= one["data"].items():
                    return dict(one["data"])
            return None

        await self.until(lambda: found() is not None)
        data_found = found()
        assert data_found is not None
        return data_found

    async def reach(self, channel: str, offset: int) -> list[JSON]:
        """Wait until the channel was heard up to an offset; returns what was heard of it up to there."""
        await self.until(lambda: bool(self.heard[channel]) and self.heard[channel][-1]["offset"] >= offset)
        return [one for one in self.heard[channel] if one["offset"] <= offset]

    async def gone(self, channel: str) -> str:
        """Wait until the server takes the subscription (or the connection) away; returns the code."""
        await self.until(lambda: channel in self.lost or self.closed is not None)
        return self.lost.get(channel) or str(self.closed)

    async def end(self) -> tuple[int, str]:
        """Wait for the connection's end; the close code and reason."""
        await self.until(lambda: self.closed is not None)
        assert self.closed is not None
        return self.closed

    async def _read(self) -> None:
        try:
            async for raw in self._connection:
                SERVER_FRAMES.validate_json(raw)
                await self._take(json.loads(raw))
            code, reason = self._connection.close_code, self._connection.close_reason
        except ConnectionClosed as end:
            code = end.rcvd.code if end.rcvd else 1006
            reason = end.rcvd.reason if end.rcvd else ""
        async with self._news:
            self.closed = (code or 1006, reason or "")
            self._news.notify_all()

    async def _take(self, frame: JSON) -> None:
        async with self._news:
            match frame["type"]:
                case "hello":
                    self.hello = frame
                case "reply":
                    for one in frame.get("ok", {}).get("publications", ()):
                        self._hear(one)
                    self._replies[frame["id"]] = frame
                case "publication":
                    self._hear(frame)
                case "signal":
                    SIGNALS[frame["name"]].model_validate(frame["data"])
                    self.signals.append(frame)
                case "unsubscribed":
                    self.lost[frame["channel"]] = frame["code"]
            self._news.notify_all()

    def _hear(self, one: JSON) -> None:
        """Everything heard in any test fits what /api/events.json promises."""
        fact = FACTS[one["name"]]
        fact.model_validate(one["data"])
        assert kind_of(one["channel"]) in fact.channels, one
        self.heard[one["channel"]].append(one)


def kind_of(channel: str) -> str:
    """`session:ID:moderation` -> `session:moderation`, as facts declare where they are told."""
    parts = channel.split(":")
    return ":".join([parts[0], *parts[2:]])


def _answer(response: httpx.Response) -> JSON:
    if not response.is_success:
        raise Refused(response)
    return dict(response.json()) if response.content else {}
