"""A small crowd, so that the benchmark runs and what it says of frames is held: nothing is timed."""

from __future__ import annotations

from tests.bench import crowd


def test_more_voters_are_no_more_frames() -> None:
    said: list[str] = []
    growth, *others = crowd.measure(crowd.TINY, said.append)
    # Told at most twice a second, beside the poll's opening, its sums, and a reaction each second.
    assert growth.value <= 2.5
    assert [one.unit for one in others] == ["%", "%", "/s"]
    assert others[2].value <= 7
    assert not [line for line in said if not line.endswith(" 0 refused")], said
