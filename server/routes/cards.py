"""Cards of a board."""

from __future__ import annotations

from server.actions import card, card_people
from server.api.endpoint import Call, Endpoints
from server.domain.board import Beside, OnWish
from server.domain.card import (
    CardArchive,
    CardDraft,
    CardMove,
    CardSnapshot,
    CardView,
    LabelWish,
    LinkWish,
    PersonWish,
)
from server.domain.card_edit import CardEdit
from server.queries import cards

ENDPOINTS = Endpoints("cards")
CARD = "/api/cards/{card_id}"


@ENDPOINTS.command(
    "card.create",
    "POST",
    "/api/boards/{board_id}/cards",
    permission="card.create",
    body=CardDraft,
    result=CardView,
    status=201,
)
def create(call: Call, body: CardDraft) -> CardView:
    """Put a new card into a column."""
    return card.create(call.db, call.actor, call.path["board_id"], body, id=call.key)


@ENDPOINTS.query("card.show", CARD, permission="board.show", result=CardSnapshot)
def show(call: Call) -> CardSnapshot:
    """A card with everything on it, and the position of its board's channel."""
    return cards.snapshot(call.db, call.actor, call.path["card_id"])


@ENDPOINTS.command(
    "card.change",
    "PATCH",
    CARD,
    permission="card.change",
    body=CardEdit,
    result=CardView,
    errors=("card.clash",),
)
def change(call: Call, body: CardEdit) -> CardView:
    """Change fields of a card, each over the version that was seen."""
    return card.change(call.db, call.actor, call.path["card_id"], body, step=call.key)


@ENDPOINTS.command("card.move", "POST", f"{CARD}/move", permission="card.move", body=CardMove, result=CardView)
def move(call: Call, body: CardMove) -> CardView:
    """Move a card before or after another, or to the end of a column."""
    return card.move(call.db, call.actor, call.path["card_id"], body, step=call.key)


@ENDPOINTS.command(
    "card.archive", "POST", f"{CARD}/archive", permission="card.change", body=CardArchive, result=CardView
)
def archive(call: Call, body: CardArchive) -> CardView:
    """Put a card away, or bring it back."""
    where = Beside(before=body.before, after=body.after)
    return card.archive(call.db, call.actor, call.path["card_id"], on=body.on, where=where, step=call.key)


@ENDPOINTS.command(
    "card.assign", "POST", f"{CARD}/people", permission="card.change", body=PersonWish, result=CardView
)
def assign(call: Call, body: PersonWish) -> CardView:
    """Give a card to somebody of the team, or take it off them."""
    return card_people.assign(call.db, call.actor, call.path["card_id"], body.person_id, on=body.on, step=call.key)


@ENDPOINTS.command(
    "card.label", "POST", f"{CARD}/labels", permission="card.change", body=LabelWish, result=CardView
)
def label(call: Call, body: LabelWish) -> CardView:
    """Stick a label on a card, or take it off."""
    return card_people.label(call.db, call.actor, call.path["card_id"], body.label_id, on=body.on, step=call.key)


@ENDPOINTS.command("card.link", "POST", f"{CARD}/links", permission="card.change", body=LinkWish, result=CardView)
def link(call: Call, body: LinkWish) -> CardView:
    """Say that two cards belong together, or no longer."""
    return card_people.link(call.db, call.actor, call.path["card_id"], body.other_id, on=body.on, step=call.key)


@ENDPOINTS.command("card.watch", "POST", f"{CARD}/watch", permission="board.show", body=OnWish)
def watch(call: Call, body: OnWish) -> None:
    """Hear what happens to a card, or no more."""
    card_people.watch(call.db, call.actor, call.path["card_id"], on=body.on)
