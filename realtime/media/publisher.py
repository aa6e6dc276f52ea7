"""A publisher: one person's or program's sound and picture coming in by WHIP."""

from __future__ import annotations

import time
from collections.abc import Sequence

from . import rtcp
from .answer import AUDIO_LEVEL, MID, AnsweredSection, write_answer
from .codecs import OPUS, VIDEO_CODECS, Choice, choose
from .errors import unacceptable
from .layer import Layer
from .peer import Network, Peer
from .rtp import RtpError, RtpPacket, parse_rtp
from .sdp import Offer, Section
from .slot import Reading

_AUDIO_KBPS = 128
_NTP_MASK = (1 << 64) - 1


class Publisher(Peer):
    """Negotiates one section of sound and one of picture, and hands their packets to its layers."""

    def __init__(
        self, network: Network, *, id: str, owner: str, label: str, offer: Offer, room_codec: str | None
    ) -> None:
        answered = list(_answered(offer, room_codec, network.publisher_kbps))
        super().__init__(network, id=id, owner=owner, offer=offer, asks_consent=False)
        self.label = label
        self.on_air = False
        self.audio_level: int | None = None
        self.layers: dict[str, Layer] = {}
        self._by_payload_type: dict[int, Layer] = {}
        self._by_rtx_payload_type: dict[int, tuple[Layer, int]] = {}
        self._audio_level_id: int | None = None
        self._clock_offset: int | None = None
        self._nacks = False
        self._wants_estimate = False
        for section in answered:
            if section.choices:
                self._take(section.section, section.choices[0])
        self.answer = write_answer(offer, self.our_side(), answered)

    def _take(self, section: Section, choice: Choice) -> None:
        codec = choice.codec
        layer = Layer(section.kind, choice.name, wish=self._send_pli)
        self.layers[section.kind] = layer
        self._by_payload_type[codec.payload_type] = layer
        if choice.retransmission is not None:
            self._by_rtx_payload_type[choice.retransmission.payload_type] = (layer, codec.payload_type)
        if section.kind == "audio":
            self._audio_level_id = section.extensions.get(AUDIO_LEVEL)
        else:
            self._nacks = "nack" in codec.feedback
            self._wants_estimate = "goog-remb" in codec.feedback

    @property
    def video_codec(self) -> str | None:
        layer = self.layers.get("video")
        return None if layer is None else layer.codec

    def received_rtp(self, data: bytes) -> None:
        try:
            packet = parse_rtp(data)
        except RtpError:
            return
        layer = self._by_payload_type.get(packet.payload_type)
        if layer is None:
            retransmitted = self._retransmitted(packet)
            if retransmitted is None:
                return
            layer, packet = retransmitted
        elif layer.kind == "audio":
            self._note_level(packet)
        layer.receive(packet, self.network.now())

    def _retransmitted(self, packet: RtpPacket) -> tuple[Layer, RtpPacket] | None:
        """The packet inside an RTX packet (RFC 4588); probing with padding carries none."""
        known = self._by_rtx_payload_type.get(packet.payload_type)
        if known is None or len(packet.payload) <= 2 or known[0].ssrc is None:
            return None
        layer, payload_type = known
        original = RtpPacket(
            payload_type=payload_type,
            marker=packet.marker,
            sequence=int.from_bytes(packet.payload[:2], "big"),
            timestamp=packet.timestamp,
            ssrc=layer.ssrc or 0,
            payload=packet.payload[2:],
        )
        return layer, original

    def _note_level(self, packet: RtpPacket) -> None:
        """Loudness of RFC 6464: 0 is loudest, 127 silence."""
        if self._audio_level_id is not None and packet.extensions.get(self._audio_level_id):
            self.audio_level = packet.extensions[self._audio_level_id][0] & 0x7F

    def received_rtcp(self, data: bytes) -> None:
        try:
            feedback = rtcp.parse_rtcp(data)
        except rtcp.RtcpError:
            return
        now = self.network.now()
        for item in feedback:
            if isinstance(item, rtcp.SenderReport):
                self._reported(item, now)

    def _reported(self, report: rtcp.SenderReport, now: float) -> None:
        for layer in self.layers.values():
            if layer.log is not None and layer.ssrc == report.ssrc:
                layer.report = (report, now)
                layer.log.reported(report, now)
        if self._clock_offset is None:
            self._clock_offset = rtcp.ntp_time(time.time()) - report.ntp

    def reading(self, layer: Layer, now: float) -> Reading:
        """What this layer's clock shows now, on our NTP time; sound and picture agree with each other.

        The publisher's own reports are used once both have come, the moment of arrival until then.
        """
        heard = [known for known in self.layers.values() if known.packets]
        if layer.report is not None and all(known.report is not None for known in heard):
            report, when = layer.report
            ntp, timestamp = report.ntp + (self._clock_offset or 0), report.timestamp
        else:
            timestamp, when = layer.latest
            ntp = rtcp.ntp_time(time.time() - (now - when))
        passed = now - when
        # A source may report any time at all, and our own reports have 64 bits for it.
        return (ntp + int(passed * (1 << 32))) & _NTP_MASK, timestamp + int(passed * layer.clock_rate)

    def ask_missing(self) -> None:
        """Ask the source again for what was lost on the way to us; called every few tens of milliseconds."""
        now = self.network.now()
        for layer in self.layers.values():
            layer.judge(now)
            if layer.kind != "video" or layer.log is None or not self._nacks:
                continue
            due = layer.log.due(now)
            if due:
                self.transport.send_rtcp(
                    self._empty_report() + rtcp.nack(sender=self._ssrc, ssrc=layer.log.ssrc, sequences=due)
                )
            if layer.log.gave_up:
                layer.log.gave_up = False
                layer.wish_keyframe(now)

    def send_reports(self) -> None:
        """Receiver report and, for browsers, how much they may send; once a second."""
        now = self.network.now()
        logs = [layer.log for layer in self.layers.values() if layer.log is not None]
        if not logs:
            return
        packet = rtcp.receiver_report(sender=self._ssrc, receptions=[log.reception(now) for log in logs])
        if self._wants_estimate:
            bitrate = (self.network.publisher_kbps + _AUDIO_KBPS) * 1_000
            packet += rtcp.remb(sender=self._ssrc, bitrate=bitrate, ssrcs=[log.ssrc for log in logs])
        self.transport.send_rtcp(packet)

    def _send_pli(self, ssrc: int) -> None:
        self.transport.send_rtcp(self._empty_report() + rtcp.pli(sender=self._ssrc, ssrc=ssrc))

    def _empty_report(self) -> bytes:
        """Every compound packet begins with a report (RFC 3550 section 6.1)."""
        return rtcp.receiver_report(sender=self._ssrc, receptions=())


def _answered(offer: Offer, room_codec: str | None, kbps: int) -> Sequence[AnsweredSection]:
    """All sections or none: half an answer would leave a speaker believing to be seen (RFC 9725 section 4.2)."""
    answered = [_answer(section, room_codec, kbps) for section in offer.sections]
    kinds = [known.section.kind for known in answered if not known.section.rejected]
    if len(kinds) != len(set(kinds)):
        raise unacceptable("A publisher sends at most one sound and one picture.")
    return answered


def _answer(section: Section, room_codec: str | None, kbps: int) -> AnsweredSection:
    if section.rejected:
        return AnsweredSection(section=section, direction="inactive", choices=())
    if section.direction not in ("sendonly", "sendrecv"):
        raise unacceptable("A publisher's media sections must be sendonly.")
    if section.kind == "audio":
        choice = choose(section, OPUS)
        if choice is None:
            raise unacceptable("Sound must be offered as Opus.")
    else:
        choice = _video(section, room_codec)
    return AnsweredSection(
        section=section,
        direction="recvonly",
        choices=[choice],
        extensions=(MID, AUDIO_LEVEL) if section.kind == "audio" else (MID,),
        kbps=kbps if section.kind == "video" else None,
    )


def _video(section: Section, room_codec: str | None) -> Choice:
    offered = {name: choose(section, name) for name in VIDEO_CODECS}
    if room_codec is not None and offered[room_codec] is None:
        raise unacceptable(f"This stage's picture is {room_codec}.", code="sdp.codec_differs")
    for name in (room_codec,) if room_codec is not None else VIDEO_CODECS:
        choice = offered[name]
        if choice is not None:
            return choice
    raise unacceptable("The picture must be offered as H264 constrained baseline or VP8.")
