"""Telling those who saved a session that it moved or is off."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from models.conference import ConferenceSession
from models.programme import Bookmark
from server.actions.notify import notify


def tell_moved(db: Session, moved: Sequence[ConferenceSession]) -> None:
    """Sessions begin at another time: everybody hears once, of the first one they saved."""
    heard: set[UUID] = set()
    for session in sorted(moved, key=lambda one: one.starts_at):
        savers = _savers(db, session) - heard
        heard |= savers
        _notify(db, savers, "session_shifted", session, once=f"session_shifted:{session.id}:{_when(session)}")


def tell_off(db: Session, session: ConferenceSession) -> None:
    """A session will not take place."""
    _notify(
        db,
        _savers(db, session),
        "session_cancelled",
        session,
        once=f"session_cancelled:{session.id}:{session.version}",
    )


def _notify(db: Session, people: set[UUID], kind: str, session: ConferenceSession, *, once: str) -> None:
    notify(
        db,
        people,
        kind,
        {"session": session.title, "when": _when(session)},
        link=f"/s/{session.id}",
        conference_id=session.conference_id,
        once=once,
        stale_at=session.ends_at,
    )


def _savers(db: Session, session: ConferenceSession) -> set[UUID]:
    return set(db.exec(select(Bookmark.person_id).where(col(Bookmark.session_id) == session.id)))


def _when(session: ConferenceSession) -> str:
    return session.starts_at.isoformat().replace("+00:00", "Z")
