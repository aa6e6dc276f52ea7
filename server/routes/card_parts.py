"""What hangs on a card: its checklist, comments, links, history, and the work on it."""

from __future__ import annotations

from server.actions import attachment, checklist, comment, work
from server.api.endpoint import Call, Endpoints
from server.api.rates import TALKING
from server.domain.attachment import AttachmentView, UrlDraft
from server.domain.board import Beside
from server.domain.card import CardView
from server.domain.card_history import Changes
from server.domain.checklist import ItemChange, ItemDraft, ItemPromotion, ItemView
from server.domain.comment import CommentChange, CommentDraft, Comments, CommentView
from server.domain.work import WorkWish
from server.queries import card_history, cards
from server.queries.card_search import optional_number

ENDPOINTS = Endpoints("card_parts")
CARD = "/api/cards/{card_id}"
ITEM = "/api/items/{item_id}"
COMMENT = "/api/comments/{comment_id}"


@ENDPOINTS.query(
    "card.history", f"{CARD}/history", permission="board.show", result=Changes, parameters=("before",)
)
def history(call: Call) -> Changes:
    """Every change of a card, the newest first."""
    before = optional_number("before", call.query.get("before"))
    return card_history.of_card(call.db, call.actor, call.path["card_id"], before=before)


@ENDPOINTS.command("card.work", "POST", f"{CARD}/work", permission="card.work", body=WorkWish, result=CardView)
def act(call: Call, body: WorkWish) -> CardView:
    """Take a card, stay with it, hand it back, submit it; accept or return what somebody else submitted."""
    return work.act(call.db, call.actor, call.path["card_id"], body, step=call.key)


@ENDPOINTS.command(
    "item.create",
    "POST",
    f"{CARD}/items",
    permission="card.change",
    body=ItemDraft,
    result=ItemView,
    status=201,
)
def create_item(call: Call, body: ItemDraft) -> ItemView:
    """Add a line to a card's checklist."""
    return checklist.create(call.db, call.actor, call.path["card_id"], body, id=call.key)


@ENDPOINTS.command("item.change", "PATCH", ITEM, permission="card.change", body=ItemChange, result=ItemView)
def change_item(call: Call, body: ItemChange) -> ItemView:
    """Change a line's text, tick or heading."""
    return checklist.change(call.db, call.actor, call.path["item_id"], body, step=call.key)


@ENDPOINTS.command("item.move", "POST", f"{ITEM}/move", permission="card.change", body=Beside, result=ItemView)
def move_item(call: Call, body: Beside) -> ItemView:
    """Move a line before or after another, or to the end."""
    return checklist.move(call.db, call.actor, call.path["item_id"], body)


@ENDPOINTS.command("item.remove", "DELETE", ITEM, permission="card.change")
def remove_item(call: Call) -> None:
    """Take a line away."""
    checklist.remove(call.db, call.actor, call.path["item_id"], step=call.key)


@ENDPOINTS.command(
    "item.promote",
    "POST",
    f"{ITEM}/card",
    permission="card.change",
    body=ItemPromotion,
    result=CardView,
    status=201,
)
def promote(call: Call, body: ItemPromotion) -> CardView:
    """Make a line into a card of its own."""
    return checklist.promote(call.db, call.actor, call.path["item_id"], body, id=call.key)


@ENDPOINTS.query(
    "comment.list", f"{CARD}/comments", permission="board.show", result=Comments, parameters=("before",)
)
def comments(call: Call) -> Comments:
    """What was said about a card, page by page: the newest before a comment's place."""
    before = optional_number("before", call.query.get("before"))
    return cards.earlier(call.db, call.actor, call.path["card_id"], before=before)


@ENDPOINTS.command(
    "comment.create",
    "POST",
    f"{CARD}/comments",
    permission="comment.write",
    body=CommentDraft,
    result=CommentView,
    status=201,
    rate=TALKING,
)
def say(call: Call, body: CommentDraft) -> CommentView:
    """Say something about a card."""
    return comment.create(call.db, call.actor, call.path["card_id"], body, id=call.key)


@ENDPOINTS.command(
    "comment.change",
    "PATCH",
    COMMENT,
    permission="comment.change",
    body=CommentChange,
    result=CommentView,
    rate=TALKING,
)
def change_comment(call: Call, body: CommentChange) -> CommentView:
    """Change one's own words."""
    return comment.edit(call.db, call.actor, call.path["comment_id"], body)


@ENDPOINTS.command("comment.remove", "DELETE", COMMENT, permission="comment.change", rate=TALKING)
def remove_comment(call: Call) -> None:
    """Take a comment away: one's own, or anybody's as a lead."""
    comment.delete(call.db, call.actor, call.path["comment_id"])


@ENDPOINTS.command(
    "attachment.link",
    "POST",
    f"{CARD}/urls",
    permission="card.change",
    body=UrlDraft,
    result=AttachmentView,
    status=201,
)
def link(call: Call, body: UrlDraft) -> AttachmentView:
    """Put an address on a card."""
    return attachment.link(call.db, call.actor, call.path["card_id"], body, id=call.key)


@ENDPOINTS.command("attachment.remove", "DELETE", "/api/attachments/{attachment_id}", permission="card.change")
def remove_attachment(call: Call) -> None:
    """Take a file or an address off its card."""
    attachment.remove(call.db, call.actor, call.path["attachment_id"])
