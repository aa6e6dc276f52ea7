"""The stage behind the scenes: who is on air, who is asked onto it, what viewers read meanwhile, rehearsals."""

from __future__ import annotations

from server.actions import rehearsal, session, standing
from server.api.endpoint import Call, Endpoints
from server.domain.session import SessionView, WaitingCard
from server.domain.stage import DeskSnapshot, DeskView, StandingChange
from server.queries import stage

ENDPOINTS = Endpoints("stage")
ONE = "/api/sessions/{session_id}"
PERSON = f"{ONE}/stage/{{person_id}}"


@ENDPOINTS.query("stage.show", f"{ONE}/stage", permission="stage.backstage", result=DeskSnapshot)
def show(call: Call) -> DeskSnapshot:
    """Everybody on and behind a stage, with the position of its backstage channel."""
    return stage.desk_snapshot(call.db, call.actor, call.path["session_id"])


@ENDPOINTS.command(
    "stage.direct",
    "PATCH",
    PERSON,
    permission="stage.direct",
    body=StandingChange,
    result=DeskView,
    errors=("stage.air_full",),
)
def direct(call: Call, body: StandingChange) -> DeskView:
    """Put somebody on air or take them off, mute them for all, or move them in the order."""
    return standing.direct(call.db, call.actor, call.path["session_id"], call.path["person_id"], body)


@ENDPOINTS.command(
    "stage.bring",
    "PUT",
    f"{PERSON}/guest",
    permission="stage.direct",
    result=DeskView,
    errors=("stage.air_full",),
)
def bring(call: Call) -> DeskView:
    """Ask somebody of the conference onto the stage, for as long as they stand there."""
    return standing.bring(call.db, call.actor, call.path["session_id"], call.path["person_id"])


@ENDPOINTS.command("stage.leave", "DELETE", f"{PERSON}/guest", permission="stage.direct")
def leave(call: Call) -> None:
    """Let a guest stand on the stage no longer; guests may leave by themselves."""
    standing.take_off(call.db, call.actor, call.path["session_id"], call.path["person_id"])


@ENDPOINTS.command(
    "waiting_card.set",
    "PUT",
    f"{ONE}/waiting-card",
    permission="session.move",
    body=WaitingCard,
    result=SessionView,
)
def set_card(call: Call, body: WaitingCard) -> SessionView:
    """Say what viewers read while nobody is on air."""
    return session.set_card(call.db, call.actor, call.path["session_id"], body)


@ENDPOINTS.command(
    "rehearsal.begin",
    "POST",
    f"{ONE}/rehearsal",
    permission="session.move",
    result=SessionView,
    status=201,
    errors=("rehearsal.refused",),
)
def begin_rehearsal(call: Call) -> SessionView:
    """Open a rehearsal: a session of its own, for the crew and the speakers alone."""
    return rehearsal.begin(call.db, call.actor, call.path["session_id"], id=call.key)


@ENDPOINTS.command("rehearsal.end", "DELETE", f"{ONE}/rehearsal", permission="session.move")
def end_rehearsal(call: Call) -> None:
    """End the rehearsal and forget all that was said in it."""
    rehearsal.end(call.db, call.actor, call.path["session_id"])
