"""Checklists of a card: lines added, changed, ticked, moved by intent, removed, and made into cards."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from models.base import now
from models.card import Card, CardItem
from models.card_work import CardChange
from models.person import Person
from server.actions import card as cards
from server.actions import order
from server.actions.card_log import Writing, on_card
from server.domain.board import Beside
from server.domain.card import CardDraft, CardView
from server.domain.card_edit import CardClash, FieldClash
from server.domain.card_facts import ItemChanged, ItemRemoved
from server.domain.checklist import (
    MOST_ITEMS,
    ItemChange,
    ItemDraft,
    ItemPromotion,
    ItemTextEdit,
    ItemView,
    item_view,
)
from server.domain.errors import Conflict, NotFound
from server.domain.person import Actor
from server.domain.person import view as person_view
from server.queries import scope


def create(db: Session, actor: Actor, card_id: UUID, draft: ItemDraft, *, id: UUID) -> ItemView:
    """Add a line beside another, or at the end."""
    card, on = on_card(db, actor, card_id, "card.change", step=id)
    _check_room(card)
    item = CardItem(id=id, card_id=card_id, text=draft.text, checklist=draft.checklist, rank=order.nowhere(id))
    item.rank = _ranked(on, card, item, Beside(before=draft.before, after=draft.after))
    db.add(item)
    return _told(on, card, item, None)


def change(db: Session, actor: Actor, item_id: UUID, wish: ItemChange, *, step: UUID | None = None) -> ItemView:
    """Another text, tick or heading. Raises CardClash `item.clash` when somebody else changed the text."""
    item, card, on = _held(db, actor, item_id, step)
    if wish.text is not None:
        _check_text(db, item, wish.text)
    before = _value(item)
    if wish.text is not None:
        item.text = wish.text.value
    if wish.checklist is not None:
        item.checklist = wish.checklist
    if wish.done is not None:
        item.done_at = (item.done_at or now()) if wish.done else None
    if _value(item) == before:
        return item_view(item)
    return _told(on, card, item, before)


def move(db: Session, actor: Actor, item_id: UUID, wish: Beside) -> ItemView:
    """Before or after another line of the card, or to the end."""
    item, card, on = _held(db, actor, item_id, None)
    item.rank = _ranked(on, card, item, wish)
    item.version += 1
    db.flush()
    shown = item_view(item)
    on.tell(ItemChanged(item=shown, card=on.touched(card), by=on.by), item.id)
    return shown


def remove(db: Session, actor: Actor, item_id: UUID, *, step: UUID | None = None) -> None:
    """Take a line away; whoever did can bring it back by undoing."""
    item, card, on = _held(db, actor, item_id, step)
    put(on, card, item, None)


def promote(db: Session, actor: Actor, item_id: UUID, wish: ItemPromotion, *, id: UUID) -> CardView:
    """Make a line into a card of its own; the line stays, and names it. Twice makes one card."""
    item, card, on = _held(db, actor, item_id, id)
    if item.made_id is not None:
        raise Conflict("item.is_card")
    draft = CardDraft(column_id=wish.column_id or card.column_id, title=item.text[:300])
    shown = cards.made(on, draft, id=id)
    item.made_id = id
    item.version += 1
    db.flush()
    on.tell(ItemChanged(item=item_view(item), card=on.touched(card), by=on.by), item.id)
    return shown


def put(on: Writing, card: Card, item: CardItem, value: dict[str, Any] | None) -> None:
    """Give a line a value as its history keeps it; None takes it away."""
    before = None if item.removed_at else _value(item)
    if value is None:
        if before is None:
            return
        item.removed_at = now()
        item.rank = order.nowhere(item.id)
        item.version += 1
        on.db.flush()
        _count(on.db, card)
        on.keep(card, "item", before, None, subject=item.id, version=item.version)
        on.tell(ItemRemoved(item_id=item.id, card=on.touched(card), by=on.by), item.id)
        return
    if before is None:
        _check_room(card)
        item.removed_at = None
        item.rank = _ranked(on, card, item, Beside())
    item.text, item.checklist = value["text"], value["checklist"]
    item.done_at = (item.done_at or now()) if value["done"] else None
    _told(on, card, item, before)


def _told(on: Writing, card: Card, item: CardItem, before: dict[str, Any] | None) -> ItemView:
    if before is not None or on.way:
        item.version += 1
    on.db.flush()
    _count(on.db, card)
    on.keep(card, "item", before, _value(item), subject=item.id, version=item.version)
    shown = item_view(item)
    on.tell(ItemChanged(item=shown, card=on.touched(card), by=on.by), item.id)
    return shown


def _held(db: Session, actor: Actor, item_id: UUID, step: UUID | None) -> tuple[CardItem, Card, Writing]:
    known = scope.load(db, CardItem, item_id)
    card, on = on_card(db, actor, known.card_id, "card.change", step=step)
    item = scope.load(db, CardItem, item_id, lock=True)
    if item.removed_at is not None:
        raise NotFound("not_found")
    return item, card, on


def _value(item: CardItem) -> dict[str, Any]:
    return {"text": item.text, "checklist": item.checklist, "done": item.done_at is not None}


def _check_room(card: Card) -> None:
    if card.items >= MOST_ITEMS:
        raise Conflict("item.too_many", limit=MOST_ITEMS)


def _check_text(db: Session, item: CardItem, wish: ItemTextEdit) -> None:
    """A tick or a move meanwhile is no clash: only another text is."""
    if wish.value == item.text or wish.base == item.version:
        return
    mine = (col(CardChange.card_id) == item.card_id, col(CardChange.subject_id) == item.id)
    seen = db.exec(
        select(CardChange)
        .where(*mine, col(CardChange.field_version) <= wish.base)
        .order_by(col(CardChange.number).desc())
        .limit(1)
    ).first()
    base = seen.after["text"] if seen is not None and seen.after else None
    if base != item.text:
        last, by = _last_writing(db, item) or (None, None)
        clash = FieldClash(
            field="text",
            base=base,
            theirs=item.text,
            yours=wish.value,
            version=item.version,
            by=person_view(by) if by else None,
            at=last.at if last else None,
        )
        raise CardClash([clash], None, code="item.clash")


def _last_writing(db: Session, item: CardItem) -> tuple[CardChange, Person | None] | None:
    """The change that gave the line its text of now, and who made it."""
    rows = db.exec(
        select(CardChange, Person)
        .outerjoin(Person, col(Person.id) == col(CardChange.person_id))
        .where(col(CardChange.card_id) == item.card_id, col(CardChange.subject_id) == item.id)
        .order_by(col(CardChange.number).desc())
    )
    found = None
    for change, person in rows:
        if not change.after or change.after["text"] != item.text:
            break
        found = change, person
    return found


def _count(db: Session, card: Card) -> None:
    wanted = select(CardItem.done_at).where(col(CardItem.card_id) == card.id, col(CardItem.removed_at).is_(None))
    ticks = db.exec(wanted).all()
    card.items, card.items_done = len(ticks), sum(tick is not None for tick in ticks)


def _ranked(on: Writing, card: Card, item: CardItem, wish: Beside) -> str:
    def spaced(other: CardItem) -> None:
        on.tell(ItemChanged(item=item_view(other), card=on.touched(card), by=None), other.id)

    return order.place(on.db, item, col(CardItem.card_id) == card.id, wish, spaced=spaced)
