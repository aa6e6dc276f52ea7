"""Stored files whose rows go: noted in the same transaction, removed later by a job."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, delete, or_, select, update

from models.base import now
from models.board import Board
from models.card import Card, CardAttachment
from models.file import DoomedFile
from models.programme import SpeakerProfile
from models.team import Team

AT_ONCE = 100
LATER = timedelta(hours=1)


def doom_conference(db: Session, conference_id: UUID) -> None:
    """Note the pictures and attachments of a conference that is about to be deleted."""
    pictures = select(SpeakerProfile.picture).where(col(SpeakerProfile.conference_id) == conference_id)
    attached = (
        select(CardAttachment.stored, CardAttachment.preview)
        .join(Card, col(Card.id) == col(CardAttachment.card_id))
        .join(Board, col(Board.id) == col(Card.board_id))
        .join(Team, col(Team.id) == col(Board.team_id))
        .where(col(Team.conference_id) == conference_id)
    )
    doom(db, [*db.exec(pictures), *(name for pair in db.exec(attached) for name in pair)])


def doom(db: Session, names: Iterable[str | None]) -> None:
    """Note files whose rows are going. One that another row names stays: the job asks again."""
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    for name in sorted({name for name in names if name}):
        row = dialect.insert(DoomedFile).values(name=name, at=now())
        db.connection().execute(row.on_conflict_do_nothing())


def spare(db: Session, names: Iterable[str | None]) -> None:
    """These are needed again: somebody brought the same bytes before the job came by."""
    db.exec(delete(DoomedFile).where(col(DoomedFile.name).in_([name for name in names if name])))


def doomed(db: Session) -> Sequence[tuple[str, bool]]:
    """Some of what was noted, and whether another row needs it still: the same bytes are kept once."""
    due = select(DoomedFile.name).where(col(DoomedFile.at) <= now())
    names = db.exec(due.order_by(col(DoomedFile.at)).limit(AT_ONCE)).all()
    return [(name, _needed(db, name)) for name in names]


def forget(db: Session, name: str) -> None:
    db.exec(delete(DoomedFile).where(col(DoomedFile.name) == name))


def look_later(db: Session, name: str) -> None:
    """Somebody brought the same bytes a moment ago: in an hour it is sure whether a row names them."""
    db.exec(update(DoomedFile).where(col(DoomedFile.name) == name).values(at=now() + LATER))


def _needed(db: Session, name: str) -> bool:
    pictured = select(SpeakerProfile.person_id).where(col(SpeakerProfile.picture) == name)
    attached = select(CardAttachment.id).where(
        or_(col(CardAttachment.stored) == name, col(CardAttachment.preview) == name)
    )
    return any(db.exec(one.limit(1)).first() is not None for one in (pictured, attached))
