"""Which of the offered codecs a stage takes: Opus; H264 constrained baseline or VP8; VP9 or AV1 when chosen."""

from __future__ import annotations

from dataclasses import dataclass

from .sdp import Codec, Section

H264 = "H264"
VP8 = "VP8"
VP9 = "VP9"
AV1 = "AV1"
OPUS = "opus"

USUAL_CODECS = (H264, VP8)
"""In the order of preference: every browser and phone decodes H264 in hardware."""

VIDEO_CODECS = (*USUAL_CODECS, VP9, AV1)
"""The last two only where the organiser chose them: they save data and cost the speaker's machine dearly."""

_BASELINE = 0x42
_MAIN = 0x4D
_EXTENDED = 0x58


@dataclass(frozen=True)
class Choice:
    """One codec of an answer, by our name for it, and its retransmissions, if they were offered."""

    name: str
    codec: Codec
    retransmission: Codec | None


def choose(section: Section, name: str) -> Choice | None:
    """The best offered form of this codec, or None when the offer has none we can forward to everybody."""
    rank = {OPUS: _opus_rank, H264: _h264_rank, VP8: _vp8_rank, VP9: _vp9_rank, AV1: _av1_rank}[name]
    fitting = [codec for codec in section.codecs if rank(codec) > 0]
    if not fitting:
        return None
    best = max(fitting, key=rank)
    return Choice(name=name, codec=best, retransmission=section.retransmission(best.payload_type))


def _opus_rank(codec: Codec) -> int:
    return int(codec.name.lower() == "opus" and codec.clock_rate == 48_000 and codec.channels == 2)


def _vp8_rank(codec: Codec) -> int:
    return int(codec.name.upper() == "VP8" and codec.clock_rate == 90_000)


def _vp9_rank(codec: Codec) -> int:
    """Profile 0: 8 bits, 4:2:0; the others do not play everywhere."""
    fits = codec.name.upper() == "VP9" and codec.clock_rate == 90_000
    return int(fits and codec.parameters.get("profile-id", "0") == "0")


def _av1_rank(codec: Codec) -> int:
    fits = codec.name.upper() == "AV1" and codec.clock_rate == 90_000
    return int(fits and codec.parameters.get("profile", "0") == "0")


def _h264_rank(codec: Codec) -> int:
    """Constrained baseline before baseline; other profiles do not play everywhere."""
    if codec.name.upper() != "H264" or codec.parameters.get("packetization-mode") != "1":
        return 0
    try:
        level_id = int(codec.parameters.get("profile-level-id", "42000a"), 16)
    except ValueError:
        return 0
    profile, constraints = level_id >> 16, level_id >> 8 & 0xFF
    constrained = (
        (profile == _BASELINE and constraints & 0x40)
        or (profile == _MAIN and constraints & 0x80)
        or (profile == _EXTENDED and constraints & 0xC0 == 0xC0)
    )
    if constrained:
        return 3 if profile == _BASELINE else 2
    return 1 if profile == _BASELINE else 0
