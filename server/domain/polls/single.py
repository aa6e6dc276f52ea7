"""One of several options."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from server.domain.errors import BadInput
from server.domain.polls.kind import Choice, Counted, Kind
from server.domain.text import OptionText, fold
from server.domain.view import View

Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{1,8}$")]


class Option(View):
    """`id` stays when the text is changed, so that nobody's vote moves to another option."""

    id: Key
    text: OptionText


class Options(View):
    options: Annotated[list[Option], Field(min_length=2, max_length=12)]

    @model_validator(mode="after")
    def distinct(self) -> Options:
        if len({option.id for option in self.options}) < len(self.options):
            raise ValueError("an id twice")
        return self


class One(View):
    option: Key


class Single(Kind[Options, One]):
    name = "single"
    settings = Options
    answer = One

    def check(self, settings: Options) -> None:
        check_apart(settings)

    def choices(self, settings: Options, answer: One) -> list[Choice]:
        return chosen(settings, [answer.option])

    def sums(self, settings: Options, counted: Sequence[Counted]) -> list[Counted]:
        return by_option(settings, counted)


def check_apart(settings: Options) -> None:
    """Two options that read alike, however they are spelled, would share the votes by chance."""
    known: dict[str, str] = {}
    for option in settings.options:
        key = fold(option.text)
        if key in known:
            raise BadInput("poll.same_options", first=known[key], second=option.text)
        known[key] = option.text


def chosen(settings: Options, ids: Sequence[str]) -> list[Choice]:
    """These options, each once. Raises BadInput for one that is not offered."""
    if not set(ids) <= {option.id for option in settings.options}:
        raise BadInput("poll.option_unknown")
    return [Choice(id) for id in dict.fromkeys(ids)]


def by_option(settings: Options, counted: Sequence[Counted]) -> list[Counted]:
    """Every option in the organiser's order, those that nobody chose too."""
    counts = {one.key: one.count for one in counted}
    return [Counted(option.id, counts.get(option.id, 0), option.text) for option in settings.options]


KIND = Single()
