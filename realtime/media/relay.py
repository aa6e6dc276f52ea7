"""From the media process that publishers reach to another one on the same machine: packets as they came in.

A stream of frames over a Unix socket: length of the body (4 bytes), kind (1 byte), body. Downstream go SENDER,
GONE, CLOCK, VOICES and PLACES as JSON and PACKET as bytes; upstream only WISH, the number of a layer that needs a
keyframe. A layer is a number that both ends share, given by the feeding end in SENDER.
"""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import AsyncIterator, Callable
from typing import Any, Literal

from .layer import Layer, Track
from .rtcp import SenderReport
from .rtp import RtpPacket
from .sender import Sender, Source

PACKET, SENDER, GONE, CLOCK, VOICES, WISH, PLACES = range(7)

MAX_FRAME = 64 * 1024
MAX_BACKLOG = 8 * 1024 * 1024
"""Bytes that may wait for a process that does not read; one further behind is given up."""

_HEAD = struct.Struct("!IB")
_PACKET = struct.Struct("!IBHII")
_WISH = struct.Struct("!I")

JSON = dict[str, Any]


def pack(kind: int, body: bytes) -> bytes:
    return _HEAD.pack(len(body), kind) + body


def pack_json(kind: int, told: JSON) -> bytes:
    return pack(kind, json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode())


def pack_packet(number: int, packet: RtpPacket) -> bytes:
    head = _PACKET.pack(number, packet.marker, packet.sequence, packet.timestamp, packet.ssrc)
    return pack(PACKET, head + packet.payload)


def pack_wish(number: int) -> bytes:
    return pack(WISH, _WISH.pack(number))


def read_packet(body: bytes) -> tuple[int, RtpPacket]:
    """The layer's number and the packet, without what only its own connection knew (payload type, extensions)."""
    number, marker, sequence, timestamp, ssrc = _PACKET.unpack_from(body)
    return number, RtpPacket(
        payload_type=0,
        marker=bool(marker),
        sequence=sequence,
        timestamp=timestamp,
        ssrc=ssrc,
        payload=body[_PACKET.size :],
    )


def read_wish(body: bytes) -> int:
    number: int = _WISH.unpack(body)[0]
    return number


async def frames(reader: asyncio.StreamReader) -> AsyncIterator[tuple[int, bytes]]:
    """Kind and body of each frame until the stream ends; raises ValueError for what is none of ours."""
    while True:
        try:
            length, kind = _HEAD.unpack(await reader.readexactly(_HEAD.size))
            if length > MAX_FRAME:
                raise ValueError("a frame too long")
            yield kind, await reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return


def describe(sender: Sender, numbers: dict[Layer, int]) -> JSON:
    """What SENDER tells of somebody."""
    return {
        "id": sender.id,
        "owner": sender.owner,
        "label": sender.label,
        "kind": sender.kind,
        "tracks": [
            {
                "kind": track.kind,
                "codec": track.codec,
                "layers": [{"rid": layer.rid, "number": numbers[layer]} for layer in track.layers],
            }
            for track in sender.tracks.values()
        ],
    }


def clock(layer: Layer, number: int, offset: int | None, now: float) -> JSON | None:
    """What CLOCK tells of a layer: its source's last report on our own NTP time, and how old it is."""
    if layer.report is None:
        return None
    report, when = layer.report
    return {
        "number": number,
        "ntp": report.ntp + (offset or 0),
        "timestamp": report.timestamp,
        "age": now - when,
        "ignores_wishes": layer.ignores_wishes,
    }


class Relayed(Sender):
    """A sender whose publisher is connected to another process; its packets arrive by the relay."""

    def __init__(self, told: JSON, *, wish: Callable[[int], None], now: Callable[[], float]) -> None:
        kind: Source = told["kind"]
        super().__init__(id=told["id"], owner=told["owner"], label=told["label"], kind=kind)
        self.by_number: dict[int, Layer] = {}
        self._now = now
        self.clock_offset = 0  # clocks come already on our time
        for track in told["tracks"]:
            self.tracks[track["kind"]] = Track([self._layer(track, one, wish) for one in track["layers"]])

    def _layer(self, track: JSON, one: JSON, wish: Callable[[int], None]) -> Layer:
        number: int = one["number"]
        kind: Literal["audio", "video"] = track["kind"]
        layer = Layer(kind, track["codec"], rid=one["rid"], wish=lambda ssrc: wish(number))
        self.by_number[number] = layer
        return layer

    @property
    def connected(self) -> bool:
        return True

    def note_clock(self, told: JSON) -> None:
        layer = self.by_number[told["number"]]
        layer.ignores_wishes = told["ignores_wishes"]
        if layer.ssrc is not None:
            report = SenderReport(ssrc=layer.ssrc, ntp=told["ntp"], timestamp=told["timestamp"])
            layer.report = (report, self._now() - told["age"])

    def ask_missing(self) -> None:
        for layer in self.layers():
            layer.judge(self._now())

    def send_reports(self) -> None:
        for layer in self.layers():
            layer.measure(self._now())
