"""A file becomes a board: shown first, then made whole or not at all, as often as one likes.

All of it is one transaction. A card is known by where it came from, so that bringing a file again into the
same board adds only what is new there, and changes nothing that somebody has worked on since.

A file may be 20 MB: what reads or writes all of it (`pack`, and what `opening` returns) is for a thread, outside
of every unit. One unit at a time writes on SQLite, and on PostgreSQL they run on the event loop.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.orm import defer
from sqlmodel import Session, col, delete, func, or_, select

from models.base import now
from models.board import Board
from models.board_import import BoardImport
from models.card import Card
from models.conference import Conference
from models.person import Person
from models.team import Membership, Team
from server.actions import board as boards
from server.actions import board_fill
from server.actions.card_log import Writing
from server.actions.publish import publish
from server.domain import board_sheet
from server.domain.board import LEASE_MINUTES, MOST_LABELS, BoardCreated, check_board_open, ref
from server.domain.board_file import BoardFile, FileCard, external, own_id
from server.domain.board_import import (
    SHOWN_CARDS,
    SHOWN_FAULTS,
    CardGlance,
    ColumnCount,
    Found,
    ImportDone,
    ImportPreview,
    ImportView,
    ImportWish,
    KnownBoard,
    Loss,
    Placeholder,
    RowProblem,
    SheetShape,
    check,
)
from server.domain.board_sheet import RowFault
from server.domain.errors import BadInput, NotFound
from server.domain.person import Actor, PersonView
from server.domain.person import view as person_view
from server.domain.programme_sheet import Table, guess
from server.domain.text import fold
from server.queries import scope
from server.queries.channels import team_channel
from server.queries.scope import Scope

KEPT = timedelta(days=1)
KEPT_OF_ONE = 3  # files of one person: each may be 20 MB
SHOWN_ROWS = 3
LOOKED_FOR = 500  # of a file's cards, to find the boards that hold it already


def zone_of(db: Session, actor: Actor, team_id: UUID) -> str:
    """By whose clock a file's days are read; asked, with the right to import, before it is opened."""
    team, _ = scope.of_team(db, actor, team_id, "board.manage")
    return scope.load(db, Conference, team.conference_id).zone


@dataclass(frozen=True)
class Packed:
    """A file as it is kept."""

    kind: str
    title: str
    content: str
    warnings: str
    sheet: SheetShape | None


@dataclass(frozen=True)
class Opened:
    """A kept file, read again."""

    file: BoardFile
    faults: Sequence[RowFault]
    losses: Mapping[str, int]


def pack(found: Found | Table, *, name: str) -> Packed:
    """What was read of a file, to be kept; a sheet is called by `name`."""
    if isinstance(found, Found):
        losses = json.dumps({code: count for code, count in found.warnings.items() if count})
        return Packed(found.kind, found.file.title, found.file.model_dump_json(), losses, None)
    shown = guess(found, board_sheet.HEADERS)
    sheet = SheetShape(columns=found.columns, rows=found.rows[:SHOWN_ROWS], count=len(found.rows), guess=shown)
    table = json.dumps({"title": name, "columns": found.columns, "rows": found.rows}, ensure_ascii=False)
    return Packed("sheet", name, table, "{}", sheet)


def keep(db: Session, actor: Actor, team_id: UUID, packed: Packed) -> ImportView:
    """Keep a file that was read, for a day, so that it can be looked at and then imported: one's latest few."""
    scope.of_team(db, actor, team_id, "board.manage")
    db.exec(delete(BoardImport).where(col(BoardImport.created_at) < now() - KEPT))
    mine = select(BoardImport.id).where(col(BoardImport.person_id) == actor.person_id)
    before = db.exec(mine.order_by(col(BoardImport.created_at).desc()).offset(KEPT_OF_ONE - 1)).all()
    db.exec(delete(BoardImport).where(col(BoardImport.id).in_(before)))
    row = BoardImport(
        team_id=team_id,
        person_id=actor.person_id,
        kind=packed.kind,
        content=packed.content,
        warnings=packed.warnings,
    )
    db.add(row)
    db.flush()
    told = {"id": row.id, "kind": row.kind, "title": packed.title, "sheet": packed.sheet}
    return ImportView.model_validate(told)


def opening(db: Session, actor: Actor, import_id: UUID, wish: ImportWish) -> Callable[[], Opened | None]:
    """What reads a kept file again, in up to a second. It gives None where the file is kept no longer, and raises
    what `check` does."""
    row = db.get(BoardImport, import_id)
    if row is None:
        return lambda: None
    team, _ = scope.of_team(db, actor, row.team_id, "board.manage")
    zone = scope.load(db, Conference, team.conference_id).zone
    return partial(_open, row, wish, actor.locale, zone)


def _open(row: BoardImport, wish: ImportWish, locale: str, zone: str) -> Opened:
    if row.kind == "sheet":
        told: Any = json.loads(row.content)
        table = Table("sheet", told["columns"], told["rows"])
        mapped = wish.mapped or guess(table, board_sheet.HEADERS)
        sheet = board_sheet.read(table, mapped, title=told["title"], locale=locale, zone=zone)
        opened = Opened(sheet.file, sheet.faults, {})
    else:
        opened = Opened(BoardFile.model_validate_json(row.content), (), json.loads(row.warnings))
    check(opened.file)
    return opened


def preview(db: Session, actor: Actor, import_id: UUID, wish: ImportWish, opened: Opened | None) -> ImportPreview:
    """What an import would do, changing nothing. Raises Conflict where a board to be filled has no room for it."""
    held = _held(db, actor, import_id, opened, lock=False)
    file = held.file
    board = _board(db, held, wish.board_id, lock=False)
    known = board_fill.known(db, board.id, file.cards) if board else set()
    new = [card for card in file.cards if card.id not in known]
    if board:
        board_fill.check_room(db, board, file, new)
    titles = {one.id: one.title for one in file.columns}
    labels = {one.id: one.name for one in file.labels}
    standing = Counter(card.column for card in file.cards)
    members = _members(db, held.team.id)
    placeholders = _placeholders(new, members)
    losses = dict(held.losses)
    unknown = sum(one.guess is None and one.name not in wish.people for one in placeholders)
    losses["labels"] = max(0, len(file.labels) + unknown - MOST_LABELS)
    return ImportPreview(
        columns=[
            ColumnCount(title=one.title, cards=standing[one.id], archived=one.archived) for one in file.columns
        ],
        new=len(new),
        known=len(known),
        archived=sum(card.archived_at is not None for card in new),
        labels=len(file.labels),
        items=sum(len(card.items) for card in new),
        comments=sum(len(card.comments) for card in new),
        attachments=sum(len(card.attachments) for card in new),
        cards=[
            CardGlance(
                title=card.title,
                column=titles[card.column],
                labels=[labels[id] for id in card.labels],
                people=card.people,
                due_day=card.due.day or (card.due.at.date() if card.due.at else None) if card.due else None,
                items=len(card.items),
                comments=len(card.comments),
            )
            for card in new[:SHOWN_CARDS]
        ],
        people=placeholders,
        members=members,
        warnings=[Loss.model_validate({"code": code, "count": count}) for code, count in losses.items() if count],
        wrong=len({fault.row for fault in held.faults}),
        problems=[
            RowProblem(row=fault.row, field=fault.field, code=fault.code) for fault in held.faults[:SHOWN_FAULTS]
        ],
        boards=_boards_with(db, held.team.id, file.cards),
    )


def bring(
    db: Session, actor: Actor, import_id: UUID, wish: ImportWish, opened: Opened | None, *, id: UUID
) -> ImportDone:
    """Make a new board of a file, or fill one: every card, or nothing.

    Raises BadInput `import.wrong_rows` for a sheet with a row that cannot be read, and Conflict when a limit of
    the board or the team would be passed. A file that has become a board already answers with that board.
    """
    held = _held(db, actor, import_id, opened, lock=True)
    if held.faults:
        raise BadInput("import.wrong_rows", rows=len({fault.row for fault in held.faults}))
    if wish.board_id is None and held.row.board_id is not None:
        made = db.get(Board, held.row.board_id)
        if made is not None:
            return ImportDone(board=ref(made), new=0, known=len(held.file.cards))
    board = _board(db, held, wish.board_id, lock=True)
    if board is None:
        board = _new_board(db, held, wish, id)
        held.row.board_id = board.id
    on = Writing(db, held.here, board, step=id)
    done = board_fill.fill(on, held.file, wish.people, told=wish.board_id is not None)
    if wish.board_id is None:
        publish(db, team_channel(held.team.id), BoardCreated(board=ref(board)), subject=board.id)
    return done


@dataclass(frozen=True)
class _Held:
    """An import inside its unit: its row but for `content`, which stays where it is, and the file it is."""

    row: BoardImport
    team: Team
    here: Scope
    file: BoardFile
    faults: Sequence[RowFault]
    losses: Mapping[str, int]


def _held(db: Session, actor: Actor, import_id: UUID, opened: Opened | None, *, lock: bool) -> _Held:
    known = _row(db, import_id, lock=False)
    team, here = scope.of_team(db, actor, known.team_id, "board.manage", lock=lock)
    row = _row(db, import_id, lock=lock)
    if opened is None:
        raise NotFound("not_found")
    return _Held(row, team, here, opened.file, opened.faults, opened.losses)


def _row(db: Session, import_id: UUID, *, lock: bool) -> BoardImport:
    wanted = select(BoardImport).where(col(BoardImport.id) == import_id)
    wanted = wanted.options(defer(BoardImport.content)).execution_options(populate_existing=lock)  # type: ignore[arg-type]
    row = db.exec(wanted.with_for_update() if lock else wanted).first()
    if row is None:
        raise NotFound("not_found")
    return row


def _board(db: Session, held: _Held, board_id: UUID | None, *, lock: bool) -> Board | None:
    if board_id is None:
        return None
    board, _ = scope.of_board(db, held.here.actor, board_id, "board.manage", lock=lock)
    if board.team_id != held.team.id:
        raise NotFound("not_found")
    check_board_open(board)
    return board


def _new_board(db: Session, held: _Held, wish: ImportWish, id: UUID) -> Board:
    boards.check_room(db, held.team.id)
    board = Board(
        id=id,
        team_id=held.team.id,
        title=wish.title or held.file.title,
        review=held.file.review,
        lease_minutes=LEASE_MINUTES,
    )
    db.add(board)
    db.flush()
    return board


def _boards_with(db: Session, team_id: UUID, file: Sequence[FileCard]) -> list[KnownBoard]:
    """The team's open boards that hold cards of a file, told by its first ones."""
    named = [external(card.id) for card in file[:LOOKED_FOR]]
    own = [id for card in file[:LOOKED_FOR] if (id := own_id(card.id)) is not None]
    counted = (
        select(Board, func.count(col(Card.id)))
        .join(Card, col(Card.board_id) == col(Board.id))
        .where(
            col(Board.team_id) == team_id,
            col(Board.archived_at).is_(None),
            or_(col(Card.external).in_(named), col(Card.id).in_(own)),
        )
        .group_by(*Board.__table__.columns)  # type: ignore[attr-defined]
        .order_by(col(Board.created_at).desc(), col(Board.id))
    )
    return [KnownBoard(board=ref(board), cards=count) for board, count in db.exec(counted)]


def _members(db: Session, team_id: UUID) -> list[PersonView]:
    wanted = (
        select(Person)
        .join(Membership, col(Membership.person_id) == col(Person.id))
        .where(col(Membership.team_id) == team_id)
        .order_by(col(Person.name), col(Person.id))
    )
    return [person_view(person) for person in db.exec(wanted)]


def _placeholders(file: Sequence[FileCard], members: Sequence[PersonView]) -> list[Placeholder]:
    having = Counter(name for card in file for name in card.people)
    alike: dict[str, list[UUID]] = {}
    for person in members:
        alike.setdefault(fold(person.name), []).append(person.id)
    guesses = {name: alike.get(fold(name), []) for name in having}
    return [
        Placeholder(name=name, cards=count, guess=guesses[name][0] if len(guesses[name]) == 1 else None)
        for name, count in having.most_common()
    ]
