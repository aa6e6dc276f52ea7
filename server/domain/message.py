"""What is said in a session's chat."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from models.conversation import Message
from server.domain.person import PersonView
from server.domain.text import MessageText
from server.domain.view import Fact, Position, Signal, View


class MessageView(View):
    """A deleted message stays as a tombstone without its text, so that late comers see the same chat."""

    id: UUID
    session_id: UUID
    author: PersonView
    text: str
    at: datetime
    edited_at: datetime | None
    deleted: Literal["author", "moderator"] | None
    version: int


class MessageDraft(View):
    text: MessageText


class ChatSnapshot(View):
    position: Position
    messages: list[MessageView]
    more: bool


class MessagePage(View):
    messages: list[MessageView]
    more: bool


class MessagePosted(Fact, name="message.posted", channels=("session",)):
    message: MessageView


class MessageEdited(Fact, name="message.edited", channels=("session",)):
    message: MessageView


class MessageDeleted(Fact, name="message.deleted", channels=("session",)):
    message: MessageView


class Typing(Signal, name="typing"):
    people: list[PersonView]


class Presence(Signal, name="presence"):
    """How many are here; their names only while they are few."""

    count: int
    people: list[PersonView] | None


def view(message: Message, author: PersonView) -> MessageView:
    return MessageView(
        id=message.id,
        session_id=message.session_id,
        author=author,
        text="" if message.deleted_at else message.text,
        at=message.created_at,
        edited_at=message.edited_at,
        deleted=message.deleted_by,
        version=message.version,
    )
