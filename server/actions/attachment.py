"""Files and links on a card."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, func, select

from models.board import Board
from models.card import Card, CardAttachment
from server.actions import file as files
from server.actions.card_log import Writing, on_card
from server.domain.attachment import MOST_ATTACHMENTS, TEAM_BYTES, AttachmentView, UrlDraft
from server.domain.card import raised
from server.domain.card_facts import AttachmentAdded, AttachmentRemoved
from server.domain.errors import Conflict
from server.domain.person import Actor
from server.queries import cards, scope


@dataclass(frozen=True)
class Stored:
    """A file that lies in `server.files` already."""

    kind: str
    name: str
    stored: str
    preview: str | None
    size: int


def check(db: Session, actor: Actor, card_id: UUID, *, size: int) -> None:
    """Whether a file may come at all, asked before it is opened."""
    card, _ = scope.of_card(db, actor, card_id, "card.change")
    _check_room(db, card, size)


def add(db: Session, actor: Actor, card_id: UUID, file: Stored) -> AttachmentView:
    """Put a stored file on a card. The same bytes under the same name are there once, however often they come."""
    card, on = on_card(db, actor, card_id, "card.change")
    same = (
        col(CardAttachment.card_id) == card_id,
        col(CardAttachment.stored) == file.stored,
        col(CardAttachment.name) == file.name,
    )
    known = db.exec(select(CardAttachment).where(*same)).first()
    if known is not None:
        return cards.attachment(db, known)
    _check_room(db, card, file.size)
    files.spare(db, [file.stored, file.preview])
    row = CardAttachment(
        card_id=card_id,
        kind=file.kind,
        name=file.name,
        stored=file.stored,
        preview=file.preview,
        size=file.size,
        added_by=actor.person_id,
    )
    return _told(on, card, row)


def link(db: Session, actor: Actor, card_id: UUID, draft: UrlDraft, *, id: UUID) -> AttachmentView:
    """Put an address on a card."""
    card, on = on_card(db, actor, card_id, "card.change", step=id)
    _check_room(db, card, 0)
    name = draft.name or draft.url[:200]
    row = CardAttachment(id=id, card_id=card_id, kind="link", name=name, url=draft.url, added_by=actor.person_id)
    return _told(on, card, row)


def remove(db: Session, actor: Actor, attachment_id: UUID) -> None:
    """Take a file or link off its card. Its bytes go, too, unless another card holds the same."""
    known = scope.load(db, CardAttachment, attachment_id)
    card, on = on_card(db, actor, known.card_id, "card.change")
    row = scope.load(db, CardAttachment, attachment_id, lock=True)
    db.delete(row)
    files.doom(db, [row.stored, row.preview])
    card.attachments -= 1
    if card.cover_id == row.id:
        card.cover_id = None
        card.field_versions = raised(card.field_versions, ["cover"])
    on.keep(card, "attachment", row.name, None, subject=row.id, fixed=True)
    on.tell(AttachmentRemoved(attachment_id=row.id, card=on.touched(card), by=on.by), row.id)


def _told(on: Writing, card: Card, row: CardAttachment) -> AttachmentView:
    on.db.add(row)
    card.attachments += 1
    on.db.flush()
    on.keep(card, "attachment", None, row.name, subject=row.id, fixed=True)
    shown = cards.attachment(on.db, row)
    on.tell(AttachmentAdded(attachment=shown, card=on.touched(card), by=on.by), row.id)
    return shown


def _check_room(db: Session, card: Card, size: int) -> None:
    if card.attachments >= MOST_ATTACHMENTS:
        raise Conflict("attachment.too_many", limit=MOST_ATTACHMENTS)
    if not size:
        return
    team_id = db.get_one(Board, card.board_id).team_id
    held = (
        select(func.sum(CardAttachment.size))
        .join(Card, col(Card.id) == col(CardAttachment.card_id))
        .join(Board, col(Board.id) == col(Card.board_id))
        .where(col(Board.team_id) == team_id)
    )
    if (db.exec(held).one() or 0) + size > TEAM_BYTES:
        raise Conflict("attachment.team_full")
