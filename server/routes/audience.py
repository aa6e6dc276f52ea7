"""What the audience may do in a session, raised hands, and the speakers' private line."""

from __future__ import annotations

from server.actions import audience
from server.api.endpoint import Call, Endpoints
from server.api.rates import TALKING
from server.domain.audience import (
    HandSnapshot,
    HandView,
    InteractionChange,
    InteractionSnapshot,
    InteractionView,
    JoinCode,
    LineDraft,
    LineSnapshot,
    LineView,
)
from server.queries import audience as reads

ENDPOINTS = Endpoints("audience")
ONE = "/api/sessions/{session_id}"


@ENDPOINTS.query("interaction.show", f"{ONE}/interaction", permission="session.show", result=InteractionSnapshot)
def interaction(call: Call) -> InteractionSnapshot:
    """What the audience may do."""
    return reads.interaction(call.db, call.actor, call.path["session_id"])


@ENDPOINTS.command(
    "interaction.change",
    "PATCH",
    f"{ONE}/interaction",
    permission="interaction.change",
    body=InteractionChange,
    result=InteractionView,
)
def change(call: Call, body: InteractionChange) -> InteractionView:
    """Open and close what the audience may do."""
    return audience.change(call.db, call.actor, call.path["session_id"], body)


@ENDPOINTS.query("hand.list", f"{ONE}/hands", permission="hand.manage", result=HandSnapshot)
def hands(call: Call) -> HandSnapshot:
    """Who asks for the floor, the longest waiting first."""
    return reads.hands(call.db, call.actor, call.path["session_id"])


@ENDPOINTS.command("hand.raise", "PUT", f"{ONE}/hand", permission="hand.raise", result=HandView, rate=TALKING)
def raise_hand(call: Call) -> HandView:
    """Ask for the floor."""
    return audience.raise_hand(call.db, call.actor, call.path["session_id"])


@ENDPOINTS.command("hand.lower", "DELETE", f"{ONE}/hands/{{person_id}}", permission="hand.raise")
def lower(call: Call) -> None:
    """Take a hand down: one's own, or anybody's as a moderator."""
    audience.lower(call.db, call.actor, call.path["session_id"], call.path["person_id"])


@ENDPOINTS.command(
    "hand.call",
    "POST",
    f"{ONE}/hands/{{person_id}}/call",
    permission="hand.manage",
    result=HandView,
    errors=("stage.air_full",),
)
def call_hand(call: Call) -> HandView:
    """Give somebody the floor."""
    return audience.call(call.db, call.actor, call.path["session_id"], call.path["person_id"])


@ENDPOINTS.query("line.show", f"{ONE}/line", permission="line.show", result=LineSnapshot)
def line(call: Call) -> LineSnapshot:
    """What the moderators tell those who speak."""
    return reads.line(call.db, call.actor, call.path["session_id"])


@ENDPOINTS.command(
    "line.say", "PUT", f"{ONE}/line", permission="line.say", body=LineDraft, result=LineView, rate=TALKING
)
def say_line(call: Call, body: LineDraft) -> LineView:
    """Tell those who speak something that nobody else sees; empty takes it away."""
    return audience.say_line(call.db, call.actor, call.path["session_id"], body.text)


@ENDPOINTS.query("session.join_code", f"{ONE}/join-code", permission="session.show", result=JoinCode)
def join_code(call: Call) -> JoinCode:
    """The way into the session as a QR code, for a projector."""
    return reads.join_code(call.db, call.actor, call.path["session_id"], url=call.url)
