"""The talk that is forwarded: 160 video and 50 audio packets a second, 1.5 Mbit/s, as H264 and Opus."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Callable

from realtime.media.rtp import build_rtp
from tests.bench.media.sdp import H264, OPUS

FRAMES_PER_S = 30
FRAME_PACKETS = (5, 5, 6)  # 160 a second
KEYFRAME_EVERY = 60
VIDEO_BYTES = 1180
AUDIO_BYTES = 110
AUDIO_S = 0.02
TIME = struct.Struct("!q")
VIDEO_TIME_AT = 2  # behind the FU-A header

Send = Callable[[bytes], None]


class Source:
    """Sends packets at their times; each carries the moment it was made, for latencies."""

    def __init__(self, video: Send, audio: Send, *, ssrcs: tuple[int, int] = (1001, 1002)) -> None:
        self._video, self._audio = video, audio
        self._audio_ssrc, self._video_ssrc = ssrcs
        self.sent = 0
        self._sequence = 0
        self._audio_sequence = 0

    async def run(self) -> None:
        await asyncio.gather(self._pictures(), self._sounds())

    async def _pictures(self) -> None:
        loop = asyncio.get_running_loop()
        began, number = loop.time(), 0
        while True:
            await asyncio.sleep(max(0.0, began + number / FRAMES_PER_S - loop.time()))
            self._frame(number)
            number += 1

    def _frame(self, number: int) -> None:
        kind = 5 if number % KEYFRAME_EVERY == 0 else 1
        count = FRAME_PACKETS[number % len(FRAME_PACKETS)]
        for index in range(count):
            # FU-A (RFC 6184 section 5.8): indicator, header with start and end bit.
            head = bytes((0x7C, kind | (0x80 if index == 0 else 0) | (0x40 if index == count - 1 else 0)))
            payload = head + TIME.pack(time.time_ns()) + bytes(VIDEO_BYTES - 10)
            self._sequence += 1
            self._video(
                build_rtp(
                    payload_type=H264,
                    marker=index == count - 1,
                    sequence=self._sequence & 0xFFFF,
                    timestamp=number * 3000 & 0xFFFFFFFF,
                    ssrc=self._video_ssrc,
                    payload=payload,
                )
            )
            self.sent += 1

    async def _sounds(self) -> None:
        loop = asyncio.get_running_loop()
        began, number = loop.time(), 0
        while True:
            await asyncio.sleep(max(0.0, began + number * AUDIO_S - loop.time()))
            self._audio_sequence += 1
            self._audio(
                build_rtp(
                    payload_type=OPUS,
                    marker=False,
                    sequence=self._audio_sequence & 0xFFFF,
                    timestamp=number * 960 & 0xFFFFFFFF,
                    ssrc=self._audio_ssrc,
                    payload=bytes((0x78,)) + bytes(AUDIO_BYTES - 1),
                )
            )
            self.sent += 1
            number += 1
