"""Coming into a team by oneself: through an open door, by asking, or from the session it began in."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from sqlmodel import Session, col, select

from models.base import now
from models.board import Board, BoardColumn
from models.card import Card
from models.conference import Conference
from models.person import Person
from models.team import Membership
from models.volunteer import TeamCall, TeamVisit, TeamWish
from server.actions import card_people
from server.actions import team as teams
from server.actions.notify import notify
from server.actions.publish import publish
from server.actions.stage_work import tell_work
from server.domain.errors import Conflict, NotFound
from server.domain.person import Actor
from server.domain.team import Joined, TeamDraft, TeamView, WishesChanged
from server.queries import scope
from server.queries import teams as queries
from server.queries.channels import team_channel


def join(db: Session, actor: Actor, team_id: UUID, note: str, card_id: UUID | None = None) -> Joined:
    """Come into an open team at once; into one by request, its leads are asked. Twice is no fault.

    With the card one would come for: it must be one that wants people from outside.
    """
    team, _ = scope.of_door(db, actor, team_id, "team.join", lock=True)
    me = actor.person_id
    if teams.belongs(db, team_id, me):
        return Joined(member=True)
    if team.joining == "open":
        teams.grant(db, team_id, scope.load(db, Person, me), "member")
        return Joined(member=True)
    if team.joining == "invitation":
        raise NotFound("not_found")
    if card_id is not None:
        _check_wanted(db, team_id, card_id)
    wish = db.get(TeamWish, (team_id, me))
    if wish is None:
        db.add(TeamWish(team_id=team_id, person_id=me, note=note, card_id=card_id))
        told = {"name": actor.name, "team": team.title}
        once = f"wish:{team_id}:{me}"
        leads = _leads(db, team_id)
        notify(db, leads, "team_wish", told, link=f"/t/{team_id}", conference_id=team.conference_id, once=once)
    else:
        wish.note, wish.card_id = note or wish.note, card_id or wish.card_id
    _tell_wishes(db, team_id)
    return Joined(member=False)


def decide(db: Session, actor: Actor, team_id: UUID, person_id: UUID, *, accept: bool) -> None:
    """Let somebody in who asked, or not; they may ask again. The card they came for is theirs with it."""
    team, _ = scope.of_team(db, actor, team_id, "member.change", lock=True)
    wish = db.get(TeamWish, (team_id, person_id), with_for_update=True)
    if wish is None:
        raise NotFound("not_found")
    db.delete(wish)
    db.flush()
    _tell_wishes(db, team_id)
    if accept and scope.conference_role(db, team.conference_id, person_id) is not None:
        teams.add_member(db, actor, team_id, person_id, "member")
        if wish.card_id is not None:
            _give(db, actor, wish.card_id, person_id)


def _check_wanted(db: Session, team_id: UUID, card_id: UUID) -> None:
    card = scope.load(db, Card, card_id)
    if db.get_one(Board, card.board_id).team_id != team_id or card.seats is None:
        raise NotFound("not_found")


def _give(db: Session, actor: Actor, card_id: UUID, person_id: UUID) -> None:
    """Unless it went to somebody else or was done while the wish waited: one is in the team all the same."""
    card = scope.load(db, Card, card_id)
    away = db.get_one(BoardColumn, card.column_id).archived_at is not None
    if away or card.done_at is not None or card.state != "open":
        return
    with suppress(Conflict):
        card_people.assign(db, actor, card_id, person_id, on=True)


def call(db: Session, actor: Actor, session_id: UUID, draft: TeamDraft, *, id: UUID) -> TeamView:
    """Who wants to work on this? A team that begins in a session; its audience may come in by itself."""
    session, _ = scope.of_session(db, actor, session_id, "team.call")
    if session.team_id is not None or session.rehearsal_of is not None:
        raise NotFound("not_found")
    conference = scope.load(db, Conference, session.conference_id)
    team = teams.found(db, actor, conference, draft, id=id)
    db.add(TeamCall(team_id=id, session_id=session_id))
    db.flush()
    tell_work(db, session_id)
    return queries.view(db, team)


def see(db: Session, actor: Actor, team_id: UUID) -> None:
    """What is new in the team has been seen up to now."""
    scope.of_team(db, actor, team_id, "team.show")
    key = (team_id, actor.person_id)
    visit = db.get(TeamVisit, key, with_for_update=True) or TeamVisit(team_id=team_id, person_id=actor.person_id)
    visit.seen_at = now()
    db.add(visit)


def _tell_wishes(db: Session, team_id: UUID) -> None:
    publish(db, team_channel(team_id), WishesChanged(team_id=team_id), subject=team_id)


def _leads(db: Session, team_id: UUID) -> list[UUID]:
    wanted = select(Membership.person_id).where(col(Membership.team_id) == team_id, col(Membership.role) == "lead")
    return list(db.exec(wanted))
