"""The control port of a measured server: every line is the time of one message that is to be published now."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

CHANNEL = "session:bench"
BYTES = 200
NOISE = 65536

Publish = Callable[[Sequence[str]], None]


class _Control(asyncio.Protocol):
    """Whole lines go to the publisher together, as publications of one read from a broker do."""

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self._rest = ""

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data.decode()).split("\n")
        if lines:
            self._publish(lines)

    def connection_lost(self, exc: Exception | None) -> None:
        os._exit(0)


async def open_control(publish: Publish, *, listening: socket.socket) -> None:
    """Take publishing orders from now on, and say where."""
    server = await asyncio.get_running_loop().create_server(lambda: _Control(publish), "127.0.0.1", 0)
    control: int = server.sockets[0].getsockname()[1]
    print("ready", listening.getsockname()[1], control, flush=True)


def message_bytes() -> int:
    """How long a message is to be: the only argument."""
    return int(sys.argv[1]) if len(sys.argv) > 1 else BYTES


def content(sent: str, frame: dict[str, Any], *, size: int) -> dict[str, Any]:
    """What a publication tells: when it was sent, and as much text as makes its frame as long as wished."""
    data = {"sent": sent, "text": ""}
    bare = len(json.dumps({**frame, "data": data}, separators=(",", ":")))
    at = frame["offset"] * 7919 % NOISE
    data["text"] = noise()[at : at + max(0, size - bare)]
    return data


@cache
def noise() -> str:
    """Text that compresses about as prose does, the same for all servers: one long noise of 16 letters."""
    letters, state = [], 1
    for _ in range(2 * NOISE):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        letters.append("etaoinshrdlucmf "[state >> 28])
    return "".join(letters)
