"""Rehearsing a session: everything works, only the crew and its speakers get in, and nothing is kept.

A rehearsal is a session of its own, so that whatever is said, asked and voted in it belongs to it and goes
with it; what was told of it is blanked where people's own channels keep it.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import String, cast, delete, or_, update
from sqlmodel import Session, col, select

from models.conference import ConferenceSession, SessionSpeaker
from models.person import Command
from models.publication import Publication
from server.actions.publish import publish
from server.actions.session import tell, tell_desk
from server.domain.errors import Conflict, NotFound
from server.domain.person import Actor
from server.domain.session import RehearsalForgotten, SessionChanged, SessionView
from server.queries import programme, scope
from server.queries.channels import session_channel

_OWN = {"id", "state", "live_since", "rehearsal_of", "created_at", "version"}


def begin(db: Session, actor: Actor, session_id: UUID, *, id: UUID) -> SessionView:
    """Open a rehearsal backstage, or give the one that runs."""
    session, _ = scope.of_session(db, actor, session_id, "session.move", lock=True)
    if session.rehearsal_of is not None or session.team_id is not None or session.state == "live":
        raise Conflict("rehearsal.refused")
    running = _of(db, session_id)
    if running is not None:
        return programme.session_view(db, running)
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
    rehearsal = _of(db, session_id)
    if rehearsal is None:
        raise NotFound("not_found")
    rehearsal.state = "ended"
    rehearsal.version += 1
    last = SessionChanged(session=programme.session_view(db, rehearsal))
    _forget(db, rehearsal.id)
    db.delete(rehearsal)
    db.flush()
    publish(db, session_channel(rehearsal.id), last)
    tell_desk(db, session)


def _forget(db: Session, id: UUID) -> None:
    """Blank what was told of it on any channel, and the answers kept for its commands."""
    about = f"%{id}%"
    told = or_(col(Publication.channel).like(about), cast(col(Publication.data), String).like(about))
    blank = update(Publication).where(told).values(name=RehearsalForgotten.name, data={}, subject_id=None)
    db.connection().execute(blank)
    db.connection().execute(delete(Command).where(col(Command.answer).like(about)))


def _of(db: Session, session_id: UUID) -> ConferenceSession | None:
    wanted = select(ConferenceSession).where(col(ConferenceSession.rehearsal_of) == session_id)
    return db.exec(wanted.with_for_update()).first()
