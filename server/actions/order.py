"""Places in an order: columns on a board, cards in a column, items on a card.

Whoever calls holds the board's row lock. A place is asked for by intent, and made between the real neighbours;
when a rank would grow too long, the whole order is spaced anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from models.board import BoardColumn
from models.card import Card, CardItem
from server.domain import rank
from server.domain.board import Beside

Row = TypeVar("Row", BoardColumn, Card, CardItem)
NOWHERE = "~"  # above every rank that is made: what has no place begins with it


def place(
    db: Session, row: Row, where: ColumnElement[bool], wish: Beside, *, spaced: Callable[[Row], object]
) -> str:
    """The rank for a row among those of `where`: before or after another, or at the end.

    A neighbour that has left means the end. `spaced` is called for each row that had to be given another rank.
    """
    found = _between(db, type(row), row.id, where, wish)
    if len(found) <= rank.LONGEST:
        return found
    row.rank = nowhere(row.id)  # its own rank must not be in the way when the others are respaced
    respace(db, type(row), row.id, where, spaced)
    return _between(db, type(row), row.id, where, wish)


def nowhere(id: UUID) -> str:
    """A rank that no other row has, and that `rank.between` never makes."""
    return f"{NOWHERE}{id}"


def _between(db: Session, table: type[Row], id: UUID, where: ColumnElement[bool], wish: Beside) -> str:
    ranks = col(table.rank)
    here = (where, col(table.id) != id, ranks < NOWHERE)

    def of(neighbour: UUID | None) -> str | None:
        if neighbour is None:
            return None
        return db.exec(select(ranks).where(*here, col(table.id) == neighbour)).first()

    if (high := of(wish.before)) is not None:
        return rank.between(db.exec(select(func.max(ranks)).where(*here, ranks < high)).one(), high)
    if (low := of(wish.after)) is not None:
        return rank.between(low, db.exec(select(func.min(ranks)).where(*here, ranks > low)).one())
    return rank.between(db.exec(select(func.max(ranks)).where(*here)).one(), None)


def respace(
    db: Session, table: type[Row], id: UUID, where: ColumnElement[bool], spaced: Callable[[Row], object]
) -> None:
    """Space a whole order anew but for one row; in two steps, as no two rows share a rank even in passing."""
    wanted = select(table).where(where, col(table.id) != id, col(table.rank) < NOWHERE)
    wanted = wanted.order_by(col(table.rank), col(table.id)).execution_options(populate_existing=True)
    rows = list(db.exec(wanted))
    for row in rows:
        row.rank = nowhere(row.id)
    db.flush()
    for row, given in zip(rows, rank.spread(len(rows)), strict=True):
        row.rank = given
        row.version += 1
    db.flush()
    for row in rows:
        spaced(row)


def beside(db: Session, row: Card | CardItem | BoardColumn, where: ColumnElement[bool]) -> Beside:
    """Where a row stands now, as an intent to come back there."""
    ranks = col(type(row).rank)
    here = select(type(row).id).where(where, ranks < NOWHERE)
    if row.rank >= NOWHERE:
        return Beside()
    return Beside(
        after=db.exec(here.where(ranks < row.rank).order_by(ranks.desc()).limit(1)).first(),
        before=db.exec(here.where(ranks > row.rank).order_by(ranks).limit(1)).first(),
    )
