"""Telling those who saved a session that it moved, is off, or takes place after all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from models.base import now
from models.conference import ConferenceRole, ConferenceSession
from models.programme import Bookmark
from server.actions.notify import notify


def tell_moved(db: Session, moved: Sequence[tuple[ConferenceSession, datetime]]) -> None:
    """Sessions begin at another time than they did. One that moves there and back and there again is told of
    each time."""
    for session, was in sorted(moved, key=lambda one: one[0].starts_at):
        once = f"session_shifted:{session.id}:{session.version}:{_when(session)}"
        _notify(db, _savers(db, session), "session_shifted", session, once=once, was=was.isoformat())


def tell_off(db: Session, session: ConferenceSession) -> None:
    """A session will not take place."""
    _notify(
        db,
        _savers(db, session),
        "session_cancelled",
        session,
        once=f"session_cancelled:{session.id}:{session.version}",
    )


def tell_on(db: Session, session: ConferenceSession) -> None:
    """A session that was off takes place after all."""
    if session.ends_at > now():
        once = f"session_revived:{session.id}:{session.version}"
        _notify(db, _savers(db, session), "session_revived", session, once=once)


def _notify(
    db: Session, people: set[UUID], kind: str, session: ConferenceSession, *, once: str, **more: str
) -> None:
    notify(
        db,
        people,
        kind,
        {"session": session.title, "when": _when(session), **more},
        link=f"/s/{session.id}",
        conference_id=session.conference_id,
        once=once,
        stale_at=session.ends_at,
    )


def _savers(db: Session, session: ConferenceSession) -> set[UUID]:
    """Those who are still of the conference: who left keeps what they saved, should they come back."""
    return set(
        db.exec(
            select(Bookmark.person_id)
            .join(ConferenceRole, col(ConferenceRole.person_id) == col(Bookmark.person_id))
            .where(
                col(Bookmark.session_id) == session.id,
                col(ConferenceRole.conference_id) == session.conference_id,
            )
        )
    )


def _when(session: ConferenceSession) -> str:
    return session.starts_at.isoformat().replace("+00:00", "Z")
