"""The sound of all on air as one: decoded, laid on the programme's time line, added up.

A block of the time line is 20 ms. Sums are floating point, so that they cannot overflow; the encoder limits them.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from operator import add

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame

from ..rtp import AUDIO_CLOCK

BLOCK = AUDIO_CLOCK // 50
_SILENCE = bytes(4 * BLOCK)
_LONGEST_PACKET = 120 * AUDIO_CLOCK // 1000
"""Samples that one Opus packet may hold (RFC 6716 section 2.1.4)."""

Planes = tuple["array[float]", "array[float]"]


class Ear:
    """Decodes one speaker's Opus packets. What cannot be decoded is silence."""

    def __init__(self) -> None:
        self._decoder = _decoder()

    def decode(self, payload: bytes) -> list[Planes]:
        if len(payload) < 2:
            return []  # DTX (RFC 7587 section 3.1.3): nothing was said
        try:
            frames = self._decoder.decode(av.Packet(payload))
        except (av.FFmpegError, ValueError):
            self._decoder = _decoder()
            return []
        return [_planes(frame) for frame in frames if 0 < frame.samples <= _LONGEST_PACKET]


def _decoder() -> AudioCodecContext:
    decoder = av.CodecContext.create("opus", "r")
    decoder.sample_rate, decoder.layout = AUDIO_CLOCK, "stereo"
    decoder.thread_count = 1
    return decoder


def _planes(frame: AudioFrame) -> Planes:
    left, right = (array("f") for _ in range(2))
    for plane, heard in zip(frame.planes, (left, right), strict=False):
        heard.frombytes(memoryview(plane)[: 4 * frame.samples])
    return (left, right) if right else (left, left)


class Mixer:
    """Takes stretches of sound at their places and gives out whole blocks in order, silence where nobody spoke."""

    def __init__(self) -> None:
        self._blocks: dict[int, Planes] = {}
        self._next = 0
        self.late = 0

    def add(self, at: int, planes: Planes) -> None:
        """Lay this sound down from sample `at` on; what belongs to blocks already given out is lost."""
        count, done = len(planes[0]), 0
        while done < count:
            block, inside = divmod(at + done, BLOCK)
            length = min(BLOCK - inside, count - done)
            if block < self._next:
                self.late += 1
            else:
                self._lay(block, inside, (planes[0][done : done + length], planes[1][done : done + length]))
            done += length

    def _lay(self, block: int, inside: int, planes: Planes) -> None:
        known = self._blocks.get(block)
        length = len(planes[0])
        if known is None and length == BLOCK:
            self._blocks[block] = planes
            return
        if known is None:
            known = self._blocks[block] = (array("f", _SILENCE), array("f", _SILENCE))
        for ours, theirs in zip(known, planes, strict=True):
            ours[inside : inside + length] = array("f", map(add, ours[inside : inside + length], theirs))

    def pull(self, until: int) -> Iterator[AudioFrame]:
        """Every whole block that ends at or before sample `until`."""
        while (self._next + 1) * BLOCK <= until:
            planes = self._blocks.pop(self._next, None)
            frame = AudioFrame(format="fltp", layout="stereo", samples=BLOCK)
            frame.sample_rate, frame.pts = AUDIO_CLOCK, self._next * BLOCK
            for index, plane in enumerate(frame.planes):
                plane.update(planes[index].tobytes() if planes else _SILENCE)
            self._next += 1
            yield frame
