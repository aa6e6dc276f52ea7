"""The fed end of a relay: senders of another process take part in this one's rooms."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path

from .engine import Engine
from .layer import Layer
from .relay import CLOCK, GONE, PACKET, PLACES, SENDER, VOICES, Relayed, frames, pack_wish, read_packet
from .speakers import Speaking


class Inlet:
    """Takes one stream at a time; when it ends, everybody it brought is gone."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine = engine
        self._path = path
        self._server: asyncio.Server | None = None
        self._senders: dict[str, tuple[str, Relayed]] = {}
        self._layers: dict[int, tuple[Relayed, Layer]] = {}

    async def start(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
        self._server = await asyncio.start_unix_server(self._fed, self._path)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _fed(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def wish(number: int) -> None:
            if not writer.is_closing():
                writer.write(pack_wish(number))

        try:
            async for kind, body in frames(reader):
                if kind == PACKET:
                    number, packet = read_packet(body)
                    known = self._layers.get(number)
                    if known is not None:
                        known[1].receive(packet, self._engine.now())
                    continue
                told = json.loads(body)
                if kind == SENDER:
                    self._come(told["room"], Relayed(told, wish=wish, now=self._engine.now))
                elif kind == GONE:
                    self._go(told["id"])
                elif kind == CLOCK and told["number"] in self._layers:
                    self._layers[told["number"]][0].note_clock(told)
                elif kind == PLACES:
                    self._engine.room(told["room"]).placed_elsewhere(told["places"])
                elif kind == VOICES:
                    self._hear(told["room"], told["main"], told["loudest"])
        finally:
            for id in list(self._senders):
                self._go(id)
            writer.close()

    def _come(self, room: str, sender: Relayed) -> None:
        self._senders[sender.id] = (room, sender)
        self._layers.update({number: (sender, layer) for number, layer in sender.by_number.items()})
        self._engine.room(room).add_relayed(sender)

    def _go(self, id: str) -> None:
        known = self._senders.pop(id, None)
        if known is None:
            return
        room, sender = known
        for number in sender.by_number:
            del self._layers[number]
        self._engine.room(room).remove_sender(sender)

    def _hear(self, room: str, main: str | None, loudest: list[str]) -> None:
        found = {id: sender for id, (_, sender) in self._senders.items()}
        self._engine.room(room).heard_elsewhere(
            Speaking(
                main=found.get(main) if main is not None else None,
                loudest=tuple(found[id] for id in loudest if id in found),
            )
        )
