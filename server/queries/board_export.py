"""A whole board as a file: everything on it, with its history, people by name, attachments by address."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlmodel import Session, col, select

from models.base import now
from models.board import Board
from models.card import Card, CardAttachment, CardComment, CardItem, CardLabel, CardLink, CardPerson
from models.card_work import CardChange
from models.conference import Conference
from models.person import Person
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


def as_csv(db: Session, actor: Actor, board_id: UUID, *, url: str) -> str:
    """The board's cards as a sheet, in the reader's language, times by the conference's clock."""
    board, here = scope.of_board(db, actor, board_id, "board.show")
    zone = scope.load(db, Conference, here.conference_id).zone
    file = _file(db, board, history=False, url=url)
    return cards_csv(file, locale=actor.locale, zone=zone, url=f"{url}/b/{board_id}")


def as_json(db: Session, actor: Actor, board_id: UUID, *, url: str) -> str:
    board, _ = scope.of_board(db, actor, board_id, "board.show")
    return _file(db, board, history=True, url=url).model_dump_json(indent=1)


def _file(db: Session, board: Board, *, history: bool, url: str) -> BoardFile:
    columns = sorted(boards.columns(db, board.id), key=lambda one: (one.archived_at is not None, one.rank))
    order = {column.id: place for place, column in enumerate(columns)}
    mine = col(Card.board_id) == board.id
    rows = db.exec(select(Card).where(mine).order_by(col(Card.rank), col(Card.id))).all()
    rows = sorted(rows, key=lambda row: (order[row.column_id], row.archived_at is not None))
    changes = _changes(db, board.id) if history else []
    names = _names(db, board.id, rows, changes)
    labels = boards.labels(db, board.id)
    return BoardFile(
        title=board.title,
        team=scope.load(db, Team, board.team_id).title,
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
            for one in columns
        ],
        labels=[FileLabel(id=str(one.id), name=one.name[:40], colour=one.colour or None) for one in labels],
        cards=list(_cards(db, board, rows, names, url)),
        history=_history(changes, names, {one.id: one.name for one in labels}),
    )


def _cards(
    db: Session, board: Board, rows: Sequence[Card], name: Callable[[UUID | None], str], url: str
) -> Iterator[FileCard]:
    items = _hanging(db, board, CardItem, col(CardItem.rank))
    comments = _hanging(db, board, CardComment, col(CardComment.place))
    attachments = _hanging(db, board, CardAttachment, col(CardAttachment.created_at))
    mine = col(Card.board_id) == board.id
    having: dict[UUID, list[str]] = defaultdict(list)
    held = select(CardPerson).join(Card, col(Card.id) == col(CardPerson.card_id)).where(mine)
    for one in db.exec(held.order_by(col(CardPerson.at), col(CardPerson.person_id))):
        having[one.card_id].append(name(one.person_id))
    worn: dict[UUID, list[str]] = defaultdict(list)
    stuck = select(CardLabel).join(Card, col(Card.id) == col(CardLabel.card_id)).where(mine)
    for label in db.exec(stuck.order_by(col(CardLabel.label_id))):
        worn[label.card_id].append(str(label.label_id))
    linked: dict[UUID, list[str]] = defaultdict(list)
    for link in db.exec(select(CardLink).join(Card, col(Card.id) == col(CardLink.card_id)).where(mine)):
        linked[link.card_id].append(str(link.other_id))
    for row in rows:
        yield FileCard.model_validate(
            {
                **{field: getattr(row, field) for field in _SAME},
                "id": str(row.id),
                "column": str(row.column_id),
                "labels": worn[row.id],
                "people": having[row.id],
                "due": due_of(row),
                "items": [
                    FileItem(text=one.text, checklist=one.checklist, done=one.done_at is not None)
                    for one in items[row.id]
                    if one.removed_at is None
                ],
                "comments": [
                    FileComment(author=one.author_name or name(one.person_id), at=one.created_at, text=one.text)
                    for one in comments[row.id]
                    if one.deleted_at is None
                ],
                "attachments": [_attachment(one, url) for one in attachments[row.id]],
                "links": linked[row.id],
                "created_by": name(row.created_by),
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
    wanted = select(CardChange).where(col(CardChange.board_id) == board_id)
    return db.exec(wanted.order_by(col(CardChange.number))).all()


def _names(
    db: Session, board_id: UUID, rows: Sequence[Card], changes: Sequence[CardChange]
) -> Callable[[UUID | None], str]:
    mine = col(Card.board_id) == board_id
    having = select(CardPerson.person_id).join(Card, col(Card.id) == col(CardPerson.card_id)).where(mine)
    said = select(CardComment.person_id).join(Card, col(Card.id) == col(CardComment.card_id)).where(mine)
    ids = {*db.exec(having.distinct()), *db.exec(said.distinct()), *(row.created_by for row in rows)}
    ids |= {
        id for one in changes for id in (one.person_id, one.subject_id if one.field == "person" else None) if id
    }
    known: dict[UUID, Person] = people.by_id(db, ids)
    return lambda id: known[id].name if id in known else ""


def _history(
    changes: Sequence[CardChange], name: Callable[[UUID | None], str], labels: dict[UUID, str]
) -> list[FileChange]:
    def subject(one: CardChange) -> str:
        if one.field == "person":
            return name(one.subject_id)
        told = labels.get(one.subject_id) if one.subject_id else None
        return told or (str(one.subject_id) if one.subject_id else "")

    return [
        FileChange(
            number=one.number,
            card=str(one.card_id),
            at=one.at,
            by=name(one.person_id),
            field=one.field,
            subject=subject(one),
            before=one.before,
            after=one.after,
            way=one.way,
            undone=one.state in {"undone", "gone"},
        )
        for one in changes
    ]
