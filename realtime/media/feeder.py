"""The feeding end of a relay: tells another media process who sends in which rooms, and every packet of theirs."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable

from .layer import Layer
from .relay import (
    CLOCK,
    GONE,
    MAX_BACKLOG,
    PLACES,
    SENDER,
    VOICES,
    WISH,
    clock,
    describe,
    frames,
    pack_json,
    pack_packet,
    read_wish,
)
from .room import Room
from .rtp import RtpPacket
from .sender import Sender

CLOCK_S = 1.0


class _Tap:
    """An output of a layer that writes what passes."""

    def __init__(self, number: int, write: Callable[[bytes], None]) -> None:
        self._number = number
        self._write = write

    def push(self, packet: RtpPacket, *, starts_keyframe: bool, now: float) -> None:
        self._write(pack_packet(self._number, packet))

    def restart(self) -> None:
        """The packets' own source numbers tell it."""


class Feeder:
    """One stream to one process; rooms are fed from the moment a viewer of theirs is there.

    `close` takes all taps off again. It ends by itself when the other end is gone or does not read: `ended` is
    set then, and whoever made it is to close it.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, now: Callable[[], float]
    ) -> None:
        self._writer = writer
        self._now = now
        self._numbers = itertools.count(1)
        self._rooms: dict[str, Room] = {}
        self._placed: dict[str, object] = {}
        self._layers: dict[int, Layer] = {}
        self._taps: dict[Sender, dict[Layer, tuple[int, _Tap]]] = {}
        self._homes: dict[Sender, Room] = {}
        self._listening: dict[Room, Callable[[], None]] = {}
        self.ended = asyncio.Event()
        self._tasks = [asyncio.create_task(self._hear(reader)), asyncio.create_task(self._tell_clocks())]

    def feed(self, room: Room) -> None:
        """Feed this room from now on; told again it changes nothing."""
        if room.name in self._rooms or self.ended.is_set():
            return
        self._rooms[room.name] = room

        def spoke() -> None:
            self._tell_voices(room)

        self._listening[room] = spoke
        room.speakers.listeners.append(spoke)
        self.changed(room)
        spoke()

    def changed(self, room: Room) -> None:
        """Somebody came to a room or left it."""
        if self._rooms.get(room.name) is not room or self.ended.is_set():
            return
        here = [sender for sender in room.publishers.values() if sender.connected]
        for sender in here:
            if sender not in self._taps:
                self._announce(room, sender)
        for sender in [known for known in self._taps if known not in here and self._homes[known] is room]:
            self._forget(sender)
            self._write(pack_json(GONE, {"room": room.name, "id": sender.id}))
        places = room.places
        if places != self._placed.get(room.name):
            self._placed[room.name] = places
            self._write(pack_json(PLACES, {"room": room.name, "places": places}))
        if not room.wish.open and room.empty:
            self._leave(room)

    def _announce(self, room: Room, sender: Sender) -> None:
        numbers = {layer: next(self._numbers) for layer in sender.layers()}
        self._homes[sender] = room
        self._write(pack_json(SENDER, {"room": room.name, **describe(sender, numbers)}))
        taps = self._taps[sender] = {}
        for layer, number in numbers.items():
            self._layers[number] = layer
            # Where wishes for a keyframe are not heard, the running group of pictures is the only beginning.
            for packet in layer.group:
                self._write(pack_packet(number, packet))
            tap = _Tap(number, self._write)
            layer.outputs.append(tap)
            taps[layer] = (number, tap)

    def _forget(self, sender: Sender) -> None:
        for layer, (number, tap) in self._taps.pop(sender).items():
            layer.outputs.remove(tap)
            del self._layers[number]
        del self._homes[sender]

    def _leave(self, room: Room) -> None:
        del self._rooms[room.name]
        self._placed.pop(room.name, None)
        room.speakers.listeners.remove(self._listening.pop(room))

    def _tell_voices(self, room: Room) -> None:
        now = room.speakers.now
        main = now.main.id if isinstance(now.main, Sender) else None
        loudest = [voice.id for voice in now.loudest if isinstance(voice, Sender)]
        self._write(pack_json(VOICES, {"room": room.name, "main": main, "loudest": loudest}))

    async def _tell_clocks(self) -> None:
        while True:
            await asyncio.sleep(CLOCK_S)
            now = self._now()
            for sender, taps in self._taps.items():
                for layer, (number, _) in taps.items():
                    told = clock(layer, number, sender.clock_offset, now)
                    if told is not None:
                        self._write(pack_json(CLOCK, told))

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        try:
            async for kind, body in frames(reader):
                layer = self._layers.get(read_wish(body)) if kind == WISH else None
                if layer is not None:
                    layer.wish_keyframe(self._now())
        finally:
            self.ended.set()

    def _write(self, data: bytes) -> None:
        """Taps stay until `close` even when this ends it: somebody may be going through them now."""
        if self.ended.is_set():
            return
        self._writer.write(data)
        if self._writer.transport.get_write_buffer_size() > MAX_BACKLOG:
            self.ended.set()
            self._writer.transport.abort()  # what waits would never be read

    def close(self) -> None:
        self.ended.set()
        for sender in list(self._taps):
            self._forget(sender)
        for room in list(self._rooms.values()):
            self._leave(room)
        self._writer.close()
        for task in self._tasks:
            task.cancel()
