"""The broker over Redis: plain PUBLISH and SUBSCRIBE on one link, read by our own protocol on hiredis.

Nothing is kept in Redis and nothing is promised by it. What this file promises: a caller never waits for a Redis
that is away and never gets an exception from it; a dead link is noticed within six seconds, even when it only
falls silent; after every reconnect all topics are subscribed again and then `on_gap` callbacks run, because
payloads may have been lost. Needs Redis 6 or newer (RESP3, so that one link carries commands and messages).
"""

import asyncio
import contextlib
import logging
import random
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import unquote, urlsplit

import hiredis

from realtime.hub.ports import Listener, Stop

logger = logging.getLogger("multaqa.broker")

CONNECT_S: Final = 3.0
PING_EVERY_S: Final = 1.0
SILENCE_S: Final = 3.5  # and a ping's second more: a silent link is found within 6 s
ANSWER_S: Final = 5.0
RETRY_FIRST_S: Final = 0.1
RETRY_MOST_S: Final = 1.0
UNSENT_MOST_BYTES: Final = 8 << 20  # beyond it a silent link would only eat memory
TOPICS_PER_COMMAND: Final = 500
_NOTHING: Final = object()

Argument = str | bytes


class LinkLostError(Exception):
    """The link ended before the answer came."""


class _Link(asyncio.Protocol):
    """One connection to Redis: commands out, answers in order, pushed messages to a callback."""

    def __init__(self, on_message: Callable[[bytes, bytes], None]) -> None:
        self._on_message = on_message
        self._reader = hiredis.Reader(notEnoughData=_NOTHING)
        self._answers: deque[asyncio.Future[Any] | None] = deque()
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self.lost = asyncio.Event()
        self.heard_at = self._loop.time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()
        for answer in self._answers:
            if answer is not None and not answer.done():
                answer.set_exception(LinkLostError())
        self._answers.clear()

    def data_received(self, data: bytes) -> None:
        self.heard_at = self._loop.time()
        try:
            self._reader.feed(data)
            while (reply := self._reader.gets()) is not _NOTHING:
                self._take(reply)
        except hiredis.ProtocolError:
            logger.warning("not the Redis protocol")
            self.abort()

    def _take(self, reply: Any) -> None:
        if isinstance(reply, hiredis.PushNotification):
            if reply[0] == b"message":
                self._on_message(reply[1], reply[2])
            return
        answer = self._answers.popleft() if self._answers else None
        if answer is None:
            if isinstance(reply, hiredis.ReplyError):
                logger.warning("Redis refused: %s", reply)
        elif not answer.done():
            _settle(answer, reply)

    def send(self, *command: Argument) -> None:
        """Send a command nobody waits for."""
        self._answers.append(None)
        self._write(command)

    def send_unanswered(self, *command: Argument) -> None:
        """Send what RESP3 confirms by a push and not by an answer: SUBSCRIBE and UNSUBSCRIBE."""
        self._write(command)

    async def ask(self, *command: Argument) -> Any:
        """Send a command and wait for its answer; everything sent before has been carried out then."""
        if self.lost.is_set():
            raise LinkLostError
        answer = self._loop.create_future()
        self._answers.append(answer)
        self._write(command)
        async with asyncio.timeout(ANSWER_S):
            return await answer

    def unsent(self) -> int:
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _write(self, command: Sequence[Argument]) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(_pack(tuple(command)))


# Its own type hints know tuples of one only.
_pack = cast(Callable[[tuple[Argument, ...]], bytes], hiredis.pack_command)


def _settle(answer: "asyncio.Future[Any]", reply: Any) -> None:
    if isinstance(reply, Exception):
        answer.set_exception(reply)
    else:
        answer.set_result(reply)


@dataclass(frozen=True, slots=True)
class _Address:
    """Where a Redis is: redis://, rediss:// or unix://."""

    host: str
    port: int
    path: str | None
    tls: bool
    user: str
    password: str | None

    @classmethod
    def parse(cls, url: str) -> "_Address":
        parts = urlsplit(url)
        if parts.scheme not in ("redis", "rediss", "unix"):
            raise ValueError(f"not a Redis address: {parts.scheme}://")
        return cls(
            host=parts.hostname or "127.0.0.1",
            port=parts.port or 6379,
            path=parts.path if parts.scheme == "unix" else None,
            tls=parts.scheme == "rediss",
            user=unquote(parts.username or "default"),
            password=unquote(parts.password) if parts.password else None,
        )

    async def connect(self, on_message: Callable[[bytes, bytes], None]) -> _Link:
        loop = asyncio.get_running_loop()

        def protocol() -> _Link:
            return _Link(on_message)

        opening: Coroutine[Any, Any, tuple[asyncio.BaseTransport, _Link]]
        if self.path is not None:
            opening = loop.create_unix_connection(protocol, self.path)
        else:
            opening = loop.create_connection(protocol, self.host, self.port, ssl=self.tls or None)
        return (await opening)[1]

    @property
    def greeting(self) -> tuple[str, ...]:
        login = () if self.password is None else ("AUTH", self.user, self.password)
        return ("HELLO", "3", *login)


class RedisBroker:
    """`start` waits for the first attempt only; without Redis the node works on, degraded."""

    def __init__(self, url: str, *, prefix: str = "multaqa:") -> None:
        self._address = _Address.parse(url)
        self._prefix = prefix.encode()
        self._topics: dict[bytes, list[Listener]] = {}
        self._gap_callbacks: list[Callable[[], None]] = []
        self._link: _Link | None = None
        self._task: asyncio.Task[None] | None = None
        self.degraded = True
        self.links = 0  # how often a link was established
        self.unsent = 0  # payloads not handed to Redis because it was away

    async def start(self) -> None:
        tried = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._stay_linked(tried))
        await tried.wait()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def on_gap(self, callback: Callable[[], None]) -> None:
        self._gap_callbacks.append(callback)

    # Carrying

    async def publish(self, topic: str, payload: bytes) -> None:
        link = self._link
        if link is None or link.unsent() > UNSENT_MOST_BYTES:
            self.unsent += 1
            return
        link.send("PUBLISH", self._prefix + topic.encode(), payload)

    async def listen(self, topic: str, listener: Listener) -> Stop:
        """Returns once Redis has confirmed; at once while the link is down, when the reconnect will do it."""
        name = self._prefix + topic.encode()
        listeners = self._topics.setdefault(name, [])
        listeners.append(listener)
        if self._link is not None:
            if len(listeners) == 1:
                self._link.send_unanswered("SUBSCRIBE", name)
            with contextlib.suppress(LinkLostError, TimeoutError, hiredis.HiredisError):
                await self._link.ask("PING")

        async def stop() -> None:
            listeners.remove(listener)
            if not listeners and self._topics.get(name) is listeners:
                del self._topics[name]
                if self._link is not None:
                    self._link.send_unanswered("UNSUBSCRIBE", name)

        return stop

    def _heard(self, name: bytes, payload: bytes) -> None:
        for listener in list(self._topics.get(name, ())):
            try:
                listener(payload)
            except Exception:
                logger.exception("a listener failed")

    # The link

    async def _stay_linked(self, tried: asyncio.Event) -> None:
        """One link after the other, until stopped."""
        pauses = _pauses()
        while True:
            try:
                async with asyncio.timeout(CONNECT_S):
                    link = await self._address.connect(self._heard)
                try:
                    await self._set_up(link)
                    tried.set()
                    pauses = _pauses()
                    await _watch(link)
                finally:
                    self._link = None
                    link.abort()
            except (OSError, TimeoutError, LinkLostError, hiredis.HiredisError) as fault:
                logger.info("no link to Redis: %s", fault or type(fault).__name__)
            self._set_degraded(True)
            tried.set()
            await asyncio.sleep(next(pauses))

    async def _set_up(self, link: _Link) -> None:
        """Greet, subscribe to everything wanted, and only then call the link up."""
        await link.ask(*self._address.greeting)
        names = list(self._topics)
        self._link = link  # whoever listens from here on subscribes by itself
        for first in range(0, len(names), TOPICS_PER_COMMAND):
            link.send_unanswered("SUBSCRIBE", *names[first : first + TOPICS_PER_COMMAND])
        await link.ask("PING")
        self.links += 1
        self._set_degraded(False)
        for callback in self._gap_callbacks:
            callback()

    def _set_degraded(self, degraded: bool) -> None:
        if degraded != self.degraded:
            logger.warning("Redis is away; news travel slower" if degraded else "Redis is there")
        self.degraded = degraded


async def _watch(link: _Link) -> None:
    """Return when the link is lost, or has been silent for too long although we ping it."""
    loop = asyncio.get_running_loop()
    while not link.lost.is_set():
        if loop.time() - link.heard_at > SILENCE_S:
            logger.warning("the link to Redis has fallen silent")
            return
        link.send("PING")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PING_EVERY_S):
                await link.lost.wait()


def _pauses() -> Iterator[float]:
    """Seconds between attempts: doubling, with jitter so that nodes do not come back together."""
    pause = RETRY_FIRST_S
    while True:
        yield pause * random.uniform(0.5, 1.0)
        pause = min(RETRY_MOST_S, pause * 2)
