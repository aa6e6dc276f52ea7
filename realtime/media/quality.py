"""Which layer of each picture a viewer gets: by their wish, their window, and what their line bears.

There is no feedback for every packet: the estimate is the receiver's own (REMB), which never grows much beyond
what it receives, so more is found out by trying. Down at once, up slowly, and later each time a try failed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Mode = Literal["automatic", "high", "low", "audio"]
MODES: tuple[Mode, ...] = ("automatic", "high", "low", "audio")
Reason = Literal["network", "uplink"]

SMALL_PX, MIDDLE_PX = 320, 800
"""Pictures shown so narrow (in device pixels) need no more than the lowest and the middle of three layers."""

HEAVY_LOSS, LIGHT_LOSS = 0.10, 0.03
"""Repair copes with the lesser; the greater says that the line is full."""

RUINOUS_LOSS = 0.30
"""A bad radio loses much whatever is sent: a small picture is kept up to this, where sound would suffer too."""

SHRUNK = 0.93
"""An estimate that falls to this share of the one before means that packets queue on the way.

Its size alone says little: browsers begin far below what the line bears and add some 6 % a second.
"""

CONFIRM_S, STARVED = 2.5, 0.75
"""The last picture goes only when the estimate still is below this share of what is sent so much later.

One jolt on the way makes receivers guess less than they get; they are back above it within two seconds.
"""

HOPELESS = 0.6
"""An estimate below this share of the smallest picture is no jolt: sound must not wait for the proof."""

LOSS_WEIGHT, TELLING_PACKETS = 0.3, 60
"""Of the newest report, and how many packets it must tell of to weigh so much: 3 lost of 20 say nothing."""

WANDERS = 1.15
"""A layer's rate goes up and down by so much; what was borne once is not given up for that."""

STALE_S = 6.0
"""How long a report says something about the line."""

PATIENT_S, LONGEST_S = 5.0, 120.0
"""How long a smaller picture is kept before a larger one is tried; doubled each time the try fails."""

TRIAL_S = 12.0
"""A larger picture that lasted so long is no trial any more."""


def limited(mode: Mode, ceiling: Mode | None) -> Mode:
    """What is left of a wish under a ceiling."""
    return mode if ceiling is None or mode == "audio" else ceiling


@dataclass(frozen=True)
class Offered:
    """A picture that may be sent: its slot, and bits a second of each layer, best first (0: it does not flow)."""

    slot: int
    bitrates: tuple[float, ...]

    def cheapest(self, cap: int) -> int:
        """The lowest layer that flows; `cap` while nothing is known yet."""
        return max((n for n, rate in enumerate(self.bitrates) if rate), default=cap)


Choice = dict[int, int | None]
"""Layer by slot; None sends no picture."""


class Chooser:
    """One viewer's quality. `choose` is called a few times a second with what is on offer."""

    def __init__(self) -> None:
        self.mode: Mode = "automatic"
        self.shown: Mapping[int, int] = {}
        self.ceiling: Mode | None = None
        self.reason: Reason | None = None
        self.estimate = 0.0
        self._overused: tuple[float, float] | None = None
        self._loss: tuple[float, float] = (0.0, 0.0)
        self._doubted: float | None = None
        self._budget: float | None = None
        self._bare = False  # not even the smallest picture is borne
        self._sending: Choice = {}
        self._wait = PATIENT_S
        self._quiet_until = 0.0
        self._raised: float | None = None

    def estimated(self, bitrate: float, now: float) -> None:
        """What the receiver believes it can receive, in bits a second."""
        if bitrate < SHRUNK * self.estimate:
            self._overused = (bitrate, now)
        self.estimate = bitrate

    def lost(self, fraction: float, now: float, *, packets: int = TELLING_PACKETS) -> None:
        """The share that did not come of so many packets since the report before."""
        before, when = self._loss
        if now - when > STALE_S:
            before = 0.0
        weight = LOSS_WEIGHT * min(1.0, packets / TELLING_PACKETS)
        self._loss = (before + weight * (fraction - before), now)

    @property
    def uneasy(self) -> bool:
        """Whether the line is being felt out, or the last news of it was bad."""
        if self.mode in ("high", "audio"):
            return False
        return self._budget is not None or self._overused is not None or self._loss[0] > HEAVY_LOSS

    @property
    def effective(self) -> Mode:
        """What was wished, or less when the server's line is nearly full."""
        return limited(self.mode, self.ceiling)

    def takes(self, offered: Sequence[Offered], sounds: Sequence[float], ceiling: Mode | None) -> float:
        """Bits a second under this ceiling, as far as its line is known to bear; asking changes nothing."""
        mode = limited(self.mode, ceiling)
        if mode == "audio":
            return _loudest(sounds)
        seen = self._seen(offered)
        caps = {one.slot: self._cap(one, mode) for one in seen}
        fitting = _fit(seen, caps, None if mode == "high" else self._budget, bare=self._bare)
        return sum(sounds) + _cost(seen, fitting)

    def wants_all_sound(self, choice: Choice) -> bool:
        """Whether everybody is heard, or only the loudest."""
        starved = self.reason == "network" and all(layer is None for layer in choice.values())
        return self.effective != "audio" and not starved

    def choose(self, offered: Sequence[Offered], now: float) -> Choice:
        mode = self.effective
        self.reason = "uplink" if mode != self.mode else None
        choice: Choice = {one.slot: None for one in offered}
        if mode == "audio":
            self._sending = choice
            return choice
        seen = self._seen(offered)
        caps = {one.slot: self._cap(one, mode) for one in seen}
        if mode != "high":
            self._weigh(seen, caps, now)
        fitting = _fit(seen, caps, None if mode == "high" else self._budget, bare=self._bare)
        choice.update(fitting)
        if self.reason is None and fitting != _fit(seen, caps, None):
            self.reason = "network"
        self._sending = choice
        return choice

    def _seen(self, offered: Sequence[Offered]) -> list[Offered]:
        """The pictures that are shown, the largest first, as it is served first."""
        seen = [one for one in offered if self.shown.get(one.slot, 1) > 0]
        seen.sort(key=lambda one: (-self.shown.get(one.slot, 1 << 16), one.slot))
        return seen

    def _cap(self, one: Offered, mode: Mode) -> int:
        lowest = len(one.bitrates) - 1
        if mode == "high":
            return 0
        if mode == "low":
            return lowest
        width = self.shown.get(one.slot)
        if width is None or width > MIDDLE_PX:
            return 0
        return lowest if width <= SMALL_PX else min(1, lowest)

    def _weigh(self, seen: Sequence[Offered], caps: Mapping[int, int], now: float) -> None:
        """Lower the budget when the line is full, raise it by one step when it has been calm for long."""
        sent = _cost(seen, self._sending)
        if not sent and any(layer is not None for layer in self._sending.values()):
            return  # nothing is measured yet
        estimate = self._overused[0] if self._overused and now - self._overused[1] < STALE_S else None
        loss = self._loss[0] if now - self._loss[1] < STALE_S else 0.0
        # One report is one reason: the next must tell of what is sent from now on.
        self._overused = None
        if self._loss[0] > HEAVY_LOSS:
            self._loss = (0.0, now)
        shrunk = estimate is not None and estimate < sent
        starved = self._starved(sent, now, shrunk=shrunk)
        if sent and (shrunk or starved or loss > HEAVY_LOSS):
            least = min((_rate(one, one.cheapest(caps[one.slot])) for one in seen), default=0.0)
            starved = starved or (estimate is not None and estimate < HOPELESS * least)
            believed = self.estimate if starved else estimate
            self._bare = starved or loss > RUINOUS_LOSS
            self._lower(sent, believed, loss, now, floor=0.0 if self._bare else least * WANDERS)
        elif self._budget is not None and now >= self._quiet_until and loss <= LIGHT_LOSS:
            self._raise(seen, caps, now)
        elif self._raised is not None and now - self._raised > TRIAL_S:
            self._raised, self._wait = None, PATIENT_S

    def _starved(self, sent: float, now: float, *, shrunk: bool) -> bool:
        """Whether an estimate that once fell below what is sent stayed there."""
        if self._doubted is None:
            self._doubted = now if shrunk else None
            return False
        if now - self._doubted < CONFIRM_S:
            return False
        self._doubted = None
        return self.estimate < STARVED * sent

    def _lower(self, sent: float, estimate: float | None, loss: float, now: float, *, floor: float) -> None:
        bearable = sent * (1 - loss)
        budget = min(bearable, estimate) if estimate is not None else bearable
        self._budget = max(floor, 0.9 * (budget if self._budget is None else min(budget, self._budget)))
        if self._raised is not None:
            self._wait = min(2 * self._wait, LONGEST_S)
            self._raised = None
        self._quiet_until = now + self._wait

    def _raise(self, seen: Sequence[Offered], caps: Mapping[int, int], now: float) -> None:
        now_sent = _fit(seen, caps, self._budget, bare=self._bare)
        larger = _next(seen, caps, now_sent)
        if larger is None:
            self._budget = None
        else:
            self._budget = max(self._budget or 0.0, larger * WANDERS)
        self._bare = False
        self._raised = now
        self._quiet_until = now + self._wait


def _fit(seen: Sequence[Offered], caps: Mapping[int, int], budget: float | None, *, bare: bool = False) -> Choice:
    """Every picture small, as far as they fit, then the first ones larger; without a budget all at their caps.

    The first one is kept whatever it costs now, unless the line was found to bear none (`bare`).
    """
    choice: Choice = {}
    spent = 0.0
    for place, one in enumerate(seen):
        smallest = one.cheapest(caps[one.slot])
        kept = place == 0 and not bare
        fits = kept or budget is None or spent + _rate(one, smallest) <= budget
        choice[one.slot] = smallest if fits else None
        spent += _rate(one, smallest) if fits else 0.0
    for one in seen:
        layer = choice[one.slot]
        while layer is not None and layer > caps[one.slot]:
            more = _rate(one, layer - 1) - _rate(one, layer)
            if budget is not None and spent + more > budget:
                break
            layer -= 1
            spent += more
            choice[one.slot] = layer
    return choice


def _next(seen: Sequence[Offered], caps: Mapping[int, int], choice: Choice) -> float | None:
    """What the next larger choice would cost in all; None when there is none."""
    spent = _cost(seen, choice)
    for one in seen:
        if choice[one.slot] is None:
            return spent + _rate(one, one.cheapest(caps[one.slot]))
    for one in seen:
        layer = choice[one.slot]
        if layer is not None and layer > caps[one.slot]:
            return spent + _rate(one, layer - 1) - _rate(one, layer)
    return None


def _cost(seen: Sequence[Offered], choice: Choice) -> float:
    return sum(_rate(one, layer) for one in seen if (layer := choice.get(one.slot)) is not None)


def _rate(one: Offered, layer: int) -> float:
    return one.bitrates[layer] if layer < len(one.bitrates) else 0.0


def _loudest(sounds: Sequence[float]) -> float:
    return sum(sorted(sounds, reverse=True)[:2])


def costs(offered: Sequence[Offered], sounds: Sequence[float], shown: Mapping[int, int]) -> dict[Mode, int]:
    """Megabytes an hour of each mode, from what is sent now."""
    heard = sum(sounds)
    seen = [one for one in offered if shown.get(one.slot, 1) > 0]
    rates: dict[Mode, float] = {"audio": _loudest(sounds)}
    for mode in MODES[:3]:
        chooser = Chooser()
        chooser.mode, chooser.shown = mode, shown
        rates[mode] = heard + _cost(seen, chooser.choose(seen, 0.0))
    return {mode: round(rates[mode] * 3600 / 8 / 1_000_000) for mode in MODES}
