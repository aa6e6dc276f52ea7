"""Taking a card that wants people, showing it on a stage, and handing back all one has."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from sqlmodel import Session, col, select

from models.board import Board, BoardColumn
from models.card import Card, CardPerson
from models.person import Person
from models.team import Membership, Team
from models.volunteer import StageCard
from server.actions import card_people, work
from server.actions import team as teams
from server.actions.card_log import Writing, on_card
from server.actions.notify import notify
from server.actions.stage_work import tell_work
from server.domain.card_facts import CardWorked
from server.domain.errors import Conflict, NotFound
from server.domain.finding import Paused, Taken
from server.domain.person import Actor
from server.domain.work import WorkWish
from server.queries import finding, scope


def take(db: Session, actor: Actor, card_id: UUID) -> Taken:
    """Take a seat of a card. Into an open team, or one that shows the card to a session's audience, one
    comes on the way; where no seat is free (`seats.full`) one has not come either. Twice is no fault."""
    known = scope.load(db, Card, card_id)
    if db.get_one(BoardColumn, known.column_id).archived_at is not None:
        raise Conflict("card.archived")
    board = scope.load(db, Board, known.board_id)
    team = scope.load(db, Team, board.team_id, lock=True)
    joined = not teams.belongs(db, team.id, actor.person_id)
    if joined:
        role = scope.conference_role(db, team.conference_id, actor.person_id)
        if role is None or known.seats is None or not (team.joining == "open" or _shown(db, actor, card_id)):
            raise NotFound("not_found")
        teams.grant(db, team.id, scope.load(db, Person, actor.person_id), "member")
    shown = card_people.assign(db, actor, card_id, actor.person_id, on=True)
    return Taken(card=shown, team_id=team.id, joined=joined)


def show(db: Session, actor: Actor, session_id: UUID, card_id: UUID, *, on: bool) -> None:
    """Show a card of one's team to a session's audience, so that they may take it; or no longer."""
    scope.of_card(db, actor, card_id, "team.show")
    session, _ = scope.of_session(db, actor, session_id, "stage.cards")
    if session.team_id is not None or session.rehearsal_of is not None:
        raise NotFound("not_found")
    held = db.get(StageCard, (session_id, card_id))
    if held is None and on:
        db.add(StageCard(session_id=session_id, card_id=card_id))
    elif held is not None and not on:
        db.delete(held)
    db.flush()
    tell_work(db, session_id)


def pause(db: Session, actor: Actor, note: str) -> Paused:
    """Hand back every card one has and has not finished; the leads of each team are told once, with the note.

    A claim ends with the note, for whoever takes the card next. Work that waits for its review is still
    reviewed; where it was returned, nobody waits for this person any longer.
    """
    mine = [one.card.id for one in finding.work_of(db, actor).tasks]
    held = db.exec(select(Card.id, Card.board_id).where(col(Card.id).in_(mine))).all()
    returned: dict[UUID, int] = defaultdict(int)
    for card_id, _ in sorted(held, key=lambda one: (one[1], one[0])):
        card, writing = on_card(db, actor, card_id, "card.change")
        if not _left(writing, card, note):
            continue
        returned[writing.board.team_id] += 1
    for team_id, count in sorted(returned.items()):
        team = scope.load(db, Team, team_id)
        leads = select(Membership.person_id).where(
            col(Membership.team_id) == team_id, col(Membership.role) == "lead"
        )
        told = {"name": actor.name, "team": team.title, "count": str(count), "text": note or "—"}
        others = [id for id in db.exec(leads) if id != actor.person_id]
        notify(db, others, "cards_returned", told, link=f"/t/{team_id}", conference_id=team.conference_id)
    return Paused(cards=sum(returned.values()))


def _left(writing: Writing, card: Card, note: str) -> bool:
    """Whether there was something to hand back: looked at anew under the lock."""
    db, me = writing.db, writing.actor
    sat = db.get(CardPerson, (card.id, me.person_id)) is not None
    worked = card.worker_id == me.person_id and card.state in {"claimed", "returned"}
    if sat:
        card_people.set_person(writing, card, me.person_id, on=False)
    if worked and card.state == "claimed":
        work.act(db, me, card.id, WorkWish(act="hand_back", note=note or None))
    elif worked:
        card.worker_id = None
        writing.tell(CardWorked(card=writing.touched(card), by=writing.by, claim=None, review=None), card.id)
    return sat or worked


def _shown(db: Session, actor: Actor, card_id: UUID) -> bool:
    """Whether some session shows the card to this person."""
    for session_id in finding.stages_of(db, card_id):
        try:
            scope.of_session(db, actor, session_id, "session.show")
        except NotFound:
            continue
        return True
    return False
