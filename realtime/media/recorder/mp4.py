"""Fragmented MP4 (ISO/IEC 14496-12, CMAF 23000-19): the beginning made by FFmpeg, each fragment by us.

FFmpeg knows how to describe every codec; but where its muxer cuts, and from which time on, cannot be told to it
packet by packet, and a fragment is only a list of sizes and durations.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import av
from av.audio.codeccontext import AudioCodecContext

from ..rtp import AUDIO_CLOCK, VIDEO_CLOCK
from .depacketise import SPS, Picture

CONTAINED = frozenset({"H264", "VP9", "AV1"})
"""The codecs that browsers play from MP4; VP8 is kept in WebM and has no place in HLS."""

_FLAGS = "empty_moov+default_base_moof+frag_custom+skip_trailer"
_SYNC = 0x02000000
_NOT_SYNC = 0x01010000
_IVF_FRAME = struct.Struct("<IQ")


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture or stretch of sound, as it lies in the file; `time` and `duration` in its track's clock."""

    data: bytes
    time: int
    duration: int
    keyframe: bool = True


@dataclass(frozen=True)
class Beginning:
    """What a player needs before any fragment, its tracks by number, and the codec for a playlist (RFC 6381)."""

    data: bytes
    video: int | None
    audio: int
    codecs: str


def beginning(sound: AudioCodecContext, *, codec: str = "", picture: Picture | None = None) -> Beginning | None:
    """The initialisation segment for this sound and, given a keyframe, its pictures; None if it is none."""
    out = io.BytesIO()
    options = {"movflags": _FLAGS, "video_track_timescale": str(VIDEO_CLOCK)}
    try:
        with av.open(out, "w", format="mp4", options=options) as container:
            if picture is not None:
                with av.open(io.BytesIO(probe(codec, picture)), "r", format=_PROBES[codec]) as shown:
                    container.add_stream_from_template(shown.streams.video[0])
                    named = codec_name(codec, picture)
                    _add_sound(container, sound)
                    container.start_encoding()
                return Beginning(out.getvalue(), 1, 2, f"{named},mp4a.40.2")
            _add_sound(container, sound)
            container.start_encoding()
            return Beginning(out.getvalue(), None, 1, "mp4a.40.2")
    except (av.FFmpegError, IndexError, ValueError):
        return None  # a publisher may send anything and call it a keyframe


def _add_sound(container: av.container.OutputContainer, sound: AudioCodecContext) -> None:
    stream = container.add_stream("aac", rate=AUDIO_CLOCK, layout="stereo")
    stream.bit_rate = sound.bit_rate or 0


_PROBES = {"H264": "h264", "VP8": "ivf", "VP9": "ivf", "AV1": "ivf"}
_FOURCC = {"VP8": b"VP80", "VP9": b"VP90", "AV1": b"AV01"}


def probe(codec: str, picture: Picture) -> bytes:
    """A keyframe as a small file from which FFmpeg reads what the codec needs to be told (its extradata)."""
    if codec == "H264":
        return picture.annex_b
    head = struct.pack("<4sHH4sHHIIII", b"DKIF", 0, 32, _FOURCC[codec], 0, 0, 30, 1, 2, 0)
    frame = picture.units[0]
    return head + b"".join(_IVF_FRAME.pack(len(frame), number) + frame for number in (0, 1))


def probe_format(codec: str) -> str:
    return _PROBES[codec]


def codec_name(codec: str, picture: Picture) -> str:
    """As browsers are asked whether they play it (RFC 6381; WebRTC's VP9 and AV1 are profile 0, 8 bits)."""
    if codec == "VP9":
        return "vp09.00.31.08"
    if codec == "AV1":
        return "av01.0.05M.08"
    parameters = picture.nal(SPS)
    if parameters is None or len(parameters) < 4:
        raise ValueError("a keyframe without its parameters")
    return f"avc1.{parameters[1:4].hex()}"


def sample_of(codec: str, picture: Picture) -> bytes:
    return picture.length_prefixed if codec == "H264" else picture.units[0]


def fragment(number: int, tracks: Sequence[tuple[int, Sequence[Sample]]]) -> bytes:
    """One `moof` and its `mdat` for these tracks, each a number and its samples without a hole."""
    filled = [(track, samples) for track, samples in tracks if samples]
    size = 8 + 16 + sum(_traf_size(samples) for _, samples in filled)
    offset = size + 8
    boxes = [_box(b"mfhd", struct.pack(">II", 0, number))]
    for track, samples in filled:
        boxes.append(_traf(track, samples, offset))
        offset += sum(len(sample.data) for sample in samples)
    data = b"".join(sample.data for _, samples in filled for sample in samples)
    return _box(b"moof", b"".join(boxes)) + _box(b"mdat", data)


def _traf_size(samples: Sequence[Sample]) -> int:
    return 8 + 16 + 20 + (8 + 12 + 12 * len(samples))


def _traf(track: int, samples: Sequence[Sample], offset: int) -> bytes:
    head = _box(b"tfhd", struct.pack(">II", 0x020000, track))  # addresses count from the moof
    time = _box(b"tfdt", struct.pack(">IQ", 0x01000000, samples[0].time))
    rows = b"".join(
        struct.pack(">III", sample.duration, len(sample.data), _SYNC if sample.keyframe else _NOT_SYNC)
        for sample in samples
    )
    return _box(b"traf", head + time + _box(b"trun", struct.pack(">IIi", 0x000701, len(samples), offset) + rows))


def _box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), name) + body


def sound_encoder(bit_rate: int) -> AudioCodecContext:
    """AAC: every browser, phone and player has it, which cannot be said of Opus in MP4."""
    encoder = av.CodecContext.create("aac", "w")
    encoder.sample_rate, encoder.layout, encoder.format = AUDIO_CLOCK, "stereo", "fltp"
    encoder.bit_rate = bit_rate
    encoder.open()
    return encoder
