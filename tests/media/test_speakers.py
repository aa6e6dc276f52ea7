"""Who is marked as speaking: calm for the eye, quick for the ear."""

from __future__ import annotations

import pytest

from realtime.media.speakers import SILENCE, Loudness, Speakers, Voice

PACKET_S = 0.02


class Person(Voice):
    def __init__(self) -> None:
        self.loudness = Loudness()


class Table:
    """People who talk at given levels while time goes by; judged ten times a second."""

    def __init__(self, people: int) -> None:
        self.people = [Person() for _ in range(people)]
        self.speakers = Speakers()
        self.changes = 0
        self.now = 0.0
        self.speakers.listeners.append(self._changed)

    def _changed(self) -> None:
        self.changes += 1

    def talk(self, seconds: float, *levels: int | None) -> None:
        for step in range(round(seconds / PACKET_S)):
            self.now += PACKET_S
            for person, level in zip(self.people, levels, strict=True):
                if level is not None:
                    person.loudness.hear(level, self.now)
            if step % 5 == 4:
                self.speakers.judge(self.people, self.now)

    @property
    def main(self) -> int | None:
        main = self.speakers.now.main
        return None if main is None else self.people.index(main)  # type: ignore[arg-type]

    @property
    def loudest(self) -> list[int]:
        return [self.people.index(voice) for voice in self.speakers.now.loudest]  # type: ignore[arg-type]


def test_voice_is_noticed_soon_and_stays_main_in_silence() -> None:
    table = Table(2)

    table.talk(0.4, 30, SILENCE)
    assert (table.main, table.loudest) == (0, [0])
    table.talk(3, SILENCE, SILENCE)

    assert (table.main, table.loudest) == (0, [])


def test_silence_by_dtx_is_silence() -> None:
    table = Table(1)
    table.talk(1, 30)

    table.talk(2, None)

    assert table.loudest == []


def test_pauses_between_words_change_nothing() -> None:
    table = Table(2)
    table.talk(1, 30, SILENCE)
    changes = table.changes

    for _ in range(10):
        table.talk(0.3, SILENCE, SILENCE)
        table.talk(0.5, 30, SILENCE)

    assert table.changes == changes


def test_answer_takes_over_and_a_cough_does_not() -> None:
    table = Table(2)
    table.talk(2, 35, SILENCE)

    table.talk(0.2, 35, 20)
    assert table.main == 0
    table.talk(1, 35, SILENCE)
    assert table.main == 0
    table.talk(2, SILENCE, 35)

    assert (table.main, table.loudest) == (1, [1])


def test_two_loudest_of_many_are_named() -> None:
    table = Table(4)

    table.talk(1, 50, 30, 90, 20)

    assert table.loudest == [3, 1]


@pytest.mark.parametrize("noise", [80, 100, SILENCE])
def test_room_noise_is_nobody(noise: int) -> None:
    table = Table(1)

    table.talk(2, noise)

    assert (table.main, table.loudest) == (None, [])
