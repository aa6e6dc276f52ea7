"""Polls."""

from __future__ import annotations

from server.actions import poll
from server.api.endpoint import Call, Endpoints
from server.api.rates import TALKING
from server.domain.poll import (
    PollAnswer,
    PollAnswerView,
    PollChange,
    PollDraft,
    PollSnapshot,
    PollView,
    WordHiding,
)
from server.queries import polls

ENDPOINTS = Endpoints("polls")
OF_SESSION = "/api/sessions/{session_id}/polls"
ONE = "/api/polls/{poll_id}"


@ENDPOINTS.query("poll.list", OF_SESSION, permission="poll.list", result=PollSnapshot)
def public(call: Call) -> PollSnapshot:
    """The polls that are open or were closed."""
    return polls.public(call.db, call.actor, call.path["session_id"])


@ENDPOINTS.query("poll.desk", f"{OF_SESSION}/desk", permission="poll.manage", result=PollSnapshot)
def desk(call: Call) -> PollSnapshot:
    """All polls with their sums, for moderators."""
    return polls.desk(call.db, call.actor, call.path["session_id"])


@ENDPOINTS.command(
    "poll.create", "POST", OF_SESSION, permission="poll.manage", body=PollDraft, result=PollView, status=201
)
def create(call: Call, body: PollDraft) -> PollView:
    """Draft a poll."""
    return poll.create(call.db, call.actor, call.path["session_id"], body, id=call.key)


@ENDPOINTS.command("poll.change", "PATCH", ONE, permission="poll.manage", body=PollChange, result=PollView)
def change(call: Call, body: PollChange) -> PollView:
    """Change a draft."""
    return poll.change(call.db, call.actor, call.path["poll_id"], body)


@ENDPOINTS.command("poll.delete", "DELETE", ONE, permission="poll.manage")
def delete(call: Call) -> None:
    """Throw a draft away."""
    poll.delete_draft(call.db, call.actor, call.path["poll_id"])


@ENDPOINTS.command("poll.open", "POST", f"{ONE}/open", permission="poll.manage", result=PollView)
def open_poll(call: Call) -> PollView:
    """Let people answer, also again after it was closed."""
    return poll.move(call.db, call.actor, call.path["poll_id"], "open")


@ENDPOINTS.command("poll.close", "POST", f"{ONE}/close", permission="poll.manage", result=PollView)
def close(call: Call) -> PollView:
    """Take no more answers; the results are everybody's."""
    return poll.move(call.db, call.actor, call.path["poll_id"], "closed")


@ENDPOINTS.command("poll.hide", "POST", f"{ONE}/hide", permission="poll.manage", body=WordHiding, result=PollView)
def hide(call: Call, body: WordHiding) -> PollView:
    """Take a word out of what everybody sees, or let it back in."""
    return poll.hide(call.db, call.actor, call.path["poll_id"], body)


@ENDPOINTS.command(
    "poll.answer",
    "PUT",
    f"{ONE}/answer",
    permission="poll.answer",
    body=PollAnswer,
    result=PollAnswerView,
    rate=TALKING,
)
def answer(call: Call, body: PollAnswer) -> PollAnswerView:
    """Give one's one answer, or change it."""
    return poll.answer(call.db, call.actor, call.path["poll_id"], body.answer)
