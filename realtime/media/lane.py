"""A lane: one layer of a slot, normalised, kept for a while, and sent to every seat on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence

from .cohort import Cohort, CohortKey, Seat, Span
from .layer import Layer
from .normalise import Normaliser
from .port import SharedPort
from .rtcp import sender_report
from .rtp import AUDIO_CLOCK, VIDEO_CLOCK, Packet, RtpPacket, build_rtp, send_time
from .sdp import Kind
from .seams import Arena

CACHE_PACKETS = 2_048
"""What can be asked for again or replayed: about 12 s of a talk at 1.5 Mbit/s."""

PATIENCE_S = 0.15
"""How long one who joins waits for a fresh keyframe before being given the last group of pictures."""

FRESH_GROUP_S = 1.0
"""A group of pictures this young is replayed at once: quicker, and cheaper for the speaker, than a new one."""

SHORT_GROUP_PACKETS = 300
"""A longer one is a browser's, seconds old: better to wait for the keyframe that browsers send when asked."""

WRAP_GUARD = 128
"""Nobody starts so few packets before the sequence wraps: losing them would cost the rollover count."""

Reading = tuple[int, int]
"""A moment as (NTP time, source's RTP timestamp)."""


class Lane:
    """Packets of the layer assigned to it; a seat gets nothing before a keyframe, and then all from there on.

    A seat that comes from another lane of its slot goes on with its own numbers: it is served by a cohort
    whose numbers are shifted, so that for the viewer it stays one unbroken stream.
    """

    def __init__(
        self,
        kind: Kind,
        number: int,
        *,
        ssrc: int,
        rtx_ssrc: int,
        port: SharedPort,
        arena: Arena,
        clock: Callable[[], float],
    ) -> None:
        self.kind = kind
        self.number = number
        self.clock_rate = AUDIO_CLOCK if kind == "audio" else VIDEO_CLOCK
        self.layer: Layer | None = None
        self.packets = 0
        self.octets = 0
        self._open = True
        self._ssrc = ssrc
        self._rtx_ssrc = rtx_ssrc
        self._port = port
        self._arena = arena
        self._clock = clock
        self._normaliser = Normaliser(self.clock_rate)
        self._cohorts: dict[CohortKey, Cohort] = {}
        self._waiting: dict[Seat, None] = {}
        self._cache: list[Packet | None] = []
        self._group_start: int | None = None
        self._flowing = False
        self._seeking: asyncio.TimerHandle | None = None

    # The source's side.

    def assign(self, layer: Layer | None) -> None:
        """Another source stands here from now on, or none."""
        if layer is self.layer:
            return
        if self.layer is not None:
            self.layer.outputs.remove(self)
        self.layer = layer
        if layer is not None:
            layer.outputs.append(self)
        self.restart()

    def restart(self) -> None:
        self._flowing = False
        self._group_start = None
        if self._waiting or self._cohorts:
            self._seek()

    @property
    def is_open(self) -> bool:
        return self._open

    def open(self, wanted: bool) -> None:
        """Closed, it lets nothing through, and goes on later without a gap (who is not among the loudest)."""
        if wanted is not self._open:
            self._open = wanted
            self.restart()

    def push(self, packet: RtpPacket, *, starts_keyframe: bool, now: float) -> None:
        if not self._open or (not self._flowing and not self._begin(packet, starts_keyframe, now)):
            return
        number = self._normaliser.sequence(packet.sequence)
        if number is None or self.layer is None:
            return
        normal = Packet(
            sequence=number,
            timestamp=self._normaliser.timestamp(packet.timestamp),
            marker=packet.marker,
            codec=self.layer.codec,
            payload=packet.payload,
            starts_keyframe=starts_keyframe,
            moment=now,
        )
        self._normaliser.passed(timestamp=normal.timestamp, now=now)
        starts = self._keep(normal)
        if starts and self._waiting:
            self._seat_waiting(list(self._waiting), from_number=number)
        for cohort in self._cohorts.values():
            if number >= cohort.floor:
                cohort.send(normal)
        self.packets += 1
        self.octets += len(packet.payload)

    def _begin(self, packet: RtpPacket, starts_keyframe: bool, now: float) -> bool:
        if not starts_keyframe:
            return False
        self._normaliser.begin(sequence=packet.sequence, timestamp=packet.timestamp, now=now)
        self._flowing = True
        return True

    def _keep(self, packet: Packet) -> bool:
        """Put it into the cache; true when one may begin here (a parameter set and its slice begin once)."""
        if not self._cache:
            self._cache = [None] * CACHE_PACKETS
        self._cache[packet.sequence % CACHE_PACKETS] = packet
        if self.kind == "audio":
            return True
        start = self._kept(self._group_start)
        if not packet.starts_keyframe or (start is not None and start.timestamp == packet.timestamp):
            return False
        self._group_start = packet.sequence
        return True

    def _kept(self, number: int | None) -> Packet | None:
        if number is None or not self._cache:
            return None
        packet = self._cache[number % CACHE_PACKETS]
        return packet if packet is not None and packet.sequence == number else None

    def _seek(self, *, patient: bool = False) -> None:
        """Get a beginning for those who wait: replay what is at hand, or ask for a keyframe and look again.

        `patient` says that a keyframe was asked for a while ago. Who still has a picture from another lane is
        given a fresh keyframe only: a replay would throw them back by its age.
        """
        if self._seeking is not None:
            self._seeking.cancel()
            self._seeking = None
        layer = self.layer
        if self.kind == "audio" or layer is None or (self._flowing and not self._waiting):
            return
        if (not self._flowing or self._without_picture()) and self._replayable(layer, patient=patient):
            self._begin_from_group(layer)
            self._seat_from_cache()
        else:
            layer.wish_keyframe(self._clock())
        if self._waiting or (not self._flowing and self._cohorts):
            self._seeking = asyncio.get_running_loop().call_later(PATIENCE_S, lambda: self._seek(patient=True))

    def _without_picture(self) -> list[Seat]:
        return [seat for seat in self._waiting if seat.lane is None]

    def _replayable(self, layer: Layer, *, patient: bool) -> bool:
        young = self._clock() - layer.group_began < FRESH_GROUP_S
        short = patient and len(layer.group) <= SHORT_GROUP_PACKETS
        return bool(layer.group) and (layer.ignores_wishes or young or short)

    def _begin_from_group(self, layer: Layer) -> None:
        """Start with the source's last group of pictures, if it did not begin by itself meanwhile."""
        if self._flowing:
            return
        now = self._clock()
        for index, packet in enumerate(list(layer.group)):
            self.push(packet, starts_keyframe=index == 0, now=now)

    # The viewers' side.

    def join(self, seat: Seat) -> None:
        """Let a seat in as soon as it can begin here; until then it stays on the lane it is on."""
        self._waiting[seat] = None
        self._seek()

    def awaits(self, seat: Seat) -> bool:
        return seat in self._waiting

    def forget(self, seat: Seat) -> None:
        """It does not want to come here any more."""
        self._waiting.pop(seat, None)

    def leave(self, seat: Seat) -> None:
        """Take it off, and note where its stream stands."""
        self.forget(seat)
        cohort = seat.cohort
        if cohort is None or seat.span is None:
            return
        seat.next_number = self._normaliser.highest + seat.span.shift + 1
        seat.last_timestamp = self._normaliser.last + seat.span.timestamp_shift
        seat.last_moment = self._normaliser.moment
        cohort.remove(seat)
        seat.lane = None
        if not len(cohort):
            self._cohorts.pop(cohort.key, None)

    def _seat_waiting(self, seats: Sequence[Seat], *, from_number: int) -> None:
        """Let those in who can begin with this packet."""
        fresh = 0x10000 - (from_number & 0xFFFF) > WRAP_GUARD
        for seat in seats:
            if seat.transport.connected and (fresh or seat.span is not None):
                self._seat(seat, from_number)
                del self._waiting[seat]

    def _seat(self, seat: Seat, from_number: int) -> None:
        if seat.lane is not None:
            seat.lane.leave(seat)
        moved = seat.span is not None
        span = self._continued(seat, from_number) if moved else Span(from_number, self, 0, 0)
        seat.span, seat.earlier, seat.lane = span, seat.span, self
        key = seat.key(layer=self.number, shift=span.shift & 0xFFFF, timestamp_shift=span.timestamp_shift)
        cohort = self._cohort(key)
        cohort.add(seat)
        if moved:
            # What is repaired late belongs before this viewer's first packet, where its numbers are taken.
            cohort.floor = max(cohort.floor, from_number)

    def _continued(self, seat: Seat, from_number: int) -> Span:
        """How this lane's numbers become the next ones of a seat that was served before."""
        packet = self._kept(from_number)
        timestamp = self._normaliser.last if packet is None else packet.timestamp
        came = self._clock() if packet is None else packet.moment
        passed = max(1, round((came - seat.last_moment) * self.clock_rate))
        return Span(
            first=seat.next_number,
            lane=self,
            shift=seat.next_number - from_number,
            timestamp_shift=(seat.last_timestamp + passed - timestamp) & 0xFFFFFFFF,
        )

    def _cohort(self, key: CohortKey) -> Cohort:
        if key not in self._cohorts:
            self._cohorts[key] = Cohort(
                key, ssrc=self._ssrc, port=self._port, arena=self._arena, held=self.kind == "video"
            )
        return self._cohorts[key]

    def _seat_from_cache(self) -> None:
        """Give those who still wait the last group of pictures, and let them go on from there."""
        seats = self._without_picture()
        start = self._group_start
        if not seats or start is None or self._kept(start) is None or not self._flowing:
            return
        self._seat_waiting(seats, from_number=start)
        for seat in seats:
            if seat.lane is self and seat.cohort is not None:
                self._replay(seat, seat.cohort, start)

    def _replay(self, seat: Seat, cohort: Cohort, start: int) -> None:
        for packet in self._range(start, self._normaliser.highest):
            plain = cohort.plaintext(packet)
            if plain is not None:
                seat.transport.send_rtp(plain)

    def _range(self, first: int, last: int) -> Iterator[Packet]:
        for number in range(first, last + 1):
            packet = self._kept(number)
            if packet is not None:
                yield packet

    def wish_keyframe(self) -> None:
        """A viewer's decoder lost its way."""
        if self.layer is not None:
            self.layer.wish_keyframe(self._clock())

    def retransmit(self, seat: Seat, number: int, sequence: int) -> bool:
        """Send a kept packet again: by RTX where agreed, else the very same bytes.

        `number` is this lane's, `sequence` what the viewer knows it as.
        """
        packet = self._kept(number)
        if packet is None:
            return False
        payload_type = seat.rtx_payload_types.get(packet.codec)
        if payload_type is None:
            plain = None if seat.cohort is None or seat.lane is not self else seat.cohort.plaintext(packet)
            return plain is not None and seat.transport.send_rtp(plain)
        seat.rtx_sequence = (seat.rtx_sequence + 1) & 0xFFFF
        return seat.transport.send_rtp(
            build_rtp(
                payload_type=payload_type,
                marker=packet.marker,
                sequence=seat.rtx_sequence,
                timestamp=(packet.timestamp + seat.timestamp_shift(self)) & 0xFFFFFFFF,
                ssrc=self._rtx_ssrc,
                payload=sequence.to_bytes(2, "big") + packet.payload,
                extension=send_time(seat.stamp, self._clock()),
            )
        )

    @property
    def highest(self) -> int:
        return self._normaliser.highest

    def send_report(self, reading: Reading) -> None:
        """A sender report to every seat, from the source's clock reading."""
        if not self._flowing or not self._cohorts:
            return
        ntp, timestamp = reading
        for cohort in self._cohorts.values():
            report = sender_report(
                ssrc=self._ssrc,
                ntp=ntp,
                timestamp=(self._normaliser.timestamp(timestamp) + cohort.key.timestamp_shift) & 0xFFFFFFFF,
                packets=self.packets,
                octets=self.octets,
            )
            for seat in cohort:
                seat.transport.send_rtcp(report)
