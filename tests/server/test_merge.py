"""Two changes of one text: joined where they do not meet, and nobody's words lost."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from server.domain.merge import MOST_PIECES, merged

BASE = "نحجز القاعة. ثم نكتب الدعوات. وأخيرًا نطبع اللافتات.\nBring water and paper.\n"
TEXTS = st.lists(st.sampled_from(("نعم. ", "لا؟ ", "One. ", "سطر\n", "x")), max_size=6).map("".join)


@pytest.mark.parametrize(
    ("theirs", "yours", "together"),
    [
        (
            ("القاعة", "قاعة المكتبة"),
            ("اللافتات", "لافتتين"),
            "نحجز قاعة المكتبة. ثم نكتب الدعوات. وأخيرًا نطبع لافتتين.",
        ),
        (("نحجز القاعة. ", ""), ("Bring water", "Bring tea"), "ثم نكتب الدعوات. وأخيرًا نطبع اللافتات.\nBring tea"),
        (("القاعة", "قاعة"), ("القاعة", "قاعة"), "نحجز قاعة. ثم نكتب الدعوات."),
    ],
)
def test_changes_apart_are_joined(theirs: tuple[str, str], yours: tuple[str, str], together: str) -> None:
    found = merged(BASE, BASE.replace(*theirs), BASE.replace(*yours))
    assert found is not None
    assert found.startswith(together)


@pytest.mark.parametrize(
    ("base", "theirs", "yours"),
    [
        ("", "كتبت هدى", "كتب سامي"),
        (BASE, BASE.replace("القاعة", "قاعة"), BASE.replace("القاعة", "غرفة")),
        (BASE, BASE.replace("القاعة", "قاعة"), BASE.replace("الدعوات", "رسائل")),  # sentences side by side
        (BASE, "", BASE.replace("water", "tea")),
        (BASE, BASE + "هدى", BASE + "سامي"),
        ("سطر\n" * (MOST_PIECES + 1), "سطر\n" * MOST_PIECES, "آخر\n" + "سطر\n" * MOST_PIECES),
    ],
)
def test_changes_that_meet_are_left_to_people(base: str, theirs: str, yours: str) -> None:
    assert merged(base, theirs, yours) is None


@settings(deadline=None)
@given(base=TEXTS, theirs=TEXTS, yours=TEXTS)
def test_whoever_joins_gets_the_same(base: str, theirs: str, yours: str) -> None:
    assert merged(base, theirs, yours) == merged(base, yours, theirs)
    assert merged(base, theirs, base) == theirs
    assert merged(base, theirs, theirs) == theirs
