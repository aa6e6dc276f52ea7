"""A team's board: columns in a row, cards in an order that its people decide."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from models.team import Board, BoardColumn, Card
from server.domain.text import CardTitle
from server.domain.view import Fact, Position, View


class ColumnView(View):
    id: UUID
    title: str
    rank: str


class CardView(View):
    id: UUID
    board_id: UUID
    column_id: UUID
    rank: str
    title: str
    version: int


class BoardView(View):
    id: UUID
    team_id: UUID
    title: str
    columns: list[ColumnView]
    cards: list[CardView]
    version: int


class BoardSnapshot(View):
    position: Position
    board: BoardView


class CardDraft(View):
    column_id: UUID
    title: CardTitle


class CardRename(View):
    title: CardTitle


class CardMove(View):
    """Where to, by intent: before or after which card; neither means to the end of the column."""

    column_id: UUID
    before: UUID | None = None
    after: UUID | None = None


class CardCreated(Fact, name="card.created", channels=("board",)):
    card: CardView


class CardRenamed(Fact, name="card.renamed", channels=("board",)):
    card: CardView


class CardMoved(Fact, name="card.moved", channels=("board",)):
    card: CardView


def card_view(card: Card) -> CardView:
    return CardView.model_validate({name: getattr(card, name) for name in CardView.model_fields})


def view(board: Board, columns: Sequence[BoardColumn], cards: Sequence[Card]) -> BoardView:
    return BoardView(
        id=board.id,
        team_id=board.team_id,
        title=board.title,
        columns=[ColumnView(id=column.id, title=column.title, rank=column.rank) for column in columns],
        cards=[card_view(card) for card in cards],
        version=board.version,
    )
