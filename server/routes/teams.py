"""Teams and their people."""

from __future__ import annotations

from models.base import now
from server.actions import team
from server.api.endpoint import Call, Endpoints
from server.domain.finding import Tasks
from server.domain.team import MemberChange, TeamChange, TeamDraft, Teams, TeamSnapshot, TeamView
from server.domain.team_work import CardDeeds, TeamFiles, days, place
from server.queries import team_work, teams

ENDPOINTS = Endpoints("teams")
OF_CONFERENCE = "/api/conferences/{conference_id}/teams"
TEAM = "/api/teams/{team_id}"
MEMBER = f"{TEAM}/members/{{person_id}}"


@ENDPOINTS.query("team.list", OF_CONFERENCE, permission="team.list", result=Teams)
def visible(call: Call) -> Teams:
    """The teams one belongs to; all of them for an organiser."""
    return Teams(teams=teams.visible(call.db, call.actor, call.path["conference_id"]))


@ENDPOINTS.command(
    "team.create", "POST", OF_CONFERENCE, permission="team.create", body=TeamDraft, result=TeamView, status=201
)
def create(call: Call, body: TeamDraft) -> TeamView:
    """Make a team with one board."""
    return team.create(call.db, call.actor, call.path["conference_id"], body, id=call.key)


@ENDPOINTS.query("team.show", TEAM, permission="team.show", result=TeamSnapshot)
def show(call: Call) -> TeamSnapshot:
    """A team and its members, with the position they belong to."""
    return teams.snapshot(call.db, call.actor, call.path["team_id"])


@ENDPOINTS.command("team.change", "PATCH", TEAM, permission="team.change", body=TeamChange, result=TeamView)
def change(call: Call, body: TeamChange) -> TeamView:
    """Rename a team, greet newcomers, say how one joins."""
    return team.change(call.db, call.actor, call.path["team_id"], body)


@ENDPOINTS.query(
    "team.activity", f"{TEAM}/activity", permission="team.show", result=CardDeeds, parameters=("before",)
)
def activity(call: Call) -> CardDeeds:
    """What was done to the cards of the team's boards, the newest first."""
    before = place("before", call.query.get("before"))
    return team_work.deeds(call.db, call.actor, call.path["team_id"], before=before)


@ENDPOINTS.query("team.files", f"{TEAM}/files", permission="team.show", result=TeamFiles, parameters=("before",))
def files(call: Call) -> TeamFiles:
    """Files and links of the team's cards, the newest first."""
    before = place("before", call.query.get("before"))
    return team_work.files(call.db, call.actor, call.path["team_id"], before=before)


@ENDPOINTS.query("team.due", f"{TEAM}/due", permission="team.show", result=Tasks, parameters=("from", "to"))
def due(call: Call) -> Tasks:
    """Cards of all the team's boards that are due in a stretch of days."""
    first, last = days(call.query.get("from", ""), call.query.get("to", ""), now().date())
    return team_work.due(call.db, call.actor, call.path["team_id"], first, last)


@ENDPOINTS.command("member.add", "PUT", MEMBER, permission="member.change", body=MemberChange)
def add(call: Call, body: MemberChange) -> None:
    """Add somebody to a team, or change what they are in it."""
    team.add_member(call.db, call.actor, call.path["team_id"], call.path["person_id"], body.role)


@ENDPOINTS.command("member.remove", "DELETE", MEMBER, permission="team.show")
def remove(call: Call) -> None:
    """Take somebody out of a team, or leave it."""
    team.remove_member(call.db, call.actor, call.path["team_id"], call.path["person_id"])
