"""People's words as they are kept: readable, harmless to the words round them, and otherwise untouched."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from server.domain.text import MessageText, Name, OptionalLine, clean, clean_line, fold

NAME = TypeAdapter[str](Name)
LINE = TypeAdapter[str](OptionalLine)
MESSAGE = TypeAdapter[str](MessageText)


@pytest.mark.parametrize(
    "text",
    [
        "مُتطوِّعون",
        "می‌خواهم",  # a joiner is part of the word
        "قال\u200f (Multaqa) له",
        "Inès ❤️ 👩‍🚀",
        "سطر\n\tوسطر",
    ],
)
def test_real_words_stay_as_they_were_written(text: str) -> None:
    assert MESSAGE.validate_python(f"  {text}\n") == text


def test_name_is_one_line_without_anything_that_turns_the_words_round_it() -> None:
    assert NAME.validate_python("\u202eليلى\r\n \u2066منصور\u2069\u0000 ") == "ليلى منصور"


@pytest.mark.parametrize(
    "text", ["", " \n", "\u200b\u200d", "\u200f\u200e\u061c", "\u3164", "\u2060\ufe0f", "\u0651"]
)
def test_what_nobody_can_see_is_no_name_and_no_message(text: str) -> None:
    for kind in (NAME, MESSAGE):
        with pytest.raises(ValidationError):
            kind.validate_python(text)
    assert LINE.validate_python(text) == ""


def test_length_is_measured_as_it_is_kept() -> None:
    grows = "\u0958" * 60  # one letter that NFC makes two
    assert len(unicodedata.normalize("NFC", grows)) == 120
    with pytest.raises(ValidationError):
        NAME.validate_python(grows)


@given(st.text())
@example("e\u00ad\u0301")
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    for way in (clean, clean_line):
        assert way(way(text)) == way(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("مُتَطَوِّع", "متطوع"),
        ("مـلـتـقـى", "ملتقي"),
        ("أحمد", "احمد"),
        ("مكتبة", "مكتبه"),
        ("رؤية", "رويه"),
        ("کتاب", "كتاب"),  # written on a Persian keyboard
        ("قاعة ٣", "قاعه 3"),
        ("ﻻ", "لا"),  # a ligature of its own
        ("Inès", "INÈS"),
    ],
)
def test_spellings_of_one_word_fold_alike(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@given(st.text(st.characters(codec="utf-8")))
@example("ا\u064e\u0653")
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)
