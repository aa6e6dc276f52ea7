"""A viewer: one page or program that gets a feed by WHEP."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from . import rtcp
from .answer import ABS_SEND_TIME, AnsweredSection, Outgoing, write_answer
from .codecs import OPUS, VIDEO_CODECS, Choice, choose
from .cohort import Seat
from .errors import unacceptable
from .peer import Network, Peer
from .port import Address
from .quality import Chooser, Mode, Offered, costs
from .sdp import Offer, Section
from .slot import ALL, LOUDEST, Slot
from .uplink import usual_bits

_REPEATS_PER_S = 400
"""Retransmissions one viewer may cause; more is a broken line that asks for lower quality, or an attack."""

_REPEATS_BURST = 200

_COMES_S = 5.0
"""Who is not connected so long after joining is not reckoned with any more."""

_CALM_S = (2.0, 4.0)
"""How often a viewer whose line gave no news is looked at; spread, so that a hall is not one burst."""


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
        self.chooser = Chooser()
        self.resting = False
        self._choose_at = 0.0
        self._seats = {slot: self._seat(section, choices) for section, slot, choices in pairs if slot is not None}
        self._reached: dict[int, int] = {}  # the highest sequence that came, by stream
        self._by_ssrc = {slot.ssrc: (slot, seat) for slot, seat in self._seats.items()}
        self._repeats = float(_REPEATS_BURST)
        self._repeats_at = self.born
        self.transport.on_address = self._moved
        self.answer = write_answer(offer, self.our_side(), answered)

    def _seat(self, section: Section, choices: Sequence[Choice]) -> Seat:
        return Seat(
            self.transport,
            stamp=section.extensions.get(ABS_SEND_TIME, 0) if section.kind == "video" else 0,
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
        wanted = self._wanted(self.network.now())
        for slot, seat in self._seats.items():
            slot.join(seat, wanted[slot])
        super().opened()

    # What it is sent.

    def want(self, mode: Mode, shown: Mapping[int, int] | None) -> None:
        """The viewer's own choice, and how wide each slot's picture is shown, in device pixels."""
        self.chooser.mode = mode
        if shown is not None:
            self.chooser.shown = dict(shown)
        if self.connected:
            self.choose(self.network.now())

    @property
    def watches(self) -> bool:
        """Whether to count it: connected, and heard of lately."""
        return self.connected and not self.resting

    def rest(self, resting: bool) -> bool:
        """Send nothing to who seems to be gone, sooner than they are given up. Returns whether that is new.

        Nothing is lost by keeping their keys a little longer: a telephone that changes networks, or comes out of a
        tunnel, goes on where it was instead of joining anew.
        """
        if resting == self.resting:
            return False
        self.resting = resting
        self.choose(self.network.now())
        return True

    def choice_is_due(self, now: float) -> bool:
        """Whether to choose anew: something was heard of the line, or it is long ago. Calm viewers cost little."""
        return self.chooser.uneasy or now >= self._choose_at

    def choose(self, now: float) -> None:
        """Move every seat to the lane that fits now."""
        self._choose_at = now + random.uniform(*_CALM_S)
        if not self.connected:
            return
        for slot, lane in self._wanted(now).items():
            slot.prefer(self._seats[slot], lane)

    def _wanted(self, now: float) -> dict[Slot, int | None]:
        if self.resting:
            return dict.fromkeys(self._seats)
        choice = self.chooser.choose(self._offered(), now)
        sound = ALL if self.chooser.wants_all_sound(choice) else LOUDEST
        return {slot: sound if slot.kind == "audio" else self._layer(choice, slot) for slot in self._seats}

    def _layer(self, choice: Mapping[int, int | None], slot: Slot) -> int | None:
        """An empty slot keeps its seat ready, unless no pictures are wanted at all."""
        return choice.get(slot.number, None if self.chooser.effective == "audio" else 0)

    def _offered(self) -> list[Offered]:
        found = []
        for slot, seat in self._seats.items():
            if slot.kind == "video" and slot.track is not None and slot.can_show(seat):
                flowing = slot.track.flowing()
                rates = tuple(layer.bitrate if layer in flowing else 0.0 for layer in slot.track.layers)
                found.append(Offered(slot.number, rates))
        return found

    def _sounds(self) -> list[float]:
        return [
            slot.track.layers[0].bitrate for slot in self._seats if slot.kind == "audio" and slot.track is not None
        ]

    @property
    def ceiling(self) -> Mode | None:
        """The most it may have while the server's line is nearly full."""
        return self.chooser.ceiling

    @ceiling.setter
    def ceiling(self, ceiling: Mode | None) -> None:
        self.chooser.ceiling = ceiling

    def takes(self, ceiling: Mode | None) -> float:
        """Bits a second that leave for it under this ceiling."""
        return self.chooser.takes(self._offered(), self._sounds(), ceiling) if self.watches else 0.0

    @property
    def expects(self) -> int:
        """What it is reckoned with while it connects."""
        coming = not self.connected and self.network.now() - self.born < _COMES_S
        return usual_bits(self.chooser.mode, self.ceiling) if coming else 0

    def sends(self) -> list[dict[str, Any]]:
        """Which layer of each picture goes out to it, of how many; None for no picture, and why it never will."""
        return [
            {
                "slot": slot.number,
                "layer": None if seat.lane is None else seat.lane.number,
                "layers": len(slot.track.layers),
                "reason": None if slot.can_show(seat) else "codec",
            }
            for slot, seat in self._seats.items()
            if slot.kind == "video" and slot.track is not None
        ]

    def quality(self) -> dict[str, Any]:
        """What is sent now and what each choice would cost, as the viewer's page shows it."""
        offered = self._offered()
        sounds = self._sounds()
        rates = {one.slot: one.bitrates for one in offered}
        sends = self.sends()
        bits = 0.0
        for one in sends:
            lane = one["layer"]
            if lane is not None and lane < len(rates[one["slot"]]):
                bits += rates[one["slot"]][lane]
        return {
            "mode": self.chooser.mode,
            "effective": self.chooser.effective,
            "reason": self.chooser.reason,
            "sends": sends,
            "kbps": round((bits + sum(sounds)) / 1000),
            "costs": costs(offered, sounds, self.chooser.shown),
        }

    async def close(self) -> None:
        # Seats go first: a cohort must not hold a cipher whose session is being freed.
        for slot, seat in self._seats.items():
            slot.leave(seat)
        await super().close()

    def _moved(self, address: Address) -> None:
        for seat in self._seats.values():
            if seat.cohort is not None:
                seat.cohort.move(seat, address)

    def received_rtp(self, data: bytes) -> None:
        """A viewer has nothing to say here."""

    def received_rtcp(self, data: bytes) -> None:
        try:
            feedback = rtcp.parse_rtcp(data)
        except rtcp.RtcpError:
            return
        for item in feedback:
            self._heed(item)

    def _heed(self, item: rtcp.Feedback) -> None:
        if isinstance(item, rtcp.Estimate):
            self.chooser.estimated(item.bitrate, self.network.now())
        elif isinstance(item, rtcp.SenderReport):
            return
        elif item.ssrc in self._by_ssrc:
            slot, seat = self._by_ssrc[item.ssrc]
            if isinstance(item, rtcp.KeyframeWish):
                slot.wish_keyframe(seat)
            elif isinstance(item, rtcp.Nack):
                self._repeat(slot, seat, item.sequences)
            elif slot.kind == "video":
                packets = (item.highest - self._reached.get(item.ssrc, item.highest)) & 0xFFFFFFFF
                self._reached[item.ssrc] = item.highest
                self.chooser.lost(item.fraction_lost, self.network.now(), packets=packets)

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
        extensions=(ABS_SEND_TIME,) if section.kind == "video" else (),
        outgoing=Outgoing(stream=slot.stream, ssrc=slot.ssrc, rtx_ssrc=slot.rtx_ssrc if repeated else None),
    )
