"""Finding work: cards that want people, what one has, and handing it back."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated
from uuid import UUID

from pydantic import Field

from server.domain.card import CardView
from server.domain.errors import BadInput
from server.domain.text import OptionalNote, ascii_digits
from server.domain.view import Fact, Position, View
from server.domain.volunteer import folded

MOST_MINUTES = 60_000


class Task(View):
    """A card with where it belongs. `free`: how many more may take it, None for as many as like.

    `ask`: its team lets in by request, so it is asked for with the way in; `asked`: that wish waits.
    """

    card: CardView
    team_id: UUID
    team: str
    board: str
    conference_id: UUID
    free: int | None
    member: bool
    ask: bool = False
    asked: bool = False


class Tasks(View):
    tasks: list[Task]


class CallView(View):
    """A team that began in a session, and whether one may just come in."""

    id: UUID
    title: str
    welcome: str
    open: bool
    members: int


class WorkView(View):
    """What a session's audience may do: join the teams that began in it, take the cards that are shown."""

    teams: list[CallView]
    cards: list[CardView]


class WorkSnapshot(View):
    position: Position
    work: WorkView


class WorkShown(Fact, name="work.shown", channels=("session",)):
    work: WorkView


class CardShowing(View):
    on: bool


class Taken(View):
    """`joined`: one came into the team on the way."""

    card: CardView
    team_id: UUID
    joined: bool


class Pause(View):
    note: OptionalNote = ""


class Paused(View):
    cards: Annotated[int, Field(ge=0)]


def minutes(text: str) -> int | None:
    """What somebody typed for «how long do I have», in any digits. Raises BadInput."""
    plain = ascii_digits(text).strip()
    if not plain:
        return None
    if not (plain.isascii() and plain.isdigit()) or not 1 <= int(plain[:9]) <= MOST_MINUTES:
        raise BadInput("input.unusable", fields={"minutes": "field.unusable"})
    return int(plain)


def suits(card: CardView, skills: Collection[str], languages: Collection[str]) -> int:
    """How well a card suits somebody: their skill before their language."""
    return 2 * (bool(card.skill) and folded(card.skill) in skills) + (card.language.split("-")[0] in languages)
