"""News of a change, written in the transaction of the change."""

from __future__ import annotations

from collections.abc import Collection
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


def blank(
    db: Session, channel: str, subject: UUID, data: dict[str, Any], *, told_as: Collection[type[Fact]]
) -> None:
    """Replace the data of every earlier publication about a row, so that a recovery cannot bring it back.

    Only of these facts on this channel: a row's id is chosen by whoever makes it, and must not reach what
    was told of a row of another kind.
    """
    about = (
        col(Publication.subject_id) == subject,
        col(Publication.channel) == channel,
        col(Publication.name).in_([fact.name for fact in told_as]),
    )
    db.connection().execute(update(Publication).where(*about).values(data=data))


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
