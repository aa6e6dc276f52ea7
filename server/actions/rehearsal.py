"""Rehearsing a session: everything works, only the crew and its speakers get in, and nothing is kept.

A rehearsal is a session of its own, so that whatever is said, asked and voted in it belongs to it and goes
with it; what was told of it is blanked where people's own channels keep it.
"""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session, col, select

from models.conference import ConferenceSession, SessionSpeaker
from server.actions import rehearsed
from server.actions.session import tell, tell_desk
from server.domain.errors import Conflict, NotFound
from server.domain.person import Actor
from server.domain.session import OPEN, SessionView
from server.queries import programme, scope

_OWN = {"id", "state", "live_since", "rehearsal_of", "created_at", "version", "record"}


def begin(db: Session, actor: Actor, session_id: UUID, *, id: UUID) -> SessionView:
    """Open a rehearsal backstage, or give the one that runs."""
    session, _ = scope.of_session(db, actor, session_id, "session.move", lock=True)
    if session.rehearsal_of is not None or session.team_id is not None or session.state == "live":
        raise Conflict("rehearsal.refused")
    running = rehearsed.running(db, session_id)
    if running is not None and running.state in OPEN:
        return programme.session_view(db, running)
    rehearsed.close(db, session)
    copied = session.model_dump(exclude=_OWN)
    rehearsal = ConferenceSession(id=id, state="backstage", rehearsal_of=session_id, **copied)
    db.add(rehearsal)
    db.flush()
    speakers = select(SessionSpeaker.person_id).where(col(SessionSpeaker.session_id) == session_id)
    for person_id in db.exec(speakers).all():
        db.add(SessionSpeaker(session_id=id, person_id=person_id))
    db.flush()
    shown = tell(db, rehearsal)
    tell_desk(db, session)
    return shown


def end(db: Session, actor: Actor, session_id: UUID) -> None:
    """End a session's rehearsal and leave no trace of it."""
    session, _ = scope.of_session(db, actor, session_id, "session.move", lock=True)
    if rehearsed.close(db, session) is None:
        raise NotFound("not_found")
    tell_desk(db, session)
