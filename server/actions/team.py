"""Making teams and saying who belongs to them."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session, col, delete, select

from models.base import new_id
from models.conference import Conference
from models.person import Person
from models.team import Membership, Team
from models.volunteer import TeamWish
from server.actions import board, conversation, meeting
from server.actions import session as sessions
from server.actions.notify import notify
from server.actions.publish import access_changed, publish
from server.domain.errors import NotFound
from server.domain.person import Actor
from server.domain.person import view as person_view
from server.domain.settings import makes_teams
from server.domain.team import (
    MembershipChanged,
    TeamChange,
    TeamCreated,
    TeamDraft,
    TeamView,
    check_last_lead,
)
from server.queries import scope, settings, teams
from server.queries.channels import conference_channel, person_channel, team_channel


def create(db: Session, actor: Actor, conference_id: UUID, draft: TeamDraft, *, id: UUID) -> TeamView:
    """Make a team with one board of three columns, named in the conference's language. Its maker leads."""
    conference, here = scope.of_conference(db, actor, conference_id, "conference.show")
    if not makes_teams(settings.of(db, conference_id), here.roles):
        here.require("team.create")
    return teams.view(db, found(db, actor, conference, draft, id=id))


def found(db: Session, actor: Actor, conference: Conference, draft: TeamDraft, *, id: UUID) -> Team:
    """The same, once it is sure that the actor may."""
    team = Team(id=id, conference_id=conference.id, **draft.model_dump())
    db.add(team)
    db.flush()
    db.add(Membership(team_id=id, person_id=actor.person_id, role="lead"))
    db.flush()
    _, led = scope.of_team(db, actor, id, "board.manage")
    board.lay_out(db, led, team, team.title, template="plain", locale=conference.locale, id=new_id())
    conversation.of_team(db, team)
    publish(db, conference_channel(conference.id), TeamCreated(id=id, title=team.title), subject=id)
    return team


def change(db: Session, actor: Actor, team_id: UUID, wish: TeamChange) -> TeamView:
    """Rename a team, greet newcomers, say how one joins."""
    team, _ = scope.of_team(db, actor, team_id, "team.change", lock=True)
    for name, value in wish.model_dump(exclude_none=True).items():
        setattr(team, name, value)
    return sessions.tell_team(db, team_id)


def add_member(db: Session, actor: Actor, team_id: UUID, person_id: UUID, role: str) -> None:
    """Add somebody of the conference, or change what a member is."""
    team, _ = scope.of_team(db, actor, team_id, "member.change", lock=True)
    if scope.conference_role(db, team.conference_id, person_id) is None:
        raise NotFound("not_found")
    held = db.get(Membership, (team_id, person_id))
    if held is not None and held.role != role:
        check_last_lead(_members(db, team_id), person_id, role)
        held.role = role
        access_changed(db, "membership.changed", people=(person_id,))
        tell(db, team_id, scope.load(db, Person, person_id), role)
    elif held is None:
        grant(db, team_id, scope.load(db, Person, person_id), role)
        if person_id != actor.person_id:
            told = {"name": actor.name, "team": team.title}
            notify(db, [person_id], "team_added", told, link=f"/t/{team_id}", conference_id=team.conference_id)


def grant(db: Session, team_id: UUID, person: Person, role: str) -> None:
    if belongs(db, team_id, person.id):
        return
    db.add(Membership(team_id=team_id, person_id=person.id, role=role))
    db.exec(delete(TeamWish).where(col(TeamWish.team_id) == team_id, col(TeamWish.person_id) == person.id))
    db.flush()
    meeting.let_in(db, team_id, person.id)
    tell(db, team_id, person, role)


def remove_member(db: Session, actor: Actor, team_id: UUID, person_id: UUID) -> None:
    """Take somebody out; anybody may leave by themselves."""
    leaving = actor.person_id == person_id
    scope.of_team(db, actor, team_id, "team.show" if leaving else "member.change", lock=True)
    held = db.get(Membership, (team_id, person_id))
    if held is None:
        raise NotFound("not_found")
    check_last_lead(_members(db, team_id), person_id, None)
    db.delete(held)
    db.flush()
    meeting.let_out(db, team_id, person_id)
    access_changed(db, "membership.removed", people=(person_id,))
    tell(db, team_id, scope.load(db, Person, person_id), None)


def belongs(db: Session, team_id: UUID, person_id: UUID) -> bool:
    return db.get(Membership, (team_id, person_id)) is not None


def _members(db: Session, team_id: UUID) -> list[Membership]:
    return list(db.exec(select(Membership).where(col(Membership.team_id) == team_id)))


def tell(db: Session, team_id: UUID, person: Person, role: str | None) -> None:
    """To the team, and to the person wherever they are."""
    fact = MembershipChanged(team_id=team_id, person=person_view(person), role=role)
    for channel in (team_channel(team_id), person_channel(person.id)):
        publish(db, channel, fact, subject=person.id)
