"""A team of volunteers and who belongs to it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from models.person import Person
from models.team import Membership, Team
from server.domain.board import BoardRef
from server.domain.errors import Conflict
from server.domain.permissions import TeamRole
from server.domain.person import PersonView
from server.domain.person import view as person_view
from server.domain.text import TeamTitle
from server.domain.view import Fact, Position, View


class MemberView(View):
    person: PersonView
    role: TeamRole


class TeamView(View):
    id: UUID
    conference_id: UUID
    title: str
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


class MemberChange(View):
    role: TeamRole = "member"


class TeamCreated(Fact, name="team.created", channels=("conference",)):
    id: UUID
    title: str


class TeamChanged(Fact, name="team.changed", channels=("team",)):
    team: TeamView


class MembershipChanged(Fact, name="membership.changed", channels=("team", "person")):
    team_id: UUID
    person: PersonView
    role: TeamRole | None


def view(team: Team, boards: Sequence[BoardRef], members: Sequence[tuple[Membership, Person]]) -> TeamView:
    return TeamView(
        id=team.id,
        conference_id=team.conference_id,
        title=team.title,
        board_id=next((board.id for board in boards if not board.archived), None),
        boards=list(boards),
        members=[MemberView(person=person_view(person), role=row.role) for row, person in members],
        version=team.version,
    )


def check_last_lead(members: Sequence[Membership], leaving: UUID, becomes: str | None) -> None:
    """A team keeps at least one lead, or nobody could mend it."""
    leads = {row.person_id for row in members if row.role == "lead"}
    if leads == {leaving} and becomes != "lead":
        raise Conflict("team.last_lead")
