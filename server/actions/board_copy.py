"""Copying a board: its columns, labels and rules, and, when that is asked for, its cards."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from sqlmodel import Session, col, select

from models.base import new_id, now
from models.board import Board, BoardColumn, BoardLabel
from models.card import Card, CardItem, CardLabel
from server.actions.card_log import Writing
from server.domain.board import BoardCopy
from server.queries import boards
from server.queries.scope import Scope

Twins = Mapping[UUID, UUID]  # by the id of what was copied


def copy(db: Session, here: Scope, source: Board, wish: BoardCopy, *, id: UUID) -> Board:
    board = Board(
        id=id,
        team_id=source.team_id,
        title=wish.title,
        review=source.review,
        lease_minutes=source.lease_minutes,
    )
    db.add(board)
    db.flush()
    columns = _columns(db, source.id, board.id)
    labels = _labels(db, source.id, board.id)
    db.flush()
    if wish.cards:
        _cards(Writing(db, here, board), source.id, columns, labels)
    return board


def _columns(db: Session, source_id: UUID, board_id: UUID) -> dict[UUID, BoardColumn]:
    twins = {}
    for row in boards.columns(db, source_id):
        if row.archived_at is None:
            kept = row.model_dump(include={"title", "rank", "colour", "soft_limit", "hard_limit", "done"})
            twins[row.id] = BoardColumn(id=new_id(), board_id=board_id, **kept)
    db.add_all(twins.values())
    return twins


def _labels(db: Session, source_id: UUID, board_id: UUID) -> Twins:
    rows = boards.labels(db, source_id)
    made = {row.id: BoardLabel(id=new_id(), board_id=board_id, name=row.name, colour=row.colour) for row in rows}
    db.add_all(made.values())
    return {id: row.id for id, row in made.items()}


def _cards(on: Writing, source_id: UUID, columns: Mapping[UUID, BoardColumn], labels: Twins) -> None:
    db = on.db
    standing = (
        select(Card)
        .where(
            col(Card.board_id) == source_id,
            col(Card.archived_at).is_(None),
            col(Card.column_id).in_(list(columns)),
        )
        .order_by(col(Card.number))
    )
    kept = {"rank", "title", "description", "folded", "start_day", "due_day", "due_at", "size_minutes", "skill"}
    twins: dict[UUID, UUID] = {}
    rows = db.exec(standing).all()
    for row in rows:
        on.board.cards_made += 1
        column = columns[row.column_id]
        twin = Card(
            board_id=on.board.id,
            column_id=column.id,
            number=on.board.cards_made,
            created_by=on.actor.person_id,
            done_at=now() if column.done else None,
            **row.model_dump(include={*kept, "language", "seats", "items", "items_done"}),
        )
        twins[row.id] = twin.id
        db.add(twin)
        on.keep(twin, "created", None, twin.title)
    db.flush()
    _what_hangs_on_them(db, twins, labels)


def _what_hangs_on_them(db: Session, twins: Twins, labels: Twins) -> None:
    for label in db.exec(select(CardLabel).where(col(CardLabel.card_id).in_(list(twins)))):
        db.add(CardLabel(card_id=twins[label.card_id], label_id=labels[label.label_id]))
    items = select(CardItem).where(col(CardItem.card_id).in_(list(twins)), col(CardItem.removed_at).is_(None))
    for item in db.exec(items):
        kept = item.model_dump(include={"text", "checklist", "rank", "done_at"})
        db.add(CardItem(card_id=twins[item.card_id], **kept))
    db.flush()
