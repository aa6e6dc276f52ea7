"""Several of several options, as many as the organiser allows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from server.domain.errors import BadInput
from server.domain.polls.kind import Choice, Counted, Kind
from server.domain.polls.single import Key, Options, by_option, check_apart, chosen
from server.domain.view import View


class ManyOptions(Options):
    most: Annotated[int, Field(ge=1, le=12)] = 12


class Several(View):
    options: Annotated[list[Key], Field(min_length=1, max_length=12)]


class Multiple(Kind[ManyOptions, Several]):
    name = "multiple"
    settings = ManyOptions
    answer = Several

    def check(self, settings: ManyOptions) -> None:
        check_apart(settings)

    def choices(self, settings: ManyOptions, answer: Several) -> list[Choice]:
        found = chosen(settings, answer.options)
        if len(found) > settings.most:
            raise BadInput("poll.too_many", most=settings.most)
        return found

    def sums(self, settings: ManyOptions, counted: Sequence[Counted]) -> list[Counted]:
        return by_option(settings, counted)


KIND = Multiple()
