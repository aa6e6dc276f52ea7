"""Cards: made, renamed, moved by intent.

Every change of order happens under the board's row lock, so that two people dragging the same card, or
two cards to the same place, get one order that all agree on.
"""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session, col, select

from models.team import BoardColumn, Card
from server.actions.publish import publish
from server.domain import rank
from server.domain.board import (
    CardCreated,
    CardDraft,
    CardMove,
    CardMoved,
    CardRenamed,
    CardView,
    card_view,
)
from server.domain.errors import NotFound
from server.domain.person import Actor
from server.queries import scope
from server.queries.channels import board_channel


def create(db: Session, actor: Actor, board_id: UUID, draft: CardDraft, *, id: UUID) -> CardView:
    """Put a new card at the end of a column."""
    scope.of_board(db, actor, board_id, "card.create", lock=True)
    _column(db, board_id, draft.column_id)
    card = Card(
        id=id,
        board_id=board_id,
        column_id=draft.column_id,
        rank=_rank_at(db, _others(db, draft.column_id, id), None),
        title=draft.title,
        created_by=actor.person_id,
    )
    db.add(card)
    shown = card_view(card)
    publish(db, board_channel(board_id), CardCreated(card=shown), subject=id)
    return shown


def rename(db: Session, actor: Actor, card_id: UUID, title: str) -> CardView:
    card, _ = scope.of_card(db, actor, card_id, "card.rename", lock=True)
    card.title = title
    card.version += 1
    shown = card_view(card)
    publish(db, board_channel(card.board_id), CardRenamed(card=shown), subject=card.id)
    return shown


def move(db: Session, actor: Actor, card_id: UUID, wish: CardMove) -> CardView:
    """Move a card before or after another, or to the end. A neighbour that has left means the end."""
    card, _ = scope.of_card(db, actor, card_id, "card.move", lock=True)
    _column(db, card.board_id, wish.column_id)
    others = _others(db, wish.column_id, card.id)
    card.rank = _nowhere(card)  # its own place must not be in the way when the others are respaced
    card.column_id, card.rank = wish.column_id, _rank_at(db, others, _place(others, wish))
    card.version += 1
    shown = card_view(card)
    publish(db, board_channel(card.board_id), CardMoved(card=shown), subject=card.id)
    return shown


def _column(db: Session, board_id: UUID, column_id: UUID) -> BoardColumn:
    column = db.get(BoardColumn, column_id)
    if column is None or column.board_id != board_id:
        raise NotFound("column.unknown")
    return column


def _others(db: Session, column_id: UUID, card_id: UUID) -> list[Card]:
    """The column's cards in order, without the one that moves; read afresh under the board's lock."""
    wanted = (
        select(Card)
        .where(col(Card.column_id) == column_id, col(Card.id) != card_id)
        .order_by(col(Card.rank), col(Card.id))
        .execution_options(populate_existing=True)
    )
    return list(db.exec(wanted))


def _place(others: list[Card], wish: CardMove) -> int | None:
    """The index the card will have among the others; None is the end."""
    for index, other in enumerate(others):
        if wish.before == other.id:
            return index
        if wish.after == other.id:
            return index + 1
    return None


def _rank_at(db: Session, others: list[Card], place: int | None) -> str:
    index = len(others) if place is None else place
    low = others[index - 1].rank if index > 0 else None
    high = others[index].rank if index < len(others) else None
    found = rank.between(low, high)
    if len(found) <= rank.LONGEST:
        return found
    _respace(db, others)
    return _rank_at(db, others, place)


def _respace(db: Session, cards: list[Card]) -> None:
    """Give a column short ranks again, each card told of as moved.

    In two steps, because two cards of a column never share a rank, not even in passing.
    """
    for card in cards:
        card.rank = _nowhere(card)
    db.flush()
    for card, place in zip(cards, rank.spread(len(cards)), strict=True):
        card.rank = place
        card.version += 1
        publish(db, board_channel(card.board_id), CardMoved(card=card_view(card)), subject=card.id)
    db.flush()


def _nowhere(card: Card) -> str:
    """A rank that no other card has, and that `rank.between` never makes."""
    return f"~{card.id}"
