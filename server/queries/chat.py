"""A session's chat: its newest page with the position it belongs to, and older pages."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from models.conversation import Message
from models.person import Person
from server.domain.errors import NotFound
from server.domain.message import ChatSnapshot, MessagePage, MessageView, view
from server.domain.person import Actor
from server.domain.person import view as person_view
from server.queries import scope
from server.queries.channels import position, session_channel

PAGE = 50
LONGEST_PAGE = 200


def snapshot(db: Session, actor: Actor, session_id: UUID) -> ChatSnapshot:
    scope.of_session(db, actor, session_id, "chat.show")
    messages, more = _page(db, session_id, before=None, limit=PAGE)
    return ChatSnapshot(position=position(db, session_channel(session_id)), messages=messages, more=more)


def page(db: Session, actor: Actor, session_id: UUID, *, before: UUID | None, limit: int) -> MessagePage:
    """Messages older than `before`, oldest first; `more` says whether there are still older ones."""
    scope.of_session(db, actor, session_id, "chat.show")
    place: int | None = None
    if before is not None:
        known = db.get(Message, before)
        if known is None or known.session_id != session_id:
            raise NotFound("not_found")
        place = known.place
    messages, more = _page(db, session_id, before=place, limit=max(1, min(limit, LONGEST_PAGE)))
    return MessagePage(messages=messages, more=more)


def _page(db: Session, session_id: UUID, *, before: int | None, limit: int) -> tuple[list[MessageView], bool]:
    wanted = (
        select(Message, Person)
        .join(Person, col(Person.id) == col(Message.person_id))
        .where(col(Message.session_id) == session_id)
    )
    if before is not None:
        wanted = wanted.where(col(Message.place) < before)
    rows: Sequence[tuple[Message, Person]] = db.exec(
        wanted.order_by(col(Message.place).desc()).limit(limit + 1)
    ).all()
    kept = rows[:limit]
    return [view(message, person_view(author)) for message, author in reversed(kept)], len(rows) > limit
