"""The chat of a session."""

from __future__ import annotations

from uuid import UUID

from server.actions import message
from server.api.endpoint import Call, Endpoints
from server.api.rates import TALKING
from server.domain.errors import BadInput
from server.domain.message import ChatSnapshot, MessageDraft, MessagePage, MessageView
from server.queries import chat

ENDPOINTS = Endpoints("chat")
ONE = "/api/messages/{message_id}"


@ENDPOINTS.query("chat.show", "/api/sessions/{session_id}/chat", permission="chat.show", result=ChatSnapshot)
def show(call: Call) -> ChatSnapshot:
    """The newest messages, with the position they belong to."""
    return chat.snapshot(call.db, call.actor, call.path["session_id"])


@ENDPOINTS.query(
    "message.page",
    "/api/sessions/{session_id}/messages",
    permission="chat.show",
    result=MessagePage,
    parameters=("before", "limit"),
)
def page(call: Call) -> MessagePage:
    """Messages older than `before`, oldest first."""
    try:
        before = UUID(call.query["before"]) if "before" in call.query else None
        limit = int(call.query.get("limit", chat.PAGE))
    except ValueError:
        raise BadInput("input.unusable", fields={"before": "field.unusable"}) from None
    return chat.page(call.db, call.actor, call.path["session_id"], before=before, limit=limit)


@ENDPOINTS.command(
    "message.post",
    "POST",
    "/api/sessions/{session_id}/messages",
    permission="message.post",
    body=MessageDraft,
    result=MessageView,
    status=201,
    rate=TALKING,
)
def post(call: Call, body: MessageDraft) -> MessageView:
    """Say something."""
    return message.post(call.db, call.actor, call.path["session_id"], body.text, id=call.key)


@ENDPOINTS.command(
    "message.edit", "PATCH", ONE, permission="message.edit", body=MessageDraft, result=MessageView, rate=TALKING
)
def edit(call: Call, body: MessageDraft) -> MessageView:
    """Change one's own words."""
    return message.edit(call.db, call.actor, call.path["message_id"], body.text)


@ENDPOINTS.command("message.delete", "DELETE", ONE, permission="message.delete", rate=TALKING)
def delete(call: Call) -> None:
    """Take a message away: one's own, or anybody's as a moderator."""
    message.delete(call.db, call.actor, call.path["message_id"])
