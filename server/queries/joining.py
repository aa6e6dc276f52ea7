"""The ways into teams: which stand open to somebody, who asks, whom one could add, what is new inside."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session, col, func, select

from models.board import Board
from models.card import Card
from models.conference import ConferenceRole
from models.conversation import Conversation, Message
from models.person import Person
from models.team import Membership, Team
from models.volunteer import TeamVisit, TeamWish, VolunteerProfile
from server.domain import team as teams
from server.domain.filters import searchable
from server.domain.person import Actor, PeopleFound
from server.domain.person import view as person_view
from server.domain.team import CardRef, TeamDoors, Wishes, WishView
from server.domain.volunteer import TeamNews
from server.queries import people, scope
from server.queries import teams as queries

FOUND_AT_ONCE = 8
LOOKED_THROUGH = 5_000


def doors(db: Session, actor: Actor, conference_id: UUID) -> TeamDoors:
    """Teams of a conference that one may join, or ask to."""
    scope.of_conference(db, actor, conference_id, "team.list")
    rows = db.exec(
        select(Team)
        .where(col(Team.conference_id) == conference_id, col(Team.joining).in_(("open", "request")))
        .order_by(col(Team.created_at), col(Team.id))
    ).all()
    return TeamDoors(teams=[_door(db, actor, team) for team in rows])


def _door(db: Session, actor: Actor, team: Team) -> teams.TeamDoor:
    count = select(func.count()).select_from(Membership).where(col(Membership.team_id) == team.id)
    return teams.door(
        team,
        members=db.exec(count).one(),
        asked=db.get(TeamWish, (team.id, actor.person_id)) is not None,
        member=db.get(Membership, (team.id, actor.person_id)) is not None,
    )


def door(db: Session, actor: Actor, team_id: UUID) -> teams.TeamDoor:
    return _door(db, actor, scope.of_door(db, actor, team_id, "team.join")[0])


def wishes(db: Session, actor: Actor, team_id: UUID) -> Wishes:
    """Who asks to be let in, the first first."""
    scope.of_team(db, actor, team_id, "member.change")
    rows = db.exec(
        select(TeamWish, Person, Card)
        .join(Person, col(Person.id) == col(TeamWish.person_id))
        .outerjoin(Card, col(Card.id) == col(TeamWish.card_id))
        .where(col(TeamWish.team_id) == team_id)
        .order_by(col(TeamWish.created_at), col(TeamWish.person_id))
    )
    return Wishes(
        wishes=[
            WishView(
                person=person_view(person),
                note=row.note,
                card=CardRef(id=card.id, board_id=card.board_id, title=card.title) if card else None,
                at=row.created_at,
            )
            for row, person, card in rows
        ]
    )


def candidates(db: Session, actor: Actor, team_id: UUID, asked: str) -> PeopleFound:
    """People of the conference by a part of their name, who are not in the team yet."""
    team, _ = scope.of_team(db, actor, team_id, "member.change")
    wanted = searchable(asked[:80])
    inside = select(Membership.person_id).where(col(Membership.team_id) == team_id)
    rows = db.exec(
        select(Person.id, Person.name)
        .join(ConferenceRole, col(ConferenceRole.person_id) == col(Person.id))
        .where(col(ConferenceRole.conference_id) == team.conference_id, col(Person.id).not_in(inside))
        .order_by(col(Person.name), col(Person.id))
        .limit(LOOKED_THROUGH)
    )
    found = [id for id, name in rows if wanted in searchable(name)][:FOUND_AT_ONCE]
    named = people.by_id(db, found)
    return PeopleFound(people=[person_view(named[id]) for id in found])


def news(db: Session, actor: Actor, team_id: UUID) -> TeamNews:
    """What happened since one was here; of everything, when one never was."""
    scope.of_team(db, actor, team_id, "team.show")
    visit = db.get(TeamVisit, (team_id, actor.person_id))
    member = db.get(Membership, (team_id, actor.person_id))
    since = visit.seen_at if visit else member.joined_at if member else None
    chat = select(Conversation.id).where(col(Conversation.team_id) == team_id).scalar_subquery()
    messages = (
        col(Message.conversation_id) == chat,
        col(Message.deleted_at).is_(None),
        col(Message.person_id) != actor.person_id,
    )
    came = (col(Membership.team_id) == team_id, col(Membership.person_id) != actor.person_id)
    boards = select(Board.id).where(col(Board.team_id) == team_id)
    cards = (col(Card.board_id).in_(boards), col(Card.created_by) != actor.person_id)
    finished = (col(Card.board_id).in_(boards), col(Card.done_at).is_not(None))
    joined = (
        select(Person)
        .join(Membership, col(Membership.person_id) == col(Person.id))
        .where(*came, *([col(Membership.joined_at) > since] if since else []))
        .order_by(col(Membership.joined_at), col(Person.id))
    )
    return TeamNews(
        since=since,
        messages=_count(db, Message, *messages, *([col(Message.created_at) > since] if since else [])),
        people=[person_view(person) for person in db.exec(joined)],
        cards=_count(db, Card, *cards, *([col(Card.created_at) > since] if since else [])),
        done=_count(db, Card, *finished, *([col(Card.done_at) > since] if since else [])),
        meeting=queries.meeting(db, team_id),
        ask=visit is None and member is not None and db.get(VolunteerProfile, actor.person_id) is None,
    )


def _count(db: Session, table: type[Message] | type[Card], *where: object) -> int:
    return int(db.exec(select(func.count()).select_from(table).where(*where)).one())  # type: ignore[arg-type]
