"""Reminders of due cards: whoever has or has claimed one hears once, a day before or on its morning."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, or_, select

from models.base import now
from models.board import Board
from models.card import Card, CardPerson
from models.person import Person
from models.team import Team
from server.actions.notify import notify
from server.domain.due import ends_at
from server.queries.finding import STANDING, still_in

BEFORE = timedelta(hours=24)
MORNING = 8  # by one's own clock, on a due day


def remind(db: Session) -> int:
    """Tell who has a card that is due soon. Returns how many heard. Another due date is told of again."""
    at = now()
    days = (at - BEFORE).date(), (at + BEFORE).date()
    soon = (
        select(Card, Person, Team.conference_id)
        .join(Board, col(Board.id) == col(Card.board_id))
        .join(Team, col(Team.id) == col(Board.team_id))
        .where(
            still_in(col(Person.id)),
            *STANDING,
            or_(col(Card.due_at).between(at, at + BEFORE), col(Card.due_day).between(*days)),
        )
        .order_by(col(Card.id), col(Person.id))
    )
    named = soon.join(CardPerson, col(CardPerson.card_id) == col(Card.id)).join(
        Person, col(Person.id) == col(CardPerson.person_id)
    )
    claimed = soon.join(Person, col(Person.id) == col(Card.worker_id)).where(
        col(Card.state).in_(("claimed", "returned"))
    )
    rows = [*db.exec(named), *db.exec(claimed)]
    return sum(_told(db, card, person, conference_id, at) for card, person, conference_id in rows)


def _told(db: Session, card: Card, person: Person, conference_id: UUID, at: datetime) -> int:
    zone = ZoneInfo(person.zone or "UTC")
    end = ends_at(card, zone.key)
    local = at.astimezone(zone)
    if end is None or end <= at or (card.due_day and (local.date() != card.due_day or local.hour < MORNING)):
        return 0
    return notify(
        db,
        [person.id],
        "card_due",
        {"title": card.title, "when": end.isoformat()},
        link=f"/b/{card.board_id}?card={card.id}",
        conference_id=conference_id,
        once=f"due:{card.id}:{card.due_day or card.due_at:%Y%m%d%H%M}",
        stale_at=end,
    )
