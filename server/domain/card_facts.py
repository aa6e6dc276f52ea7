"""Facts of what hangs on a card. Each tells the card too: its sums have changed with it."""

from __future__ import annotations

from uuid import UUID

from server.domain.attachment import AttachmentView
from server.domain.card import CardView
from server.domain.checklist import ItemView
from server.domain.comment import CommentView
from server.domain.person import PersonView
from server.domain.view import Fact
from server.domain.work import ClaimView, ReviewView


class ItemChanged(Fact, name="item.changed", channels=("board",)):
    """A new line, or another text, tick or place of one."""

    item: ItemView
    card: CardView
    by: PersonView | None


class ItemRemoved(Fact, name="item.removed", channels=("board",)):
    item_id: UUID
    card: CardView
    by: PersonView | None


class CommentCreated(Fact, name="comment.created", channels=("board",)):
    comment: CommentView
    card: CardView


class CommentChanged(Fact, name="comment.changed", channels=("board",)):
    comment: CommentView
    card: CardView


class CommentDeleted(Fact, name="comment.deleted", channels=("board",)):
    """A tombstone is left; its words are in no publication any more."""

    comment: CommentView
    card: CardView


class AttachmentAdded(Fact, name="attachment.added", channels=("board",)):
    attachment: AttachmentView
    card: CardView
    by: PersonView | None


class AttachmentRemoved(Fact, name="attachment.removed", channels=("board",)):
    attachment_id: UUID
    card: CardView
    by: PersonView | None


class CardWorked(Fact, name="card.worked", channels=("board",)):
    """Taken, handed back, submitted, looked at; `by` is nobody when a lease ran out."""

    card: CardView
    by: PersonView | None
    claim: ClaimView | None
    review: ReviewView | None
