"""News of a change, written in the transaction of the change."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col

from models.channel import Draft, queue
from models.conversation import Message
from models.publication import Publication
from server.domain.person import AccessChanged
from server.domain.view import Fact
from server.queries.channels import ACCESS


def publish(
    db: Session, channel: str, fact: Fact, *, subject: UUID | None = None, placed: Message | None = None
) -> None:
    """Queue a fact for a channel; it gets its offset when the unit commits.

    `subject` is the row it tells of, so that erasing the row can blank the fact.
    """
    queue(db, Draft(channel, fact.name, fact.model_dump(mode="json"), subject_id=subject, placed=placed))


def blank(db: Session, subject: UUID, data: dict[str, Any]) -> None:
    """Replace the data of every earlier publication about a row, so that a recovery cannot bring it back."""
    db.connection().execute(update(Publication).where(col(Publication.subject_id) == subject).values(data=data))


def access_changed(
    db: Session,
    reason: str,
    *,
    people: tuple[UUID, ...] = (),
    logins: tuple[UUID, ...] = (),
    owners: tuple[str, ...] = (),
) -> None:
    """Tell every process to ask again what these may hear, and to close what they no longer may."""
    fact = AccessChanged(person_ids=list(people), login_ids=list(logins), owners=list(owners), reason=reason)
    publish(db, ACCESS, fact)
