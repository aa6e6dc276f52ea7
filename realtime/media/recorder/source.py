"""One publisher as the recorder sees it: packets put in order, pictures whole, sound decoded, all on one clock."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ..rtp import AUDIO_CLOCK, VIDEO_CLOCK
from .depacketise import PPS, SPS, Picture, assemble
from .mixer import Ear, Planes
from .reorder import Reorder

Medium = Literal["audio", "video"]

_SLACK_S = 0.15
"""How far a source's clock may run away from ours before it is set anew."""

_SLACK_PACKETS = 250
_FAR_S = 2.0
"""No honest clock moves a stream so far from where it arrives; one that would is not heeded."""

_SKEW_S = 0.015
"""Less than what people notice between lips and voice (ITU-R BT.1359-1: 45 ms)."""

Reading = tuple[float, int]
"""A moment on the publisher's clock in seconds, and what the stream's RTP clock showed then."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A packet as the media process handed it over; `now` is its monotonic time of arrival."""

    sequence: int
    timestamp: int
    marker: bool
    keyframe: bool
    payload: bytes
    now: float


class Clock:
    """Where a stream's RTP timestamps lie on the programme's time line: never far from where packets arrive."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._last: int | None = None
        self._anchor: tuple[int, float] | None = None
        self._arrival: tuple[int, float] = (0, 0.0)
        self._slack: deque[float] = deque(maxlen=_SLACK_PACKETS)
        self.synced = False

    def unwrap(self, timestamp: int) -> int:
        """A packet's timestamp counted on over the wraps of 32 bits."""
        long = self.near(timestamp)
        self._last = long if self._last is None else max(self._last, long)
        return long

    def near(self, timestamp: int) -> int:
        """The same for one that only a report tells of."""
        if self._last is None:
            return timestamp
        delta = (timestamp - self._last) & 0xFFFFFFFF
        return self._last + (delta - (1 << 32) if delta >= 1 << 31 else delta)

    def at(self, long: int) -> float:
        assert self._anchor is not None
        return self._anchor[1] + (long - self._anchor[0]) / self._rate

    def arrived(self, long: int, at: float) -> None:
        """A packet came in at this time: set the clock by the first, and anew when it runs away."""
        self._arrival = (long, at)
        if self._anchor is None:
            self._anchor = (long, at)
        away = at - self.at(long)
        if self.synced and abs(away) <= _FAR_S:
            return
        self.synced = False
        self._slack.append(away)
        full = len(self._slack) == _SLACK_PACKETS
        least = min(self._slack) if full else away
        if abs(least) > (_SLACK_S if full else _FAR_S):
            self._anchor = (long, self.at(long) + least)
            self._slack.clear()

    def set(self, long: int, at: float) -> None:
        """Lay this timestamp there, as the publisher's own clock tells."""
        arrived, when = self._arrival
        if abs(at - when - (long - arrived) / self._rate) > _FAR_S:
            return
        self.synced = True
        if self._anchor is None or abs(self.at(long) - at) > _SKEW_S:
            self._anchor = (long, at)

    @property
    def running(self) -> bool:
        return self._anchor is not None

    def restart(self) -> None:
        self._last = self._anchor = None
        self.synced = False
        self._slack.clear()


class Sound:
    """A publisher's voice: Opus packets with their times, decoded once for the mix."""

    def __init__(self) -> None:
        self.clock = Clock(AUDIO_CLOCK)
        self._ear = Ear()
        self._order: Reorder[Arrived] = Reorder()

    def push(self, packet: Arrived) -> None:
        self._order.push(packet, packet.now)

    def restart(self) -> None:
        self._order = Reorder()
        self.clock.restart()

    def pop(self, now: float, start: float) -> Iterator[tuple[float, bytes, list[Planes]]]:
        for packet, _ in self._order.pop(now):
            long = self.clock.unwrap(packet.timestamp)
            self.clock.arrived(long, packet.now - start)
            yield self.clock.at(long), packet.payload, self._ear.decode(packet.payload)


class Pictures:
    """A publisher's pictures, whole ones only: after a loss nothing until the next keyframe."""

    def __init__(self, codec: str) -> None:
        self.codec = codec
        self.clock = Clock(VIDEO_CLOCK)
        self.broken = True
        self.arrived = -math.inf
        self.last_keyframe = -1.0
        self._order: Reorder[Arrived] = Reorder()
        self._gathered: list[Arrived] = []
        self._parameters: dict[int, bytes] = {}

    def push(self, packet: Arrived) -> None:
        self.arrived = packet.now
        self._order.push(packet, packet.now)

    def restart(self) -> None:
        self._order = Reorder()
        self._gathered.clear()
        self.clock.restart()
        self.broken = True

    def pop(self, now: float, start: float) -> Iterator[tuple[float, Picture]]:
        for packet, gap in self._order.pop(now):
            if gap:
                self._gathered.clear()
                self.broken = True
            if self._gathered and self._gathered[0].timestamp != packet.timestamp:
                yield from self._whole(start)
            self._gathered.append(packet)
            if packet.marker:
                yield from self._whole(start)

    def _whole(self, start: float) -> Iterator[tuple[float, Picture]]:
        packets, self._gathered = self._gathered, []
        long = self.clock.unwrap(packets[0].timestamp)
        self.clock.arrived(long, packets[0].now - start)
        keyframe = packets[0].keyframe
        picture = assemble(self.codec, [packet.payload for packet in packets], keyframe=keyframe)
        if picture is not None and self.codec == "H264":
            picture = self._described(picture)
        if picture is None or (self.broken and not picture.keyframe):
            return
        if picture.keyframe:
            self.broken = False
            self.last_keyframe = packets[0].now
        yield self.clock.at(long), picture

    def _described(self, picture: Picture) -> Picture | None:
        """A keyframe with its parameter sets in front: some publishers send them once and never again."""
        for kind in (SPS, PPS):
            found = picture.nal(kind)
            if found is not None:
                self._parameters[kind] = found
        if not picture.keyframe or picture.nal(SPS) is not None:
            return picture
        if len(self._parameters) < 2:
            return None
        return Picture((self._parameters[SPS], self._parameters[PPS], *picture.units), True)


class Source:
    """A publisher on air. `kind` is camera, screen, obs or video."""

    def __init__(self, id: str, *, kind: str, label: str, codec: str | None, audio: bool) -> None:
        self.id = id
        self.kind = kind
        self.label = label
        self.sound = Sound() if audio else None
        self.pictures = Pictures(codec) if codec else None
        self._readings: dict[Medium, Reading] = {}

    def read(self, medium: Medium, reading: Reading) -> None:
        """The publisher's own clock: with both streams' readings the picture is laid by the voice."""
        self._readings[medium] = reading
        if len(self._readings) < 2 or self.sound is None or self.pictures is None:
            return
        if not (self.sound.clock.running and self.pictures.clock.running):
            return
        (heard_at, heard), (seen_at, seen) = self._readings["audio"], self._readings["video"]
        voice = self.sound.clock.near(heard & 0xFFFFFFFF) + round((seen_at - heard_at) * AUDIO_CLOCK)
        self.pictures.clock.set(self.pictures.clock.near(seen & 0xFFFFFFFF), self.sound.clock.at(voice))

    def restart(self, medium: Medium) -> None:
        stream = self.sound if medium == "audio" else self.pictures
        self._readings.clear()
        if stream is not None:
            stream.restart()
