"""Cards: as a board draws them, and as they are opened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from uuid import UUID

from sqlmodel import Session, col, or_, select

from models.card import Card, CardAttachment, CardComment, CardItem, CardLabel, CardLink, CardPerson
from models.card_work import CardClaim, CardReview
from models.person import Person
from server.domain import card as cards
from server.domain.attachment import AttachmentView, attachment_view
from server.domain.card import CardSnapshot, CardView
from server.domain.checklist import ItemView, item_view
from server.domain.comment import SHOWN, Comments, CommentView, comment_view
from server.domain.person import Actor, PersonView
from server.domain.person import view as person_view
from server.domain.work import claim_view, review_view
from server.queries import people, scope
from server.queries.channels import board_channel, position

AT_ONCE = 500  # ids in one statement: SQLite takes no more than 32,766 values


def view(db: Session, card: Card) -> CardView:
    return views(db, [card])[0]


def views(db: Session, rows: Sequence[Card]) -> list[CardView]:
    """Many cards in a few statements, whatever their number."""
    having: dict[UUID, list[PersonView]] = defaultdict(list)
    labels: dict[UUID, list[UUID]] = defaultdict(list)
    links: dict[UUID, list[UUID]] = defaultdict(list)
    for ids in _parts([row.id for row in rows]):
        held = (
            select(CardPerson.card_id, Person)
            .join(Person, col(Person.id) == col(CardPerson.person_id))
            .where(col(CardPerson.card_id).in_(ids))
            .order_by(col(CardPerson.at), col(CardPerson.person_id))
        )
        for card_id, person in db.exec(held):
            having[card_id].append(person_view(person))
        for label in db.exec(select(CardLabel).where(col(CardLabel.card_id).in_(ids))):
            labels[label.card_id].append(label.label_id)
        linked = or_(col(CardLink.card_id).in_(ids), col(CardLink.other_id).in_(ids))
        for link in db.exec(select(CardLink).where(linked)):
            links[link.card_id].append(link.other_id)
            links[link.other_id].append(link.card_id)
    workers = people.by_id(db, {row.worker_id for row in rows if row.worker_id})
    return [
        cards.view(
            row,
            people=having[row.id],
            labels=labels[row.id],
            links=sorted(set(links[row.id])),
            worker=person_view(workers[row.worker_id]) if row.worker_id in workers else None,
        )
        for row in rows
    ]


def _parts(ids: Sequence[UUID]) -> list[Sequence[UUID]]:
    return [ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE)]


def snapshot(db: Session, actor: Actor, card_id: UUID) -> CardSnapshot:
    card, _ = scope.of_card(db, actor, card_id, "board.show")
    claims = db.exec(
        select(CardClaim)
        .where(col(CardClaim.card_id) == card_id)
        .order_by(col(CardClaim.began_at), col(CardClaim.id))
    ).all()
    reviews = db.exec(
        select(CardReview)
        .where(col(CardReview.card_id) == card_id)
        .order_by(col(CardReview.at), col(CardReview.id))
    ).all()
    attachments = db.exec(
        select(CardAttachment)
        .where(col(CardAttachment.card_id) == card_id)
        .order_by(col(CardAttachment.created_at), col(CardAttachment.id))
    ).all()
    named = _names(
        db,
        {row.person_id for row in claims}
        | {row.person_id for row in reviews}
        | {row.added_by for row in attachments if row.added_by},
    )
    return CardSnapshot(
        position=position(db, board_channel(card.board_id)),
        card=view(db, card),
        description=card.description,
        items=items(db, card_id),
        comments=comments(db, card_id),
        attachments=[attachment_view(row, named(row.added_by) if row.added_by else None) for row in attachments],
        claims=[claim_view(row, named) for row in claims],
        reviews=[review_view(row, named) for row in reviews],
    )


def items(db: Session, card_id: UUID) -> list[ItemView]:
    wanted = select(CardItem).where(col(CardItem.card_id) == card_id, col(CardItem.removed_at).is_(None))
    return [item_view(row) for row in db.exec(wanted.order_by(col(CardItem.rank), col(CardItem.id)))]


def comments(db: Session, card_id: UUID, *, before: int | None = None) -> list[CommentView]:
    """The newest, or the newest before a place; oldest first."""
    wanted = select(CardComment).where(col(CardComment.card_id) == card_id)
    if before is not None:
        wanted = wanted.where(col(CardComment.place) < before)
    rows = db.exec(wanted.order_by(col(CardComment.place).desc()).limit(SHOWN)).all()
    return comment_views(db, list(reversed(rows)))


def earlier(db: Session, actor: Actor, card_id: UUID, *, before: int | None) -> Comments:
    """What was said before a place."""
    scope.of_card(db, actor, card_id, "board.show")
    found = comments(db, card_id, before=before)
    return Comments(comments=found, more=bool(found) and found[0].place > 1)


def comment_views(db: Session, rows: Sequence[CardComment]) -> list[CommentView]:
    ids = {row.person_id for row in rows} | {UUID(id) for row in rows for id in row.mentions}
    known = {id: person_view(row) for id, row in people.by_id(db, ids).items()}
    return [
        comment_view(row, known[row.person_id], [known[UUID(id)] for id in row.mentions if UUID(id) in known])
        for row in rows
    ]


def attachment(db: Session, row: CardAttachment) -> AttachmentView:
    by = db.get(Person, row.added_by) if row.added_by else None
    return attachment_view(row, person_view(by) if by else None)


def _names(db: Session, ids: Collection[UUID]) -> Callable[[UUID], PersonView]:
    known = {id: person_view(row) for id, row in people.by_id(db, ids).items()}
    return lambda id: known[id]
