"""The end of a rehearsal: nothing that was said or shown in it remains."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import String, cast, delete, or_, update
from sqlmodel import Session, col, select

from models.conference import ConferenceSession
from models.person import Command
from models.publication import Publication
from server.actions.publish import publish
from server.domain.session import RehearsalForgotten, SessionChanged
from server.queries import programme
from server.queries.channels import session_channel


def running(db: Session, session_id: UUID) -> ConferenceSession | None:
    """A session's rehearsal, locked."""
    wanted = select(ConferenceSession).where(col(ConferenceSession.rehearsal_of) == session_id)
    return db.exec(wanted.with_for_update()).first()


def close(db: Session, session: ConferenceSession) -> bool:
    """End a session's rehearsal, whose row is locked; false when none runs. The desk is still to be told."""
    rehearsal = running(db, session.id)
    if rehearsal is None:
        return False
    rehearsal.state = "ended"
    rehearsal.version += 1
    last = SessionChanged(session=programme.session_view(db, rehearsal))
    _forget(db, rehearsal.id)
    db.delete(rehearsal)
    db.flush()
    publish(db, session_channel(rehearsal.id), last)
    return True


def _forget(db: Session, id: UUID) -> None:
    """Blank what was told of it on any channel, and the answers kept for its commands."""
    about = f"%{id}%"
    told = or_(col(Publication.channel).like(about), cast(col(Publication.data), String).like(about))
    blank = update(Publication).where(told).values(name=RehearsalForgotten.name, data={}, subject_id=None)
    db.connection().execute(blank)
    db.connection().execute(delete(Command).where(col(Command.answer).like(about)))
