"""People's words: what is kept, what is stripped, and how names are compared.

Sources: Unicode UAX #9 (bidirectional controls), RFC 5892 (joiners are part of real words), and the
measured corpus in the tests.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

# Overrides and embeddings can make a sentence read as another; isolates leak past their line.
_BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_INVISIBLE = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u2028\u2029\ufeff\ufff9-\ufffc]")
_HALVES = re.compile("[\ud800-\udfff]")  # surrogates that stand alone: no encoding has them
_MARKS = re.compile("[\u064b-\u065f\u0670\u0640]")
_UNSEEN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Me"})  # categories that show nothing by themselves
_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_DIGITS = str.maketrans(
    {
        **{chr(0x0660 + digit): str(digit) for digit in range(10)},
        **{chr(0x06F0 + digit): str(digit) for digit in range(10)},
    }
)
_FOLDED = (
    str.maketrans(
        {
            **dict.fromkeys("أإآٱ", "ا"),
            "ى": "ي",
            "ی": "ي",
            "ک": "ك",
            "ة": "ه",
            "ؤ": "و",
            "ئ": "ي",
        }
    )
    | _DIGITS
)


def clean(text: str) -> str:
    """Prose as it is kept: NFC, no control characters or bidi overrides, no blank edges.

    Joiners (U+200C, U+200D) and the marks U+200E, U+200F, U+061C stay: Arabic and Persian use them.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _HALVES.sub("", text)
    # What is taken out may have stood between a letter and its mark, so they are joined last.
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", _BIDI_CONTROLS.sub("", text))).strip()


def clean_line(text: str) -> str:
    """A name or title: like `clean`, on one line, runs of blanks as one."""
    return re.sub(r"\s+", " ", clean(text))


def fold(text: str) -> str:
    """The form in which Arabic spellings of one word are equal: for search and comparison, never shown."""
    text = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"\s+", " ", _MARKS.sub("", text).translate(_FOLDED)).strip()


def ascii_digits(text: str) -> str:
    """Arabic-Indic and Persian digits as 0-9: `int` reads them, most other parsers do not."""
    return text.translate(_DIGITS)


def fold_email(address: str) -> str:
    return unicodedata.normalize("NFKC", address).strip().casefold()


def seen(text: str) -> bool:
    """Whether a reader sees anything of it: joiners, marks and fillers alone are a name nobody can read."""
    return any(letter not in _BLANK_LETTERS and unicodedata.category(letter) not in _UNSEEN for letter in text)


def checked(clean_text: Callable[[str], str], *, most: int, may_be_empty: bool = False) -> AfterValidator:
    """Clean, then measure again: NFC makes some letters two, and a column holds no more than it says."""

    def check(text: str) -> str:
        kept = clean_text(text)
        if len(kept) > most:
            raise PydanticCustomError("string_too_long", "too long")
        if not seen(kept):
            if may_be_empty:
                return ""
            raise ValueError("empty")
        return kept

    return AfterValidator(check)


Name = Annotated[str, StringConstraints(max_length=80), checked(clean_line, most=80)]
Title = Annotated[str, StringConstraints(max_length=200), checked(clean_line, most=200)]
TeamTitle = Annotated[str, StringConstraints(max_length=120), checked(clean_line, most=120)]
OptionalLine = Annotated[str, StringConstraints(max_length=80), checked(clean_line, most=80, may_be_empty=True)]
ShortLine = Annotated[str, StringConstraints(max_length=160), checked(clean_line, most=160, may_be_empty=True)]
Note = Annotated[str, StringConstraints(max_length=500), checked(clean, most=500, may_be_empty=True)]
OptionalProse = Annotated[str, StringConstraints(max_length=4000), checked(clean, most=4000, may_be_empty=True)]
OptionalNote = Annotated[str, StringConstraints(max_length=500), checked(clean, most=500, may_be_empty=True)]
WelcomeText = Annotated[str, StringConstraints(max_length=2000), checked(clean, most=2000, may_be_empty=True)]
NoteText = Annotated[str, StringConstraints(max_length=1000), checked(clean, most=1000)]
Line = Annotated[str, StringConstraints(max_length=80), checked(clean_line, most=80)]
LabelName = Annotated[str, StringConstraints(max_length=40), checked(clean_line, most=40)]
MessageText = Annotated[str, StringConstraints(max_length=4000), checked(clean, most=4000)]
QuestionText = Annotated[str, StringConstraints(max_length=1000), checked(clean, most=1000)]
CardTitle = Annotated[str, StringConstraints(max_length=300), checked(clean_line, most=300)]
PollText = Annotated[str, StringConstraints(max_length=300), checked(clean_line, most=300)]
OptionText = Annotated[str, StringConstraints(max_length=120), checked(clean_line, most=120)]
CloudWord = Annotated[str, StringConstraints(max_length=40), checked(clean_line, most=40)]
