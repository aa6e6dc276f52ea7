"""What is said about a card.

A card's comments are no conversation of the chat's engine: they are told on the board's channel, in one order
with the changes they speak of, and they count on the card and keep its claim alive in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from pydantic import Field

from models.card import CardComment
from server.domain.message import MOST_MENTIONS
from server.domain.person import PersonView
from server.domain.text import MessageText
from server.domain.view import View
from server.domain.zone import Instant

MOST_COMMENTS = 2_000  # of a card
SHOWN = 300  # with the card; those before come when they are asked for


class CommentView(View):
    """A deleted one stays as a tombstone without its text. `imported_author`: somebody who is not here."""

    id: UUID
    card_id: UUID
    author: PersonView
    imported_author: str
    place: int
    text: str
    mentions: list[PersonView]
    at: Instant
    edited_at: Instant | None
    deleted: bool
    version: int


class Comments(View):
    """A page of what was said, oldest first; `more`: something was said before it."""

    comments: list[CommentView]
    more: bool


class CommentDraft(View):
    text: MessageText
    mentions: Annotated[tuple[UUID, ...], Field(max_length=MOST_MENTIONS)] = ()


class CommentChange(View):
    """Without `mentions` those who were named before stay named."""

    text: MessageText
    mentions: Annotated[tuple[UUID, ...], Field(max_length=MOST_MENTIONS)] | None = None


def comment_view(row: CardComment, author: PersonView, mentions: Sequence[PersonView]) -> CommentView:
    gone = row.deleted_at is not None
    return CommentView(
        id=row.id,
        card_id=row.card_id,
        author=author,
        imported_author=row.author_name,
        place=row.place,
        text="" if gone else row.text,
        mentions=[] if gone else list(mentions),
        at=row.created_at,
        edited_at=row.edited_at,
        deleted=gone,
        version=row.version,
    )
