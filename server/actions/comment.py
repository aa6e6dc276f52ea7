"""Saying something about a card, and taking it back."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlmodel import Session, col, func, select

from models.base import now
from models.card import Card, CardComment
from models.team import Membership
from server.actions import card_people, notify
from server.actions.card_log import Writing, on_card
from server.actions.publish import blank
from server.domain.card_facts import CommentChanged, CommentCreated, CommentDeleted
from server.domain.comment import MOST_COMMENTS, CommentChange, CommentDraft, CommentView
from server.domain.errors import Conflict, Forbidden, NotFound
from server.domain.person import Actor
from server.queries import cards, scope
from server.queries.channels import board_channel

NOTICE_LETTERS = 160


def create(db: Session, actor: Actor, card_id: UUID, draft: CommentDraft, *, id: UUID) -> CommentView:
    """Say something. Those who are named, and those who watch the card, are told."""
    card, on = on_card(db, actor, card_id, "comment.write", step=id)
    last = db.exec(select(func.max(CardComment.place)).where(col(CardComment.card_id) == card_id)).one() or 0
    if last >= MOST_COMMENTS:
        raise Conflict("comment.too_many", limit=MOST_COMMENTS)
    named = _of_the_team(db, on, draft.mentions)
    row = CardComment(
        id=id,
        card_id=card_id,
        person_id=actor.person_id,
        place=last + 1,
        text=draft.text,
        mentions=[str(one) for one in named],
    )
    db.add(row)
    card.comments += 1
    db.flush()
    shown = cards.comment_views(db, [row])[0]
    on.tell(CommentCreated(comment=shown, card=on.touched(card)), id)
    _notify(on, card, row, named)
    card_people.watch_on(db, card_id, [actor.person_id])
    return shown


def edit(db: Session, actor: Actor, comment_id: UUID, wish: CommentChange) -> CommentView:
    """Change one's own words. Who is named only now is told.

    What somebody else said elsewhere and one brought here is not one's own.
    """
    row, card, on = _held(db, actor, comment_id)
    if row.person_id != actor.person_id or row.author_name:
        raise Forbidden("not_allowed", permission="comment.change")
    if row.deleted_at is not None:
        raise NotFound("not_found")
    row.text = wish.text
    fresh: set[UUID] = set()
    if wish.mentions is not None:
        named = _of_the_team(db, on, wish.mentions)
        fresh = set(named) - {UUID(id) for id in row.mentions}
        row.mentions = [str(one) for one in named]
    row.edited_at = now()
    row.version += 1
    db.flush()
    shown = cards.comment_views(db, [row])[0]
    on.tell(CommentChanged(comment=shown, card=on.touched(card)), row.id)
    _mention(on, card, row, fresh, once=_named_later(row))
    return shown


def delete(db: Session, actor: Actor, comment_id: UUID) -> None:
    """Take a comment away, leaving a tombstone; its words go from the row and from every publication."""
    row, card, on = _held(db, actor, comment_id)
    if row.person_id != actor.person_id:
        on.here.require("comment.moderate")
    if row.deleted_at is not None:
        return
    people = card_people.watchers(db, card.id) | {UUID(id) for id in row.mentions}
    for once in (_about(row), _named_later(row)):
        notify.take_back(db, people, once)
    row.text = ""
    row.mentions = []
    row.deleted_at = now()
    row.version += 1
    card.comments -= 1
    db.flush()
    fact = CommentDeleted(comment=cards.comment_views(db, [row])[0], card=on.touched(card))
    told_as = (CommentCreated, CommentChanged)
    blank(db, board_channel(card.board_id), row.id, fact.model_dump(mode="json"), told_as=told_as)
    on.tell(fact, row.id)


def _held(db: Session, actor: Actor, comment_id: UUID) -> tuple[CardComment, Card, Writing]:
    known = scope.load(db, CardComment, comment_id)
    card, on = on_card(db, actor, known.card_id, "comment.change", archived=True)
    return scope.load(db, CardComment, comment_id, lock=True), card, on


def _about(row: CardComment) -> str:
    """By which name those concerned were told of a comment."""
    return f"comment:{row.id}"


def _named_later(row: CardComment) -> str:
    """The same for who was named when its words were changed: they may have heard of it as watchers before."""
    return f"comment:{row.id}:named"


def _of_the_team(db: Session, on: Writing, ids: Collection[UUID]) -> list[UUID]:
    """Those of the team among the named, in the order they were named."""
    wanted = select(Membership.person_id).where(
        col(Membership.team_id) == on.board.team_id, col(Membership.person_id).in_(list(ids))
    )
    here = set(db.exec(wanted)) if ids else set()
    return [id for id in dict.fromkeys(ids) if id in here]


def _notify(on: Writing, card: Card, row: CardComment, named: Collection[UUID]) -> None:
    watching = card_people.watchers(on.db, card.id) - set(named) - {row.person_id}
    _mention(on, card, row, named, once=_about(row))
    if watching:
        card_people.tell_people(on, card, watching, "card_comment", _said(on, card, row), once=_about(row))


def _mention(on: Writing, card: Card, row: CardComment, named: Collection[UUID], *, once: str) -> None:
    if people := set(named) - {row.person_id}:
        card_people.tell_people(on, card, people, "card_mention", _said(on, card, row), once=once)


def _said(on: Writing, card: Card, row: CardComment) -> dict[str, str]:
    text = " ".join(row.text.split())[:NOTICE_LETTERS]
    return {"name": on.actor.name, "title": card.title, "text": text}
