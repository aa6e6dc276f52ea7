"""A viewer: one page or program that gets a feed by WHEP."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from . import rtcp
from .answer import AnsweredSection, Outgoing, write_answer
from .codecs import OPUS, VIDEO_CODECS, Choice, choose
from .cohort import Seat
from .errors import unacceptable
from .peer import Network, Peer
from .port import Address
from .sdp import Offer, Section
from .slot import Slot

_REPEATS_PER_S = 400
"""Retransmissions one viewer may cause; more is a broken line that asks for lower quality, or an attack."""

_REPEATS_BURST = 200


class Viewer(Peer):
    """Takes a seat at one slot for every section offered, in their order; slots beyond are not seen."""

    def __init__(
        self,
        network: Network,
        *,
        id: str,
        owner: str,
        feed: str,
        offer: Offer,
        audio_slots: Sequence[Slot],
        video_slots: Sequence[Slot],
    ) -> None:
        pairs = list(_pair(offer, list(audio_slots), list(video_slots)))
        answered = [_answer(section, slot, choices) for section, slot, choices in pairs]
        super().__init__(network, id=id, owner=owner, offer=offer, asks_consent=True)
        self.feed = feed
        self.estimate: int | None = None
        self.fraction_lost = 0.0
        self._seats = {slot: self._seat(choices) for _, slot, choices in pairs if slot is not None}
        self._by_ssrc = {slot.ssrc: (slot, seat) for slot, seat in self._seats.items()}
        self._repeats = float(_REPEATS_BURST)
        self._repeats_at = self.born
        self.transport.on_address = self._moved
        self.answer = write_answer(offer, self.our_side(), answered)

    def _seat(self, choices: Sequence[Choice]) -> Seat:
        return Seat(
            self.transport,
            payload_types={choice.name: choice.codec.payload_type for choice in choices},
            rtx_payload_types={
                choice.name: choice.retransmission.payload_type
                for choice in choices
                if choice.retransmission is not None
            },
        )

    @property
    def lost(self) -> bool:
        return any(seat.lost for seat in self._seats.values())

    def opened(self) -> None:
        for slot, seat in self._seats.items():
            slot.join(seat)
        super().opened()

    async def close(self) -> None:
        # Seats go first: a cohort must not hold a cipher whose session is being freed.
        for slot, seat in self._seats.items():
            slot.leave(seat)
        await super().close()

    def _moved(self, address: Address) -> None:
        for seat in self._seats.values():
            if seat.cohort is not None:
                seat.cohort.move(seat, address)

    def received_rtcp(self, data: bytes) -> None:
        try:
            feedback = rtcp.parse_rtcp(data)
        except rtcp.RtcpError:
            return
        for item in feedback:
            self._heed(item)

    def _heed(self, item: rtcp.Feedback) -> None:
        if isinstance(item, rtcp.Estimate):
            self.estimate = item.bitrate
        elif isinstance(item, rtcp.SenderReport):
            return
        elif item.ssrc in self._by_ssrc:
            slot, seat = self._by_ssrc[item.ssrc]
            if isinstance(item, rtcp.KeyframeWish):
                slot.wish_keyframe()
            elif isinstance(item, rtcp.Nack):
                self._repeat(slot, seat, item.sequences)
            elif slot.kind == "video":
                self.fraction_lost = item.fraction_lost

    def _repeat(self, slot: Slot, seat: Seat, sequences: Sequence[int]) -> None:
        now = self.network.now()
        self._repeats = min(_REPEATS_BURST, self._repeats + (now - self._repeats_at) * _REPEATS_PER_S)
        self._repeats_at = now
        for sequence in sequences[: int(self._repeats)]:
            self._repeats -= 1
            slot.retransmit(seat, sequence)


def _pair(
    offer: Offer, audio_slots: list[Slot], video_slots: list[Slot]
) -> Iterator[tuple[Section, Slot | None, Sequence[Choice]]]:
    for section in offer.sections:
        slots = audio_slots if section.kind == "audio" else video_slots
        names = (OPUS,) if section.kind == "audio" else VIDEO_CODECS
        if section.rejected or section.direction == "inactive":
            yield section, None, ()
            continue
        if section.direction == "sendonly":
            raise unacceptable("A viewer's media sections must be recvonly.")
        choices = [choice for choice in (choose(section, name) for name in names) if choice is not None]
        if not choices:
            raise unacceptable("A media section offers neither Opus, H264 constrained baseline nor VP8.")
        yield section, slots.pop(0) if slots else None, choices


def _answer(section: Section, slot: Slot | None, choices: Sequence[Choice]) -> AnsweredSection:
    if slot is None:
        return AnsweredSection(section=section, direction="inactive", choices=choices)
    repeated = any(choice.retransmission is not None for choice in choices)
    return AnsweredSection(
        section=section,
        direction="sendonly",
        choices=choices,
        outgoing=Outgoing(stream=slot.stream, ssrc=slot.ssrc, rtx_ssrc=slot.rtx_ssrc if repeated else None),
    )
