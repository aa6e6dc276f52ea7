"""A whole board as a file: everything on it, with its history, people by name, attachments by address.

A unit reads the rows; making a file of thousands of them takes up to a second and is for a thread.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from sqlmodel import Session, col, select

from models.base import now
from models.board import Board, BoardColumn, BoardLabel
from models.card import Card, CardAttachment, CardComment, CardItem, CardLabel, CardLink, CardPerson
from models.card_work import CardChange
from models.conference import Conference
from models.team import Team
from server.domain.board_file import (
    BoardFile,
    FileAttachment,
    FileCard,
    FileChange,
    FileColumn,
    FileComment,
    FileItem,
    FileLabel,
)
from server.domain.board_sheet import cards_csv
from server.domain.card import due_of
from server.domain.person import Actor
from server.queries import boards, people, scope

Hanging = TypeVar("Hanging", CardAttachment, CardComment, CardItem)
MOST_CHANGES = 10_000  # of the history


def as_csv(db: Session, actor: Actor, board_id: UUID, *, url: str) -> Callable[[], str]:
    """What writes the board's cards as a sheet, in the reader's language, times by the conference's clock."""
    board, here = scope.of_board(db, actor, board_id, "board.show")
    zone = scope.load(db, Conference, here.conference_id).zone
    rows = _rows(db, board, history=False)
    return lambda: cards_csv(_file(rows, url), locale=actor.locale, zone=zone, url=f"{url}/b/{board_id}")


def as_json(db: Session, actor: Actor, board_id: UUID, *, url: str) -> Callable[[], str]:
    """What writes the whole board, with the latest of its history."""
    board, _ = scope.of_board(db, actor, board_id, "board.show")
    rows = _rows(db, board, history=True)
    return lambda: _file(rows, url).model_dump_json(indent=1)


@dataclass(frozen=True)
class _Rows:
    """All rows of a board, read in one snapshot; what hangs on cards by the card."""

    board: Board
    team: str
    columns: Sequence[BoardColumn]
    labels: Sequence[BoardLabel]
    cards: Sequence[Card]
    people: Mapping[UUID, Sequence[UUID]]
    worn: Mapping[UUID, Sequence[str]]
    linked: Mapping[UUID, Sequence[str]]
    items: Mapping[UUID, Sequence[CardItem]]
    comments: Mapping[UUID, Sequence[CardComment]]
    attachments: Mapping[UUID, Sequence[CardAttachment]]
    changes: Sequence[CardChange]
    names: Mapping[UUID, str]

    def name(self, id: UUID | None) -> str:
        return self.names.get(id, "") if id else ""


def _rows(db: Session, board: Board, *, history: bool) -> _Rows:
    columns = sorted(boards.columns(db, board.id), key=lambda one: (one.archived_at is not None, one.rank))
    order = {column.id: place for place, column in enumerate(columns)}
    mine = col(Card.board_id) == board.id
    cards = db.exec(select(Card).where(mine).order_by(col(Card.rank), col(Card.id))).all()
    changes = _changes(db, board.id) if history else []
    having: dict[UUID, list[UUID]] = defaultdict(list)
    held = select(CardPerson).join(Card, col(Card.id) == col(CardPerson.card_id)).where(mine)
    for one in db.exec(held.order_by(col(CardPerson.at), col(CardPerson.person_id))):
        having[one.card_id].append(one.person_id)
    worn: dict[UUID, list[str]] = defaultdict(list)
    stuck = select(CardLabel).join(Card, col(Card.id) == col(CardLabel.card_id)).where(mine)
    for label in db.exec(stuck.order_by(col(CardLabel.label_id))):
        worn[label.card_id].append(str(label.label_id))
    linked: dict[UUID, list[str]] = defaultdict(list)
    for link in db.exec(select(CardLink).join(Card, col(Card.id) == col(CardLink.card_id)).where(mine)):
        linked[link.card_id].append(str(link.other_id))
    comments = _hanging(db, board, CardComment, col(CardComment.place))
    ids: set[UUID | None] = {id for held_by in having.values() for id in held_by}
    ids |= {card.created_by for card in cards}
    ids |= {said.person_id for of_card in comments.values() for said in of_card}
    ids |= {id for change in changes for id in (change.person_id, _whom(change))}
    return _Rows(
        board=board,
        team=scope.load(db, Team, board.team_id).title,
        columns=columns,
        labels=boards.labels(db, board.id),
        cards=sorted(cards, key=lambda row: (order[row.column_id], row.archived_at is not None)),
        people=having,
        worn=worn,
        linked=linked,
        items=_hanging(db, board, CardItem, col(CardItem.rank)),
        comments=comments,
        attachments=_hanging(db, board, CardAttachment, col(CardAttachment.created_at)),
        changes=changes,
        names={id: person.name for id, person in people.by_id(db, {id for id in ids if id}).items()},
    )


def _file(rows: _Rows, url: str) -> BoardFile:
    board = rows.board
    return BoardFile(
        title=board.title,
        team=rows.team,
        url=f"{url}/b/{board.id}",
        exported_at=now(),
        review=board.review,
        columns=[
            FileColumn(
                id=str(one.id),
                title=one.title,
                colour=one.colour or None,
                soft_limit=one.soft_limit,
                hard_limit=one.hard_limit,
                done=one.done,
                archived=one.archived_at is not None,
            )
            for one in rows.columns
        ],
        labels=[FileLabel(id=str(one.id), name=one.name[:40], colour=one.colour or None) for one in rows.labels],
        cards=[_card(rows, row, url) for row in rows.cards],
        history=_history(rows),
    )


def _card(rows: _Rows, row: Card, url: str) -> FileCard:
    return FileCard.model_validate(
        {
            **{field: getattr(row, field) for field in _SAME},
            "id": str(row.id),
            "column": str(row.column_id),
            "labels": rows.worn.get(row.id, []),
            "people": [rows.name(id) for id in rows.people.get(row.id, ())],
            "due": due_of(row),
            "items": [
                FileItem(text=one.text, checklist=one.checklist, done=one.done_at is not None)
                for one in rows.items.get(row.id, ())
                if one.removed_at is None
            ],
            "comments": [
                FileComment(author=one.author_name or rows.name(one.person_id), at=one.created_at, text=one.text)
                for one in rows.comments.get(row.id, ())
                if one.deleted_at is None
            ],
            "attachments": [_attachment(one, url) for one in rows.attachments.get(row.id, ())],
            "links": rows.linked.get(row.id, []),
            "created_by": rows.name(row.created_by),
        }
    )


_SAME = (
    *("number", "title", "description", "start_day", "size_minutes", "skill", "language", "seats"),
    *("source", "state", "done_at", "archived_at", "created_at"),
)


def _attachment(row: CardAttachment, url: str) -> FileAttachment:
    place = row.url or f"{url}/api/attachments/{row.id}/content"
    return FileAttachment(name=row.name, url=place, kind=row.kind, size=row.size)


def _hanging(db: Session, board: Board, table: type[Hanging], place: Any) -> dict[UUID, list[Hanging]]:
    found: dict[UUID, list[Hanging]] = defaultdict(list)
    wanted = select(table).join(Card, col(Card.id) == col(table.card_id)).where(col(Card.board_id) == board.id)
    for row in db.exec(wanted.order_by(place, col(table.id))):
        found[row.card_id].append(row)
    return found


def _changes(db: Session, board_id: UUID) -> Sequence[CardChange]:
    """The latest, in the order they were made."""
    wanted = select(CardChange).where(col(CardChange.board_id) == board_id)
    return db.exec(wanted.order_by(col(CardChange.number).desc()).limit(MOST_CHANGES)).all()[::-1]


def _whom(one: CardChange) -> UUID | None:
    return one.subject_id if one.field == "person" else None


def _history(rows: _Rows) -> list[FileChange]:
    labels = {one.id: one.name for one in rows.labels}

    def subject(one: CardChange) -> str:
        if one.field == "person":
            return rows.name(one.subject_id)
        told = labels.get(one.subject_id) if one.subject_id else None
        return told or (str(one.subject_id) if one.subject_id else "")

    return [
        FileChange(
            number=one.number,
            card=str(one.card_id),
            at=one.at,
            by=rows.name(one.person_id),
            field=one.field,
            subject=subject(one),
            before=one.before,
            after=one.after,
            way=one.way,
            undone=one.state in {"undone", "gone"},
        )
        for one in rows.changes
    ]
