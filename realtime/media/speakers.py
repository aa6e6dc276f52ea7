"""Who speaks: loudness from every packet's audio level (RFC 6464), made calm enough for the eye."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

SILENCE = 127
"""The level of silence; 0 is the loudest there is (RFC 6464 section 3)."""

LOUDEST = 2
"""How many are heard by those who hear the loudest only."""

_RISE, _FALL = 0.3, 0.06
"""Per packet of 20 ms: a voice is noticed within a tenth of a second, and kept over the gaps between words."""

_SPEAKS, _STILL_SPEAKS = 72, 60
"""Loudness (127 less the level) at which one begins and goes on speaking: -55 and -67 dBov."""

_QUIET_S = 0.25
"""Without a packet for so long (DTX sends one in 400 ms) there is silence."""

_HOLD_S = 0.7
"""One who spoke is marked so long after the last word."""

_CLEARLY, _TAKE_OVER_S = 6.0, 0.6
"""A voice takes the main place from one who still speaks when it was louder by so many decibels for so long."""

UNMEASURED = 50
"""The level taken for a source that names none (OBS, FFmpeg): speaking, and less than any voice of a browser."""


class Loudness:
    """One publisher's voice."""

    def __init__(self) -> None:
        self.loud = 0.0
        self._heard = 0.0
        self._spoke = float("-inf")
        self._speaks = False

    def hear(self, level: int, now: float) -> None:
        loud = SILENCE - level
        self.loud += (loud - self.loud) * (_RISE if loud > self.loud else _FALL)
        self._heard = now

    def speaks(self, now: float) -> bool:
        if now - self._heard > _QUIET_S:
            self.loud *= 0.5
        if self.loud >= (_STILL_SPEAKS if self._speaks else _SPEAKS):
            self._spoke = now
        self._speaks = now - self._spoke < _HOLD_S
        return self._speaks


class Voice:
    """Somebody who may be heard: what `Speakers` needs of a publisher."""

    loudness: Loudness


@dataclass(frozen=True)
class Speaking:
    """`main` stays through pauses; `loudest` are those who speak now, the loudest first."""

    main: Voice | None = None
    loudest: tuple[Voice, ...] = ()


class Speakers:
    """Judges who of a room is heard; `listeners` are called on every change."""

    def __init__(self) -> None:
        self.now = Speaking()
        self.listeners: list[Callable[[], None]] = []
        self._rival: tuple[Voice, float] | None = None

    def judge(self, voices: Sequence[Voice], now: float) -> bool:
        """Look again; true when it changed. Called about ten times a second."""
        speaking = [voice for voice in voices if voice.loudness.speaks(now)]
        # Who is marked already stays before one who is as loud: two voices must not flicker.
        speaking.sort(
            key=lambda voice: voice.loudness.loud + (3 if voice in self.now.loudest else 0), reverse=True
        )
        found = Speaking(main=self._main(voices, speaking, now), loudest=tuple(speaking[:LOUDEST]))
        if found == self.now:
            return False
        self.now = found
        for listener in list(self.listeners):
            listener()
        return True

    def _main(self, voices: Sequence[Voice], speaking: Sequence[Voice], now: float) -> Voice | None:
        main = self.now.main if self.now.main in voices else None
        first = speaking[0] if speaking else None
        if first is None or first is main:
            self._rival = None
            return main
        if main is None or main not in speaking:
            self._rival = None
            return first
        if first.loudness.loud - main.loudness.loud < _CLEARLY:
            self._rival = None
            return main
        if self._rival is None or self._rival[0] is not first:
            self._rival = (first, now)
        return first if now - self._rival[1] >= _TAKE_OVER_S else main
