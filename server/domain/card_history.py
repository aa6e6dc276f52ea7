"""The history of cards: who changed what, from what to what; and what of it one person can undo."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from server.domain.card import CardView
from server.domain.person import PersonView
from server.domain.view import View
from server.domain.zone import Instant

PAGE = 50
MOST_STEPS = 50  # of one person on one board that can be undone

# Fields of the card itself are named as in `CardEdit`; beside them:
OTHERS = ("created", "place", "person", "label", "archived", "item", "link", "work", "attachment")


class ChangeView(View):
    """`subject` is the person, label, item, card or attachment that was changed about the card.

    `before` and `after` are as the API tells the field; a place is `{column_id, after, before}`.
    """

    id: UUID
    card_id: UUID
    number: int
    by: PersonView | None
    field: str
    subject: UUID | None
    before: Any
    after: Any
    way: Literal["", "undo", "redo"]
    undone: bool
    at: Instant


class Changes(View):
    """Newest first; `more`: there are older ones."""

    changes: list[ChangeView]
    more: bool


class UndoWish(View):
    """`past`: the step that was refused last (member `step` of the refusal): it is left, and the next is taken."""

    past: UUID | None = None


class Undone(View):
    """The cards after a step was undone or done again, and how many steps are left each way.

    No cards: the step that was left was the last.
    """

    cards: list[CardView]
    undo: int
    redo: int
