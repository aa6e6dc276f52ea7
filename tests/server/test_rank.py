"""Ranks: always another one between two, in byte order."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain import rank

RANKS = st.text(rank.DIGITS, min_size=1, max_size=12).filter(lambda text: not text.endswith(rank.DIGITS[0]))


@given(st.lists(RANKS, min_size=2, max_size=2, unique=True))
def test_between_two_ranks_is_a_third(pair: list[str]) -> None:
    low, high = sorted(pair)
    found = rank.between(low, high)
    assert low < found < high
    assert not found.endswith(rank.DIGITS[0])


@given(RANKS)
def test_there_is_room_at_both_ends(known: str) -> None:
    assert rank.between(None, known) < known < rank.between(known, None)


def test_first_rank_of_an_empty_column() -> None:
    assert rank.between(None, None) == rank.DIGITS[len(rank.DIGITS) // 2]


@settings(deadline=None)
@given(st.integers(0, 2000))
def test_spread_ranks_are_in_order_with_room_between(count: int) -> None:
    found = rank.spread(count)
    assert len(set(found)) == count
    assert found == sorted(found)
    for low, high in pairwise(found):
        assert len(rank.between(low, high)) <= len(max(found, key=len)) + 1


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=60))
def test_any_moves_keep_the_order_of_a_list(moves: list[tuple[int, int]]) -> None:
    ranks = rank.spread(5)
    for taken, place in moves:
        ranks.pop(taken % len(ranks))
        index = place % (len(ranks) + 1)
        low = ranks[index - 1] if index else None
        high = ranks[index] if index < len(ranks) else None
        ranks.insert(index, rank.between(low, high))
        assert ranks == sorted(ranks)
        assert len(set(ranks)) == len(ranks)


@pytest.mark.parametrize(("low", "high"), [("V", "V"), ("W", "V")])
def test_ranks_out_of_order_are_refused(low: str, high: str) -> None:
    with pytest.raises(ValueError, match="out of order"):
        rank.between(low, high)
