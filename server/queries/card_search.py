"""Finding cards on a board: by words however they are spelled, by label, person, day, state."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, or_, select

from models.base import now
from models.board import BoardColumn
from models.card import Card, CardLabel, CardPerson
from models.person import Person
from server.domain.card import CardsFound
from server.domain.errors import BadInput
from server.domain.filters import searchable
from server.domain.person import Actor
from server.domain.text import ascii_digits
from server.queries import cards, scope

FOUND_AT_ONCE = 100
LONGEST_SEARCH = 100
MOST_IDS = 30
STATES = frozenset({"open", "claimed", "submitted", "returned", "accepted"})
PARAMETERS = ("q", "label", "person", "due", "state", "skill", "language", "archived", "before")
_NUMBER = re.compile(r"#?(\d{1,9})")


def search(db: Session, actor: Actor, board_id: UUID, asked: Mapping[str, str]) -> CardsFound:
    """The newest cards that answer all that is asked. Raises BadInput for what cannot be asked."""
    scope.of_board(db, actor, board_id, "board.show")
    wanted = [col(Card.board_id) == board_id, _shelf(asked)]
    for name, rule in _RULES.items():
        if value := asked.get(name, "").strip():
            wanted.append(rule(db, actor, value[:2000]))
    if before := asked.get("before", ""):
        wanted.append(col(Card.number) < _number("before", before))
    rows = db.exec(select(Card).where(*wanted).order_by(col(Card.number).desc()).limit(FOUND_AT_ONCE + 1)).all()
    return CardsFound(cards=cards.views(db, rows[:FOUND_AT_ONCE]), more=len(rows) > FOUND_AT_ONCE)


def _shelf(asked: Mapping[str, str]) -> ColumnElement[bool]:
    """What was put away, by itself or with its column; or what was not."""
    away = select(BoardColumn.id).where(col(BoardColumn.archived_at).is_not(None))
    gone = or_(col(Card.archived_at).is_not(None), col(Card.column_id).in_(away))
    return gone if asked.get("archived") == "1" else ~gone


def _words(db: Session, actor: Actor, value: str) -> ColumnElement[bool]:
    """Every word somewhere in the title or the description; `#12` is the card of that number."""
    number = _NUMBER.fullmatch(ascii_digits(value))
    words = searchable(value[:LONGEST_SEARCH]).split()
    found = and_(*(col(Card.folded).contains(word, autoescape=True) for word in words))
    if number is None:
        return found
    named = col(Card.number) == int(number[1])
    return named if value.startswith("#") else or_(named, found)


def _labels(db: Session, actor: Actor, value: str) -> ColumnElement[bool]:
    """Every one of these labels; `none`: cards without any."""
    held = select(CardLabel.card_id)
    if value == "none":
        return col(Card.id).not_in(held)
    return and_(*(col(Card.id).in_(held.where(col(CardLabel.label_id) == id)) for id in _ids("label", value)))


def _people(db: Session, actor: Actor, value: str) -> ColumnElement[bool]:
    """Any of these people, as worker too; `none`: cards nobody has."""
    held = select(CardPerson.card_id)
    if value == "none":
        return and_(col(Card.id).not_in(held), col(Card.worker_id).is_(None))
    ids = [actor.person_id] if value == "me" else _ids("person", value)
    return or_(col(Card.id).in_(held.where(col(CardPerson.person_id).in_(ids))), col(Card.worker_id).in_(ids))


def _due(db: Session, actor: Actor, value: str) -> ColumnElement[bool]:
    """By the asker's own clock: a day is over at their midnight."""
    person = scope.load(db, Person, actor.person_id)
    local = now().astimezone(ZoneInfo(person.zone or "UTC"))
    today = local.date()
    day, moment, open_ = col(Card.due_day), col(Card.due_at), col(Card.done_at).is_(None)
    match value:
        case "none":
            return and_(day.is_(None), moment.is_(None))
        case "overdue":
            return and_(open_, or_(day < today, moment < now()))
        case "today":
            return or_(day == today, moment.between(_midnight(local), _midnight(local, 1)))
        case "week":
            return or_(
                day.between(today, today + timedelta(days=6)),
                moment.between(_midnight(local), _midnight(local, 7)),
            )
    raise BadInput("input.unusable", fields={"due": "field.not_a_choice"})


def _midnight(local: datetime, days: int = 0) -> datetime:
    return (local + timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0)


def _state(db: Session, actor: Actor, value: str) -> ColumnElement[bool]:
    if value not in STATES:
        raise BadInput("input.unusable", fields={"state": "field.not_a_choice"})
    return col(Card.state) == value


def _skill(db: Session, actor: Actor, value: str) -> ColumnElement[bool]:
    return col(Card.skill) == value[:80]


def _language(db: Session, actor: Actor, value: str) -> ColumnElement[bool]:
    return col(Card.language) == value[:16]


def _ids(name: str, value: str) -> list[UUID]:
    try:
        return [UUID(part) for part in value.split(",")[:MOST_IDS]]
    except ValueError:
        raise BadInput("input.unusable", fields={name: "field.unusable"}) from None


def optional_number(name: str, value: str | None) -> int | None:
    """The number of a change or a card in a query; None when there is none. Raises BadInput."""
    return _number(name, value) if value else None


def _number(name: str, value: str) -> int:
    if not (value.isdecimal() and len(value) <= 9):
        raise BadInput("input.unusable", fields={name: "field.unusable"})
    return int(value)


_RULES = {
    "q": _words,
    "label": _labels,
    "person": _people,
    "due": _due,
    "state": _state,
    "skill": _skill,
    "language": _language,
}
