"""One encoding of a publisher's sound or picture, as it comes in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from .keyframe import starts_keyframe
from .reception import ReceptionLog
from .rtcp import SenderReport
from .rtp import AUDIO_CLOCK, VIDEO_CLOCK, RtpPacket
from .sdp import Kind

MAX_GROUP_PACKETS = 2_048
"""A longer group of pictures is not kept for replay (2.5 Mbit/s for 8 s)."""

WISH_INTERVAL_S = 0.5
"""Keyframes are dear for the speaker's uplink: at most one wish in so long, however many viewers ask."""

_HEED_S = 0.5
"""A keyframe so soon after a wish is the answer to it."""

_DEAF_S = 2.0
"""A source that sent no keyframe for so long, asked again and again, ignores wishes (FFmpeg, OBS).

A browser on a busy machine takes more than a second. To be taken for deaf would cost its viewers dearly: they
would be given its last group of pictures, half a minute old, and their decoders take seconds to work through it.
"""


STOPPED_S = 1.0
"""A layer so far behind its sisters has been stopped: browsers do that when the speaker's uplink is weak."""


class Output(Protocol):
    """Where a layer's packets go: a slot of a feed."""

    def push(self, packet: RtpPacket, *, starts_keyframe: bool, now: float) -> None: ...

    def restart(self) -> None:
        """The source begins anew: its numbers have no relation to those before."""


class Layer:
    """Takes packets in order of arrival, keeps the last group of pictures, and hands on to its outputs.

    Simulcast adds more layers to a track; `rid` tells them apart.
    """

    def __init__(self, kind: Kind, codec: str, *, rid: str = "", wish: Callable[[int], None]) -> None:
        self.kind = kind
        self.codec = codec
        self.rid = rid
        self.clock_rate = AUDIO_CLOCK if kind == "audio" else VIDEO_CLOCK
        self.outputs: list[Output] = []
        self.log: ReceptionLog | None = None
        self.group: list[RtpPacket] = []
        self.group_began = 0.0
        self._interval = 0.0
        self.ignores_wishes = False
        self.report: tuple[SenderReport, float] | None = None
        self.latest: tuple[int, float] = (0, 0.0)
        self.packets = 0
        self.octets = 0
        self.bitrate = 0.0
        self._measured: tuple[float, int] = (0.0, 0)
        self._wish = wish
        self._wished = 0.0
        self._unheard = 0.0  # since when it was asked in vain

    @property
    def ssrc(self) -> int | None:
        return None if self.log is None else self.log.ssrc

    def receive(self, packet: RtpPacket, now: float) -> None:
        log = self.log
        if log is None or log.ssrc != packet.ssrc:
            log = self._begin(packet.ssrc)
        if not log.add(packet, now):
            return
        self.packets += 1
        self.octets += len(packet.payload)
        self.latest = (packet.timestamp, now)
        key = bool(packet.payload) and starts_keyframe(self.codec, packet.payload)
        if self.kind == "video":
            self._keep(packet, key, now)
        for output in self.outputs:
            output.push(packet, starts_keyframe=key, now=now)

    def keyframe_s(self, now: float) -> float | None:
        """Seconds from one keyframe to the next, or since the last one when that is longer; None before two."""
        if not self._interval:
            return None
        return max(self._interval, now - self.group_began)

    def measure(self, now: float) -> None:
        """Called about once a second: bits a second, smoothed."""
        moment, octets = self._measured
        self._measured = (now, self.octets)
        if moment and now > moment:
            rate = (self.octets - octets) * 8 / (now - moment)
            self.bitrate = rate if not self.bitrate else self.bitrate + (rate - self.bitrate) / 3

    def _begin(self, ssrc: int) -> ReceptionLog:
        self.log = ReceptionLog(ssrc, self.clock_rate)
        self.report = None
        self.group.clear()
        for output in self.outputs:
            output.restart()
        return self.log

    def _keep(self, packet: RtpPacket, key: bool, now: float) -> None:
        if key and (not self.group or self.group[0].timestamp != packet.timestamp):
            self.group = [packet]
            if self.group_began:
                self._interval = now - self.group_began
            self.group_began = now
            if self._wished and now - self._wished < _HEED_S:
                self.ignores_wishes = False
                self._wished = 0.0
            self._unheard = 0.0
        elif self.group:
            self.group.append(packet)
            if len(self.group) > MAX_GROUP_PACKETS:
                self.group = []

    def wish_keyframe(self, now: float) -> None:
        """Ask the source for a keyframe, unless it was asked a moment ago."""
        if self.kind != "video" or self.ssrc is None:
            return
        if self._wished and now - self._wished < WISH_INTERVAL_S:
            return
        self._wished = now
        self._unheard = self._unheard or now
        self._wish(self.ssrc)

    def judge(self, now: float) -> None:
        """Note a source that lets wishes pass unheard."""
        if self._unheard and now - self._unheard >= _DEAF_S:
            self.ignores_wishes = True
            self._unheard = 0.0


class Track:
    """One sound or picture of a publisher, in one layer or, by simulcast, in several, the best first."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = tuple(layers)
        self.kind = self.layers[0].kind
        self.codec = self.layers[0].codec

    def flowing(self) -> list[Layer]:
        """The layers whose packets come; when the picture stands still, those that came last."""
        newest = max((layer.latest[1] for layer in self.layers if layer.packets), default=0.0)
        return [layer for layer in self.layers if layer.packets and newest - layer.latest[1] < STOPPED_S]

    @property
    def best(self) -> Layer:
        """The best layer that flows now."""
        return next(iter(self.flowing()), self.layers[0])
