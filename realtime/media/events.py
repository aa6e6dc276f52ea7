"""What the servers hear: the whole state first, then every room that changed, each with its newest state.

A slow listener never holds more than one entry per room, so nobody can make the process keep a backlog.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from typing import Any

from .room import FeedName

BEAT_S = 5.0
SETTLE_S = 0.05
"""Changes of one moment (a hundred joins) are told together."""

JSON = dict[str, Any]


class Events:
    """Stamped with the start of this process and a revision that counts every change in it."""

    def __init__(
        self,
        instance: str,
        rooms: Callable[[], Iterable[JSON]],
        room: Callable[[str], JSON],
        speech: Callable[[str, FeedName], JSON | None],
    ) -> None:
        self.instance = instance
        self.revision = 0
        self._rooms = rooms
        self._room = room
        self._speech = speech
        self._listeners: set[_Listener] = set()
        self._ended = False

    def changed(self, room: str) -> int:
        """Tell everybody soon; returns the revision of this change."""
        self.revision += 1
        for listener in self._listeners:
            listener.note(room)
        return self.revision

    def spoke(self, room: str, feed: FeedName) -> None:
        """Somebody else speaks: told beside the state, without a revision, as it is stored nowhere."""
        for listener in self._listeners:
            listener.note_speech(room, feed)

    def end(self) -> None:
        self._ended = True
        for listener in self._listeners:
            listener.wake.set()

    async def listen(self) -> AsyncGenerator[JSON, None]:
        listener = _Listener()
        self._listeners.add(listener)
        try:
            yield self._stamped("state", rooms=list(self._rooms()))
            while not self._ended:
                if not await listener.woken(BEAT_S):
                    yield {"type": "beat"}
                    continue
                await asyncio.sleep(SETTLE_S)
                rooms, speeches = listener.take()
                for room in rooms:
                    yield self._stamped("room", room=self._room(room))
                for room, feed in speeches:
                    speech = self._speech(room, feed)
                    if speech is not None:
                        yield {"type": "speaking", "instance": self.instance, **speech}
        finally:
            self._listeners.discard(listener)

    def _stamped(self, kind: str, **rest: Any) -> JSON:
        return {"type": kind, "instance": self.instance, "revision": self.revision, **rest}


class _Listener:
    def __init__(self) -> None:
        self.wake = asyncio.Event()
        self._rooms: dict[str, None] = {}
        self._speeches: dict[tuple[str, FeedName], None] = {}

    def note(self, room: str) -> None:
        self._rooms[room] = None
        self.wake.set()

    def note_speech(self, room: str, feed: FeedName) -> None:
        self._speeches[room, feed] = None
        self.wake.set()

    def take(self) -> tuple[list[str], list[tuple[str, FeedName]]]:
        """Rooms that changed, and feeds of rooms in which somebody else speaks."""
        rooms, speeches = list(self._rooms), list(self._speeches)
        self._rooms.clear()
        self._speeches.clear()
        self.wake.clear()
        return rooms, speeches

    async def woken(self, timeout: float) -> bool:
        try:
            async with asyncio.timeout(timeout):
                await self.wake.wait()
        except TimeoutError:
            return False
        return True
