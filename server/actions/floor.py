"""Whether somebody has the floor: before they ask or raise a hand."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session

from server.domain.errors import Forbidden
from server.domain.moderation import check_not_calm
from server.queries import rules
from server.queries.scope import Scope


def require_floor(db: Session, here: Scope, session_id: UUID, what: str) -> None:
    """Whether somebody may ask (`question`), raise a hand (`hand`) or write for the wall (`words`) now. Raises
    Forbidden for the silenced, and Conflict for a hand in a session that was calmed down."""
    if rules.exempt(here):
        return
    if rules.silence_of(db, here.conference_id, session_id, here.actor.person_id) is not None:
        raise Forbidden("silenced")
    if what == "hand":
        check_not_calm(rules.in_force(db, here.conference_id, session_id))
