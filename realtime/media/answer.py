"""Answers, written by us line by line: exactly what was agreed, one transport, our candidates."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from .codecs import Choice
from .sdp import Codec, Offer, Section

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"

_FEEDBACK = ("nack", "nack pli", "ccm fir", "goog-remb")
"""Transport-wide congestion control is left out on purpose: it needs a packet per viewer and moment."""

_FMTP_KEPT = (
    "profile-level-id",
    "packetization-mode",
    "level-asymmetry-allowed",
    "profile-id",
    "profile",
    "level-idx",
    "tier",
    "minptime",
)

_OPUS_WISHES = ("useinbandfec=1", "usedtx=1")
"""Repair single losses from the next packet, and send next to nothing in silence (RFC 7587 section 6.1)."""

_START_KBPS = 1_000
"""Chromium begins at 300 kbit/s without it and needs half a minute to a sharp picture."""


@dataclass(frozen=True)
class Transport:
    """Our side of the one transport."""

    ufrag: str
    password: str
    fingerprint: str
    passive: bool
    addresses: Sequence[str]
    port: int


@dataclass(frozen=True)
class Outgoing:
    """The slot a viewer's section shows: fixed streams, whoever stands in the slot."""

    stream: str
    ssrc: int
    rtx_ssrc: int | None


@dataclass(frozen=True)
class AnsweredSection:
    """One offered section and what becomes of it; without choices it is inactive or rejected."""

    section: Section
    direction: Literal["recvonly", "sendonly", "inactive"]
    choices: Sequence[Choice]
    extensions: Sequence[str] = ()
    outgoing: Outgoing | None = None
    kbps: int | None = None
    rids: Sequence[str] = ()
    """Simulcast layers taken."""


def write_answer(offer: Offer, transport: Transport, sections: Sequence[AnsweredSection]) -> str:
    return "\r\n".join(_lines(transport, sections)) + "\r\n"


def write_fragment(transport: Transport, offer: Offer) -> str:
    """Our side of an ICE restart (RFC 8840 section 9)."""
    first = next(section for section in offer.sections if not section.rejected)
    lines = [
        f"a=ice-ufrag:{transport.ufrag}",
        f"a=ice-pwd:{transport.password}",
        f"m={first.kind} 9 UDP/TLS/RTP/SAVPF 0",
        f"a=mid:{first.mid}",
        *_candidates(transport),
    ]
    return "\r\n".join(lines) + "\r\n"


def _lines(transport: Transport, sections: Sequence[AnsweredSection]) -> Iterator[str]:
    live = [answered for answered in sections if not answered.section.rejected]
    yield "v=0"
    yield f"o=- {secrets.randbits(62)} 1 IN IP4 127.0.0.1"
    yield "s=-"
    yield "t=0 0"
    yield "a=group:BUNDLE " + " ".join(answered.section.mid for answered in live)
    yield "a=msid-semantic: WMS *"
    for answered in sections:
        if answered.section.rejected:
            yield f"m={answered.section.kind} 0 UDP/TLS/RTP/SAVPF 0"
            yield "c=IN IP4 0.0.0.0"
            yield f"a=mid:{answered.section.mid}"
        else:
            yield from _section(transport, answered)
            if answered is live[0]:
                yield from _candidates(transport)


def _section(transport: Transport, answered: AnsweredSection) -> Iterator[str]:
    section = answered.section
    codecs = [codec for choice in answered.choices for codec in (choice.codec, choice.retransmission) if codec]
    formats = " ".join(str(codec.payload_type) for codec in codecs or section.codecs[:1]) or "0"
    yield f"m={section.kind} 9 UDP/TLS/RTP/SAVPF {formats}"
    yield "c=IN IP4 0.0.0.0"
    if answered.kbps is not None:
        yield f"b=AS:{answered.kbps}"
    yield "a=rtcp:9 IN IP4 0.0.0.0"
    yield f"a=mid:{section.mid}"
    yield f"a=ice-ufrag:{transport.ufrag}"
    yield f"a=ice-pwd:{transport.password}"
    yield f"a=fingerprint:sha-256 {transport.fingerprint}"
    yield f"a=setup:{'passive' if transport.passive else 'active'}"
    yield f"a={answered.direction}"
    yield "a=rtcp-mux"
    if section.reduced_rtcp:
        yield "a=rtcp-rsize"
    for uri in answered.extensions:
        if uri in section.extensions:
            yield f"a=extmap:{section.extensions[uri]} {uri}"
    for codec in codecs or section.codecs[:1]:
        yield from _codec(codec, receiving=answered.direction == "recvonly")
    for rid in answered.rids:
        yield f"a=rid:{rid} recv"
    if answered.rids:
        yield f"a=simulcast:recv {';'.join(answered.rids)}"
    if answered.outgoing is not None:
        yield from _streams(section, answered.outgoing)


def _codec(codec: Codec, *, receiving: bool) -> Iterator[str]:
    channels = f"/{codec.channels}" if codec.channels > 1 else ""
    yield f"a=rtpmap:{codec.payload_type} {codec.name}/{codec.clock_rate}{channels}"
    kept = [f"{name}={codec.parameters[name]}" for name in _FMTP_KEPT if name in codec.parameters]
    if codec.name == "rtx":
        kept = [f"apt={codec.parameters['apt']}"]
    elif codec.name.lower() == "opus":
        kept.extend(_OPUS_WISHES if receiving else _OPUS_WISHES[:1])
    elif receiving and codec.clock_rate == 90_000:
        kept.append(f"x-google-start-bitrate={_START_KBPS}")
    if kept:
        yield f"a=fmtp:{codec.payload_type} {';'.join(kept)}"
    for feedback in _FEEDBACK:
        if feedback in codec.feedback:
            yield f"a=rtcp-fb:{codec.payload_type} {feedback}"


def _streams(section: Section, outgoing: Outgoing) -> Iterator[str]:
    yield f"a=msid:{outgoing.stream} {outgoing.stream}-{section.kind}"
    ssrcs = [outgoing.ssrc]
    if outgoing.rtx_ssrc is not None:
        ssrcs.append(outgoing.rtx_ssrc)
        yield f"a=ssrc-group:FID {outgoing.ssrc} {outgoing.rtx_ssrc}"
    for ssrc in ssrcs:
        yield f"a=ssrc:{ssrc} cname:multaqa"


def _candidates(transport: Transport) -> Iterator[str]:
    for index, address in enumerate(transport.addresses):
        priority = (126 << 24) | ((65535 - index) << 8) | 255
        yield f"a=candidate:{index + 1} 1 udp {priority} {address} {transport.port} typ host"
    yield "a=end-of-candidates"
