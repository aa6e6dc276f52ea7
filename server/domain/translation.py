"""Titles and descriptions in more than one language: the reader's own first, else the words as first written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

from server.domain.text import OptionalProse, Title
from server.domain.view import View

MOST = 4
_CODE = re.compile("[a-z]{2,3}")

# A language of people's words, by its ISO 639 code. The page's own languages are `Locale`.
Language = Annotated[str, StringConstraints(min_length=2, max_length=3, pattern="^[a-z]+$")]


class Words(View):
    title: Title
    description: OptionalProse = ""


def _codes(words: dict[str, Words]) -> dict[str, Words]:
    if not all(_CODE.fullmatch(code) for code in words):
        raise ValueError("no language")
    return words


Translations = Annotated[dict[str, Words], Field(max_length=MOST), AfterValidator(_codes)]


def titles(translations: Mapping[str, Any]) -> dict[str, str]:
    """A row's titles in its other languages, where a list shows no more than that."""
    return {code: words["title"] for code, words in translations.items()}


def in_language(title: str, description: str, translations: Mapping[str, Any], locale: str) -> Words:
    """A row's words for a reader. A translation without a description keeps the first one."""
    own = translations.get(locale)
    if own is None:
        return Words.model_construct(title=title, description=description)
    return Words.model_construct(title=own["title"], description=own.get("description") or description)
