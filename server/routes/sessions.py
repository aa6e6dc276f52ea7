"""Sessions: planned, moved through their states, spoken in."""

from __future__ import annotations

import time

from server.actions import session
from server.api.endpoint import Call, Endpoints
from server.domain import stage
from server.domain.question import SessionMine
from server.domain.session import (
    NewStreamKey,
    SessionChange,
    SessionDraft,
    SessionMove,
    SessionSnapshot,
    SessionView,
    StreamKeys,
)
from server.queries import programme, questions

ONE = "/api/sessions/{session_id}"


def endpoints(*, turn_url: str, turn_secret: str) -> Endpoints:
    """The endpoints of sessions; where there is a relay, everybody gets a key to it that expires."""
    group = Endpoints("sessions")

    @group.command(
        "session.create",
        "POST",
        "/api/conferences/{conference_id}/sessions",
        permission="session.create",
        body=SessionDraft,
        result=SessionView,
        status=201,
    )
    def create(call: Call, body: SessionDraft) -> SessionView:
        """Plan a session."""
        return session.create(call.db, call.actor, call.path["conference_id"], body, id=call.key)

    @group.query("session.show", ONE, permission="session.show", result=SessionSnapshot)
    def show(call: Call) -> SessionSnapshot:
        """A session and its stage, with the position they belong to."""
        return programme.session_snapshot(call.db, call.actor, call.path["session_id"])

    @group.query("session.mine", f"{ONE}/mine", permission="session.show", result=SessionMine)
    def mine(call: Call) -> SessionMine:
        """What one is and may do in a session, one's votes and questions, and the relay's key."""
        servers = stage.ice_servers(turn_url, turn_secret, call.actor.person_id, now_s=int(time.time()))
        return questions.mine(call.db, call.actor, call.path["session_id"], ice_servers=servers)

    @group.command(
        "session.change", "PATCH", ONE, permission="session.change", body=SessionChange, result=SessionView
    )
    def change(call: Call, body: SessionChange) -> SessionView:
        """Change a session's plan."""
        return session.change(call.db, call.actor, call.path["session_id"], body)

    @group.command(
        "session.move", "POST", f"{ONE}/state", permission="session.move", body=SessionMove, result=SessionView
    )
    def move(call: Call, body: SessionMove) -> SessionView:
        """Open backstage, go live, end."""
        return session.move(call.db, call.actor, call.path["session_id"], body.state)

    @group.command("speaker.add", "PUT", f"{ONE}/speakers/{{person_id}}", permission="speaker.change")
    def add_speaker(call: Call) -> None:
        """Let somebody of the conference speak in a session."""
        session.add_speaker(call.db, call.actor, call.path["session_id"], call.path["person_id"])

    @group.command("speaker.remove", "DELETE", f"{ONE}/speakers/{{person_id}}", permission="speaker.change")
    def remove_speaker(call: Call) -> None:
        """Let somebody speak in a session no longer."""
        session.remove_speaker(call.db, call.actor, call.path["session_id"], call.path["person_id"])

    @group.command(
        "stream_key.create",
        "POST",
        f"{ONE}/stream-keys",
        permission="stream_key.manage",
        result=NewStreamKey,
        status=201,
        secret=True,
        errors=("stream_key.too_many",),
    )
    def create_key(call: Call) -> NewStreamKey:
        """A key for OBS or FFmpeg, shown now and never again."""
        return session.create_stream_key(call.db, call.actor, call.path["session_id"], id=call.key, url=call.url)

    @group.query("stream_key.list", f"{ONE}/stream-keys", permission="stream_key.manage", result=StreamKeys)
    def keys(call: Call) -> StreamKeys:
        """One's own stream keys for a session."""
        return StreamKeys(keys=programme.stream_keys(call.db, call.actor, call.path["session_id"]))

    @group.command("stream_key.revoke", "DELETE", "/api/stream-keys/{key_id}", permission=None)
    def revoke_key(call: Call) -> None:
        """Close a stream key of one's own."""
        session.revoke_stream_key(call.db, call.actor, call.path["key_id"])

    return group
