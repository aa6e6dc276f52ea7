"""The history of a card, or of a whole board: pages of changes, the newest first."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from models.card_work import CardChange
from models.person import Person
from server.domain.card_history import PAGE, Changes, ChangeView
from server.domain.person import Actor
from server.domain.person import view as person_view
from server.queries import scope


def of_card(db: Session, actor: Actor, card_id: UUID, *, before: int | None) -> Changes:
    scope.of_card(db, actor, card_id, "board.show")
    return _page(db, col(CardChange.card_id) == card_id, before)


def of_board(db: Session, actor: Actor, board_id: UUID, *, before: int | None) -> Changes:
    scope.of_board(db, actor, board_id, "board.show")
    return _page(db, col(CardChange.board_id) == board_id, before)


def _page(db: Session, where: ColumnElement[bool], before: int | None) -> Changes:
    wanted = (
        select(CardChange, Person)
        .outerjoin(Person, col(Person.id) == col(CardChange.person_id))
        .where(where)
        .order_by(col(CardChange.number).desc())
        .limit(PAGE + 1)
    )
    if before is not None:
        wanted = wanted.where(col(CardChange.number) < before)
    rows = db.exec(wanted).all()
    return Changes(
        changes=[_view(change, person) for change, person in rows[:PAGE]],
        more=len(rows) > PAGE,
    )


def _view(row: CardChange, person: Person | None) -> ChangeView:
    return ChangeView(
        id=row.id,
        card_id=row.card_id,
        number=row.number,
        by=person_view(person) if person else None,
        field=row.field,
        subject=row.subject_id,
        before=row.before,
        after=row.after,
        way=row.way,
        undone=row.state in {"undone", "gone"},
        at=row.at,
    )
