"""Undoing one's own last step on a board, and doing it again.

A person's steps on a board are a stack. What somebody else changed since is not undone over their head: it is
refused, and whoever wants to can leave it and go on with the step before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from models.card import Card, CardItem
from models.card_work import CardChange
from models.person import Person
from server.actions import card as cards
from server.actions import card_people, checklist
from server.actions.card_log import Writing, check_card_open, on_board
from server.domain.board import Beside
from server.domain.card import CardMove
from server.domain.card_edit import FIELDS
from server.domain.card_history import Undone, UndoWish
from server.domain.errors import Conflict, Fault
from server.domain.person import Actor
from server.queries import boards, scope
from server.queries import cards as card_views

LAST = UndoWish()
_SHELF = ("archived", "created")  # both say whether the card is there


def undo(db: Session, actor: Actor, board_id: UUID, wish: UndoWish = LAST, *, step: UUID | None = None) -> Undone:
    """Undo one's last step. Raises Conflict `undo.nothing`, and `undo.changed_since` which says by whom."""
    on = on_board(db, actor, board_id, "card.change", step=step)
    on.way = "undo"
    return _run(on, wish, "done", "undone")


def redo(db: Session, actor: Actor, board_id: UUID, wish: UndoWish = LAST, *, step: UUID | None = None) -> Undone:
    """Do the step again that was undone last."""
    on = on_board(db, actor, board_id, "card.change", step=step)
    on.way = "redo"
    return _run(on, wish, "undone", "done")


def _run(on: Writing, wish: UndoWish, state: str, then: str) -> Undone:
    rows = _step(on, state)
    if rows and rows[0].step == wish.past:
        for row in rows:
            row.state = "fixed" if state == "done" else "gone"
        on.db.flush()
        rows = _step(on, state)
    elif not rows:
        raise Conflict(f"{on.way}.nothing")
    try:
        for row in rows:
            _check_untouched(on, row)
            _put(on, row, row.before if on.way == "undo" else row.after)
    except Fault as fault:
        fault.more["step"] = str(rows[0].step)
        raise
    for row in rows:
        row.state = then
    on.db.flush()
    ids = list(dict.fromkeys(row.card_id for row in rows))
    me = on.actor.person_id
    return Undone(
        cards=card_views.views(on.db, [scope.load(on.db, Card, id) for id in ids]),
        undo=boards.steps(on.db, me, on.board.id, "done"),
        redo=boards.steps(on.db, me, on.board.id, "undone"),
    )


def _step(on: Writing, state: str) -> list[CardChange]:
    """All changes of the step: the newest that is done, or the oldest that is undone; none when none is left."""
    back = on.way == "undo"
    number = col(CardChange.number).desc() if back else col(CardChange.number)
    mine = (
        col(CardChange.person_id) == on.actor.person_id,
        col(CardChange.board_id) == on.board.id,
        col(CardChange.state) == state,
    )
    first = on.db.exec(select(CardChange.step).where(*mine).order_by(number).limit(1)).first()
    if first is None:
        return []
    return list(on.db.exec(select(CardChange).where(*mine, col(CardChange.step) == first).order_by(number)))


def _check_untouched(on: Writing, row: CardChange) -> None:
    """Raises Conflict when somebody else has changed the same of the same card since, and has not undone it."""
    same = (
        col(CardChange.card_id) == row.card_id,
        col(CardChange.field).in_(_SHELF if row.field in _SHELF else (row.field,)),
        col(CardChange.subject_id) == row.subject_id if row.subject_id else col(CardChange.subject_id).is_(None),
    )
    later = on.db.exec(
        select(Person.name)
        .join(CardChange, col(CardChange.person_id) == col(Person.id))
        .where(
            *same,
            col(CardChange.number) > row.number,
            col(CardChange.person_id) != on.actor.person_id,
            col(CardChange.state) == "done",
        )
        .order_by(col(CardChange.number).desc())
        .limit(1)
    ).first()
    if later is not None:
        title = scope.load(on.db, Card, row.card_id).title
        raise Conflict("undo.changed_since", name=later, title=title)


def _put(on: Writing, row: CardChange, value: Any) -> None:
    card = scope.load(on.db, Card, row.card_id, lock=True)
    if on.way == "redo" and value is not None and row.field in {*_SHELF, "place"}:
        value = _left(on, row) or value
    if row.field in _SHELF:
        _place_or_archive(on, card, value)
        return
    check_card_open(card)
    if row.field in FIELDS:
        cards.put(on, card, {row.field: value})
    elif row.field == "place":
        cards.shifted(on, card, CardMove.model_validate(value))
    elif row.field == "item":
        item = scope.load(on.db, CardItem, _subject(row), lock=True)
        checklist.put(on, card, item, value)
    else:
        _SETS[row.field](on, card, _subject(row), on=value is True)


def _left(on: Writing, row: CardChange) -> Any:
    """The place that the card was taken from by undoing: others may stand beside it than when it came there."""
    undone = (
        col(CardChange.card_id) == row.card_id,
        col(CardChange.field) == ("place" if row.field == "place" else "archived"),
        col(CardChange.person_id) == on.actor.person_id,
        col(CardChange.way) == "undo",
    )
    newest = select(CardChange).where(*undone).order_by(col(CardChange.number).desc()).limit(1)
    found = on.db.exec(newest).first()
    return found.before if found is not None else None


def _place_or_archive(on: Writing, card: Card, value: Any) -> None:
    if value is None:
        if card.archived_at is None:
            cards.put_away(on, card)
    elif card.archived_at is not None:
        place = value if isinstance(value, dict) else {}
        beside = {name: place[name] for name in ("before", "after") if name in place}
        cards.brought_back(on, card, Beside.model_validate(beside))


def _subject(row: CardChange) -> UUID:
    assert row.subject_id is not None
    return row.subject_id


_Set = Callable[..., object]
_SETS: dict[str, _Set] = {
    "person": card_people.set_person,
    "label": card_people.set_label,
    "link": card_people.set_link,
}
