"""One's own profile for teams, the ways into a team, and meeting there."""

from __future__ import annotations

from server.actions import joining, meeting, volunteer
from server.api.endpoint import Call, Endpoints
from server.domain.person import PeopleFound
from server.domain.session import SessionView
from server.domain.team import (
    Joined,
    JoinWish,
    TeamDoor,
    TeamDoors,
    TeamDraft,
    TeamView,
    WishDecision,
    Wishes,
)
from server.domain.volunteer import Mates, ProfileView, ProfileWish, Suggestions, TeamNews
from server.queries import joining as doors
from server.queries import volunteer as volunteers

ENDPOINTS = Endpoints("volunteers")
PROFILE = "/api/me/volunteer"
TEAM = "/api/teams/{team_id}"


@ENDPOINTS.query("volunteer.show", PROFILE, permission=None, result=ProfileView)
def own(call: Call) -> ProfileView:
    """One's own profile for teams."""
    return volunteers.own(call.db, call.actor.person_id)


@ENDPOINTS.command("volunteer.change", "PUT", PROFILE, permission=None, body=ProfileWish, result=ProfileView)
def change(call: Call, body: ProfileWish) -> ProfileView:
    """Keep one's profile for teams, whole."""
    return volunteer.change(call.db, call.actor, body)


@ENDPOINTS.query("skill.list", "/api/me/skills", permission=None, result=Suggestions)
def skills(call: Call) -> Suggestions:
    """Skills that others of one's conferences wrote down."""
    return volunteers.suggestions(call.db, call.actor)


@ENDPOINTS.query(
    "team.doors", "/api/conferences/{conference_id}/teams/open", permission="team.list", result=TeamDoors
)
def open_teams(call: Call) -> TeamDoors:
    """Teams one may join, or ask to."""
    return doors.doors(call.db, call.actor, call.path["conference_id"])


@ENDPOINTS.query("team.door", f"{TEAM}/door", permission="team.join", result=TeamDoor)
def door(call: Call) -> TeamDoor:
    """A team from outside: its name, its welcome, and how one comes in."""
    return doors.door(call.db, call.actor, call.path["team_id"])


@ENDPOINTS.command("team.join", "POST", f"{TEAM}/join", permission="team.join", body=JoinWish, result=Joined)
def join(call: Call, body: JoinWish) -> Joined:
    """Come into an open team, or ask its leads."""
    return joining.join(call.db, call.actor, call.path["team_id"], body.note, body.card_id)


@ENDPOINTS.query("wish.list", f"{TEAM}/wishes", permission="member.change", result=Wishes)
def wishes(call: Call) -> Wishes:
    """Who asks to be let in."""
    return doors.wishes(call.db, call.actor, call.path["team_id"])


@ENDPOINTS.command(
    "wish.decide", "POST", f"{TEAM}/wishes/{{person_id}}", permission="member.change", body=WishDecision
)
def decide(call: Call, body: WishDecision) -> None:
    """Let somebody in who asked, or not."""
    joining.decide(call.db, call.actor, call.path["team_id"], call.path["person_id"], accept=body.accept)


@ENDPOINTS.query(
    "member.find", f"{TEAM}/candidates", permission="member.change", result=PeopleFound, parameters=("q",)
)
def find(call: Call) -> PeopleFound:
    """People of the conference one could add, by a part of their name."""
    return doors.candidates(call.db, call.actor, call.path["team_id"], call.query.get("q", ""))


@ENDPOINTS.query("team.mates", f"{TEAM}/people", permission="team.show", result=Mates)
def mates(call: Call) -> Mates:
    """The team's people as they chose to be seen, and when they are awake together."""
    return volunteers.mates(call.db, call.actor, call.path["team_id"])


@ENDPOINTS.query("team.news", f"{TEAM}/news", permission="team.show", result=TeamNews)
def news(call: Call) -> TeamNews:
    """What happened in the team since one was here."""
    return doors.news(call.db, call.actor, call.path["team_id"])


@ENDPOINTS.command("team.see", "POST", f"{TEAM}/seen", permission="team.show")
def see(call: Call) -> None:
    """What is new has been seen."""
    joining.see(call.db, call.actor, call.path["team_id"])


@ENDPOINTS.command("team.meet", "POST", f"{TEAM}/meeting", permission="team.meet", result=SessionView, status=201)
def meet(call: Call) -> SessionView:
    """Open the team's own stage, or give the one that is open."""
    return meeting.start(call.db, call.actor, call.path["team_id"], id=call.key)


@ENDPOINTS.command(
    "team.call",
    "POST",
    "/api/sessions/{session_id}/teams",
    permission="team.call",
    body=TeamDraft,
    result=TeamView,
    status=201,
)
def call_for(call: Call, body: TeamDraft) -> TeamView:
    """Make a team from a session, for those of its audience who want to work on this."""
    return joining.call(call.db, call.actor, call.path["session_id"], body, id=call.key)
