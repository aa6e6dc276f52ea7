"""Putting a board file onto a board whose lock is held: columns, labels, cards, and what hangs on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlmodel import Session, col, func, or_, select

from models.base import Table, new_id, now
from models.board import Board, BoardColumn, BoardLabel
from models.card import Card, CardAttachment, CardComment, CardItem, CardLabel, CardLink, CardPerson, CardWatch
from models.card_work import CardChange
from models.team import Membership
from server.actions import card as cards_of
from server.actions import order
from server.actions.card_log import Writing
from server.domain import rank
from server.domain.board import (
    MOST_CARDS,
    MOST_COLUMNS,
    MOST_LABELS,
    ColumnCreated,
    LabelChanged,
    column_view,
    label_view,
    ref,
)
from server.domain.board import check_room as check_column
from server.domain.board_file import BoardFile, FileCard, external, own_id
from server.domain.board_import import INTO_BOARD, ImportDone
from server.domain.card import CardCreated, CardMoved
from server.domain.errors import Conflict
from server.domain.text import fold
from server.queries import cards

JSON = dict[str, Any]
AT_ONCE = 500  # rows or ids in one statement
PLACEHOLDER = "@"  # a label with it stands for somebody who is not here


def fill(on: Writing, file: BoardFile, people: Mapping[str, UUID], *, told: bool) -> ImportDone:
    """Every card of the file that is not there yet, or nothing. `told`: somebody may have the board open."""
    return _Filling(on, file, people, told=told).fill()


def known(db: Session, board_id: UUID, file: Sequence[FileCard]) -> set[str]:
    """Which cards of a file are on a board already, in whatever state."""
    found: set[str] = set()
    for start in range(0, len(file), AT_ONCE):
        part = file[start : start + AT_ONCE]
        own = {id: card.id for card in part if (id := own_id(card.id)) is not None}
        named = {external(card.id): card.id for card in part}
        rows = db.exec(
            select(Card.id, Card.external).where(
                col(Card.board_id) == board_id,
                or_(col(Card.external).in_(list(named)), col(Card.id).in_(list(own))),
            )
        ).all()
        found |= {own[id] for id, _ in rows if id in own} | {named[name] for _, name in rows if name in named}
    return found


def check_room(db: Session, board: Board, file: BoardFile, new: Sequence[FileCard]) -> None:
    """Raises the Conflict that filling a board with these would: its limits, those of its columns, and what people
    who have it open can be told at once."""
    if len(new) > INTO_BOARD:
        raise Conflict("import.many_new", limit=INTO_BOARD)
    here = (col(Card.board_id) == board.id, col(Card.archived_at).is_(None))
    counted = select(Card.column_id, func.count()).where(*here).group_by(col(Card.column_id))
    standing = dict(db.exec(counted).all())
    coming = Counter(card.column for card in new if card.archived_at is None)
    if sum(standing.values()) + coming.total() > MOST_CARDS:
        raise Conflict("card.too_many", limit=MOST_CARDS)
    there = _columns_of(db, board.id)
    named = _open(there)
    used = {card.column for card in new}
    fresh = [one for one in file.columns if one.id in used and fold(one.title) not in named]
    kept = sum(row.archived_at is None for row in there)
    if kept + sum(not one.archived for one in fresh) > MOST_COLUMNS:
        raise Conflict("column.too_many", limit=MOST_COLUMNS)
    for one in fresh:
        check_column(one, 0, more=coming[one.id])
    more: Counter[str] = Counter()
    for one in file.columns:
        more[fold(one.title)] += coming[one.id]
    for name, row in named.items():
        if more[name]:
            check_column(row, standing.get(row.id, 0), more=more[name])


def _columns_of(db: Session, board_id: UUID) -> list[BoardColumn]:
    wanted = select(BoardColumn).where(col(BoardColumn.board_id) == board_id)
    return list(db.exec(wanted.order_by(col(BoardColumn.rank))))


def _open(columns: Sequence[BoardColumn]) -> dict[str, BoardColumn]:
    """Those in use by their names; of two of one name the first."""
    return {fold(row.title): row for row in reversed(columns) if row.archived_at is None}


class _Filling:
    """All rows of a file, put onto a board whose lock is held."""

    def __init__(self, on: Writing, file: BoardFile, people: Mapping[str, UUID], *, told: bool) -> None:
        self._on = on
        self._db = on.db
        self._board = on.board
        self._file = file
        self._told = told  # somebody may have the board open
        self._people = people
        self._at = now()

    def fill(self) -> ImportDone:
        there = known(self._db, self._board.id, self._file.cards) if self._told else set()
        new = [card for card in self._file.cards if card.id not in there]
        self._check_room(new)
        columns = self._columns(new)
        labels = self._labels(new)
        made = self._cards(new, columns)
        self._what_hangs(new, made, labels)
        self._db.flush()
        if self._told:
            rows = [made[card.id] for card in new]
            for row, shown in zip(rows, cards.views(self._db, rows), strict=True):
                if row.archived_at is None:
                    self._on.tell(CardCreated(card=shown, by=self._on.by), row.id)
        return ImportDone(board=ref(self._board), new=len(new), known=len(there))

    def _check_room(self, new: Sequence[FileCard]) -> None:
        if self._told:
            check_room(self._db, self._board, self._file, new)
        if len(set(self._people.values()) - self._team(self._people.values())):
            raise Conflict("assign.not_member")

    def _team(self, ids: Collection[UUID]) -> set[UUID]:
        wanted = select(Membership.person_id).where(
            col(Membership.team_id) == self._board.team_id, col(Membership.person_id).in_(list(ids))
        )
        return set(self._db.exec(wanted)) if ids else set()

    def _columns(self, new: Sequence[FileCard]) -> dict[str, BoardColumn]:
        """Those of the file: of a board that is filled those of the same name, else new ones at the end."""
        there = _columns_of(self._db, self._board.id)
        named = _open(there)
        wanted = {card.column for card in new}
        found: dict[str, BoardColumn] = {}
        fresh: list[BoardColumn] = []
        last = max((row.rank for row in there if row.archived_at is None), default="")
        places = rank.spread(len(self._file.columns))
        for one, place in zip(self._file.columns, places, strict=True):
            if self._told and (one.id not in wanted or fold(one.title) in named):
                if fold(one.title) in named:
                    found[one.id] = named[fold(one.title)]
                continue
            row = BoardColumn(
                id=new_id(),
                board_id=self._board.id,
                title=one.title,
                rank=last + place,
                colour=one.colour or "",
                soft_limit=one.soft_limit,
                hard_limit=one.hard_limit,
                done=one.done,
                archived_at=self._at if one.archived else None,
            )
            if one.archived:
                row.rank = order.nowhere(row.id)
            found[one.id] = row
            fresh.append(row)
        self._db.add_all(fresh)
        self._db.flush()
        for row in fresh if self._told else ():
            self._on.tell(ColumnCreated(column=column_view(row), by=self._on.by), row.id)
        return found

    def _labels(self, new: Sequence[FileCard]) -> dict[str, UUID]:
        """By the ids of the file, and by name those of people who are not here, as far as there is room."""
        mine = col(BoardLabel.board_id) == self._board.id
        named = {fold(row.name): row.id for row in self._db.exec(select(BoardLabel).where(mine))}
        held = len(named)
        found: dict[str, UUID] = {}
        fresh: list[BoardLabel] = []

        def stick(id: str, name: str, colour: str, same: str) -> None:
            if self._told and same in named:
                found[id] = named[same]
            elif held + len(fresh) < MOST_LABELS:
                row = BoardLabel(id=new_id(), board_id=self._board.id, name=name, colour=colour)
                fresh.append(row)
                found[id] = row.id

        used = {id for card in new for id in card.labels}
        for one in self._file.labels:
            if not self._told or one.id in used:
                stick(one.id, one.name, one.colour or "", fold(one.name))
        for name in dict.fromkeys(name for card in new for name in card.people):
            if name not in self._people:
                shown = f"{PLACEHOLDER}{name}"[:40].strip()
                stick(_absent(name), shown, "slate", fold(shown))
        self._db.add_all(fresh)
        self._db.flush()
        for row in fresh if self._told else ():
            self._on.tell(LabelChanged(label=label_view(row)), row.id)
        return found

    def _cards(self, new: Sequence[FileCard], columns: Mapping[str, BoardColumn]) -> dict[str, Card]:
        numbers = [card.number for card in new]
        kept = not self._told and None not in numbers and len(set(numbers)) == len(numbers)
        ranks = self._ranks(new, columns)
        made: dict[str, Card] = {}
        for one in new:
            column = columns[one.column]
            id = new_id()
            self._board.cards_made += 1
            made[one.id] = Card(
                id=id,
                board_id=self._board.id,
                column_id=column.id,
                rank=order.nowhere(id) if one.archived_at else ranks[one.id],
                number=one.number if kept and one.number else self._board.cards_made,
                **cards_of.as_told(one),
                external=external(one.id)[:120],
                items=len(one.items),
                items_done=sum(item.done for item in one.items),
                comments=len(one.comments),
                attachments=len(one.attachments),
                done_at=one.done_at or (self._at if column.done else None),
                archived_at=one.archived_at,
                created_at=one.created_at or self._at,
                created_by=self._on.actor.person_id,
            )
        if kept:
            self._board.cards_made = max((card.number for card in made.values()), default=0)
        self._put(Card, [card.model_dump() for card in made.values()])
        return made

    def _ranks(self, new: Sequence[FileCard], columns: Mapping[str, BoardColumn]) -> dict[str, str]:
        """Behind what stands in each column, in the order of the file."""
        coming: dict[UUID, list[str]] = {}
        for card in new:
            if card.archived_at is None:
                coming.setdefault(columns[card.column].id, []).append(card.id)
        found: dict[str, str] = {}
        for column_id, ids in coming.items():
            standing = (col(Card.column_id) == column_id, col(Card.archived_at).is_(None))
            last = self._db.exec(select(func.max(col(Card.rank))).where(*standing)).one()
            if last and len(last) > rank.LONGEST:
                order.respace(self._db, Card, new_id(), col(Card.column_id) == column_id, self._moved)
                last = self._db.exec(select(func.max(col(Card.rank))).where(*standing)).one()
            found |= {id: (last or "") + place for id, place in zip(ids, rank.spread(len(ids)), strict=True)}
        return found

    def _moved(self, card: Card) -> None:
        self._on.tell(CardMoved(card=cards.view(self._db, card), by=None), card.id)

    def _what_hangs(self, new: Sequence[FileCard], made: Mapping[str, Card], labels: Mapping[str, UUID]) -> None:
        links: set[tuple[UUID, UUID]] = set()
        seated: list[tuple[UUID, UUID]] = []
        for one in new:
            here = dict.fromkeys(self._people[name] for name in one.people if name in self._people)
            seated += [(made[one.id].id, person_id) for person_id in list(here)[: one.seats]]
            ends = [sorted((made[one.id].id, made[id].id)) for id in one.links if id in made and id != one.id]
            links |= {(low, high) for low, high in ends}
        self._put(CardLabel, [row for one in new for row in _stuck(one, made[one.id], labels)])
        self._put(CardPerson, [{"card_id": card, "person_id": id, "at": self._at} for card, id in seated])
        self._put(CardWatch, [{"card_id": card, "person_id": id} for card, id in seated])
        self._put(CardItem, [row for one in new for row in self._items(one, made[one.id].id)])
        self._put(CardComment, [row for one in new for row in self._comments(one, made[one.id].id)])
        self._put(CardAttachment, [row for one in new for row in self._links(one, made[one.id].id)])
        self._put(CardLink, [{"card_id": low, "other_id": high} for low, high in sorted(links)])
        self._put(CardChange, [self._change(made[one.id]) for one in new])

    def _items(self, one: FileCard, card_id: UUID) -> Iterator[JSON]:
        for item, place in zip(one.items, rank.spread(len(one.items)), strict=True):
            yield {
                "id": new_id(),
                "card_id": card_id,
                "text": item.text,
                "checklist": item.checklist,
                "rank": place,
                "done_at": self._at if item.done else None,
                "version": 1,
            }

    def _comments(self, one: FileCard, card_id: UUID) -> Iterator[JSON]:
        for place, said in enumerate(one.comments, start=1):
            yield {
                "id": new_id(),
                "card_id": card_id,
                "person_id": self._on.actor.person_id,
                "place": place,
                "text": said.text,
                "mentions": [],
                "author_name": said.author,
                "created_at": said.at,
                "version": 1,
            }

    def _links(self, one: FileCard, card_id: UUID) -> Iterator[JSON]:
        for link in one.attachments:
            yield {
                "id": new_id(),
                "card_id": card_id,
                "kind": "link",
                "name": link.name or link.url[:200],
                "url": link.url,
                "size": 0,
                "added_by": self._on.actor.person_id,
                "created_at": self._at,
            }

    def _change(self, card: Card) -> JSON:
        """That the card was made; nobody undoes a whole import card by card."""
        self._board.changes_made += 1
        return {
            "id": new_id(),
            "board_id": self._board.id,
            "card_id": card.id,
            "person_id": self._on.actor.person_id,
            "number": self._board.changes_made,
            "step": self._on.step,
            "field": "created",
            "field_version": 0,
            "after": card.title,
            "state": "fixed",
            "way": "",
            "at": self._at,
        }

    def _put(self, table: type[Table], rows: Sequence[JSON]) -> None:
        """Many rows in few statements. As objects of the session they would take many times as long."""
        for start in range(0, len(rows), AT_ONCE):
            self._db.connection().execute(insert(table), list(rows[start : start + AT_ONCE]))


def _stuck(one: FileCard, card: Card, labels: Mapping[str, UUID]) -> list[JSON]:
    """The card's labels; of its people all that have one, which those do who are not here."""
    worn = (labels[id] for id in (*one.labels, *map(_absent, one.people)) if id in labels)
    return [{"card_id": card.id, "label_id": id} for id in dict.fromkeys(worn)]


def _absent(name: str) -> str:
    return f"person:{name}"
