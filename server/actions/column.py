"""A board's columns: made, changed, moved by intent, put away and brought back."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session, col, func, select

from models.base import now
from models.board import BoardColumn
from models.card import Card
from server.actions import order, stage_work
from server.actions.card import standing
from server.actions.card_log import Writing, on_board
from server.domain.board import (
    MOST_COLUMNS,
    Beside,
    ColumnArchive,
    ColumnArchived,
    ColumnChange,
    ColumnChanged,
    ColumnCreated,
    ColumnDraft,
    ColumnRestored,
    ColumnView,
    check_column_open,
    column_view,
)
from server.domain.errors import Conflict
from server.domain.person import Actor
from server.queries import scope


def create(db: Session, actor: Actor, board_id: UUID, draft: ColumnDraft, *, id: UUID) -> ColumnView:
    """Put a new column beside another, or at the end of the row."""
    on = on_board(db, actor, board_id, "column.change")
    here = (col(BoardColumn.board_id) == board_id, col(BoardColumn.archived_at).is_(None))
    if db.exec(select(func.count()).select_from(BoardColumn).where(*here)).one() >= MOST_COLUMNS:
        raise Conflict("column.too_many", limit=MOST_COLUMNS)
    column = BoardColumn(
        id=id,
        board_id=board_id,
        title=draft.title,
        rank=order.nowhere(id),
        colour=draft.colour or "",
        soft_limit=draft.soft_limit,
        hard_limit=draft.hard_limit,
        done=draft.done,
    )
    column.rank = _ranked(on, column, draft)
    db.add(column)
    db.flush()
    shown = column_view(column)
    on.tell(ColumnCreated(column=shown, by=on.by), id)
    return shown


def change(db: Session, actor: Actor, column_id: UUID, wish: ColumnChange) -> ColumnView:
    """Only what is named changes. A limit below what stands there keeps others out, and moves nobody."""
    column, on = _held(db, actor, column_id, "column.change")
    check_column_open(on.board.id, column)
    for name in wish.model_fields_set:
        value = getattr(wish, name)
        if name == "colour":
            column.colour = value or ""
        elif name in {"soft_limit", "hard_limit"} or value is not None:
            setattr(column, name, value)
    return _told(on, column)


def move(db: Session, actor: Actor, column_id: UUID, wish: Beside) -> ColumnView:
    """Before or after another column, or to the end of the row."""
    column, on = _held(db, actor, column_id, "column.change")
    check_column_open(on.board.id, column)
    column.rank = _ranked(on, column, wish)
    return _told(on, column)


def archive(db: Session, actor: Actor, column_id: UUID, wish: ColumnArchive) -> ColumnView:
    """Put a column away, with its cards when that is said, or bring it back to where it is wished, the end of
    the row when that is not said.

    Raises Conflict `column.not_empty`. Either twice is no fault.
    """
    column, on = _held(db, actor, column_id, "column.archive")
    if wish.on == (column.archived_at is not None):
        return column_view(column)
    if wish.on:
        if not wish.cards and (cards := standing(db, column.id)):
            raise Conflict("column.not_empty", cards=cards)
        column.archived_at = now()
        column.rank = order.nowhere(column.id)
    else:
        column.archived_at = None
        column.rank = _ranked(on, column, wish)
    column.version += 1
    db.flush()
    shown = column_view(column)
    fact = ColumnArchived if wish.on else ColumnRestored
    on.tell(fact(column=shown, by=on.by), column.id)
    stage_work.tell_of(db, col(Card.column_id) == column.id)
    return shown


def _held(db: Session, actor: Actor, column_id: UUID, permission: str) -> tuple[BoardColumn, Writing]:
    known, _ = scope.of_column(db, actor, column_id, permission)
    on = on_board(db, actor, known.board_id, permission)
    return scope.load(db, BoardColumn, column_id, lock=True), on


def _ranked(on: Writing, column: BoardColumn, wish: Beside) -> str:
    def spaced(other: BoardColumn) -> None:
        on.tell(ColumnChanged(column=column_view(other), by=None), other.id)

    return order.place(on.db, column, col(BoardColumn.board_id) == on.board.id, wish, spaced=spaced)


def _told(on: Writing, column: BoardColumn) -> ColumnView:
    column.version += 1
    on.db.flush()
    shown = column_view(column)
    on.tell(ColumnChanged(column=shown, by=on.by), column.id)
    return shown
