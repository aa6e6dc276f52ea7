"""What an audience may do in a session: its rules, raised hands, reactions; and the speakers' private line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import StringConstraints

from models.audience import Hand, Interaction
from models.person import Person
from server.domain.errors import Conflict
from server.domain.person import PersonView
from server.domain.person import view as person_view
from server.domain.view import Fact, Position, Signal, View
from server.domain.zone import Instant

# What one can send in passing; the browser draws them.
REACTIONS = ("clap", "heart", "laugh", "wow", "thumb", "thanks")
PLACES_TOLD = 20  # further back a place changes with every hand, and means little
MOST_TAPS = 10  # of one person in one signal: their browser gathers for half a second
_ITEM = re.compile(r"[a-z]{1,16}:[0-9a-f-]{36}")
Anonymity = Literal["never", "public", "all"]
Line = Annotated[str, StringConstraints(max_length=500, strip_whitespace=True)]


class InteractionView(View):
    session_id: UUID
    anonymous: Anonymity
    questions_open: bool
    hands_open: bool
    reactions_open: bool
    version: int


class InteractionChange(View):
    anonymous: Anonymity | None = None
    questions_open: bool | None = None
    hands_open: bool | None = None
    reactions_open: bool | None = None


class InteractionSnapshot(View):
    position: Position
    interaction: InteractionView
    calm: bool  # hands rest; told anew by `rules.changed`


class HandView(View):
    session_id: UUID
    person: PersonView
    at: Instant
    called: bool


class HandSnapshot(View):
    position: Position
    hands: list[HandView]


class LineView(View):
    """What the moderators tell those who speak; empty when there is nothing to say."""

    text: str
    at: Instant | None


class LineDraft(View):
    text: Line


class LineSnapshot(View):
    position: Position
    line: LineView


class JoinCode(View):
    """The address that leads everybody in, newcomers too, and the same as a QR code (SVG)."""

    url: str
    svg: str


class InteractionChanged(Fact, name="interaction.changed", channels=("session",)):
    interaction: InteractionView


class HandRaised(Fact, name="hand.raised", channels=("session:moderation", "person")):
    hand: HandView


class HandCalled(Fact, name="hand.called", channels=("session:moderation", "person")):
    """The floor is theirs."""

    hand: HandView


class HandLowered(Fact, name="hand.lowered", channels=("session:moderation", "person")):
    session_id: UUID
    person_id: UUID


class HandMoved(Fact, name="hand.moved", channels=("person",)):
    """The place of one's hand among those that wait, from 1; none further back than `PLACES_TOLD`."""

    session_id: UUID
    place: int | None


class LineSaid(Fact, name="line.said", channels=("session:backstage",)):
    line: LineView


class Reacted(Signal, name="reaction"):
    """How many of each, since the last one."""

    sums: dict[str, int]


class Claimed(Signal, name="claim"):
    """Who has what in hand on the moderators' desk, by item (`question:ID`); shown for a few seconds."""

    claims: dict[str, PersonView]


def interaction_view(session_id: UUID, row: Interaction | None) -> InteractionView:
    """The rules of a session; until somebody changes them, those that every session begins with."""
    rules = row or Interaction(session_id=session_id)
    return InteractionView.model_validate({name: getattr(rules, name) for name in InteractionView.model_fields})


def hand_view(hand: Hand, person: Person) -> HandView:
    return HandView(
        session_id=hand.session_id,
        person=person_view(person),
        at=hand.raised_at,
        called=hand.called_at is not None,
    )


def line_view(row: Interaction | None) -> LineView:
    return LineView(text=row.line if row else "", at=row.line_at if row else None)


def promised(row: Interaction | None, *, anonymous: bool) -> str:
    """What is promised about the asker's name. Raises Conflict where questions have names."""
    if not anonymous:
        return "no"
    rule = row.anonymous if row else "public"
    if rule == "never":
        raise Conflict("question.needs_name")
    return rule


def taps(data: Mapping[str, Any]) -> dict[str, int] | None:
    """The reactions in a browser's signal; None for anything else."""
    sums = data.get("sums")
    if len(data) != 1 or not isinstance(sums, dict) or not sums or not sums.keys() <= set(REACTIONS):
        return None
    if not all(type(count) is int and count > 0 for count in sums.values()) or sum(sums.values()) > MOST_TAPS:
        return None
    return dict(sums)


def claimed(data: Mapping[str, Any]) -> str | None:
    """The item in a moderator's claim (`question:ID`, `report:ID`); None for anything else."""
    item = data.get("item")
    return item if len(data) == 1 and isinstance(item, str) and _ITEM.fullmatch(item) else None
