"""Teams, their people and a list of their boards."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session, col, select

from models.conference import ConferenceSession
from models.conversation import Conversation
from models.person import Person
from models.team import Membership, Team
from models.volunteer import TeamCall
from server.domain import team as teams
from server.domain.person import Actor
from server.domain.session import OPEN
from server.domain.team import Belongings, TeamSnapshot, TeamView
from server.queries import boards, scope
from server.queries.channels import position, team_channel


def view(db: Session, team: Team) -> TeamView:
    members = db.exec(
        select(Membership, Person)
        .join(Person, col(Person.id) == col(Membership.person_id))
        .where(col(Membership.team_id) == team.id)
        .order_by(col(Membership.joined_at), col(Person.id))
    ).all()
    return teams.view(team, boards.of_team(db, team.id), members, belongings(db, team.id))


def belongings(db: Session, team_id: UUID) -> Belongings:
    call = db.get(TeamCall, team_id)
    chat = select(Conversation.id).where(col(Conversation.team_id) == team_id)
    return Belongings(
        conversation_id=db.exec(chat).first(),
        session_id=call.session_id if call else None,
        meeting=meeting(db, team_id),
    )


def meeting(db: Session, team_id: UUID) -> UUID | None:
    """The team's meeting that is open now, the newest if somebody opened an older one again."""
    return db.exec(
        select(ConferenceSession.id)
        .where(
            col(ConferenceSession.team_id) == team_id,
            col(ConferenceSession.state).in_(OPEN),
            col(ConferenceSession.deleted_at).is_(None),
        )
        .order_by(col(ConferenceSession.created_at).desc())
    ).first()


def snapshot(db: Session, actor: Actor, team_id: UUID) -> TeamSnapshot:
    team, _ = scope.of_team(db, actor, team_id, "team.show")
    return TeamSnapshot(position=position(db, team_channel(team_id)), team=view(db, team))


def visible(db: Session, actor: Actor, conference_id: UUID) -> list[TeamView]:
    """The teams one belongs to; an organiser sees them all."""
    _, here = scope.of_conference(db, actor, conference_id, "team.list")
    rows = db.exec(
        select(Team).where(col(Team.conference_id) == conference_id).order_by(col(Team.created_at), col(Team.id))
    ).all()
    found = [view(db, team) for team in rows]
    if here.may("team.show"):
        return found
    return [team for team in found if any(member.person.id == actor.person_id for member in team.members)]
