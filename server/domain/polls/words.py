"""Open text as a word cloud: all spellings of a word are one (Arabic folding), shown as most people wrote it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from server.domain.errors import BadInput
from server.domain.polls.kind import Choice, Counted, Kind
from server.domain.text import CloudWord, fold
from server.domain.view import View

SHOWN = 60  # a cloud of more is not read


class Asked(View):
    most: Annotated[int, Field(ge=1, le=5)] = 3


class Words(View):
    words: Annotated[list[CloudWord], Field(min_length=1, max_length=5)]


class WordCloud(Kind[Asked, Words]):
    name = "words"
    settings = Asked
    answer = Words

    def choices(self, settings: Asked, answer: Words) -> list[Choice]:
        found: dict[str, str] = {}
        for word in answer.words:
            if key := fold(word)[:80]:
                found.setdefault(key, word)
        if not found:
            raise BadInput("poll.answer_unusable")
        if len(found) > settings.most:
            raise BadInput("poll.too_many", most=settings.most)
        return [Choice(key, word) for key, word in found.items()]

    def sums(self, settings: Asked, counted: Sequence[Counted]) -> list[Counted]:
        return sorted(counted, key=lambda one: (-one.count, one.key))[:SHOWN]


KIND = WordCloud()
