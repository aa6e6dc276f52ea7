"""People as they see themselves, and as an organiser sees them."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlmodel import Session, col, exists, func, or_, select

from models.base import now
from models.board import Board
from models.conference import Conference, ConferenceRole, ConferenceSession, SessionSpeaker
from models.person import Login, Person
from models.programme import SpeakerProfile
from models.team import Membership, Team
from server.domain.conference import Participant, People
from server.domain.person import (
    Actor,
    ConferenceOfMine,
    LoginView,
    Me,
    TeamOfMine,
    login_view,
    own_view,
)
from server.domain.person import view as person_view
from server.domain.translation import titles
from server.queries import scope

# The board that a link to a team's board opens, beside its row of `Team`.
FIRST_BOARD = (
    select(Board.id)
    .where(col(Board.team_id) == col(Team.id), col(Board.archived_at).is_(None))
    .order_by(col(Board.created_at), col(Board.id))
    .limit(1)
    .correlate(Team)
    .scalar_subquery()
)
# Whether a conference's programme tells of the person of a row of `ConferenceRole`.
SPEAKS = or_(
    col(ConferenceRole.role) == "speaker",
    exists().where(
        col(SpeakerProfile.conference_id) == col(ConferenceRole.conference_id),
        col(SpeakerProfile.person_id) == col(ConferenceRole.person_id),
    ),
    exists().where(  # every session: who speaks in a deleted one that may come back is still a speaker
        col(ConferenceSession.conference_id) == col(ConferenceRole.conference_id),
        col(SessionSpeaker.session_id) == col(ConferenceSession.id),
        col(SessionSpeaker.person_id) == col(ConferenceRole.person_id),
    ),
)


def by_id(db: Session, ids: Iterable[UUID]) -> dict[UUID, Person]:
    wanted = set(ids)
    if not wanted:
        return {}
    return {person.id: person for person in db.exec(select(Person).where(col(Person.id).in_(wanted)))}


def me(db: Session, person_id: UUID) -> Me:
    person = scope.load(db, Person, person_id)
    return Me(
        person=own_view(person),
        conferences=conferences_of(db, person_id),
        teams=teams_of(db, person_id),
    )


def conferences_of(db: Session, person_id: UUID) -> list[ConferenceOfMine]:
    rows = db.exec(
        select(Conference, ConferenceRole.role, SPEAKS)
        .join(ConferenceRole, col(ConferenceRole.conference_id) == col(Conference.id))
        .where(col(ConferenceRole.person_id) == person_id)
        .order_by(col(Conference.created_at).desc(), col(Conference.id))
    )
    return [
        ConferenceOfMine(
            id=row.id,
            title=row.title,
            titles=titles(row.translations),
            role=role,
            speaks=speaks,
        )
        for row, role, speaks in rows
    ]


def teams_of(db: Session, person_id: UUID) -> list[TeamOfMine]:
    rows = db.exec(
        select(Team, Membership.role, FIRST_BOARD)
        .join(Membership, col(Membership.team_id) == col(Team.id))
        .where(col(Membership.person_id) == person_id)
        .order_by(col(Team.created_at), col(Team.id))
    )
    return [
        TeamOfMine(id=team.id, title=team.title, role=role, conference_id=team.conference_id, board_id=board_id)
        for team, role, board_id in rows
    ]


def logins(db: Session, actor: Actor) -> list[LoginView]:
    rows = db.exec(
        select(Login)
        .where(col(Login.person_id) == actor.person_id, col(Login.expires_at) > now())
        .order_by(col(Login.seen_at).desc())
    )
    return [login_view(row, current=row.id == actor.login_id) for row in rows]


def participants(db: Session, actor: Actor, conference_id: UUID) -> People:
    scope.of_conference(db, actor, conference_id, "people.list")
    rows = db.exec(
        select(ConferenceRole, Person)
        .join(Person, col(Person.id) == col(ConferenceRole.person_id))
        .where(col(ConferenceRole.conference_id) == conference_id)
        .order_by(col(ConferenceRole.joined_at), col(Person.id))
    )
    return People(
        people=[
            Participant(person=person_view(person), role=row.role, guest=person.guest, joined_at=row.joined_at)
            for row, person in rows
        ]
    )


def count_participants(db: Session, conference_id: UUID) -> int:
    rows = select(func.count()).select_from(ConferenceRole)
    return db.exec(rows.where(col(ConferenceRole.conference_id) == conference_id)).one()


def setup_open(db: Session) -> bool:
    """Whether the server still waits for its first organiser."""
    found = db.exec(select(Person.id).where(col(Person.may_create).is_(True)).limit(1)).first()
    return found is None
