"""The media process's side of the recorder: starts it with the first live stage, feeds it, restarts it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable
from pathlib import Path

from ..feed import Feed
from ..layer import Layer
from ..room import Room, Writing
from ..rtp import RtpPacket
from ..sender import Sender
from . import pipe
from .programme import OnAir
from .source import Arrived, Medium

logger = logging.getLogger(__name__)

_TICK_S = 0.1
_READ_EVERY = 10
"""Ticks between two looks at the publishers' clocks."""

_MOST_UNSENT = 32 * 1024 * 1024
"""A recorder that lags so many bytes behind (half a minute of six publishers) is killed and started anew."""

_AGAIN_S = 1.0
_ANEW_S = 10.0
"""How long after a failure a stage is written on anew: a full disk may have been emptied."""

_NTP_SECOND = 1 << 32
_LAST_WORD_S = 10.0


class _Tap:
    """An output of one publisher's layer: copies what comes in to the recorder."""

    def __init__(self, link: RecorderLink, room: str, publisher: Sender, medium: Medium, layer: Layer) -> None:
        self._link = link
        self._room = room
        self._publisher = publisher
        self._medium = medium
        self.layer = layer
        layer.outputs.append(self)

    def push(self, packet: RtpPacket, *, starts_keyframe: bool, now: float) -> None:
        arrived = Arrived(
            sequence=packet.sequence,
            timestamp=packet.timestamp,
            marker=packet.marker,
            keyframe=starts_keyframe,
            payload=packet.payload,
            now=now,
        )
        self._link.send(pipe.Push(self._room, self._publisher.id, self._medium, arrived))

    def restart(self) -> None:
        self._link.send(pipe.Restart(self._room, self._publisher.id, self._medium))

    def read(self, now: float) -> None:
        """Tell what the publisher's own clock shows, once its reports have come."""
        if self.layer.report is None:
            return
        ntp, timestamp = self._publisher.reading(self.layer, now)
        reading = (ntp / _NTP_SECOND, timestamp)
        self._link.send(pipe.Read(self._room, self._publisher.id, self._medium, reading))

    def close(self) -> None:
        with contextlib.suppress(ValueError):
            self.layer.outputs.remove(self)


class _Stage:
    """One room being written."""

    def __init__(self, room: Room, writing: Writing) -> None:
        self.room = room
        self.writing = writing
        self.on_air: tuple[OnAir, ...] = ()
        self.speaker: str | None = None
        self.taps: dict[tuple[str, Medium], _Tap] = {}
        self.told: pipe.Told | None = None
        self.anew_at: float | None = None


class RecorderLink:
    """Follows rooms: `follow` is called after every change of one. `changed` is called when news of it came."""

    def __init__(self, root: Path, *, changed: Callable[[Room], None], clock: Callable[[], float]) -> None:
        self._root = root
        self._changed = changed
        self._clock = clock
        self._stages: dict[str, _Stage] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._ended = False

    # Rooms.

    def follow(self, room: Room) -> None:
        writing = room.wish.programme if room.wish.open else None
        stage = self._stages.get(room.name)
        if stage is not None and (writing is None or writing.folder != stage.writing.folder):
            self._end(stage)
            stage = None
        if writing is None:
            return
        if stage is None:
            stage = self._stages[room.name] = _Stage(room, writing)
            self._begin(stage)
        elif stage.writing != writing:
            stage.writing = writing
            self.send(pipe.Open(room.name, writing.folder, writing.record))
        self._arrange(stage)

    def told(self, room: str) -> pipe.Told | None:
        stage = self._stages.get(room)
        return stage.told if stage is not None else None

    def _begin(self, stage: _Stage) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._keep())
            self._ticking = asyncio.create_task(self._tick())
        self._say(stage)

    def _say(self, stage: _Stage) -> None:
        """Everything a recorder that has just started must know of a room."""
        name = stage.room.name
        self.send(pipe.Tick(self._clock()))
        self.send(pipe.Open(name, stage.writing.folder, stage.writing.record))
        self.send(pipe.Arrange(name, stage.on_air))
        self.send(pipe.Speaks(name, stage.speaker))

    def _end(self, stage: _Stage) -> None:
        for tap in stage.taps.values():
            tap.close()
        del self._stages[stage.room.name]
        self.send(pipe.Close(stage.room.name, ended=not stage.room.wish.open))

    def _arrange(self, stage: _Stage) -> None:
        """Listen to whoever is heard and seen on air, each by the best layer that flows."""
        wanted = _wanted(stage.room.air)
        named = _named(wanted)
        if named != stage.on_air:
            stage.on_air = named
            self.send(pipe.Arrange(stage.room.name, named))
        for key, tap in list(stage.taps.items()):
            if key not in wanted or wanted[key][1] is not tap.layer:
                tap.close()
                del stage.taps[key]
                tap.restart()  # another layer's numbers have no relation to this one's
        for key, (publisher, layer) in wanted.items():
            if key not in stage.taps:
                stage.taps[key] = _Tap(self, stage.room.name, publisher, key[1], layer)

    # The process.

    def send(self, message: pipe.Message) -> None:
        """Hand a message over, or lose it while there is no recorder: it is told everything when it starts."""
        process = self._process
        if process is None or process.stdin is None or process.stdin.is_closing():
            return
        process.stdin.write(pipe.pack(message))

    async def _keep(self) -> None:
        while not self._ended:
            try:
                await self._serve()
            except OSError:
                logger.exception("the recorder could not be started")
            if not self._ended:
                await asyncio.sleep(_AGAIN_S)

    async def _serve(self) -> None:
        """One life of the process."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            __package__,
            "--root",
            str(self._root),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # a terminal's Ctrl-C reaches the parent alone
        )
        self._process = process
        for stage in self._stages.values():
            self._say(stage)
        await self._hear(process)
        self._process = None
        code = await process.wait()
        if not self._ended:
            logger.warning("the recorder ended with %d and is started again", code)

    async def _hear(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        try:
            while True:
                length = int.from_bytes(await process.stdout.readexactly(4), "big")
                self._heed(pipe.unpack(await process.stdout.readexactly(length)))
        except asyncio.IncompleteReadError:
            return

    def _heed(self, message: pipe.Message) -> None:
        if isinstance(message, pipe.Ask):
            stage = self._stages.get(message.room)
            tap = stage.taps.get((message.publisher, "video")) if stage is not None else None
            if tap is not None:
                tap.layer.wish_keyframe(self._clock())
        elif isinstance(message, pipe.Told):
            stage = self._stages.get(message.room)
            if stage is not None and stage.writing.folder == message.folder:
                stage.anew_at = self._clock() + _ANEW_S if message.fault is not None else None
                if stage.told != message:
                    stage.told = message
                    self._changed(stage.room)

    async def _tick(self) -> None:
        count = 0
        while True:
            await asyncio.sleep(_TICK_S)
            count += 1
            now = self._clock()
            self.send(pipe.Tick(now))
            for stage in list(self._stages.values()):
                self._look(stage, now, read=count % _READ_EVERY == 0)
            if self._unsent > _MOST_UNSENT and self._process is not None:
                self._process.kill()

    @property
    def _unsent(self) -> int:
        stdin = self._process.stdin if self._process is not None else None
        return stdin.transport.get_write_buffer_size() if stdin is not None else 0

    def _look(self, stage: _Stage, now: float, *, read: bool) -> None:
        self._arrange(stage)
        if stage.anew_at is not None and now >= stage.anew_at:
            stage.anew_at = now + _ANEW_S
            self._say(stage)
        speaker = _speaker(stage.room)
        if speaker != stage.speaker:
            stage.speaker = speaker
            self.send(pipe.Speaks(stage.room.name, speaker))
        if read:
            for tap in stage.taps.values():
                tap.read(now)

    async def close(self) -> None:
        """Let the recorder finish what it writes."""
        self._ended = True
        if self._ticking is not None:
            self._ticking.cancel()
        process = self._process
        if process is not None and process.stdin is not None:
            process.stdin.close()
        if self._task is not None:
            done, _ = await asyncio.wait([self._task], timeout=_LAST_WORD_S)
            if not done:
                self._task.cancel()
                if process is not None and process.returncode is None:
                    process.kill()


_Wanted = dict[tuple[str, Medium], tuple[Sender, Layer]]


def _wanted(air: Feed) -> _Wanted:
    wanted: _Wanted = {}
    for place in air.places:
        if place is None:
            continue
        standing: tuple[tuple[Sender | None, Medium], ...] = ((place.audio, "audio"), (place.video, "video"))
        for publisher, medium in standing:
            layer = publisher.best(medium) if publisher is not None else None
            if publisher is not None and layer is not None:
                wanted[publisher.id, medium] = (publisher, layer)
    return wanted


def _named(wanted: _Wanted) -> tuple[OnAir, ...]:
    publishers = {publisher.id: publisher for publisher, _ in wanted.values()}
    return tuple(
        OnAir(
            id=id,
            kind=publisher.kind,
            label=publisher.label,
            codec=publisher.video_codec if (id, "video") in wanted else None,
            audio=(id, "audio") in wanted,
        )
        for id, publisher in publishers.items()
    )


def _speaker(room: Room) -> str | None:
    """Whose picture belongs to the voice that is heard."""
    main = room.speakers.now.main
    place = next((place for place in room.air.places if place is not None and place.audio is main), None)
    return place.video.id if main is not None and place is not None and place.video is not None else None
