"""Saying something in a session's chat, and taking it back."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session

from models.base import now
from models.conversation import Message
from models.person import Person
from server.actions.publish import blank, publish
from server.domain.errors import Forbidden, NotFound
from server.domain.message import MessageDeleted, MessageEdited, MessagePosted, MessageView, view
from server.domain.person import Actor, actor_view
from server.domain.person import view as person_view
from server.queries import scope
from server.queries.channels import session_channel


def post(db: Session, actor: Actor, session_id: UUID, text: str, *, id: UUID) -> MessageView:
    """Say something. Everybody, the sender too, sees it where its publication stands in the channel."""
    scope.of_session(db, actor, session_id, "message.post")
    message = Message(id=id, session_id=session_id, person_id=actor.person_id, text=text)
    db.add(message)
    shown = view(message, actor_view(actor))
    publish(db, session_channel(session_id), MessagePosted(message=shown), subject=id, placed=message)
    return shown


def edit(db: Session, actor: Actor, message_id: UUID, text: str) -> MessageView:
    """Change one's own words. What a moderator or oneself took away cannot be said again by editing."""
    message, _ = scope.of_message(db, actor, message_id, "message.edit", lock=True)
    if message.person_id != actor.person_id:
        raise Forbidden("not_allowed", permission="message.edit")
    if message.deleted_at is not None:
        raise NotFound("not_found")
    message.text = text
    message.edited_at = now()
    message.version += 1
    shown = view(message, actor_view(actor))
    publish(db, session_channel(message.session_id), MessageEdited(message=shown), subject=message.id)
    return shown


def delete(db: Session, actor: Actor, message_id: UUID) -> None:
    """Take a message away, leaving a tombstone; its words go from the row and from every publication."""
    message, here = scope.of_message(db, actor, message_id, "message.delete", lock=True)
    own = message.person_id == actor.person_id
    if not own:
        here.require("message.moderate")
    if message.deleted_at is not None:
        return
    message.text = ""
    message.deleted_at = now()
    message.deleted_by = "author" if own else "moderator"
    message.version += 1
    shown = view(message, person_view(scope.load(db, Person, message.person_id)))
    fact = MessageDeleted(message=shown)
    channel = session_channel(message.session_id)
    told_as = (MessagePosted, MessageEdited)
    blank(db, channel, message.id, fact.model_dump(mode="json"), told_as=told_as)
    publish(db, channel, fact, subject=message.id)
