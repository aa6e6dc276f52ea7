"""A board's labels."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session, col, func, select

from models.board import Board, BoardLabel
from server.actions.card_log import on_board
from server.actions.publish import publish
from server.domain.board import (
    MOST_LABELS,
    LabelChange,
    LabelChanged,
    LabelDraft,
    LabelRemoved,
    LabelView,
    check_board_open,
    label_view,
)
from server.domain.errors import Conflict
from server.domain.person import Actor
from server.queries import scope
from server.queries.channels import board_channel


def create(db: Session, actor: Actor, board_id: UUID, draft: LabelDraft, *, id: UUID) -> LabelView:
    on_board(db, actor, board_id, "label.change")
    held = select(func.count()).select_from(BoardLabel).where(col(BoardLabel.board_id) == board_id)
    if db.exec(held).one() >= MOST_LABELS:
        raise Conflict("label.too_many", limit=MOST_LABELS)
    label = BoardLabel(id=id, board_id=board_id, name=draft.name, colour=draft.colour or "")
    db.add(label)
    db.flush()
    return _told(db, label)


def change(db: Session, actor: Actor, label_id: UUID, wish: LabelChange) -> LabelView:
    label = _held(db, actor, label_id)
    label.name = wish.name or label.name
    if "colour" in wish.model_fields_set:
        label.colour = wish.colour or ""
    label.version += 1
    return _told(db, label)


def remove(db: Session, actor: Actor, label_id: UUID) -> None:
    """Take a label away, from all cards too."""
    label = _held(db, actor, label_id)
    db.delete(label)
    db.flush()
    publish(db, board_channel(label.board_id), LabelRemoved(label_id=label_id), subject=label_id)


def _held(db: Session, actor: Actor, label_id: UUID) -> BoardLabel:
    label, _ = scope.of_label(db, actor, label_id, "label.change", lock=True)
    check_board_open(db.get_one(Board, label.board_id))
    return label


def _told(db: Session, label: BoardLabel) -> LabelView:
    shown = label_view(label)
    publish(db, board_channel(label.board_id), LabelChanged(label=shown), subject=label.id)
    return shown
