"""Real peers for the tests: aiortc connections that publish a moving picture with a tone, or watch."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from fractions import Fraction

import av
from aiortc import (
    AudioStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCRtpTransceiver,
    RTCSessionDescription,
    VideoStreamTrack,
)
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

FRAME_WAIT_S = 40.0

_WIDTH, _HEIGHT = 320, 180
_SAMPLES = 960


class Picture(VideoStreamTrack):
    """Grey of a brightness that moves on with every frame."""

    async def recv(self) -> av.VideoFrame:
        pts, time_base = await self.next_timestamp()
        frame = av.VideoFrame(_WIDTH, _HEIGHT, "yuv420p")
        for index, plane in enumerate(frame.planes):
            value = pts // 3000 % 200 + 20 if index == 0 else 128
            plane.update(bytes([value]) * plane.buffer_size)
        frame.pts, frame.time_base = pts, time_base
        return frame


class Tone(AudioStreamTrack):
    """A 440 Hz tone in packets of 20 ms."""

    _sent = 0

    async def recv(self) -> av.AudioFrame:
        await asyncio.sleep(0.02)
        frame = av.AudioFrame(format="s16", layout="mono", samples=_SAMPLES)
        wave = (int(8000 * math.sin((self._sent + n) * 2 * math.pi * 440 / 48_000)) for n in range(_SAMPLES))
        frame.planes[0].update(b"".join(sample.to_bytes(2, "little", signed=True) for sample in wave))
        frame.sample_rate, frame.pts, frame.time_base = 48_000, self._sent, Fraction(1, 48_000)
        self._sent += _SAMPLES
        return frame


def connection() -> RTCPeerConnection:
    return RTCPeerConnection(RTCConfiguration(iceServers=[]))


async def publisher_offer(pc: RTCPeerConnection, *, codec: str | None = None) -> str:
    pc.addTransceiver(Tone(), direction="sendonly")
    video = pc.addTransceiver(Picture(), direction="sendonly")
    if codec is not None:
        prefer(video, codec)
    await pc.setLocalDescription(await pc.createOffer())
    return str(pc.localDescription.sdp)


def prefer(video: RTCRtpTransceiver, codec: str) -> None:
    """Offer this codec alone."""
    capabilities = RTCRtpSender.getCapabilities("video").codecs
    video.setCodecPreferences([known for known in capabilities if known.mimeType == f"video/{codec}"])


class Watcher:
    """A viewer that decodes everything it is sent and counts it, per section."""

    def __init__(self, *, pairs: int = 1, codec: str | None = None) -> None:
        self.pc = connection()
        self.frames: dict[str, int] = {}
        self.loudest = 0
        self._changed = asyncio.Condition()
        self._tasks: list[asyncio.Task[None]] = []
        self.pc.on("track", lambda track: self._tasks.append(asyncio.create_task(self._count(track))))
        for _ in range(pairs):
            for kind in ("audio", "video"):
                added = self.pc.addTransceiver(kind, direction="recvonly")
                if kind == "video" and codec is not None:
                    prefer(added, codec)

    async def offer(self) -> str:
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return str(self.pc.localDescription.sdp)

    async def accept(self, answer: str) -> None:
        await accept(self.pc, answer)

    async def _count(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if isinstance(frame, av.AudioFrame):
                self.loudest = max(self.loudest, max(bytes(frame.planes[0])[1::2], default=0))
            mid = next(str(t.mid) for t in self.pc.getTransceivers() if t.receiver.track is track)
            async with self._changed:
                self.frames[mid] = self.frames.get(mid, 0) + 1
                self._changed.notify_all()

    async def sees(self, *, more: int = 10, mids: tuple[str, ...] = ("0", "1")) -> None:
        """Wait until that many further frames of every section were decoded."""
        goal = {mid: self.frames.get(mid, 0) + more for mid in mids}
        await self._until(lambda: all(self.frames.get(mid, 0) >= count for mid, count in goal.items()))

    async def hears_of(self, streams: set[int]) -> None:
        """Wait until every one of these streams came, decoded or not."""
        missing, all_came = set(streams), asyncio.Event()
        transport = self.pc.getTransceivers()[0].receiver.transport
        handle = transport._handle_rtp_data

        async def look(data: bytes, arrival_time_ms: int) -> None:
            missing.discard(int.from_bytes(data[8:12], "big"))
            if not missing:
                all_came.set()
            await handle(data, arrival_time_ms)

        transport._handle_rtp_data = look  # type: ignore[method-assign]
        async with asyncio.timeout(FRAME_WAIT_S):
            await all_came.wait()

    async def _until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(FRAME_WAIT_S), self._changed:
            await self._changed.wait_for(condition)

    async def close(self) -> None:
        await self.pc.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def accept(pc: RTCPeerConnection, answer: str) -> None:
    """Take the answer and wait until the connection stands."""
    connected = asyncio.Event()

    def look() -> None:
        if pc.connectionState == "connected":
            connected.set()

    pc.on("connectionstatechange", look)
    await pc.setRemoteDescription(RTCSessionDescription(_candidates_everywhere(answer), "answer"))
    look()
    async with asyncio.timeout(FRAME_WAIT_S):
        await connected.wait()


def _candidates_everywhere(answer: str) -> str:
    """aiortc looks for the candidates of a bundle in its last section, the standard puts them in the first."""
    head, *sections = answer.split("m=")
    lines = [line for line in sections[0].splitlines() if line.startswith(("a=candidate", "a=end-of"))]
    repeated = [section + "\r\n".join(lines) + "\r\n" for section in sections[1:]]
    return "m=".join([head, sections[0], *repeated])


async def closed_by_peer(pc: RTCPeerConnection) -> None:
    """Wait until the other side has ended the connection."""
    ended = asyncio.Event()

    def look() -> None:
        if pc.connectionState in ("closed", "failed"):
            ended.set()

    pc.on("connectionstatechange", look)
    look()
    async with asyncio.timeout(FRAME_WAIT_S):
        await ended.wait()
