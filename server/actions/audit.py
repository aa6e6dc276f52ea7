"""The log of deeds: written in the transaction of the deed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlmodel import Session

from models.base import new_id
from models.moderation import Audit
from server.domain.moderation import Deed
from server.domain.person import Actor


def note(
    db: Session,
    actor: Actor,
    conference_id: UUID,
    action: str,
    *,
    session: UUID | None = None,
    person: UUID | None = None,
    subject: UUID | None = None,
    data: dict[str, Any] | None = None,
) -> Deed:
    """Write down who did what to whom. `data` is small, and holds nobody's words."""
    row = Audit(
        id=new_id(),
        conference_id=conference_id,
        session_id=session,
        actor_id=actor.person_id,
        person_id=person,
        action=action,
        subject_id=subject,
        data=data or {},
    )
    db.add(row)
    return Deed(id=row.id, action=action)
