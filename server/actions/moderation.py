"""What moderators do with messages: hide and bring back, let through or refuse, pin."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlmodel import Session, col, func, select

from models.base import now
from models.conference import ConferenceSession
from models.conversation import Message
from server.actions import audit, message, report
from server.actions.publish import blank, publish
from server.domain.errors import Conflict, NotFound
from server.domain.message import (
    MOST_PINS,
    MessageHidden,
    MessagePinned,
    MessageRestored,
    MessageUnpinned,
    MessageView,
    check_shown,
)
from server.domain.moderation import Deed
from server.domain.person import Actor
from server.queries import chat, scope
from server.queries.channels import session_channel
from server.queries.scope import Scope


def hide(db: Session, actor: Actor, message_id: UUID) -> Deed:
    """Take a message out of sight; undoing brings its words back. Late comers see a tombstone.

    Who reported it is answered by that: the reports close with it, and open again when it is undone.
    """
    row, here = _of_session(db, actor, message_id, "message.moderate")
    if row.deleted_at is not None or row.state not in {"shown", "hidden"}:
        raise Conflict("message.not_shown")
    if row.state == "shown":
        put_away(db, row)
    settled = report.act(db, here.conference_id, row.id, actor.person_id)
    return _note(db, here, row, "message.hidden", data={"reports": settled})


def restore(db: Session, actor: Actor, message_id: UUID) -> Deed:
    """Bring a hidden message back to its place."""
    row, here = _of_session(db, actor, message_id, "message.moderate")
    if row.deleted_at is not None or row.state not in {"shown", "hidden"}:
        raise Conflict("message.not_shown")
    if row.state == "hidden":
        bring_back(db, row)
    return _note(db, here, row, "message.restored")


def approve(db: Session, actor: Actor, message_id: UUID) -> Deed:
    """Let a message through that waits (or was refused). Two moderators approving at once act once."""
    row, here = _of_session(db, actor, message_id, "message.moderate")
    if row.deleted_at is not None:
        raise NotFound("not_found")
    if row.state in {"held", "refused"}:
        message.show(db, row)
    return _note(db, here, row, "message.approved")


def refuse(db: Session, actor: Actor, message_id: UUID) -> Deed:
    """Keep a message back for good; its author is told so."""
    row, here = _of_session(db, actor, message_id, "message.moderate")
    if row.deleted_at is not None or row.state not in {"held", "refused"}:
        raise Conflict("message.decided")
    if row.state == "held":
        row.state = "refused"
        row.version += 1
        message.settle(db, row, "refused")
    return _note(db, here, row, "message.refused")


def wait_again(db: Session, row: Message) -> None:
    """A refused message is back in the queue."""
    if row.state == "refused":
        row.state = "held"
        row.version += 1
        db.flush()
        message.tell_held(db, row)


def pin(db: Session, actor: Actor, message_id: UUID) -> Deed:
    """Keep a message at the top of the chat. A few at most: a wall of pins is read by nobody."""
    row, here = _of_session(db, actor, message_id, "message.pin")
    check_shown(row)
    if row.pinned_at is None:
        assert row.session_id is not None
        scope.load(db, ConferenceSession, row.session_id, lock=True)  # two pins at once are counted
        pinned = select(func.count()).where(
            col(Message.session_id) == row.session_id, col(Message.pinned_at).is_not(None)
        )
        if db.exec(pinned).one() >= MOST_PINS:
            raise Conflict("pins.full", most=MOST_PINS)
        row.pinned_at = now()
        row.version += 1
        publish(db, session_channel(row.session_id), MessagePinned(message=_shown(db, row)), subject=row.id)
    return _note(db, here, row, "message.pinned")


def unpin(db: Session, actor: Actor, message_id: UUID) -> Deed:
    row, here = _of_session(db, actor, message_id, "message.pin")
    if row.pinned_at is not None:
        row.pinned_at = None
        row.version += 1
        assert row.session_id is not None
        publish(db, session_channel(row.session_id), MessageUnpinned(message=_shown(db, row)), subject=row.id)
    return _note(db, here, row, "message.unpinned")


def put_away(db: Session, row: Message) -> None:
    row.state, row.pinned_at = "hidden", None
    message.forget_notices(db, row, row.mentions)
    row.version += 1
    fact = MessageHidden(message=_shown(db, row))
    assert row.session_id is not None
    channel = session_channel(row.session_id)
    blank(db, channel, row.id, fact.model_dump(mode="json"), told_as=message.TOLD_AS)
    publish(db, channel, fact, subject=row.id)


def bring_back(db: Session, row: Message) -> None:
    row.state = "shown"
    row.version += 1
    assert row.session_id is not None
    publish(db, session_channel(row.session_id), MessageRestored(message=_shown(db, row)), subject=row.id)


def _of_session(db: Session, actor: Actor, message_id: UUID, permission: str) -> tuple[Message, Scope]:
    """A session's message, locked; nobody moderates what a team or two people say among themselves."""
    row, here = scope.of_message(db, actor, message_id, permission, lock=True)
    if row.session_id is None:
        raise Conflict("message.private")
    return row, here


def _shown(db: Session, row: Message) -> MessageView:
    db.flush()
    return chat.one(db, row)


def _note(db: Session, here: Scope, row: Message, action: str, *, data: dict[str, Any] | None = None) -> Deed:
    return audit.note(
        db,
        here.actor,
        here.conference_id,
        action,
        session=row.session_id,
        person=row.person_id,
        subject=row.id,
        data=data,
    )
