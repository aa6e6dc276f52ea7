"""What nodes say to each other over the broker: a publication or a signal of one channel, with little round it."""

import asyncio
import json
from collections import deque
from dataclasses import dataclass

from realtime.hub.context import Context, logger
from realtime.hub.frames import dump
from realtime.hub.ports import JSON, Frame

_QUEUED_AT_MOST = 10_000  # beyond it the broker is not taking anything, and the head check delivers


class GarbageError(Exception):
    """A payload on our topic that no hub wrote."""


@dataclass(frozen=True, slots=True)
class ToldSignal:
    node: str
    name: str
    data: JSON


def pack_publication(frame: Frame) -> bytes:
    return b"P %d %s\n%s" % (frame.offset, frame.id.encode(), frame.payload)


def pack_signal(told: ToldSignal) -> bytes:
    return b"S %s %s\n%s" % (told.node.encode(), told.name.encode(), dump(told.data))


def unpack(channel: str, data: bytes) -> Frame | ToldSignal:
    try:
        head, body = data.split(b"\n", 1)
        kind, first, second = head.decode().split(" ")
        if kind == "P":
            return Frame(channel, int(first), second, body)
        if kind == "S":
            return ToldSignal(first, second, _object(body))
    except ValueError as fault:
        raise GarbageError from fault
    raise GarbageError


def unpack_object(data: bytes) -> JSON:
    try:
        return _object(data)
    except ValueError as fault:
        raise GarbageError from fault


def _object(data: bytes) -> JSON:
    value = json.loads(data)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


class Outbox:
    """Hands payloads to the broker in order, in the background; the caller neither waits nor hears of faults."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._queue: deque[tuple[str, bytes]] = deque(maxlen=_QUEUED_AT_MOST)
        self._filled = asyncio.Event()

    def put(self, topic: str, payload: bytes) -> None:
        self._queue.append((topic, payload))
        self._filled.set()

    async def run(self) -> None:
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._queue:
                topic, payload = self._queue.popleft()
                try:
                    await self._context.broker.publish(topic, payload)
                except Exception:
                    logger.exception("the broker failed to publish")
