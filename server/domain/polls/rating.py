"""A mark from 1 to the highest; the page shows how they are spread, and the mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from server.domain.errors import BadInput
from server.domain.polls.kind import Choice, Counted, Kind
from server.domain.text import OptionalLine
from server.domain.view import View


class Scale(View):
    highest: Annotated[int, Field(ge=3, le=10)] = 5
    low: OptionalLine = ""
    high: OptionalLine = ""


class Mark(View):
    mark: Annotated[int, Field(ge=1, le=10)]


class Rating(Kind[Scale, Mark]):
    name = "rating"
    settings = Scale
    answer = Mark

    def choices(self, settings: Scale, answer: Mark) -> list[Choice]:
        if answer.mark > settings.highest:
            raise BadInput("poll.option_unknown")
        return [Choice(str(answer.mark))]

    def sums(self, settings: Scale, counted: Sequence[Counted]) -> list[Counted]:
        counts = {one.key: one.count for one in counted}
        return [Counted(str(mark), counts.get(str(mark), 0)) for mark in range(1, settings.highest + 1)]


KIND = Rating()
