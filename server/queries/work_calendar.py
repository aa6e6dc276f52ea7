"""What a person's own calendar address answers: their cards that are due, wherever they have any."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, func, or_, select

from models.base import now
from models.board import Board
from models.card import Card
from models.card_work import CardChange
from models.person import Person
from models.team import Team
from server.domain.work_calendar import DueCard, work_calendar
from server.queries import finding, scope

SHOWN_OFF = timedelta(days=30)  # how long a calendar is told that something is done
MOST = 1000
AT_ONCE = 500


def of_person(db: Session, person_id: UUID, *, url: str) -> bytes:
    """Only of teams they still belong to, in conferences they are still part of."""
    person = scope.load(db, Person, person_id)
    rows = db.exec(
        select(Card, Board, Team, finding.COLUMN_AWAY)
        .join(Board, col(Board.id) == col(Card.board_id))
        .join(Team, col(Team.id) == col(Board.team_id))
        .where(
            finding.has(person_id),
            finding.still_in(person_id),
            or_(col(Card.due_day).is_not(None), col(Card.due_at).is_not(None)),
            or_(col(Card.done_at).is_(None), col(Card.done_at) > now() - SHOWN_OFF),
            or_(col(Card.archived_at).is_(None), col(Card.archived_at) > now() - SHOWN_OFF),
        )
        .order_by(col(Card.created_at).desc(), col(Card.id))
        .limit(MOST)
    ).all()
    changed = _changed(db, [card.id for card, *_ in rows])
    entries = [
        DueCard(
            card=card,
            board=board.title,
            team=team.title,
            changed_at=changed.get(card.id, card.created_at),
            off=away or any((card.done_at, card.archived_at, board.archived_at)),
            url=f"{url}/b/{board.id}?card={card.id}",
        )
        for card, board, team, away in rows
    ]
    return work_calendar(entries, locale=person.locale, zone=person.zone)


def _changed(db: Session, ids: list[UUID]) -> dict[UUID, datetime]:
    found: dict[UUID, datetime] = {}
    for start in range(0, len(ids), AT_ONCE):
        wanted = select(CardChange.card_id, func.max(col(CardChange.at))).where(
            col(CardChange.card_id).in_(ids[start : start + AT_ONCE])
        )
        found |= dict(db.exec(wanted.group_by(col(CardChange.card_id))).all())
    return found
