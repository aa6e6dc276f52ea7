"""Somebody whose sound and picture a room forwards, however the packets come to this process."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Literal

from . import rtcp
from .lane import Reading
from .layer import Layer, Track
from .sdp import Kind
from .speakers import SILENCE, UNMEASURED, Loudness, Voice

Source = Literal["camera", "screen", "obs", "video"]

PEOPLE: tuple[Source, ...] = ("camera", "obs")
"""What shows a person; the others are things shown."""

_SILENT_BYTES = 12
"""An Opus packet this small holds silence; told by size where the source names no level."""

_NTP_MASK = (1 << 64) - 1


class Sender(Voice, ABC):
    """What feeds, speakers and the room's view need: an identity, tracks, loudness, and a clock."""

    def __init__(self, *, id: str, owner: str, label: str, kind: Source) -> None:
        self.id = id
        self.owner = owner
        self.label = label
        self.kind: Source = kind
        self.on_air = False
        self.muted = False
        self.loudness = Loudness()
        self.tracks: dict[Kind, Track] = {}
        self.clock_offset: int | None = None
        """What makes our NTP time of the source's."""

    @property
    @abstractmethod
    def connected(self) -> bool: ...

    @property
    def place_key(self) -> str:
        """Senders of one key share a place: a person's camera and OBS; screens and videos stand alone."""
        person = self.owner.partition("/")[0]
        if self.kind in PEOPLE:
            return person
        return f"{person}#screen" if self.kind == "screen" else f"{self.owner}#{self.label}"

    @property
    def video_codec(self) -> str | None:
        track = self.tracks.get("video")
        return None if track is None else track.codec

    def best(self, kind: Kind) -> Layer | None:
        """The best layer of its sound or picture that flows now."""
        track = self.tracks.get(kind)
        return None if track is None else track.best

    def layers(self) -> Iterator[Layer]:
        for track in self.tracks.values():
            yield from track.layers

    def hear(self, level: int | None, payload: bytes, now: float) -> None:
        """Level of RFC 6464: 0 is loudest, 127 silence. Without it, a packet of some size is taken for sound."""
        if level is None:
            level = UNMEASURED if len(payload) > _SILENT_BYTES else SILENCE
        self.loudness.hear(level, now)

    def reported(self, report: rtcp.SenderReport, now: float) -> None:
        """A source's own report of its clock."""
        for layer in self.layers():
            if layer.log is not None and layer.ssrc == report.ssrc:
                layer.report = (report, now)
                layer.log.reported(report, now)
        if self.clock_offset is None:
            self.clock_offset = rtcp.ntp_time(time.time()) - report.ntp

    def reading(self, layer: Layer, now: float) -> Reading:
        """What this layer's clock shows now, on our NTP time; sound and picture agree with each other.

        The source's own reports are used once all have come, the moment of arrival until then.
        """
        heard = [known for known in self.layers() if known.packets]
        if layer.report is not None and all(known.report is not None for known in heard):
            report, when = layer.report
            ntp, timestamp = report.ntp + (self.clock_offset or 0), report.timestamp
        else:
            timestamp, when = layer.latest
            ntp = rtcp.ntp_time(time.time() - (now - when))
        passed = now - when
        # A source may report any time at all, and our own reports have 64 bits for it.
        return (ntp + int(passed * (1 << 32))) & _NTP_MASK, timestamp + int(passed * layer.clock_rate)

    @abstractmethod
    def ask_missing(self) -> None:
        """Called every few tens of milliseconds."""

    @abstractmethod
    def send_reports(self) -> None:
        """Called once a second."""
