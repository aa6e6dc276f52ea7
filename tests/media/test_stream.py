"""The unbroken stream: normalising over changes of source, and asking for what is missing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from realtime.media.normalise import Normaliser
from realtime.media.reception import ReceptionLog
from realtime.media.rtp import RtpPacket


@given(st.lists(st.tuples(st.integers(0, 65_535), st.integers(1, 300)), min_size=1, max_size=6))
def test_sequence_goes_on_without_a_gap_over_sources(sources: list[tuple[int, int]]) -> None:
    normaliser = Normaliser(90_000)
    given_out: list[int] = []

    for start, count in sources:
        normaliser.begin(sequence=start, timestamp=0, now=0.0)
        for offset in range(count):
            number = normaliser.sequence((start + offset) & 0xFFFF)
            assert number is not None
            given_out.append(number)
            normaliser.passed(timestamp=normaliser.timestamp(offset), now=0.0)

    assert given_out == list(range(given_out[0], given_out[0] + len(given_out)))


def test_gap_and_disorder_inside_a_source_are_kept() -> None:
    normaliser = Normaliser(90_000)
    normaliser.begin(sequence=100, timestamp=0, now=0.0)
    first = normaliser.sequence(100)
    assert first is not None

    numbers = [normaliser.sequence(sequence) for sequence in (103, 101, 104, 99)]

    assert numbers == [first + 3, first + 1, first + 4, None]


def test_timestamp_goes_on_by_the_time_that_passed() -> None:
    normaliser = Normaliser(90_000)
    normaliser.begin(sequence=1, timestamp=5_000, now=10.0)
    last = normaliser.timestamp(5_000)
    normaliser.passed(timestamp=last, now=10.0)

    normaliser.begin(sequence=900, timestamp=4_000_000_000, now=12.0)

    assert (normaliser.timestamp(4_000_000_000) - last) & 0xFFFFFFFF == 180_000


def test_missing_packets_are_asked_for_again_and_then_given_up() -> None:
    log = ReceptionLog(1, 90_000)
    for sequence in (65_534, 65_535, 2):
        log.add(_packet(sequence), 0.0)

    asked = [log.due(moment / 10) for moment in range(20)]

    assert asked[0] == [0, 1]
    assert asked[-1] == []
    assert log.gave_up


def test_packet_that_came_late_is_missing_no_more() -> None:
    log = ReceptionLog(1, 90_000)
    for sequence in (1, 2, 5):
        log.add(_packet(sequence), 0.0)

    taken = [log.add(_packet(sequence), 0.0) for sequence in (4, 4, 2)]

    assert taken == [True, False, False]
    assert log.due(0.0) == [3]


def test_report_counts_losses_since_the_last_one() -> None:
    log = ReceptionLog(1, 90_000)
    for sequence in (1, 2, 3, 5):
        log.add(_packet(sequence), 0.0)
    first = log.reception(0.0)
    for sequence in (6, 7, 8, 9):
        log.add(_packet(sequence), 0.0)
    second = log.reception(0.0)

    assert (first.lost, first.fraction_lost, first.highest) == (1, 51, 5)
    assert (second.lost, second.fraction_lost, second.highest) == (1, 0, 9)


def test_long_gap_is_a_new_beginning() -> None:
    log = ReceptionLog(1, 90_000)
    log.add(_packet(1), 0.0)

    log.add(_packet(5_000), 0.0)

    assert log.due(0.0) == []
    assert log.gave_up


def _packet(sequence: int) -> RtpPacket:
    return RtpPacket(payload_type=96, marker=False, sequence=sequence, timestamp=0, ssrc=1, payload=b"x")
