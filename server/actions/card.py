"""Cards: made, edited by field, moved by intent, put into the archive and brought back.

Every change happens under the board's row lock, so that two people dragging the same card, or two cards to
the same place, get one order that all agree on.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, func, select

from models.base import now
from models.board import BoardColumn
from models.card import Card, CardAttachment
from models.card_work import CardChange
from models.person import Person
from server.actions import card_people, order
from server.actions.card_log import Writing, on_board, on_card
from server.domain.board import MOST_CARDS, Beside, check_column_open, check_room
from server.domain.board_file import FileCard
from server.domain.card import (
    LONGEST_DESCRIPTION,
    CardArchived,
    CardChanged,
    CardCreated,
    CardDraft,
    CardMove,
    CardMoved,
    CardRestored,
    CardView,
    raised,
)
from server.domain.card_edit import CardClash, CardEdit, FieldClash, set_value, split, value_of, wanted
from server.domain.errors import Conflict, NotFound
from server.domain.filters import searchable
from server.domain.merge import merged
from server.domain.person import Actor
from server.domain.person import view as person_view
from server.queries import cards

TO_THE_END = Beside()


def create(db: Session, actor: Actor, board_id: UUID, draft: CardDraft, *, id: UUID) -> CardView:
    """Put a new card into a column: before or after another, or at the end."""
    on = on_board(db, actor, board_id, "card.create", step=id)
    return made(on, draft, id=id)


def made(on: Writing, draft: CardDraft, *, id: UUID, external: str | None = None) -> CardView:
    """The same for who holds the board already."""
    db, board = on.db, on.board
    column = check_column_open(board.id, db.get(BoardColumn, draft.column_id))
    check_room(column, standing(db, column.id))
    if board.cards_made >= MOST_CARDS and _open_cards(db, board.id) >= MOST_CARDS:
        raise Conflict("card.too_many", limit=MOST_CARDS)
    board.cards_made += 1
    card = Card(
        id=id,
        board_id=board.id,
        column_id=column.id,
        rank=order.nowhere(id),
        number=board.cards_made,
        **as_told(draft),
        source=draft.source.model_dump(mode="json") if draft.source else None,
        external=external,
        done_at=now() if column.done else None,
        created_by=on.actor.person_id,
    )
    card.rank = ranked(on, card, column.id, Beside(before=draft.before, after=draft.after))
    db.add(card)
    db.flush()
    on.keep(card, "created", None, draft.title)
    card_people.come(on, card, draft.people)
    card_people.stick(on, card, draft.labels)
    card_people.watch_on(db, card.id, [on.actor.person_id])
    db.flush()
    shown = cards.view(db, card)
    on.tell(CardCreated(card=shown, by=on.by), card.id)
    return shown


def change(db: Session, actor: Actor, card_id: UUID, edit: CardEdit, *, step: UUID | None = None) -> CardView:
    """Change fields, each over the version that was seen. Raises CardClash, and then changed nothing.

    Two changes of a description that do not touch each other become one text.
    """
    card, on = on_card(db, actor, card_id, "card.change", step=step)
    changes, clashes = split(card, wanted(edit), lambda *sent: clash(db, card, *sent))
    for one in clashes:
        if one.field == "description" and (text := together(one)) is not None:
            changes |= {"description": text} if text != card.description else {}
            clashes.remove(one)
            break
    if clashes:
        raise CardClash(clashes, cards.view(db, card))
    if not changes:
        return cards.view(db, card)
    return put(on, card, changes)


def together(clash: FieldClash) -> str | None:
    """What somebody wrote over an earlier text, with the other's change in it; None when they meet."""
    if not isinstance(clash.base, str):
        return None
    text = merged(clash.base, clash.theirs, clash.yours)
    return text if text is not None and len(text) <= LONGEST_DESCRIPTION else None


def put(on: Writing, card: Card, changes: dict[str, Any]) -> CardView:
    """Set fields to values as JSON tells them, with history and news."""
    if cover := changes.get("cover"):
        _check_cover(on.db, card, UUID(cover))
    before = {name: value_of(card, name) for name in changes}
    card.field_versions = raised(card.field_versions, list(changes))
    for name, value in changes.items():
        set_value(card, name, value)
        on.keep(card, name, before[name], value, version=card.field_versions[name])
    card.folded = folded(card.title, card.description)
    shown = on.touched(card)
    words = card.description if "description" in changes else None
    on.tell(CardChanged(card=shown, by=on.by, changed=sorted(changes), description=words), card.id)
    return shown


def move(db: Session, actor: Actor, card_id: UUID, wish: CardMove, *, step: UUID | None = None) -> CardView:
    """Move a card before or after another, or to the end. A neighbour that has left means the end.

    No edit of anybody stands in its way. Raises NotFound `column.unknown`, Conflict `column.archived` and
    `column.full`.
    """
    card, on = on_card(db, actor, card_id, "card.move", step=step)
    return shifted(on, card, wish)


def shifted(on: Writing, card: Card, wish: CardMove) -> CardView:
    db = on.db
    column = check_column_open(card.board_id, db.get(BoardColumn, wish.column_id))
    if column.id != card.column_id:
        check_room(column, standing(db, column.id))
    before = _whereabouts(db, card)
    intent = Beside(before=wish.before, after=wish.after)
    card.rank = ranked(on, card, column.id, intent)
    card.column_id = column.id
    card.done_at = _done_in(card, column)
    db.flush()
    on.keep(card, "place", before, _whereabouts(db, card))
    shown = on.touched(card)
    on.tell(CardMoved(card=shown, by=on.by), card.id)
    return shown


def archive(
    db: Session, actor: Actor, card_id: UUID, *, on: bool, where: Beside = TO_THE_END, step: UUID | None = None
) -> CardView:
    """Put a card away, or bring it back to a place in its column. Either twice is no fault.

    Where the column itself was put away, the card comes back to the first open one that has room.
    """
    card, writing = on_card(db, actor, card_id, "card.change", step=step, archived=True)
    if on == (card.archived_at is not None):
        column = db.get_one(BoardColumn, card.column_id)
        if on or column.archived_at is None:
            return cards.view(db, card)
        return shifted(writing, card, CardMove(column_id=_open_column(db, column).id))
    return put_away(writing, card) if on else brought_back(writing, card, where)


def put_away(on: Writing, card: Card) -> CardView:
    before = _whereabouts(on.db, card)
    card.archived_at = now()
    card.rank = order.nowhere(card.id)
    on.keep(card, "archived", before, None)
    shown = on.touched(card)
    on.tell(CardArchived(card=shown, by=on.by), card.id)
    return shown


def brought_back(on: Writing, card: Card, where: Beside = TO_THE_END) -> CardView:
    column = on.db.get_one(BoardColumn, card.column_id)
    if column.archived_at is not None:
        column = _open_column(on.db, column)
        card.column_id = column.id
        card.done_at = _done_in(card, column)
    check_room(column, standing(on.db, column.id))
    card.rank = ranked(on, card, column.id, where)
    card.archived_at = None
    on.db.flush()
    on.keep(card, "archived", None, _whereabouts(on.db, card))
    shown = on.touched(card)
    on.tell(CardRestored(card=shown, by=on.by), card.id)
    return shown


def _done_in(card: Card, column: BoardColumn) -> datetime | None:
    """Since when a card that comes into a column is done."""
    return (card.done_at or now()) if column.done or card.state == "accepted" else None


def _open_column(db: Session, away: BoardColumn) -> BoardColumn:
    """The first open column of the same board that has room, for cards of one that was put away."""
    here = (col(BoardColumn.board_id) == away.board_id, col(BoardColumn.archived_at).is_(None))
    columns = db.exec(select(BoardColumn).where(*here).order_by(col(BoardColumn.rank))).all()
    for column in columns:
        if column.hard_limit is None or standing(db, column.id) < column.hard_limit:
            return column
    return check_column_open(away.board_id, columns[0] if columns else away)


def ranked(on: Writing, card: Card, column_id: UUID, wish: Beside) -> str:
    def spaced(other: Card) -> None:
        on.tell(CardMoved(card=cards.view(on.db, other), by=None), other.id)

    return order.place(on.db, card, col(Card.column_id) == column_id, wish, spaced=spaced)


def standing(db: Session, column_id: UUID) -> int:
    """How many cards stand in a column."""
    here = (col(Card.column_id) == column_id, col(Card.archived_at).is_(None))
    return db.exec(select(func.count()).select_from(Card).where(*here)).one()


def as_told(card: CardDraft | FileCard) -> dict[str, Any]:
    """The columns of a new card that whoever made it has filled in, here or elsewhere."""
    return {
        "title": card.title,
        "description": card.description,
        "folded": folded(card.title, card.description),
        "start_day": card.start_day,
        "due_day": card.due.day if card.due else None,
        "due_at": card.due.at if card.due else None,
        "size_minutes": card.size_minutes,
        "skill": card.skill,
        "language": card.language,
        "seats": card.seats,
    }


def folded(title: str, description: str) -> str:
    """What a search looks in."""
    return searchable(f"{title}\n{description}")


def clash(db: Session, card: Card, field: str, base: int, value: Any) -> FieldClash:
    """All three of a field that somebody else changed, from the history."""
    of_field = (col(CardChange.card_id) == card.id, col(CardChange.field) == field)
    last = db.exec(
        select(CardChange, Person)
        .outerjoin(Person, col(Person.id) == col(CardChange.person_id))
        .where(*of_field)
        .order_by(col(CardChange.number).desc())
        .limit(1)
    ).first()
    version = 1 if base == 0 else base
    seen = db.exec(select(CardChange).where(*of_field, col(CardChange.field_version) == version)).first()
    return FieldClash(
        field=field,
        base=None if seen is None else seen.before if base == 0 else seen.after,
        theirs=value_of(card, field),
        yours=value,
        version=card.field_versions.get(field, 0),
        by=person_view(last[1]) if last and last[1] else None,
        at=last[0].at if last else None,
    )


def _whereabouts(db: Session, card: Card) -> dict[str, str]:
    """A card's place as its history keeps it."""
    beside = order.beside(db, card, col(Card.column_id) == card.column_id)
    place = {"column_id": card.column_id, "after": beside.after, "before": beside.before}
    return {name: str(id) for name, id in place.items() if id is not None}


def _check_cover(db: Session, card: Card, id: UUID) -> None:
    row = db.get(CardAttachment, id)
    if row is None or row.card_id != card.id or row.preview is None:
        raise NotFound("cover.unknown")


def _open_cards(db: Session, board_id: UUID) -> int:
    here = (col(Card.board_id) == board_id, col(Card.archived_at).is_(None))
    return db.exec(select(func.count()).select_from(Card).where(*here)).one()
