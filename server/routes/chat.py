"""The chat of a session, and the same among a team or two people."""

from __future__ import annotations

from uuid import UUID

from server.actions import conversation, message, sign
from server.api.endpoint import Call, Endpoints
from server.api.rates import TALKING
from server.domain.conversation import Conversations, ConversationView, DirectWish, PersonCard, ReadMark
from server.domain.errors import BadInput
from server.domain.message import (
    ChatMine,
    ChatSnapshot,
    Found,
    MessageDraft,
    MessageEdit,
    MessagePage,
    MessageView,
    SignWish,
)
from server.domain.person import PeopleFound
from server.queries import chat, conversations

ENDPOINTS = Endpoints("chat")
ONE = "/api/messages/{message_id}"
OF_SESSION = "/api/sessions/{session_id}"
OF_CONVERSATION = "/api/conversations/{conversation_id}"
PAGED = ("before", "after", "around", "limit")


@ENDPOINTS.query("chat.show", f"{OF_SESSION}/chat", permission="chat.show", result=ChatSnapshot)
def show(call: Call) -> ChatSnapshot:
    """The newest messages, with the position they belong to."""
    return chat.of_session(call.db, call.actor, call.path["session_id"])


@ENDPOINTS.query("chat.mine", f"{OF_SESSION}/chat/mine", permission="chat.show", result=ChatMine)
def mine(call: Call) -> ChatMine:
    """One's own messages that wait, one's signs, and whether one may write now."""
    return chat.mine(call.db, call.actor, call.path["session_id"])


@ENDPOINTS.query(
    "message.page", f"{OF_SESSION}/messages", permission="chat.show", result=MessagePage, parameters=PAGED
)
def page(call: Call) -> MessagePage:
    """Messages older than `before`, later than `after`, or round one; oldest first."""
    return _page(call, chat.where_session(call.db, call.actor, call.path["session_id"]))


@ENDPOINTS.query(
    "message.search",
    f"{OF_SESSION}/messages/search",
    permission="chat.show",
    result=Found,
    parameters=("q", "before"),
)
def search(call: Call) -> Found:
    """Messages with these words, newest first; spellings of one Arabic word are one."""
    return _search(call, chat.where_session(call.db, call.actor, call.path["session_id"]))


@ENDPOINTS.command(
    "message.post",
    "POST",
    f"{OF_SESSION}/messages",
    permission="message.post",
    body=MessageDraft,
    result=MessageView,
    status=201,
    rate=TALKING,
)
def post(call: Call, body: MessageDraft) -> MessageView:
    """Say something. What waits for a moderator is answered with the state `held`."""
    return message.post(
        call.db,
        call.actor,
        call.path["session_id"],
        body.text,
        id=call.key,
        parent_id=body.parent_id,
        mentions=body.mentions,
    )


@ENDPOINTS.command(
    "message.edit", "PATCH", ONE, permission="message.edit", body=MessageEdit, result=MessageView, rate=TALKING
)
def edit(call: Call, body: MessageEdit) -> MessageView:
    """Change one's own words."""
    return message.edit(call.db, call.actor, call.path["message_id"], body.text)


@ENDPOINTS.command("message.delete", "DELETE", ONE, permission="message.delete", rate=TALKING)
def delete(call: Call) -> None:
    """Take a message away: one's own, or anybody's as a moderator."""
    message.delete(call.db, call.actor, call.path["message_id"])


@ENDPOINTS.command("sign.give", "POST", f"{ONE}/signs", permission="message.react", body=SignWish, rate=TALKING)
def give(call: Call, body: SignWish) -> None:
    """Put a sign under a message, or take it back."""
    if body.on:
        sign.give(call.db, call.actor, call.path["message_id"], body.kind)
    else:
        sign.take_back(call.db, call.actor, call.path["message_id"], body.kind)


@ENDPOINTS.query(
    "people.find",
    f"{OF_SESSION}/people",
    permission="chat.show",
    result=PeopleFound,
    parameters=("q",),
)
def find(call: Call) -> PeopleFound:
    """People of the conference whose name begins with this, to name them in a message."""
    return conversations.find(call.db, call.actor, call.path["session_id"], call.query.get("q", ""))


@ENDPOINTS.query(
    "conversation.list",
    "/api/conferences/{conference_id}/conversations",
    permission="direct.open",
    result=Conversations,
)
def listed(call: Call) -> Conversations:
    """One's conversations with people of a conference."""
    return conversations.mine(call.db, call.actor, call.path["conference_id"])


@ENDPOINTS.command(
    "direct.open",
    "POST",
    "/api/conferences/{conference_id}/conversations",
    permission="direct.open",
    body=DirectWish,
    result=ConversationView,
    status=201,
)
def open_direct(call: Call, body: DirectWish) -> ConversationView:
    """Begin to talk to somebody, where the organisers allow it."""
    return conversation.open_direct(call.db, call.actor, call.path["conference_id"], body.person_id, id=call.key)


@ENDPOINTS.command(
    "person.block", "PUT", "/api/conferences/{conference_id}/blocks/{person_id}", permission="direct.open"
)
def block(call: Call) -> None:
    """Hear no more from somebody."""
    conversation.block(call.db, call.actor, call.path["conference_id"], call.path["person_id"])


@ENDPOINTS.command(
    "person.unblock", "DELETE", "/api/conferences/{conference_id}/blocks/{person_id}", permission="direct.open"
)
def unblock(call: Call) -> None:
    """Hear from somebody again."""
    conversation.unblock(call.db, call.actor, call.path["conference_id"], call.path["person_id"])


@ENDPOINTS.query(
    "person.card",
    "/api/conferences/{conference_id}/people/{person_id}/card",
    permission="direct.open",
    result=PersonCard,
)
def person_card(call: Call) -> PersonCard:
    """Somebody of the conference, as a press on their name shows them."""
    return conversations.card(call.db, call.actor, call.path["conference_id"], call.path["person_id"])


@ENDPOINTS.query("conversation.mine", f"{OF_CONVERSATION}/chat/mine", permission="chat.show", result=ChatMine)
def mine_of_conversation(call: Call) -> ChatMine:
    """One's signs in a conversation, and whether one may write there now."""
    return chat.mine_of_conversation(call.db, call.actor, call.path["conversation_id"])


@ENDPOINTS.query(
    "conversation.people",
    f"{OF_CONVERSATION}/people",
    permission="chat.show",
    result=PeopleFound,
    parameters=("q",),
)
def find_in_conversation(call: Call) -> PeopleFound:
    """Those who talk there and whose name begins with this, to name them in a message."""
    return conversations.find_in(call.db, call.actor, call.path["conversation_id"], call.query.get("q", ""))


@ENDPOINTS.command(
    "conversation.read", "PUT", f"{OF_CONVERSATION}/read", permission="chat.show", body=ReadMark, rate=TALKING
)
def read(call: Call, body: ReadMark) -> None:
    """Mark a conversation as read up to a message."""
    conversation.read(call.db, call.actor, call.path["conversation_id"], body.message_id)


@ENDPOINTS.query("conversation.show", f"{OF_CONVERSATION}/chat", permission="chat.show", result=ChatSnapshot)
def show_conversation(call: Call) -> ChatSnapshot:
    """The newest messages of a team or of two people, with the position they belong to."""
    return chat.of_conversation(call.db, call.actor, call.path["conversation_id"])


@ENDPOINTS.query(
    "conversation.page",
    f"{OF_CONVERSATION}/messages",
    permission="chat.show",
    result=MessagePage,
    parameters=PAGED,
)
def page_conversation(call: Call) -> MessagePage:
    """Other messages of a conversation, as of a session."""
    return _page(call, chat.where_conversation(call.db, call.actor, call.path["conversation_id"]))


@ENDPOINTS.query(
    "conversation.search",
    f"{OF_CONVERSATION}/messages/search",
    permission="chat.show",
    result=Found,
    parameters=("q", "before"),
)
def search_conversation(call: Call) -> Found:
    """Messages of a conversation with these words."""
    return _search(call, chat.where_conversation(call.db, call.actor, call.path["conversation_id"]))


@ENDPOINTS.command(
    "conversation.post",
    "POST",
    f"{OF_CONVERSATION}/messages",
    permission="message.post",
    body=MessageDraft,
    result=MessageView,
    status=201,
    rate=TALKING,
)
def post_in_conversation(call: Call, body: MessageDraft) -> MessageView:
    """Say something to one's team, or to one person."""
    return message.post_in(call.db, call.actor, call.path["conversation_id"], body, id=call.key)


def _page(call: Call, where: object) -> MessagePage:
    try:
        limit = int(call.query.get("limit", chat.PAGE))
    except ValueError:
        raise BadInput("input.unusable", fields={"limit": "field.unusable"}) from None
    return chat.page(
        call.db,
        where,
        before=id_of(call, "before"),
        around=id_of(call, "around"),
        after=id_of(call, "after"),
        limit=limit,
    )


def _search(call: Call, where: object) -> Found:
    return chat.search(call.db, where, call.query.get("q", ""), before=id_of(call, "before"))


def id_of(call: Call, name: str) -> UUID | None:
    """An id among the parameters of a query."""
    try:
        return UUID(call.query[name]) if name in call.query else None
    except ValueError:
        raise BadInput("input.unusable", fields={name: "field.unusable"}) from None
