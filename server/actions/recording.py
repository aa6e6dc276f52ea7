"""Recordings through their lives: begun when a stage goes live, finished after its end, deleted when wished."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import Session, col, select

from models.base import new_id, now
from models.conference import ConferenceSession
from models.recording import Recording, new_ticket
from server.actions.publish import publish
from server.domain import recording as recordings
from server.domain.errors import NotFound
from server.domain.person import Actor
from server.domain.recording import LEASE, MOST_TRIES, SHOWN, TIDY_AFTER, RecordingChanged, RecordingDeleted
from server.domain.session import OPEN
from server.queries import recording as queries
from server.queries import scope
from server.queries.channels import session_channel


def follow(db: Session, session: ConferenceSession) -> None:
    """The session changed, its row is locked: open a recording when it is live, end it when its stage closes."""
    if session.rehearsal_of is not None or session.team_id is not None:
        return  # a rehearsal leaves no trace, and what a team says among itself is not kept
    running = queries.running(db, session.id)
    if session.state == "live":
        if running is None:
            running = Recording(session_id=session.id, folder=secrets.token_urlsafe(24))
            db.add(running)
        running.kept = running.kept or session.record
        db.flush()
    elif session.state not in OPEN and running is not None:
        running.state, running.ended_at = "finishing", now()
        running.tidy_at = now() + TIDY_AFTER
        _tell(db, running)


def claim(db: Session) -> tuple[UUID, str] | None:
    """Take the next recording to finish: its id and folder, for as long as a lease lasts."""
    free = or_(col(Recording.leased_until).is_(None), col(Recording.leased_until) < now())
    wanted = select(Recording).where(col(Recording.state) == "finishing", free).order_by(col(Recording.ended_at))
    found = db.exec(wanted.limit(1).with_for_update(skip_locked=True)).first()
    if found is None:
        return None
    found.lease, found.leased_until = new_id(), now() + LEASE
    found.tries += 1
    return found.id, found.folder


def finished(db: Session, recording_id: UUID, files: Sequence[dict[str, Any]]) -> None:
    """Its files are made, or nothing was to be kept."""
    recording = db.get(Recording, recording_id, with_for_update=True)
    if recording is None or recording.state != "finishing":
        return
    recording.files = list(files)
    recording.size = sum(int(file["bytes"]) for file in files)
    recording.duration_ms = sum(int(file["duration_ms"]) for file in files if file["kind"] == "programme")
    recording.state = "ready" if files else "empty"
    _tell(db, recording)


def not_finished(db: Session, recording_id: UUID) -> None:
    """It could not be finished now; after a few tries it never will."""
    recording = db.get(Recording, recording_id, with_for_update=True)
    if recording is None or recording.state != "finishing":
        return
    recording.lease = recording.leased_until = None
    if recording.tries >= MOST_TRIES:
        recording.state, recording.tidy_at = "failed", None  # the pieces stay: an operator may still save them
        _tell(db, recording)


def delete(db: Session, actor: Actor, recording_id: UUID) -> None:
    """Its files go within seconds."""
    recording, _ = scope.of_recording(db, actor, recording_id, "recording.manage", lock=True)
    if recording.state not in SHOWN or recording.session_id is None:
        raise NotFound("not_found")
    recording.state = "deleted"
    fact = RecordingDeleted(recording_id=recording.id)
    publish(db, session_channel(recording.session_id), fact, subject=recording.id)


def doomed(db: Session) -> list[tuple[UUID, str]]:
    """Recordings whose folders are to be removed whole: deleted, without a session, or never to be kept."""
    empty = (col(Recording.state) == "empty") & (col(Recording.tidy_at) < now())
    gone = or_(col(Recording.state) == "deleted", col(Recording.session_id).is_(None), empty)
    return [(row.id, row.folder) for row in db.exec(select(Recording).where(gone).limit(100))]


def untidy(db: Session) -> list[tuple[UUID, str, list[str]]]:
    """Finished recordings whose pieces are no longer needed, with the names of what stays."""
    due = (col(Recording.state) == "ready") & (col(Recording.tidy_at) < now())
    rows = db.exec(select(Recording).where(due).limit(100))
    return [(row.id, row.folder, [file["name"] for file in row.files]) for row in rows]


def tidied(db: Session, recording_id: UUID) -> None:
    recording = db.get(Recording, recording_id, with_for_update=True)
    if recording is not None:
        recording.tidy_at = None


def forget(db: Session, recording_id: UUID) -> None:
    recording = db.get(Recording, recording_id, with_for_update=True)
    if recording is not None:
        db.delete(recording)


def change_tickets(db: Session, conference_id: UUID) -> None:
    """Somebody may not watch here any more: what comes from now on is under addresses they do not know.

    The pages of those who may still watch ask for the new ones when the old lead nowhere.
    """
    # every session: whatever became of it, what is being written of it can be watched
    sessions = select(ConferenceSession.id).where(col(ConferenceSession.conference_id) == conference_id)
    pieces_there = or_(col(Recording.state) == "live", col(Recording.tidy_at).is_not(None))
    wanted = select(Recording).where(col(Recording.session_id).in_(sessions), pieces_there)
    for one in db.exec(wanted.order_by(col(Recording.id)).with_for_update()):
        one.ticket = new_ticket()


def _tell(db: Session, recording: Recording) -> None:
    recording.version += 1
    db.flush()
    if recording.session_id is None or not recording.kept:
        return
    shown = recording.state in SHOWN  # nothing was said: pages that saw it being finished lose it again
    fact = (
        RecordingChanged(recording=recordings.view(recording))
        if shown
        else RecordingDeleted(recording_id=recording.id)
    )
    publish(db, session_channel(recording.session_id), fact, subject=recording.id)
