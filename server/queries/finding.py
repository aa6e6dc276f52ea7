"""Cards that want people, across all teams one may join; and what one has oneself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, exists, func, or_, select

from models.board import Board, BoardColumn
from models.card import Card, CardPerson
from models.conference import ConferenceRole
from models.team import Membership, Team
from models.volunteer import PersonSkill, StageCard, TeamCall, TeamWish, VolunteerProfile
from server.domain import finding
from server.domain.card import CardView
from server.domain.finding import CallView, Task, Tasks, WorkSnapshot, WorkView
from server.domain.person import Actor
from server.domain.volunteer import folded
from server.queries import cards, scope
from server.queries.channels import position, session_channel

LOOKED_AT = 400
SHOWN = 60
MOST_SKILLS = 2_000  # different ones of open cards

COLUMN_AWAY = exists().where(col(BoardColumn.id) == col(Card.column_id), col(BoardColumn.archived_at).is_not(None))
"""Of rows of `Card`: those that were put away with their column."""

STANDING = (
    col(Card.archived_at).is_(None),
    ~COLUMN_AWAY,
    col(Card.done_at).is_(None),
    col(Board.archived_at).is_(None),
)
"""Of rows of `Card` and `Board`: what is there and still to be done."""


def open_tasks(
    db: Session, actor: Actor, *, most_minutes: int | None = None, skill: str = "", language: str = ""
) -> Tasks:
    """Cards with a free seat, what suits one first. In teams one is not in, only those that say how many they
    want: naming seats is what invites people from outside. Into a team by request one has to ask first."""
    me = actor.person_id
    mine = select(ConferenceRole.conference_id).where(col(ConferenceRole.person_id) == me)
    held = select(CardPerson.card_id).where(col(CardPerson.person_id) == me)
    taken = select(func.count()).where(col(CardPerson.card_id) == col(Card.id)).scalar_subquery()
    inside = col(Membership.person_id).is_not(None)
    free = (
        col(Team.conference_id).in_(mine),
        or_(inside, col(Team.joining).in_(("open", "request"))),
        col(Card.seats) > taken,
        col(Card.id).not_in(held),
        col(Card.state) == "open",
        *STANDING,
    )
    wanted = (
        select(Card, Board, Team, inside)
        .join(Board, col(Board.id) == col(Card.board_id))
        .join(Team, col(Team.id) == col(Board.team_id))
        .outerjoin(Membership, and_(col(Membership.team_id) == col(Team.id), col(Membership.person_id) == me))
        .where(*free)
    )
    if most_minutes is not None:
        wanted = wanted.where(col(Card.size_minutes) <= most_minutes)
    if language:
        spoken = col(Card.language)
        own = spoken.startswith(f"{language}-", autoescape=True)
        wanted = wanted.where(or_(spoken == "", spoken == language, own))
    if skill:
        # Spellings are folded here, not in the database: of all skills asked for, those that are this one.
        theirs = col(Card.id).in_(wanted.with_only_columns(col(Card.id)))
        skills = db.exec(select(col(Card.skill)).where(theirs).distinct().limit(MOST_SKILLS)).all()
        asked = folded(skill)
        wanted = wanted.where(col(Card.skill).in_([one for one in skills if asked in folded(one)]))
    rows = db.exec(wanted.order_by(col(Card.created_at).desc(), col(Card.id)).limit(LOOKED_AT)).all()
    fitting = tasks(db, [(card, board, team, bool(member)) for card, board, team, member in rows])
    wishes = select(TeamWish).where(col(TeamWish.person_id) == me)
    wishes_of = {wish.team_id: wish.card_id for wish in db.exec(wishes)}
    own_skills = set(db.exec(select(PersonSkill.folded).where(col(PersonSkill.person_id) == me)))
    profile = db.get(VolunteerProfile, me)
    languages = set(profile.languages) if profile else {actor.locale}
    fitting = [
        one if member or team.joining == "open" else _by_request(one, asked=wishes_of.get(team.id) == card.id)
        for one, (card, _, team, member) in zip(fitting, rows, strict=True)
    ]
    fitting.sort(key=lambda one: -finding.suits(one.card, own_skills, languages))
    return Tasks(tasks=fitting[:SHOWN])


def _by_request(task: Task, *, asked: bool) -> Task:
    """Who is in such a team is told inside."""
    card = task.card.model_copy(update={"people": [], "worker": None})
    return task.model_copy(update={"card": card, "ask": True, "asked": asked})


def work_of(db: Session, actor: Actor) -> Tasks:
    """What one has or has claimed in one's teams and is not done, what is due first before the rest.

    Of a team one has left nothing is shown any more, though one's name stays on its cards until they move on.
    """
    me = actor.person_id
    rows = db.exec(
        select(Card, Board, Team)
        .join(Board, col(Board.id) == col(Card.board_id))
        .join(Team, col(Team.id) == col(Board.team_id))
        .where(has(me), still_in(me), *STANDING)
        .order_by(col(Card.created_at), col(Card.id))
    ).all()
    found = tasks(db, [(card, board, team, True) for card, board, team in rows])
    found.sort(key=lambda one: _when(one.card))
    return Tasks(tasks=found)


def has(person_id: UUID) -> ColumnElement[bool]:
    """Of rows of `Card`: those on which this person's name is, and those that they have claimed."""
    held = select(CardPerson.card_id).where(col(CardPerson.person_id) == person_id)
    claimed = and_(col(Card.worker_id) == person_id, col(Card.state).in_(("claimed", "returned")))
    return or_(col(Card.id).in_(held), claimed)


def still_in(person_id: Any) -> ColumnElement[bool]:
    """Of rows of `Team`: those whose boards this person (an id, or a column of them) may still work on."""
    member = exists().where(col(Membership.team_id) == col(Team.id), col(Membership.person_id) == person_id)
    organiser = exists().where(
        col(ConferenceRole.conference_id) == col(Team.conference_id),
        col(ConferenceRole.person_id) == person_id,
        col(ConferenceRole.role) == "organiser",
    )
    return or_(member, organiser)


def _when(card: CardView) -> str:
    due = card.due
    if due is None:
        return "~"
    return due.day.isoformat() if due.day else due.at.date().isoformat() if due.at else "~"


def tasks(db: Session, rows: Sequence[tuple[Card, Board, Team, bool]]) -> list[Task]:
    """Cards with where they belong; `bool`: one is in the team."""
    views = cards.views(db, [card for card, _, _, _ in rows])
    return [
        Task(
            card=view,
            team_id=team.id,
            team=team.title,
            board=board.title,
            conference_id=team.conference_id,
            free=None if card.seats is None else max(0, card.seats - len(view.people)),
            member=member,
        )
        for view, (card, board, team, member) in zip(views, rows, strict=True)
    ]


def snapshot(db: Session, actor: Actor, session_id: UUID) -> WorkSnapshot:
    scope.of_session(db, actor, session_id, "session.show")
    return WorkSnapshot(position=position(db, session_channel(session_id)), work=work(db, session_id))


def work(db: Session, session_id: UUID) -> WorkView:
    members = select(func.count()).where(col(Membership.team_id) == col(Team.id)).scalar_subquery()
    teams = db.exec(
        select(Team, members)
        .join(TeamCall, col(TeamCall.team_id) == col(Team.id))
        .where(col(TeamCall.session_id) == session_id, col(Team.joining) != "invitation")
        .order_by(col(Team.created_at), col(Team.id))
    ).all()
    shown = db.exec(
        select(Card)
        .join(StageCard, col(StageCard.card_id) == col(Card.id))
        .join(Board, col(Board.id) == col(Card.board_id))
        .where(col(StageCard.session_id) == session_id, *STANDING)
        .order_by(col(StageCard.shown_at), col(Card.id))
    ).all()
    return WorkView(
        teams=[
            CallView(
                id=team.id, title=team.title, welcome=team.welcome, open=team.joining == "open", members=count
            )
            for team, count in teams
        ],
        cards=cards.views(db, shown),
    )


def stages_of(db: Session, card_id: UUID) -> list[UUID]:
    """The sessions whose audience is shown a card."""
    wanted = select(StageCard.session_id).where(col(StageCard.card_id) == card_id)
    return sorted(db.exec(wanted))
