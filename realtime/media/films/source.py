"""A prepared film on a stage: a sender whose packets come from a file, at the pace of the clock."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .. import rtcp
from ..codecs import H264, OPUS
from ..layer import Layer, Track
from ..rtp import RtpPacket
from ..sdp import Kind
from ..sender import Sender, Source
from .reader import Reader, Sample

logger = logging.getLogger(__name__)

FILE = "film.mp4"
STRETCH_S = 2.0
"""So much is read ahead."""

LATE_S = 1.0
"""A film that was begun no longer ago is shown from its first picture on; else from where it should be by now."""

_AGAIN_S = 1.0
_TOGETHER_S = 0.004
"""What is due so soon goes out at once: a loop that wakes for every packet costs more than it helps."""


@dataclass(frozen=True)
class FilmWish:
    """A film that is wished on a stage. `since` is the moment it began, in seconds of the epoch."""

    id: str
    owner: str
    label: str
    folder: str
    since: float
    kind: Source = "video"
    loop: bool = False


class Film(Sender):
    """Plays from where the film should be by now, so that after a restart of this process it goes on."""

    def __init__(self, wish: FilmWish, root: Path, *, now: Callable[[], float]) -> None:
        """`came` is called when it has something to show, `ended` when it has no more."""
        super().__init__(id=wish.id, owner=wish.owner, label=wish.label, kind=wish.kind)
        self.wish = wish
        self.clock_offset = 0
        self._path = root / wish.folder / FILE
        self._now = now
        self.came: Callable[[], None] = lambda: None
        self.ended: Callable[[], None] = lambda: None
        self._streams: dict[Kind, _Stream] = {}
        self._task = asyncio.create_task(self._play())

    @property
    def connected(self) -> bool:
        return bool(self.tracks)

    def ask_missing(self) -> None:
        """Nothing gets lost on the way from a file."""

    def send_reports(self) -> None:
        for layer in self.layers():
            layer.measure(self._now())

    def close(self) -> None:
        self._task.cancel()

    async def _play(self) -> None:
        try:
            reader = await self._opened()
            try:
                await self._show(reader)
            finally:
                await asyncio.to_thread(reader.close)
        except Exception:
            logger.exception("a film could not be shown")  # and leaves the stage, whatever was wrong with it
        self.ended()

    async def _opened(self) -> Reader:
        """The file, once it is there."""
        while True:
            try:
                return await asyncio.to_thread(Reader, self._path)
            except FileNotFoundError:
                await asyncio.sleep(_AGAIN_S)

    async def _show(self, reader: Reader) -> None:
        passed = time.time() - self.wish.since
        length = reader.seconds
        if self.wish.loop:
            passed %= length
        if passed >= length:
            return
        fresh = passed < LATE_S and not self.wish.loop
        begins = 0.0 if fresh else passed
        began = self._now() - begins  # when the film's first picture was due, had it run from the beginning
        await asyncio.to_thread(reader.seek, begins)
        coming = await asyncio.to_thread(reader.stretch, STRETCH_S)
        base = 0.0
        self._begin(sound=reader.sound)
        waiting = True  # for a keyframe that is not late
        while True:
            next_ones = asyncio.create_task(asyncio.to_thread(reader.stretch, STRETCH_S))
            try:
                for sample in coming:
                    at = base + sample.at
                    if waiting and not (sample.medium == "video" and sample.keyframe and at >= begins):
                        continue
                    waiting = False
                    await self._send(sample, at, began)
            finally:
                coming = await next_ones
            if not coming:
                if not self.wish.loop:
                    return
                base += length
                await asyncio.to_thread(reader.seek, 0.0)
                coming = await asyncio.to_thread(reader.stretch, STRETCH_S)
                if not coming:
                    return

    def _begin(self, *, sound: bool) -> None:
        """The stage hears of the film once it has something to show."""
        kinds: tuple[Kind, ...] = ("video", "audio") if sound else ("video",)
        for kind in kinds:
            stream = self._streams[kind] = _Stream(kind, H264 if kind == "video" else OPUS)
            self.tracks[kind] = Track([stream.layer])
        self.came()

    async def _send(self, sample: Sample, at: float, began: float) -> None:
        wait = began + at - self._now()
        if wait > _TOGETHER_S:
            await asyncio.sleep(wait)
        now = self._now()
        stream = self._streams[sample.medium]
        if sample.medium == "audio":
            self.hear(None, sample.payloads[0], now)
        stream.send(sample, at, now)
        if stream.layer.report is None:
            # Its clock is ours: sound and picture agree from the first packet on.
            report = rtcp.SenderReport(
                ssrc=stream.ssrc, ntp=rtcp.ntp_time(time.time()), timestamp=stream.timestamp(now - began)
            )
            stream.layer.report = (report, now)


class _Stream:
    """One medium as RTP."""

    def __init__(self, kind: Kind, codec: str) -> None:
        self.layer = Layer(kind, codec, wish=lambda ssrc: None)
        self.layer.ignores_wishes = True
        self.ssrc = secrets.randbelow(0xFFFFFFFE) + 1
        self._sequence = secrets.randbelow(0x8000)
        self._base = secrets.randbelow(0x80000000)

    def timestamp(self, at: float) -> int:
        return (self._base + round(at * self.layer.clock_rate)) & 0xFFFFFFFF

    def send(self, sample: Sample, at: float, now: float) -> None:
        timestamp = self.timestamp(at)
        last = len(sample.payloads) - 1
        for place, payload in enumerate(sample.payloads):
            packet = RtpPacket(
                payload_type=0,
                marker=place == last and sample.medium == "video",
                sequence=self._sequence,
                timestamp=timestamp,
                ssrc=self.ssrc,
                payload=payload,
            )
            self._sequence = (self._sequence + 1) & 0xFFFF
            self.layer.receive(packet, now)
