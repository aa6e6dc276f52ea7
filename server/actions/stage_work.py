"""What a session's audience is shown of work, told anew when something of it has changed."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from models.card import Card
from models.volunteer import StageCard
from server.actions.publish import publish
from server.domain.finding import WorkShown
from server.queries import finding
from server.queries.channels import session_channel


def tell_work(db: Session, session_id: UUID) -> None:
    publish(db, session_channel(session_id), WorkShown(work=finding.work(db, session_id)), subject=session_id)


def tell_of(db: Session, cards: ColumnElement[bool]) -> None:
    """To every session that shows one of these rows of `Card`."""
    shown = select(StageCard.session_id).join(Card, col(Card.id) == col(StageCard.card_id)).where(cards)
    _tell(db, db.exec(shown.distinct()).all())


def tell_of_card(db: Session, card_id: UUID) -> None:
    _tell(db, finding.stages_of(db, card_id))


def _tell(db: Session, session_ids: Iterable[UUID]) -> None:
    for session_id in sorted(session_ids):
        tell_work(db, session_id)
