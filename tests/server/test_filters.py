"""What becomes of words: the chain of filters, for any words and any rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain import filters
from server.domain.errors import Forbidden, TooMany
from server.domain.filters import Author, Held, Rules, Word
from server.domain.moderation import check_reach

WORDS = st.text(st.characters(codec="utf-8"), max_size=40) | st.sampled_from(
    ("اربح الآن", "انظر https://example.org", "example.com", "سلام", "كَـــلْبٌ")
)
ANY_WORD = st.builds(Word, st.sampled_from(("كلب", "spam", "أحمد")), st.booleans(), st.booleans())
RULES = st.builds(
    Rules,
    slow_s=st.integers(0, 60),
    hold=st.sampled_from(("nobody", "newcomers", "all")),
    links=st.sampled_from(("all", "known", "nobody")),
    words=st.lists(ANY_WORD, max_size=3).map(tuple),
    calm=st.booleans(),
)
AUTHORS = st.builds(Author, newcomer=st.booleans(), silenced=st.booleans(), wait_s=st.integers(0, 60))


def strictness(text: str, author: Author, rules: Rules) -> int:
    """0 shown, 1 held, 2 refused."""
    if filters.refused(text, author, rules) is not None:
        return 2
    return 0 if filters.judge(text, author, rules) is None else 1


@given(WORDS, AUTHORS, RULES)
def test_those_who_look_after_the_session_pass(text: str, author: Author, rules: Rules) -> None:
    assert filters.judge(text, replace(author, crew=True), rules) is None


@given(WORDS, AUTHORS, RULES)
def test_no_rule_makes_another_milder(text: str, author: Author, rules: Rules) -> None:
    now = strictness(text, author, rules)
    for stricter in (
        replace(rules, calm=True),
        replace(rules, hold="all"),
        replace(rules, links="nobody"),
        replace(rules, words=(*rules.words, Word("spam", False, True))),
    ):
        assert strictness(text, author, stricter) >= now
    assert strictness(text, replace(author, silenced=True), rules) == 2


@given(WORDS, AUTHORS)
def test_without_rules_everything_is_shown(text: str, author: Author) -> None:
    assert strictness(text, replace(author, silenced=False), Rules()) == 0


@given(WORDS, AUTHORS, RULES)
def test_calm_shows_nothing_and_keeps_nobody_from_reading(text: str, author: Author, rules: Rules) -> None:
    assert strictness(text, author, replace(rules, calm=True)) >= 1


@given(st.integers(1, 3600), st.integers(-7200, 7200))
def test_slow_mode_waits_at_most_one_turn(slow_s: int, ago_s: int) -> None:
    at = datetime(2027, 1, 1, tzinfo=UTC)
    left = filters.wait_s(at - timedelta(seconds=ago_s), at, slow_s)
    assert 0 <= left <= slow_s
    assert (left == 0) == (ago_s >= slow_s or ago_s < -slow_s)  # said ahead of a clock that was put back
    assert filters.wait_s(None, at, slow_s) == 0


@pytest.mark.parametrize(
    ("text", "whole", "part"),
    [
        ("هذا كلب", True, True),
        ("هذا كَلْـــبٌ!", True, True),
        ("والكلب هنا", True, True),
        ("لِلكلب", True, True),
        ("ك\u200cل\u200dب", True, True),
        ("كلبشة", False, True),
        ("مكلب", False, True),
        ("قلب", False, False),
    ],
)
def test_word_is_known_however_it_is_spelled(text: str, whole: bool, part: bool) -> None:
    folded = filters.searchable(text)
    assert filters.stands_in(Word("كلب", True, False), folded) is whole
    assert filters.stands_in(Word("كَلب", False, False), folded) is part


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://example.org", True),
        ("HTTP://x", True),
        ("www.example.org", True),
        ("زوروا example.com الآن", True),
        ("ｅｘａｍｐｌｅ.com", True),
        ("me@example.com", False),
        ("version 2.0.com is", False),
        ("قال.ثم", False),
    ],
)
def test_links_are_known(text: str, found: bool) -> None:
    assert filters.has_link(filters.searchable(text)) is found


def test_the_first_refusal_is_the_sentence() -> None:
    rules = Rules(slow_s=10, links="nobody", words=(Word("spam", True, True),))
    text = "spam https://example.org"
    for author, kind, code in (
        (Author(silenced=True, wait_s=5), Forbidden, "silenced"),
        (Author(wait_s=5), TooMany, "slow_mode"),
        (Author(), Forbidden, "word.refused"),
    ):
        with pytest.raises(kind) as refusal:
            filters.judge(text, author, rules)
        assert refusal.value.code == code
    assert filters.judge("سلام", Author(newcomer=True), replace(rules, hold="newcomers")) == Held("newcomer")


@given(
    st.sampled_from(("organiser", "moderator", "speaker", "attendee")),
    st.sampled_from(("organiser", "moderator", "speaker", "attendee")),
)
def test_nobody_acts_on_their_equals_or_on_those_above(me: str, target: str) -> None:
    rank = {"attendee": 0, "speaker": 0, "moderator": 1, "organiser": 2}
    try:
        check_reach({me}, target, oneself=False)
        reached = True
    except Forbidden:
        reached = False
    assert reached == (rank[me] > rank[target])
    with pytest.raises(Forbidden):
        check_reach({me}, target, oneself=True)
