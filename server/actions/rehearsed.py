"""The end of a rehearsal: nothing that was said or shown in it remains."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import String, cast, delete, or_, update
from sqlmodel import Session, col, select

from models.conference import ConferenceSession
from models.notification import Notification
from models.person import Command
from models.publication import Publication
from server.actions.publish import publish
from server.domain.notice import NotificationsRead
from server.domain.session import RehearsalForgotten, SessionChanged, SessionView
from server.queries import programme
from server.queries.channels import person_channel, session_channel


def running(db: Session, session_id: UUID) -> ConferenceSession | None:
    """A session's rehearsal, locked."""
    wanted = select(ConferenceSession).where(col(ConferenceSession.rehearsal_of) == session_id)
    return db.exec(wanted.with_for_update()).first()


def close(db: Session, session: ConferenceSession) -> SessionView | None:
    """End the rehearsal of a session whose row is locked, and give what was last seen of it; None when there is
    none. The desk is still to be told."""
    rehearsal = running(db, session.id)
    if rehearsal is None:
        return None
    rehearsal.state = "ended"
    rehearsal.version += 1
    last = programme.session_view(db, rehearsal)
    _forget(db, rehearsal.id)
    db.delete(rehearsal)
    db.flush()
    publish(db, session_channel(rehearsal.id), SessionChanged(session=last))
    return last


def _forget(db: Session, id: UUID) -> None:
    """Blank what was told of it on any channel, and the answers kept for its commands; whoever was called into
    it finds nothing any more. No mail speaks of it (`server.actions.digest`)."""
    about = f"%{id}%"
    told = or_(col(Publication.channel).like(about), cast(col(Publication.data), String).like(about))
    blank = update(Publication).where(told).values(name=RehearsalForgotten.name, data={}, subject_id=None)
    db.connection().execute(blank)
    db.connection().execute(delete(Command).where(col(Command.answer).like(about)))
    called = delete(Notification).where(col(Notification.link).like(f"/s/{id}%"))
    gone = db.connection().execute(called.returning(col(Notification.person_id), col(Notification.id))).all()
    for person_id, notification_id in sorted(gone):
        publish(db, person_channel(person_id), NotificationsRead(ids=[notification_id]))
