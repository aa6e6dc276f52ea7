"""Boards: whole with their cards, one's own side of them, and what strangers see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, func, select

from models.board import Board, BoardColumn, BoardLabel, BoardNamed
from models.card import Card, CardLabel, CardPerson, CardWatch
from models.card_work import CardChange
from models.person import Person
from models.team import Team
from server.domain import board as boards
from server.domain import permissions
from server.domain.board import (
    BoardMine,
    BoardRef,
    BoardSnapshot,
    BoardView,
    PublicBoard,
    PublicCard,
    PublicColumn,
    label_view,
)
from server.domain.card_history import MOST_STEPS
from server.domain.errors import NotFound
from server.domain.person import Actor
from server.queries import cards, scope
from server.queries.channels import board_channel, person_channel, position


def of_team(db: Session, team_id: UUID) -> list[BoardRef]:
    """A team's boards, the oldest first."""
    wanted = select(Board).where(col(Board.team_id) == team_id).order_by(col(Board.created_at), col(Board.id))
    return [boards.ref(board) for board in db.exec(wanted)]


def first_open(db: Session, team_id: UUID) -> UUID | None:
    """The board that a link to a team's board opens."""
    wanted = select(Board.id).where(col(Board.team_id) == team_id, col(Board.archived_at).is_(None))
    return db.exec(wanted.order_by(col(Board.created_at), col(Board.id))).first()


def columns(db: Session, board_id: UUID) -> Sequence[BoardColumn]:
    wanted = select(BoardColumn).where(col(BoardColumn.board_id) == board_id)
    return db.exec(wanted.order_by(col(BoardColumn.rank))).all()


def labels(db: Session, board_id: UUID) -> Sequence[BoardLabel]:
    return db.exec(
        select(BoardLabel).where(col(BoardLabel.board_id) == board_id).order_by(col(BoardLabel.id))
    ).all()


def view(db: Session, board: Board, *, first: int | None = None) -> BoardView:
    here = (col(Card.board_id) == board.id, col(Card.archived_at).is_(None))
    standing = select(Card).where(*here).order_by(col(Card.rank), col(Card.id))
    if first is not None:
        place = func.row_number().over(partition_by=col(Card.column_id), order_by=(col(Card.rank), col(Card.id)))
        placed = select(col(Card.id), place.label("place")).where(*here).subquery()
        standing = standing.join(placed, placed.c.id == col(Card.id)).where(placed.c.place <= first)
    shown = cards.views(db, db.exec(standing).all())
    return boards.view(board, columns(db, board.id), labels(db, board.id), shown)


def snapshot(db: Session, actor: Actor, board_id: UUID, *, first: int | None = None) -> BoardSnapshot:
    """The board; or of each column only the first cards, to be looked at while the others come."""
    board, _ = scope.of_board(db, actor, board_id, "board.show")
    return BoardSnapshot(position=position(db, board_channel(board_id)), board=view(db, board, first=first))


def mine(db: Session, actor: Actor, board_id: UUID) -> BoardMine:
    _, here = scope.of_board(db, actor, board_id, "board.show")
    me = actor.person_id
    watching = (
        select(CardWatch.card_id)
        .join(Card, col(Card.id) == col(CardWatch.card_id))
        .where(col(CardWatch.person_id) == me, col(Card.board_id) == board_id, col(Card.archived_at).is_(None))
    )
    return BoardMine(
        position=position(db, person_channel(me)),
        watching=sorted(db.exec(watching)),
        named=db.get(BoardNamed, (board_id, me)) is not None,
        undo=steps(db, me, board_id, "done"),
        redo=steps(db, me, board_id, "undone"),
        permissions=permissions.granted(here.roles),
    )


def steps(db: Session, person_id: UUID, board_id: UUID, state: str) -> int:
    """How many steps of one's own are in a state, as far as they count."""
    mine = (col(CardChange.person_id) == person_id, col(CardChange.board_id) == board_id)
    counted = select(func.count(func.distinct(col(CardChange.step)))).where(*mine, col(CardChange.state) == state)
    return min(MOST_STEPS, db.exec(counted).one())


def public(db: Session, token: str) -> PublicBoard:
    """A board by its link. Raises NotFound, too, when the link was ended or the board put away."""
    board = db.exec(select(Board).where(col(Board.public_token) == token)).first()
    if board is None or board.archived_at is not None:
        raise NotFound("not_found")
    open_columns = [column for column in columns(db, board.id) if column.archived_at is None]
    rows = db.exec(
        select(Card)
        .where(col(Card.column_id).in_([column.id for column in open_columns]), col(Card.archived_at).is_(None))
        .order_by(col(Card.rank), col(Card.id))
    ).all()
    done = {column.id for column in open_columns if column.done}
    names, worn = _named(db, board.id), _worn(db, board.id)
    return PublicBoard(
        title=board.title,
        team=scope.load(db, Team, board.team_id).title,
        columns=[
            PublicColumn(id=column.id, title=column.title, colour=column.colour or None) for column in open_columns
        ],
        labels=[label_view(label) for label in labels(db, board.id)],
        cards=[
            PublicCard(
                number=row.number,
                column_id=row.column_id,
                title=row.title,
                description=row.description,
                labels=sorted(worn[row.id]),
                people=names[row.id],
                items=row.items,
                items_done=row.items_done,
                done=row.column_id in done,
            )
            for row in rows
        ],
    )


def _named(db: Session, board_id: UUID) -> dict[UUID, list[str]]:
    """The names on each card of those who agreed to be named."""
    found: dict[UUID, list[str]] = defaultdict(list)
    agreed = (
        select(CardPerson.card_id, Person.name)
        .join(Person, col(Person.id) == col(CardPerson.person_id))
        .join(
            BoardNamed,
            (col(BoardNamed.person_id) == col(CardPerson.person_id)) & (col(BoardNamed.board_id) == board_id),
        )
        .join(Card, col(Card.id) == col(CardPerson.card_id))
        .where(col(Card.board_id) == board_id)
        .order_by(col(CardPerson.at), col(Person.id))
    )
    for card_id, name in db.exec(agreed):
        found[card_id].append(name)
    return found


def _worn(db: Session, board_id: UUID) -> dict[UUID, list[UUID]]:
    found: dict[UUID, list[UUID]] = defaultdict(list)
    rows = (
        select(CardLabel).join(Card, col(Card.id) == col(CardLabel.card_id)).where(col(Card.board_id) == board_id)
    )
    for row in db.exec(rows):
        found[row.card_id].append(row.label_id)
    return found
