"""A team of volunteers and who belongs to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from models.person import Person
from models.team import Membership, Team
from server.domain.board import BoardRef
from server.domain.errors import Conflict
from server.domain.permissions import TeamRole
from server.domain.person import PersonView
from server.domain.person import view as person_view
from server.domain.text import OptionalNote, TeamTitle, WelcomeText
from server.domain.view import Fact, Position, View
from server.domain.zone import Instant

Joining = Literal["open", "request", "invitation"]


class MemberView(View):
    person: PersonView
    role: TeamRole


@dataclass(frozen=True)
class Belongings:
    """What hangs on a team: its chat, the session it came from, the meeting that runs."""

    conversation_id: UUID | None
    session_id: UUID | None
    meeting: UUID | None


class TeamView(View):
    """`session_id`: the talk it came from. `meeting`: the stage of the team alone, while it is open."""

    id: UUID
    conference_id: UUID
    title: str
    welcome: str
    joining: Joining
    conversation_id: UUID | None
    session_id: UUID | None
    meeting: UUID | None
    board_id: UUID | None  # the first that is not in the archive
    boards: list[BoardRef]
    members: list[MemberView]
    version: int


class Teams(View):
    teams: list[TeamView]


class TeamSnapshot(View):
    position: Position
    team: TeamView


class TeamDraft(View):
    title: TeamTitle
    welcome: WelcomeText = ""
    joining: Joining = "invitation"


class TeamChange(View):
    title: TeamTitle | None = None
    welcome: WelcomeText | None = None
    joining: Joining | None = None


class TeamDoor(View):
    """A team as those see it who are not in it yet. `asked`: one's wish waits for its leads."""

    id: UUID
    title: str
    welcome: str
    joining: Joining
    members: int
    asked: bool
    member: bool


class TeamDoors(View):
    teams: list[TeamDoor]


class JoinWish(View):
    """`card_id`: the card one would come for; it is kept for whoever decides."""

    note: OptionalNote = ""
    card_id: UUID | None = None


class Joined(View):
    """`member`: one is in; otherwise the team's leads were asked."""

    member: bool


class CardRef(View):
    id: UUID
    board_id: UUID
    title: str


class WishView(View):
    """`card`: what they would come for. Who is let in has it, if it is still to be had."""

    person: PersonView
    note: str
    card: CardRef | None
    at: Instant


class Wishes(View):
    wishes: list[WishView]


class WishDecision(View):
    accept: bool


class MemberChange(View):
    role: TeamRole = "member"


class TeamCreated(Fact, name="team.created", channels=("conference",)):
    id: UUID
    title: str


class TeamChanged(Fact, name="team.changed", channels=("team",)):
    team: TeamView


class WishesChanged(Fact, name="wishes.changed", channels=("team",)):
    """Somebody asked to come in, or was answered. Who, only leads may read: they ask anew."""

    team_id: UUID


class MembershipChanged(Fact, name="membership.changed", channels=("team", "person")):
    team_id: UUID
    person: PersonView
    role: TeamRole | None


def view(
    team: Team,
    boards: Sequence[BoardRef],
    members: Sequence[tuple[Membership, Person]],
    belongings: Belongings,
) -> TeamView:
    return TeamView(
        id=team.id,
        conference_id=team.conference_id,
        title=team.title,
        welcome=team.welcome,
        joining=joining(team),
        conversation_id=belongings.conversation_id,
        session_id=belongings.session_id,
        meeting=belongings.meeting,
        board_id=next((board.id for board in boards if not board.archived), None),
        boards=list(boards),
        members=[MemberView(person=person_view(person), role=row.role) for row, person in members],
        version=team.version,
    )


def joining(team: Team) -> Joining:
    return "open" if team.joining == "open" else "request" if team.joining == "request" else "invitation"


def door(team: Team, *, members: int, asked: bool, member: bool) -> TeamDoor:
    return TeamDoor(
        id=team.id,
        title=team.title,
        welcome=team.welcome,
        joining=joining(team),
        members=members,
        asked=asked,
        member=member,
    )


def check_last_lead(members: Sequence[Membership], leaving: UUID, becomes: str | None) -> None:
    """A team keeps at least one lead, or nobody could mend it."""
    leads = {row.person_id for row in members if row.role == "lead"}
    if leads == {leaving} and becomes != "lead":
        raise Conflict("team.last_lead")
