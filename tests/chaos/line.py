"""One keep-alive HTTP connection and nothing else: thousands of commands must cost the client little."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.chaos.history import JSON

TRIED_S = 5.0


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> JSON:
        found: JSON = json.loads(self.body) if self.body else {}
        return found


class Line:
    """Sends one request at a time. Every failure closes it; the next request opens it again."""

    def __init__(self, host: str, port: int, headers: Mapping[str, str]) -> None:
        self._place = (host, port)
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        within_s: float = TRIED_S,
    ) -> Answer:
        """Raises OSError (also for a time-out or an answer cut short): then nobody knows what happened."""
        try:
            async with asyncio.timeout(within_s):
                return await self._ask(method, path, body, headers or {})
        except BaseException as fault:
            self.close()
            if isinstance(fault, (asyncio.IncompleteReadError, ValueError, IndexError)):
                raise ConnectionError("the answer was cut short") from fault
            raise

    def close(self) -> None:
        if self._writer is not None:
            self._writer.transport.abort()
            self._reader = self._writer = None

    async def _ask(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> Answer:
        if self._writer is None or self._reader is None or self._reader.at_eof():
            self.close()
            self._reader, self._writer = await asyncio.open_connection(*self._place)
        content = b"" if body is None else json.dumps(body).encode()
        more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"{method} {path} HTTP/1.1\r\n{self._headers}{more}Content-Length: {len(content)}\r\n\r\n"
        self._writer.write(head.encode() + content)
        await self._writer.drain()
        return await self._answer(self._reader)

    async def _answer(self, reader: asyncio.StreamReader) -> Answer:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:-2])}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        if headers.get("connection") == "close":
            self.close()
        return Answer(int(lines[0].split(" ")[1]), headers, body)
