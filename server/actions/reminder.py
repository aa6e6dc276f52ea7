"""Reminders: whoever saved a session hears of it once, shortly before it begins."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlmodel import Session, col, select

from models.base import now
from models.conference import ConferenceRole, ConferenceSession
from models.programme import Bookmark
from server.actions.notify import notify
from server.queries import programme

BEFORE = timedelta(minutes=15)


def remind(db: Session) -> int:
    """Tell those who saved a session that begins within a quarter of an hour. Returns how many heard.

    Once for each beginning: a session that moves is told of again. Saving it in the last minutes is
    early enough, and after it has begun a mail would be too late.
    """
    at = now()
    rows = db.exec(
        select(ConferenceSession, Bookmark.person_id)
        .join(Bookmark, col(Bookmark.session_id) == col(ConferenceSession.id))
        .join(
            ConferenceRole,
            (col(ConferenceRole.conference_id) == col(ConferenceSession.conference_id))
            & (col(ConferenceRole.person_id) == col(Bookmark.person_id)),
        )
        .where(
            col(ConferenceSession.starts_at) > at,
            col(ConferenceSession.starts_at) <= at + BEFORE,
            *programme.PLANNED,
            col(ConferenceSession.state).in_(("scheduled", "backstage", "live")),
        )
        .order_by(col(ConferenceSession.id), col(Bookmark.person_id))
    ).all()
    sessions = {session.id: session for session, _ in rows}
    saved: dict[UUID, list[UUID]] = {}
    for session, person_id in rows:
        saved.setdefault(session.id, []).append(person_id)
    return sum(_tell(db, sessions[id], people) for id, people in saved.items())


def _tell(db: Session, session: ConferenceSession, people: list[UUID]) -> int:
    return notify(
        db,
        people,
        "session_soon",
        {"session": session.title, "when": session.starts_at.isoformat()},
        link=f"/s/{session.id}",
        conference_id=session.conference_id,
        once=f"soon:{session.id}:{session.starts_at:%Y%m%d%H%M}",
        stale_at=session.starts_at,
    )
