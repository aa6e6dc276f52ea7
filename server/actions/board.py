"""Boards of a team: made from a template, changed, put away, copied, and shown to strangers by a link."""

from __future__ import annotations

import secrets
from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, func, select

from models.base import new_id, now
from models.board import Board, BoardColumn, BoardLabel, BoardNamed
from models.card import Card
from models.conference import Conference
from models.team import Team
from server.actions import board_copy, card, stage_work
from server.actions.card_log import Writing
from server.actions.publish import publish
from server.domain import rank
from server.domain.board import (
    LEASE_MINUTES,
    MOST_BOARDS,
    BoardChange,
    BoardChanged,
    BoardCopy,
    BoardCreated,
    BoardDraft,
    BoardRef,
    check_board_open,
    ref,
)
from server.domain.card import CardDraft
from server.domain.errors import Conflict
from server.domain.person import Actor
from server.queries import scope
from server.queries.channels import board_channel, team_channel
from server.queries.scope import Scope
from server.templates import template

TOKEN_BYTES = 16  # 128 bits: nobody finds it by trying


def create(db: Session, actor: Actor, team_id: UUID, draft: BoardDraft, *, id: UUID) -> BoardRef:
    """Make a board from a template, in the language that is asked for, else the conference's."""
    team, here = scope.of_team(db, actor, team_id, "board.manage", lock=True)
    check_room(db, team_id)
    locale = draft.locale or scope.load(db, Conference, team.conference_id).locale
    return lay_out(db, here, team, draft.title, template=draft.template, locale=locale, id=id)


def lay_out(db: Session, here: Scope, team: Team, title: str, *, template: str, locale: str, id: UUID) -> BoardRef:
    """The same for who holds the team already."""
    board = Board(id=id, team_id=team.id, title=title, lease_minutes=LEASE_MINUTES)
    db.add(board)
    db.flush()
    _fill(Writing(db, here, board), template, locale)
    db.flush()
    shown = ref(board)
    publish(db, team_channel(team.id), BoardCreated(board=shown), subject=id)
    return shown


def _fill(on: Writing, name: str, locale: str) -> None:
    """Columns, labels and first cards of a template."""
    made = template(name, locale)
    on.board.review = made.review
    labels = {one.name: BoardLabel(board_id=on.board.id, name=one.name, colour=one.colour) for one in made.labels}
    on.db.add_all(labels.values())
    columns = []
    for one, place in zip(made.columns, rank.spread(len(made.columns)), strict=True):
        columns.append(
            BoardColumn(
                board_id=on.board.id,
                title=one.title,
                rank=place,
                colour=one.colour,
                soft_limit=one.soft_limit,
                done=one.done,
            )
        )
    on.db.add_all(columns)
    on.db.flush()
    for first in made.cards:
        draft = CardDraft(
            column_id=columns[first.column].id,
            title=first.title,
            description=first.description,
            labels=tuple(labels[label].id for label in first.labels),
            size_minutes=first.size_minutes,
        )
        card.made(on, draft, id=new_id())


def change(db: Session, actor: Actor, board_id: UUID, wish: BoardChange) -> BoardRef:
    """Rename a board, change how it works, put it away or bring it back, open or end its public link."""
    board, _ = scope.of_board(db, actor, board_id, "board.manage", lock=True)
    if wish.archived is not False:
        check_board_open(board)
    board.title = wish.title or board.title
    board.lease_minutes = wish.lease_minutes or board.lease_minutes
    if wish.review is not None:
        board.review = wish.review
    if wish.archived is not None:
        board.archived_at = (board.archived_at or now()) if wish.archived else None
        db.flush()
        stage_work.tell_of(db, col(Card.board_id) == board_id)
    if wish.public is not None:
        board.public_token = (board.public_token or secrets.token_urlsafe(TOKEN_BYTES)) if wish.public else None
    board.version += 1
    shown = ref(board)
    for channel in (board_channel(board_id), team_channel(board.team_id)):
        publish(db, channel, BoardChanged(board=shown), subject=board_id)
    return shown


def copy(db: Session, actor: Actor, board_id: UUID, wish: BoardCopy, *, id: UUID) -> BoardRef:
    """A new board with the same columns, labels and rules, and the same cards when that is asked for.

    The cards come without people, comments, claims and history.
    """
    known = scope.load(db, Board, board_id)
    team, here = scope.of_team(db, actor, known.team_id, "board.manage", lock=True)
    check_room(db, team.id)
    source, _ = scope.of_board(db, actor, board_id, "board.manage", lock=True)
    made = board_copy.copy(db, here, source, wish, id=id)
    shown = ref(made)
    publish(db, team_channel(team.id), BoardCreated(board=shown), subject=id)
    return shown


def name(db: Session, actor: Actor, board_id: UUID, *, on: bool) -> None:
    """Agree to be named on a board's public page, or no longer."""
    scope.of_board(db, actor, board_id, "board.show")
    if on:
        dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
        row = dialect.insert(BoardNamed).values(board_id=board_id, person_id=actor.person_id)
        db.connection().execute(row.on_conflict_do_nothing())
    elif (held := db.get(BoardNamed, (board_id, actor.person_id))) is not None:
        db.delete(held)


def check_room(db: Session, team_id: UUID) -> None:
    here = (col(Board.team_id) == team_id, col(Board.archived_at).is_(None))
    if db.exec(select(func.count()).select_from(Board).where(*here)).one() >= MOST_BOARDS:
        raise Conflict("board.too_many", limit=MOST_BOARDS)
