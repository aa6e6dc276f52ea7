"""A WebSocket client by hand: sends frames no library would, and sees frames as they are on the wire."""

from __future__ import annotations

import asyncio
import json
import os
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from realtime.hub.wire import header
from tests.hub.nodes import Node

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
FIN, RSV1, RSV2, RSV3 = 0x80, 0x40, 0x20, 0x10
OFFER = "permessage-deflate; client_max_window_bits"  # what Chromium sends
END_OF_FLUSH = b"\x00\x00\xff\xff"


@dataclass(frozen=True)
class RawFrame:
    first: int
    payload: bytes

    @property
    def opcode(self) -> int:
        return self.first & 0x0F

    @property
    def squeezed(self) -> bool:
        return bool(self.first & RSV1)

    @property
    def text(self) -> bytes:
        """What it says, with nothing remembered of earlier frames."""
        return inflate(self.payload) if self.squeezed else self.payload

    @property
    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.text)
        return value


def inflate(data: bytes) -> bytes:
    decoder = zlib.decompressobj(-15)
    text = decoder.decompress(data + END_OF_FLUSH)
    assert not decoder.unused_data
    return text


def deflate(text: bytes, *, window: int = 15) -> bytes:
    encoder = zlib.compressobj(wbits=-window)
    return (encoder.compress(text) + encoder.flush(zlib.Z_SYNC_FLUSH))[:-4]


def masked(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0) -> bytes:
    """A frame as a client has to send it."""
    key = os.urandom(4)
    head = bytearray(header(len(payload), (FIN if fin else 0) | rsv | opcode))
    head[1] |= 0x80
    repeated = key * (len(payload) // 4 + 1)
    mixed = int.from_bytes(payload) ^ int.from_bytes(repeated[: len(payload)])
    return bytes(head) + key + mixed.to_bytes(len(payload))


class RawSocket:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.head = b""

    def send(self, opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0) -> None:
        self.writer.write(masked(opcode, payload, fin=fin, rsv=rsv))

    def say(self, **message: Any) -> None:
        self.send(TEXT, json.dumps(message).encode())

    async def frame(self) -> RawFrame:
        first, size = await self._exactly(2)
        if size >= 126:
            size = int.from_bytes(await self._exactly(2 if size == 126 else 8))
        return RawFrame(first, await self._exactly(size))

    async def until_type(self, type: str) -> RawFrame:
        while (frame := await self.frame()).json["type"] != type:
            pass
        return frame

    async def subscribe(self, channel: str, offset: int | None = None, id: str | None = None) -> RawFrame:
        position = None if offset is None else {"offset": offset, "id": id}
        self.say(do="subscribe", id=1, channel=channel, position=position)
        while (reply := await self.until_type("reply")).json["id"] != 1:
            pass
        return reply

    async def closed(self) -> int:
        """The code of the close frame, which is answered; what comes before is skipped, after it is the end."""
        while (frame := await self.frame()).opcode != CLOSE:
            pass
        if not self.reader.at_eof():
            self.send(CLOSE, frame.payload)
        assert await asyncio.wait_for(self.reader.read(), 10) == b""
        return int.from_bytes(frame.payload[:2]) if frame.payload else 1005

    async def _exactly(self, size: int) -> bytes:
        return await asyncio.wait_for(self.reader.readexactly(size), 10)


@asynccontextmanager
async def raw(n: Node, *, offer: str | None = None, cookie: str = "amal") -> AsyncIterator[RawSocket]:
    """A greeted connection, offering an extension or none."""
    reader, writer = await asyncio.open_connection("127.0.0.1", n.port)
    socket = RawSocket(reader, writer)
    try:
        extension = "" if offer is None else f"Sec-WebSocket-Extensions: {offer}\r\n"
        writer.write(
            "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            f"Sec-WebSocket-Protocol: multaqa.1\r\n{extension}Cookie: {cookie}\r\n\r\n".encode()
        )
        socket.head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        assert socket.head.startswith(b"HTTP/1.1 101 ")
        await socket.until_type("hello")
        yield socket
    finally:
        writer.transport.abort()
