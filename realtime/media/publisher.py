"""A publisher: one person's or program's sound and picture coming in by WHIP."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from . import rtcp
from .answer import AUDIO_LEVEL, MID, REPAIRED_RID, RID, AnsweredSection, write_answer
from .codecs import OPUS, USUAL_CODECS, VIDEO_CODECS, Choice, choose
from .errors import unacceptable
from .peer import Network, Peer
from .rtp import RtpError, RtpPacket, parse_rtp
from .sdp import Offer, Section
from .sender import Sender, Source
from .slot import LANES
from .tracks import Sorter, best_first

_AUDIO_KBPS = 128

_SOUND_LOSS = 13
"""Of 256, some 5 %: the loss a speaker's sound is made ready for, though it happens on the viewers' side of us.

Only the share since the last report says so; the sums stay true.
"""

_FLOOD_FACTOR = 4
_FLOOD_BURST_S = 2.0
"""A source that sends so many times what it was asked to stay below is cut off for as long as it does."""


class Publisher(Peer, Sender):
    """Negotiates one section of sound and one of picture, and hands their packets to its layers."""

    def __init__(
        self,
        network: Network,
        *,
        id: str,
        owner: str,
        label: str,
        offer: Offer,
        room_codec: str | None,
        kind: Source = "camera",
    ) -> None:
        answered = list(_answered(offer, room_codec, network.publisher_kbps))
        Sender.__init__(self, id=id, owner=owner, label=label, kind=kind)
        Peer.__init__(self, network, id=id, owner=owner, offer=offer, asks_consent=False)
        self._by_payload_type: dict[int, Sorter] = {}
        self._by_repair_type: dict[int, Sorter] = {}
        self._audio_level_id: int | None = None
        self._nacks = False
        self._wants_estimate = False
        self._allowance = self._most = network.publisher_kbps * 1_000 / 8 * _FLOOD_FACTOR * _FLOOD_BURST_S
        self._allowed_at = self.born
        for section in answered:
            if section.choices:
                self._take(section.section, section.choices[0], tuple(section.rids))
        self.answer = write_answer(offer, self.our_side(), answered)

    def _take(self, section: Section, choice: Choice, rids: tuple[str, ...]) -> None:
        sorter = Sorter(section, choice, rids, self._send_pli)
        self.tracks[section.kind] = sorter.track
        self._by_payload_type[sorter.payload_type] = sorter
        if sorter.repair_type is not None:
            self._by_repair_type[sorter.repair_type] = sorter
        if section.kind == "audio":
            self._audio_level_id = section.extensions.get(AUDIO_LEVEL)
        else:
            self._nacks = "nack" in choice.codec.feedback
            self._wants_estimate = "goog-remb" in choice.codec.feedback

    @property
    def connected(self) -> bool:
        return self.transport.connected

    def received_rtp(self, data: bytes) -> None:
        try:
            packet = parse_rtp(data)
        except RtpError:
            return
        now = self.network.now()
        if not self._within_bounds(len(data), now):
            return
        sorter = self._by_payload_type.get(packet.payload_type)
        if sorter is not None:
            layer = sorter.layer(packet)
            if layer is not None:
                if layer.kind == "audio":
                    self._note_level(packet, now)
                layer.receive(packet, now)
            return
        sorter = self._by_repair_type.get(packet.payload_type)
        repaired = None if sorter is None else sorter.repaired(packet)
        if repaired is not None:
            repaired[0].receive(repaired[1], now)

    def _within_bounds(self, size: int, now: float) -> bool:
        self._allowance = min(self._most, self._allowance + (now - self._allowed_at) * self._most / _FLOOD_BURST_S)
        self._allowed_at = now
        if self._allowance < size:
            return False
        self._allowance -= size
        return True

    def _note_level(self, packet: RtpPacket, now: float) -> None:
        level = packet.extensions.get(self._audio_level_id) if self._audio_level_id else None
        self.hear(level[0] & 0x7F if level else None, packet.payload, now)

    def received_rtcp(self, data: bytes) -> None:
        try:
            feedback = rtcp.parse_rtcp(data)
        except rtcp.RtcpError:
            return
        now = self.network.now()
        for item in feedback:
            if isinstance(item, rtcp.SenderReport):
                self.reported(item, now)

    def ask_missing(self) -> None:
        """Ask the source again for what was lost on the way to us; called every few tens of milliseconds."""
        now = self.network.now()
        for layer in self.layers():
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
        for layer in self.layers():
            layer.measure(now)
        logs = [layer.log for layer in self.layers() if layer.log is not None]
        if not logs:
            return
        packet = rtcp.receiver_report(sender=self._ssrc, receptions=list(self._receptions(now)))
        if self._wants_estimate:
            bitrate = (self.network.publisher_kbps + _AUDIO_KBPS) * 1_000
            packet += rtcp.remb(sender=self._ssrc, bitrate=bitrate, ssrcs=[log.ssrc for log in logs])
        self.transport.send_rtcp(packet)

    def _receptions(self, now: float) -> Iterator[rtcp.Reception]:
        """What we tell of each stream. Opus repairs single losses (FEC) only for who reports some: viewers do."""
        for layer in self.layers():
            if layer.log is not None:
                told = layer.log.reception(now)
                least = _SOUND_LOSS if layer.kind == "audio" else 0
                yield replace(told, fraction_lost=max(told.fraction_lost, least))

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
    rids = best_first(section.rids)[:LANES] if section.kind == "video" else ()
    return AnsweredSection(
        section=section,
        direction="recvonly",
        choices=[choice],
        extensions=(MID, AUDIO_LEVEL) if section.kind == "audio" else (MID, RID, REPAIRED_RID),
        kbps=kbps if section.kind == "video" else None,
        rids=rids,
    )


def _video(section: Section, room_codec: str | None) -> Choice:
    offered = {name: choose(section, name) for name in VIDEO_CODECS}
    if room_codec is not None and offered[room_codec] is None:
        raise unacceptable(f"This stage's picture is {room_codec}.", code="sdp.codec_differs")
    for name in (room_codec,) if room_codec is not None else USUAL_CODECS:
        choice = offered[name]
        if choice is not None:
            return choice
    raise unacceptable("The picture must be offered as H264 constrained baseline or VP8.")
