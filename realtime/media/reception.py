"""What arrived of one stream and what is missing: the numbers of receiver reports, and whom to ask again."""

from __future__ import annotations

from .rtcp import Reception, SenderReport
from .rtp import RtpPacket, sequence_delta

_MAX_GAP = 128
"""A longer gap is a new beginning, not a loss to ask for packet by packet."""

_RETRY_S = 0.06
_GIVE_UP_TRIES = 8


class ReceptionLog:
    """Statistics of RFC 3550 section 6.4 and the open NACKs for one SSRC."""

    def __init__(self, ssrc: int, clock_rate: int) -> None:
        self.ssrc = ssrc
        self._clock_rate = clock_rate
        self._base = -1
        self._highest = 0
        self._received = 0
        self._reported_expected = 0
        self._reported_received = 0
        self._transit = 0.0
        self._jitter = 0.0
        self._missing: dict[int, tuple[int, float]] = {}
        self._report: tuple[int, float] = (0, 0.0)
        self.gave_up = False
        self.loss = 0.0
        """Share that did not come, smoothed over some seconds."""

    def add(self, packet: RtpPacket, now: float) -> bool:
        """Count a packet; false for one that was there already."""
        if self._base < 0:
            self._base = self._highest = packet.sequence
        else:
            delta = sequence_delta(packet.sequence, self._highest & 0xFFFF)
            if delta <= 0 and self._missing.pop(packet.sequence, None) is None:
                return False
            if delta > 0:
                self._advance(delta, now)
        self._received += 1
        self._time(packet, now)
        return True

    def _advance(self, delta: int, now: float) -> None:
        first = self._highest + 1
        self._highest += delta
        if delta > _MAX_GAP:
            self._missing.clear()
            self.gave_up = True
            return
        for number in range(first, self._highest):
            self._missing[number & 0xFFFF] = (0, now)

    def _time(self, packet: RtpPacket, now: float) -> None:
        transit = now * self._clock_rate - packet.timestamp
        if self._received > 1:
            self._jitter += (min(abs(transit - self._transit), self._clock_rate) - self._jitter) / 16
        self._transit = transit

    def due(self, now: float) -> list[int]:
        """Missing sequences to ask for now, oldest first; after some tries they are given up."""
        due = [sequence for sequence, (_, when) in self._missing.items() if when <= now]
        for sequence in due:
            tries = self._missing[sequence][0] + 1
            if tries > _GIVE_UP_TRIES:
                del self._missing[sequence]
                self.gave_up = True
            else:
                self._missing[sequence] = (tries, now + _RETRY_S)
        return [sequence for sequence in due if sequence in self._missing]

    def reported(self, report: SenderReport, now: float) -> None:
        self._report = (report.ntp >> 16 & 0xFFFFFFFF, now)

    def reception(self, now: float) -> Reception:
        """The next reception report; loss is counted since the one before."""
        expected = self._highest - self._base + 1
        newly_expected = expected - self._reported_expected
        newly_lost = newly_expected - (self._received - self._reported_received)
        self._reported_expected, self._reported_received = expected, self._received
        if newly_expected > 0:
            self.loss += (min(1.0, max(0.0, newly_lost / newly_expected)) - self.loss) / 4
        last, when = self._report
        return Reception(
            ssrc=self.ssrc,
            fraction_lost=min(255, max(0, newly_lost * 256 // newly_expected)) if newly_expected > 0 else 0,
            lost=expected - self._received,
            highest=self._highest & 0xFFFFFFFF,
            jitter=int(self._jitter),
            last_sender_report=last,
            delay=int((now - when) * 65536) & 0xFFFFFFFF if last else 0,
        )
