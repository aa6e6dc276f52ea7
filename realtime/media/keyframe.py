"""Where a decoder can begin: keyframes seen in RTP payloads, without decoding.

Sources: RFC 6184 (H264), RFC 7741 (VP8), RFC 9628 (VP9), "RTP Payload Format For AV1" 1.0.
"""

from __future__ import annotations

_SLICE_IDR = 5
_SEQUENCE_PARAMETERS = 7
_STAP_A = 24
_FU_A = 28


def starts_keyframe(codec: str, payload: bytes) -> bool:
    """Whether this payload holds the beginning of a keyframe; never raises, whatever the bytes.

    An H264 parameter set counts, as it comes before the slice it belongs to in the same picture.
    """
    if codec == "H264":
        return _h264(payload)
    if codec == "VP8":
        return _vp8(payload)
    if codec == "VP9":
        return _vp9(payload)
    if codec == "AV1":
        return _av1(payload)
    return True


def _h264(payload: bytes) -> bool:
    if not payload:
        return False
    kind = payload[0] & 0x1F
    if kind == _FU_A:
        return len(payload) > 1 and payload[1] & 0x80 != 0 and payload[1] & 0x1F == _SLICE_IDR
    if kind == _STAP_A:
        return _stap_a(payload)
    return kind in (_SLICE_IDR, _SEQUENCE_PARAMETERS)


def _stap_a(payload: bytes) -> bool:
    position = 1
    while position + 2 < len(payload):
        if payload[position + 2] & 0x1F in (_SLICE_IDR, _SEQUENCE_PARAMETERS):
            return True
        position += 2 + int.from_bytes(payload[position : position + 2], "big")
    return False


def _vp8(payload: bytes) -> bool:
    if not payload or payload[0] & 0x17 != 0x10:  # start of the first partition only
        return False
    position = 1
    if payload[0] & 0x80:
        if len(payload) < 2:
            return False
        flags = payload[1]
        position = 2
        if flags & 0x80 and len(payload) > position:
            position += 2 if payload[position] & 0x80 else 1
        position += 1 if flags & 0x40 else 0
        position += 1 if flags & 0x30 else 0
    return len(payload) > position and payload[position] & 0x01 == 0


def _vp9(payload: bytes) -> bool:
    """RFC 9628 section 4.2: predicted from no picture, and the first packet of its lowest spatial layer."""
    if not payload or payload[0] & 0x48 != 0x08:  # P clear, B set
        return False
    if not payload[0] & 0x20:
        return True
    position = 1
    if payload[0] & 0x80 and len(payload) > position:
        position += 2 if payload[position] & 0x80 else 1
    return len(payload) > position and payload[position] & 0x0E == 0


def _av1(payload: bytes) -> bool:
    """The aggregation header's N: the first packet of a coded video sequence, and no continued piece (Z)."""
    return bool(payload) and payload[0] & 0x88 == 0x08
