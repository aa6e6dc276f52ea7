"""What is said in a chat: of a session, of a team, or of two people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from models.conversation import Message
from server.domain.errors import Conflict
from server.domain.filters import HoldReason
from server.domain.person import PersonView
from server.domain.text import MessageText
from server.domain.view import Fact, Position, Signal, View
from server.domain.zone import Instant

Sign = Literal["thumb", "heart", "clap", "laugh", "wow", "sad"]
MOST_MENTIONS = 20
MOST_PINS = 3
CHATS = ("session", "conversation")


class MessageView(View):
    """A deleted message stays as a tombstone without its text, so that late comers see the same chat.

    A hidden one is told as deleted by a moderator, too: who does not know of hiding shows the same.
    """

    id: UUID
    session_id: UUID | None
    conversation_id: UUID | None
    author: PersonView
    text: str
    at: Instant
    edited_at: Instant | None
    deleted: Literal["author", "moderator"] | None
    hidden: bool
    state: Literal["shown", "held", "refused"]
    parent_id: UUID | None
    mentions: list[PersonView]
    signs: dict[Sign, int]
    pinned: bool
    version: int


class MessageDraft(View):
    text: MessageText
    parent_id: UUID | None = None
    mentions: Annotated[list[UUID], Field(default_factory=list, max_length=MOST_MENTIONS)]


class MessageEdit(View):
    text: MessageText


class SignWish(View):
    kind: Sign
    on: bool = True


class ChatRulesView(View):
    """What everybody in a chat should know of its rules."""

    slow_s: int
    hold: Literal["nobody", "newcomers", "all"]
    links: Literal["all", "known", "nobody"]
    calm: bool
    version: int


NO_RULES = ChatRulesView(slow_s=0, hold="nobody", links="all", calm=False, version=0)


class ChatSnapshot(View):
    """The newest messages. `quoted` are those they answer to and which are older than the page."""

    position: Position
    messages: list[MessageView]
    more: bool
    quoted: list[MessageView]
    pins: list[MessageView]
    rules: ChatRulesView


class MessagePage(View):
    """`more`: there are older ones; `newer`: there are later ones, which only a page round a message has."""

    messages: list[MessageView]
    more: bool
    quoted: list[MessageView]
    newer: bool = False


class Found(View):
    messages: list[MessageView]
    more: bool


class HeldView(View):
    """A message that waits for a moderator, or was refused by one, and why it was held."""

    message: MessageView
    reason: HoldReason


class MyMark(View):
    message_id: UUID
    kinds: list[Sign]


class ChatMine(View):
    """What differs from person to person in a chat."""

    position: Position  # of the person's own channel
    held: list[HeldView]
    refused: list[HeldView]  # until their author takes them back
    signs: list[MyMark]
    silenced: bool
    silenced_until: Instant | None
    exempt: bool  # slow mode, holding and links do not concern them
    wait_s: int


class MessagePosted(Fact, name="message.posted", channels=CHATS):
    message: MessageView


class MessageEdited(Fact, name="message.edited", channels=CHATS):
    message: MessageView


class MessageDeleted(Fact, name="message.deleted", channels=CHATS):
    message: MessageView


class MessageHidden(Fact, name="message.hidden", channels=("session",)):
    """A moderator took it out of sight; its words are in no publication any more."""

    message: MessageView


class MessageRestored(Fact, name="message.restored", channels=("session",)):
    """A hidden message is back, words and all."""

    message: MessageView


class MessagePinned(Fact, name="message.pinned", channels=("session",)):
    message: MessageView


class MessageUnpinned(Fact, name="message.unpinned", channels=("session",)):
    message: MessageView


class MessageHeld(Fact, name="message.held", channels=("session:moderation", "person")):
    """To moderators and to its author: it waits."""

    held: HeldView


class MessageSettled(Fact, name="message.settled", channels=("session:moderation", "person")):
    """To the same: it waits no longer."""

    message_id: UUID
    session_id: UUID
    state: Literal["shown", "refused", "withdrawn"]


class MessageSigned(Fact, name="message.signed", channels=CHATS):
    """The signs under a message, summed; told at most every half second."""

    message_id: UUID
    signs: dict[Sign, int]
    version: int


class SignChanged(Fact, name="sign.changed", channels=("person",)):
    """To one's other devices."""

    message_id: UUID
    kind: Sign
    on: bool


class MessageMentioned(Fact, name="message.mentioned", channels=("person",)):
    """Somebody named one in a chat. What they said is read there."""

    message_id: UUID
    session_id: UUID | None
    conversation_id: UUID | None
    author: PersonView


class RulesChanged(Fact, name="rules.changed", channels=("session",)):
    rules: ChatRulesView


class Typing(Signal, name="typing"):
    people: list[PersonView]


class Presence(Signal, name="presence"):
    """How many are here; their names only while they are few."""

    count: int
    people: list[PersonView] | None


def view(
    message: Message,
    author: PersonView,
    *,
    mentions: Sequence[PersonView] = (),
    signs: dict[Sign, int] | None = None,
) -> MessageView:
    hidden = message.state == "hidden"
    gone = message.deleted_at is not None or hidden
    return MessageView(
        id=message.id,
        session_id=message.session_id,
        conversation_id=message.conversation_id,
        author=author,
        text="" if gone else message.text,
        at=message.created_at,
        edited_at=message.edited_at,
        deleted=message.deleted_by or ("moderator" if hidden else None),
        hidden=hidden,
        state="shown" if hidden else message.state,
        parent_id=message.parent_id,
        mentions=[] if gone else list(mentions),
        signs=(signs or {}) if not gone else {},
        pinned=message.pinned_at is not None and not gone,
        version=message.version,
    )


def check_shown(message: Message) -> None:
    """Raises Conflict for what nobody sees: it cannot be answered, pinned or signed."""
    if message.state != "shown" or message.deleted_at is not None:
        raise Conflict("message.not_shown")
