"""What the media process tells of a room, written down once whichever process hears it first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from models.conference import ConferenceSession
from models.stage import Stage
from server.actions.session import tell_desk, tell_stage
from server.domain.session import OPEN
from server.queries import programme, scope


@dataclass(frozen=True)
class RoomState:
    """One room as media told it, stamped so that an older telling never overwrites a newer one."""

    session_id: UUID
    instance: str
    revision: int
    publishers: Sequence[Mapping[str, Any]]
    viewers: int
    programme: Mapping[str, Any] | None = None


def observe(db: Session, state: RoomState) -> bool:
    """Write a room's state if it is newer than what is known, and tell the session. Returns whether it was.

    The session cannot move meanwhile: if it went live just now, either this tells of the room or the move does.
    """
    session = db.get(ConferenceSession, state.session_id, with_for_update={"read": True})
    if session is None:
        return False
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    db.connection().execute(
        dialect.insert(Stage)
        .values(session_id=state.session_id, instance="", revision=0, publishers=[], viewers=0, behind=0)
        .on_conflict_do_nothing()
    )
    stage = scope.load(db, Stage, state.session_id, lock=True)
    if (state.instance, state.revision) <= (stage.instance, stage.revision):
        return False
    others = stage.publishers != [dict(publisher) for publisher in state.publishers]
    stage.instance, stage.revision = state.instance, state.revision
    stage.publishers = [dict(publisher) for publisher in state.publishers]
    stage.viewers = state.viewers
    stage.programme = dict(state.programme) if state.programme else None
    db.flush()
    if session.state == "live":
        tell_stage(db, session)
    if others:
        tell_desk(db, session)
    return True


def count_behind(db: Session, session_id: UUID, count: int) -> None:
    """So many watch some seconds behind now; whichever process counted them."""
    session = db.get(ConferenceSession, session_id, with_for_update={"read": True})
    stage = db.get(Stage, session_id, with_for_update=True)
    if session is None or stage is None or stage.behind == count:
        return
    stage.behind = count
    db.flush()
    if session.state == "live":
        tell_stage(db, session)


def forget_others(db: Session, instance: str, rooms: Sequence[UUID]) -> None:
    """A media process that has just started knows only these rooms: whatever else was on air is gone."""
    wanted = select(Stage).where(col(Stage.instance) < instance, col(Stage.session_id).not_in(list(rooms)))
    for stage in db.exec(wanted.order_by(col(Stage.session_id))).all():
        if stage.publishers or stage.viewers:
            observe(db, RoomState(stage.session_id, instance, 0, publishers=[], viewers=0))


def open_sessions(db: Session) -> list[UUID]:
    """Sessions whose stage is open, which media should hold."""
    wanted = select(ConferenceSession.id).where(col(ConferenceSession.state).in_(OPEN), *programme.STANDING)
    return list(db.exec(wanted))
