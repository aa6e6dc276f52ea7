"""Recordings of a session, and the one that is being written."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session, col, select

from models.conference import ConferenceSession
from models.recording import Recording
from server.domain import recording as recordings
from server.domain.errors import NotFound
from server.domain.person import Actor
from server.domain.recording import SHOWN, RecordingFiles, Recordings, Writing
from server.queries import scope
from server.queries.channels import position, session_channel


def running(db: Session, session_id: UUID) -> Recording | None:
    """What is being written of this session now."""
    wanted = select(Recording).where(col(Recording.session_id) == session_id, col(Recording.state) == "live")
    return db.exec(wanted.order_by(col(Recording.started_at).desc()).limit(1)).first()


def writing(db: Session, session_id: UUID) -> Writing | None:
    """What media should write of a session now, and where; only of a live one, and never of a rehearsal."""
    session = db.get(ConferenceSession, session_id)
    if session is None or session.state != "live" or session.rehearsal_of is not None:
        return None
    recording = running(db, session_id)
    return Writing(recording.folder, session.record) if recording is not None else None


def of_session(db: Session, actor: Actor, session_id: UUID) -> Recordings:
    """For everybody who may watch the session."""
    scope.of_session(db, actor, session_id, "recording.show")
    rows = db.exec(
        select(Recording)
        .where(
            col(Recording.session_id) == session_id, col(Recording.state).in_(SHOWN), col(Recording.kept).is_(True)
        )
        .order_by(col(Recording.started_at), col(Recording.id))
    )
    return Recordings(
        position=position(db, session_channel(session_id)),
        recordings=[recordings.view(row) for row in rows],
    )


def ticket(db: Session, folder: str) -> str | None:
    """What the address of a folder's pieces must have in it now; None for a folder nobody knows."""
    return db.exec(select(Recording.ticket).where(col(Recording.folder) == folder)).first()


def opened(db: Session, actor: Actor, folder: str, permission: str) -> str:
    """The ticket to a recording's folder, for somebody with that right. Raises NotFound."""
    recording = db.exec(select(Recording).where(col(Recording.folder) == folder)).first()
    if recording is None or recording.session_id is None:
        raise NotFound("not_found")
    scope.of_session(db, actor, recording.session_id, permission)
    return recording.ticket


def files(db: Session, actor: Actor, recording_id: UUID) -> RecordingFiles:
    """All files of a recording, separate tracks too."""
    recording, _ = scope.of_recording(db, actor, recording_id, "recording.manage")
    return RecordingFiles(files=recordings.files(recording) if recording.state == "ready" else [])
