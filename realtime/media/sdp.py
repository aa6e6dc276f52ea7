"""Offers, read by us before any library sees them (RFC 8866, RFC 8829), with every size capped.

The promise: for any text whatever, `parse_offer` and `parse_fragment` return or raise `SdpError`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, cast

from .errors import malformed, too_large, unacceptable

MAX_BYTES = 64 * 1024
MAX_SECTIONS = 16
MAX_CANDIDATES = 20
MAX_LAYERS = 4
MAX_CODECS = 128
"""Payload types there are (RFC 3551)."""

Kind = Literal["audio", "video"]
Setup = Literal["actpass", "active", "passive"]
Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]

_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
_LINE = re.compile(r"[a-z]=[^\x00]*")
_MEDIA = re.compile(r"([a-z]{1,20}) ([0-9]{1,5}) ([A-Za-z0-9/]{1,40}) ([!-~ ]{1,1024})")
_PAYLOAD_TYPE = re.compile(r"[0-9]{1,3}")
_RTPMAP = re.compile(r"([0-9]{1,3}) ([A-Za-z0-9_.-]{1,40})/([0-9]{1,7})(?:/([0-9]{1,2}))?")
_FMTP = re.compile(r"([0-9]{1,3}) ([!-~ ]{1,512})")
_FEEDBACK = re.compile(r"([0-9]{1,3}|\*) ([!-~ ]{1,64})")
_EXTMAP = re.compile(r"([0-9]{1,3})(?:/[a-z]{1,10})? ([!-~]{1,256})(?: .*)?")
_MID = re.compile(r"[A-Za-z0-9_.+-]{1,32}")
_RID = re.compile(r"([A-Za-z0-9_-]{1,32}) (send|recv)(?: .*)?")
_UFRAG = re.compile(r"[A-Za-z0-9+/]{4,256}")
_PASSWORD = re.compile(r"[A-Za-z0-9+/]{22,256}")
_SHA_256 = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){31}")

_OF_CODECS = ("rtpmap", "fmtp", "rtcp-fb")
_KNOWN_LISTS = 64
"""Lists of codecs that are not read again: a stranger's are at most `MAX_BYTES` each."""

_PROTOCOLS = ("UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP")


@dataclass(frozen=True)
class Codec:
    payload_type: int
    name: str
    clock_rate: int
    channels: int
    parameters: Mapping[str, str]
    feedback: frozenset[str]


@dataclass(frozen=True)
class Section:
    """One media section of an offer, in a form that can be answered."""

    kind: Kind
    mid: str
    direction: Direction
    codecs: tuple[Codec, ...]
    extensions: Mapping[str, int]
    reduced_rtcp: bool
    rejected: bool
    rids: tuple[str, ...] = ()
    """Simulcast layers that are offered to be sent (RFC 8853), in the offer's order."""

    def retransmission(self, payload_type: int) -> Codec | None:
        """The RTX codec (RFC 4588) offered for this payload type."""
        wanted = str(payload_type)
        return next((c for c in self.codecs if c.name == "rtx" and c.parameters.get("apt") == wanted), None)


@dataclass(frozen=True)
class Offer:
    """A valid offer: one bundled transport and its sections."""

    ufrag: str
    password: str
    fingerprint: str
    setup: Setup
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class Fragment:
    """An SDP fragment of trickle ICE (RFC 8840); its candidates are counted, checked and left unused."""

    ufrag: str | None
    password: str | None


_Attributes = dict[str, list[str]]
"""Values by name, names and values in their order."""


def parse_offer(text: str) -> Offer:
    lines = _lines(text)
    if not lines or lines[0] != "v=0":
        raise malformed("It does not begin with v=0.")
    session, media = _split(lines)
    sections = tuple(_section(line, attributes) for line, attributes in media)
    live = [index for index, section in enumerate(sections) if not section.rejected]
    if not live:
        raise malformed("It has no media section.")
    if len({section.mid for section in sections}) != len(sections):
        raise malformed("Two media sections share one mid.")
    _check_bundle(session, [sections[index] for index in live])
    for index in live:
        if "rtcp-mux" not in media[index][1]:
            raise unacceptable("Every media section needs a=rtcp-mux.")
    # With BUNDLE the first section's transport is everybody's (RFC 9143 section 7.3.1).
    transport = session | media[live[0]][1]
    return Offer(
        ufrag=_matched(transport, "ice-ufrag", _UFRAG),
        password=_matched(transport, "ice-pwd", _PASSWORD),
        fingerprint=_fingerprint(transport),
        setup=_setup(transport),
        sections=sections,
    )


def parse_fragment(text: str) -> Fragment:
    attributes: _Attributes = {}
    for line in _lines(text):
        if line.startswith("a="):
            _note(attributes, line)
        elif not line.startswith(("m=", "c=", "v=", "o=", "s=", "t=")):
            raise malformed("An SDP fragment has attributes only.")
    if not attributes:
        raise malformed("The SDP fragment is empty.")
    return Fragment(
        ufrag=_matched(attributes, "ice-ufrag", _UFRAG) if "ice-ufrag" in attributes else None,
        password=_matched(attributes, "ice-pwd", _PASSWORD) if "ice-pwd" in attributes else None,
    )


def _lines(text: str) -> list[str]:
    """The lines, once nothing about them is too large or of another alphabet."""
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise too_large(f"It is longer than {MAX_BYTES // 1024} KiB.")
    text = "\n" + text.replace("\r\n", "\n")
    lines = [line for line in text.split("\n") if line]
    if text.count("\nm=") > MAX_SECTIONS:
        raise too_large(f"It has more than {MAX_SECTIONS} media sections.")
    if text.count("\na=candidate:") > MAX_CANDIDATES:
        raise too_large(f"It has more than {MAX_CANDIDATES} candidates.")
    if not all(_LINE.fullmatch(line) for line in lines):
        raise malformed("A line has not the form of SDP.")
    return lines


def _split(lines: list[str]) -> tuple[_Attributes, list[tuple[str, _Attributes]]]:
    session: _Attributes = {}
    media: list[tuple[str, _Attributes]] = []
    current = session
    for line in lines:
        if line.startswith("a="):
            _note(current, line)
        elif line.startswith("m="):
            current = {}
            media.append((line[2:], current))
    return session, media


def _note(attributes: _Attributes, line: str) -> None:
    name, _, value = line[2:].partition(":")
    known = attributes.get(name)
    if known is None:
        attributes[name] = [value]
    else:
        known.append(value)


def _matched(attributes: _Attributes, name: str, form: re.Pattern[str]) -> str:
    values = attributes.get(name)
    if not values or form.fullmatch(values[0]) is None:
        raise malformed(f"a={name} is missing or not well formed.")
    return values[0]


def _fingerprint(attributes: _Attributes) -> str:
    offered = [value.partition(" ") for value in attributes.get("fingerprint", ())]
    if not offered:
        raise malformed("a=fingerprint is missing.")
    for algorithm, _, digest in offered:
        if algorithm.lower() == "sha-256":
            if _SHA_256.fullmatch(digest) is None:
                raise malformed("The sha-256 fingerprint is not well formed.")
            return digest.upper()
    raise unacceptable("A sha-256 fingerprint is needed.")


def _setup(attributes: _Attributes) -> Setup:
    values = attributes.get("setup")
    if not values or values[0] not in ("actpass", "active", "passive"):
        raise malformed("a=setup must be actpass, active or passive.")
    return cast(Setup, values[0])


def _check_bundle(session: _Attributes, live: list[Section]) -> None:
    if len(live) == 1:
        return
    groups = [value.split(" ") for value in session.get("group", ())]
    bundled = {mid for group in groups if group[0] == "BUNDLE" for mid in group[1:]}
    if not {section.mid for section in live} <= bundled:
        raise unacceptable("All media sections must be bundled on one transport.")


def _section(line: str, attributes: _Attributes) -> Section:
    match = _MEDIA.fullmatch(line)
    if match is None:
        raise malformed("A media section has not the form of SDP.")
    kind, port, protocol, formats = match.groups()
    if kind not in ("audio", "video") or protocol not in _PROTOCOLS:
        raise unacceptable("Only sound and picture over UDP/TLS/RTP/SAVPF are taken.")
    return Section(
        kind=cast(Kind, kind),
        mid=_matched(attributes, "mid", _MID),
        direction=next((cast(Direction, name) for name in attributes if name in _DIRECTIONS), "sendrecv"),
        codecs=_codecs(formats, *(tuple(attributes.get(name, ())) for name in _OF_CODECS)),
        extensions=dict(_extensions(attributes)),
        reduced_rtcp="rtcp-rsize" in attributes,
        rejected=int(port) == 0 and "bundle-only" not in attributes,
        rids=_simulcast(attributes),
    )


def _simulcast(attributes: _Attributes) -> tuple[str, ...]:
    """The layers of `a=simulcast:send` that an `a=rid` line describes; alternatives and pauses are read past."""
    known = set()
    for value in attributes.get("rid", ()):
        match = _RID.fullmatch(value)
        if match is None:
            raise malformed("An a=rid is not well formed.")
        if match[2] == "send":
            known.add(match[1])
    if len(known) > MAX_LAYERS:
        raise too_large(f"It has more than {MAX_LAYERS} layers of one picture.")
    for value in attributes.get("simulcast", ()):
        words = value.split(" ")
        if "send" in words[:-1]:
            named = words[words.index("send") + 1].split(";")
            first = (layer.partition(",")[0].removeprefix("~") for layer in named)
            return tuple(dict.fromkeys(rid for rid in first if rid in known))
    return ()


@lru_cache(maxsize=_KNOWN_LISTS)
def _codecs(
    formats: str, rtpmap: tuple[str, ...], fmtp: tuple[str, ...], rtcp_fb: tuple[str, ...]
) -> tuple[Codec, ...]:
    """The codecs of a section. A browser's eight pictures, and all browsers of a kind, offer the very same."""
    parameters = _by_payload_type("fmtp", fmtp, _FMTP)
    feedback = _by_payload_type("rtcp-fb", rtcp_fb, _FEEDBACK)
    maps: dict[str, re.Match[str]] = {}
    for value in rtpmap:
        match = _RTPMAP.fullmatch(value)
        if match is None:
            raise malformed("An a=rtpmap is not well formed.")
        maps[match[1]] = match
    order = formats.split(" ")
    if len(order) > MAX_CODECS or not all(_PAYLOAD_TYPE.fullmatch(known) for known in order):
        raise malformed("A media section names broken payload types.")
    return tuple(
        Codec(
            payload_type=int(known),
            name=maps[known][2],
            clock_rate=int(maps[known][3]),
            channels=int(maps[known][4] or 1),
            parameters=_parameters(parameters.get(known, [])),
            feedback=frozenset(feedback.get(known, []) + feedback.get("*", [])),
        )
        for known in order
        if known in maps and int(known) < MAX_CODECS
    )


def _by_payload_type(name: str, values: Sequence[str], form: re.Pattern[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for value in values:
        match = form.fullmatch(value)
        if match is None:
            raise malformed(f"An a={name} is not well formed.")
        found.setdefault(match[1], []).append(match[2])
    return found


def _parameters(lines: list[str]) -> dict[str, str]:
    pairs = (item.strip().partition("=") for line in lines for item in line.split(";"))
    return {name.lower(): value for name, _, value in pairs if name}


def _extensions(attributes: _Attributes) -> Iterator[tuple[str, int]]:
    for value in attributes.get("extmap", ()):
        match = _EXTMAP.fullmatch(value)
        if match is None:
            raise malformed("An a=extmap is not well formed.")
        if 1 <= int(match[1]) <= 14:  # two-byte headers are not negotiated
            yield match[2], int(match[1])
