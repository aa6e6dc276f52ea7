"""Teams and their boards."""

from __future__ import annotations

from server.actions import card, team
from server.api.endpoint import Call, Endpoints
from server.domain.board import BoardSnapshot, CardDraft, CardMove, CardRename, CardView
from server.domain.team import MemberChange, TeamDraft, Teams, TeamSnapshot, TeamView
from server.queries import teams

ENDPOINTS = Endpoints("teams")
OF_CONFERENCE = "/api/conferences/{conference_id}/teams"
MEMBER = "/api/teams/{team_id}/members/{person_id}"


@ENDPOINTS.query("team.list", OF_CONFERENCE, permission="team.list", result=Teams)
def visible(call: Call) -> Teams:
    """The teams one belongs to; all of them for an organiser."""
    return Teams(teams=teams.visible(call.db, call.actor, call.path["conference_id"]))


@ENDPOINTS.command(
    "team.create", "POST", OF_CONFERENCE, permission="team.create", body=TeamDraft, result=TeamView, status=201
)
def create(call: Call, body: TeamDraft) -> TeamView:
    """Make a team with one board."""
    return team.create(call.db, call.actor, call.path["conference_id"], body.title, id=call.key)


@ENDPOINTS.query("team.show", "/api/teams/{team_id}", permission="team.show", result=TeamSnapshot)
def show(call: Call) -> TeamSnapshot:
    """A team and its members, with the position they belong to."""
    return teams.snapshot(call.db, call.actor, call.path["team_id"])


@ENDPOINTS.command(
    "team.change", "PATCH", "/api/teams/{team_id}", permission="team.change", body=TeamDraft, result=TeamView
)
def change(call: Call, body: TeamDraft) -> TeamView:
    """Rename a team."""
    return team.change(call.db, call.actor, call.path["team_id"], body.title)


@ENDPOINTS.command("member.add", "PUT", MEMBER, permission="member.change", body=MemberChange)
def add(call: Call, body: MemberChange) -> None:
    """Add somebody to a team, or change what they are in it."""
    team.add_member(call.db, call.actor, call.path["team_id"], call.path["person_id"], body.role)


@ENDPOINTS.command("member.remove", "DELETE", MEMBER, permission="team.show")
def remove(call: Call) -> None:
    """Take somebody out of a team, or leave it."""
    team.remove_member(call.db, call.actor, call.path["team_id"], call.path["person_id"])


@ENDPOINTS.query("board.show", "/api/boards/{board_id}", permission="board.show", result=BoardSnapshot)
def show_board(call: Call) -> BoardSnapshot:
    """A board with its columns and cards, and the position they belong to."""
    return teams.board_snapshot(call.db, call.actor, call.path["board_id"])


@ENDPOINTS.command(
    "card.create",
    "POST",
    "/api/boards/{board_id}/cards",
    permission="card.create",
    body=CardDraft,
    result=CardView,
    status=201,
)
def create_card(call: Call, body: CardDraft) -> CardView:
    """Put a new card at the end of a column."""
    return card.create(call.db, call.actor, call.path["board_id"], body, id=call.key)


@ENDPOINTS.command(
    "card.rename", "PATCH", "/api/cards/{card_id}", permission="card.rename", body=CardRename, result=CardView
)
def rename(call: Call, body: CardRename) -> CardView:
    """Rename a card."""
    return card.rename(call.db, call.actor, call.path["card_id"], body.title)


@ENDPOINTS.command(
    "card.move", "POST", "/api/cards/{card_id}/move", permission="card.move", body=CardMove, result=CardView
)
def move(call: Call, body: CardMove) -> CardView:
    """Move a card before or after another, or to the end of a column."""
    return card.move(call.db, call.actor, call.path["card_id"], body)
