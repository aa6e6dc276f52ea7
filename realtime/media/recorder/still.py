"""The picture of a programme while nobody shows one: a calm plain card, so that a file never lacks pictures."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import cast

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from .depacketise import Picture

_WIDTH, _HEIGHT = 640, 360
_PETROL = (55, 132, 113)
"""YUV of the house's dark petrol (#0d4f4f)."""

_ENCODERS = {"H264": "libx264", "VP8": "libvpx", "VP9": "libvpx-vp9", "AV1": "libsvtav1"}


@cache
def still(codec: str) -> Picture:
    """One keyframe in this codec."""
    encoder = cast(VideoCodecContext, av.CodecContext.create(_ENCODERS[codec], "w"))
    encoder.width, encoder.height, encoder.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
    encoder.time_base = Fraction(1, 1)
    encoder.framerate = Fraction(1)
    encoder.thread_count = 1
    if codec == "H264":
        encoder.options = {"profile": "baseline", "tune": "zerolatency", "preset": "veryfast"}
    frame = VideoFrame(_WIDTH, _HEIGHT, "yuv420p")
    for plane, value in zip(frame.planes, _PETROL, strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    frame.pts = 0
    packet = bytes([*encoder.encode(frame), *encoder.encode(None)][0])
    if codec != "H264":
        return Picture((packet,), True)
    units = packet.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")
    return Picture(tuple(unit for unit in units if unit and unit[0] & 0x1F != 6), True)
