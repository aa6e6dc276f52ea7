"""Checklists: lines under headings, in an order that people decide, each of which can become a card."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from models.card import CardItem
from server.domain.text import OptionalLine, checked, clean_line
from server.domain.view import View
from server.domain.zone import Instant

MOST_ITEMS = 200  # of a card

ItemText = Annotated[str, StringConstraints(max_length=500), checked(clean_line, most=500)]


class ItemView(View):
    """`checklist` is the heading; `made` is the card it became."""

    id: UUID
    card_id: UUID
    text: str
    checklist: str
    rank: str
    done_at: Instant | None
    made: UUID | None
    version: int


class ItemDraft(View):
    text: ItemText
    checklist: OptionalLine = ""
    before: UUID | None = None
    after: UUID | None = None


class ItemTextEdit(View):
    """`base` is the item's version that the new text was written over."""

    base: Annotated[int, Field(ge=0)]
    value: ItemText


class ItemChange(View):
    """A tick needs no base: whoever ticks last is right. A text does, so that no words are lost."""

    text: ItemTextEdit | None = None
    done: bool | None = None
    checklist: OptionalLine | None = None


class ItemPromotion(View):
    """To which column the new card goes; without one, to the end of the card's own."""

    column_id: UUID | None = None


def item_view(item: CardItem) -> ItemView:
    return ItemView(
        id=item.id,
        card_id=item.card_id,
        text=item.text,
        checklist=item.checklist,
        rank=item.rank,
        done_at=item.done_at,
        made=item.made_id,
        version=item.version,
    )
