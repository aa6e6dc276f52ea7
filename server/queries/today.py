"""The organiser's strip: what runs now, what comes next, and what waits for somebody."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from models.base import now
from models.conference import ConferenceRole, ConferenceSession
from models.conversation import Message, Question
from models.moderation import Report
from models.programme import Bookmark
from models.registration import Registration
from models.stage import Stage
from server.domain.person import Actor
from server.domain.today import Health, SessionToday, Today
from server.domain.translation import titles
from server.queries import programme, scope

SOON = timedelta(hours=2)


def today(db: Session, actor: Actor, conference_id: UUID) -> Today:
    """Read off the rows as they are; nothing is kept for it."""
    scope.of_conference(db, actor, conference_id, "conference.today")
    at = now()
    rows = programme.planned(db, conference_id)
    shown = [row for row in rows if _matters(row, at)]
    ids = [row.id for row in shown]
    waiting = _counted(db, Question, ids, col(Question.state) == "waiting")
    saved = dict(
        db.exec(
            select(Bookmark.session_id, func.count())
            .where(col(Bookmark.session_id).in_(ids))
            .group_by(col(Bookmark.session_id))
        ).all()
    )
    stages = {stage.session_id: stage for stage in db.exec(select(Stage).where(col(Stage.session_id).in_(ids)))}
    roles = dict(
        db.exec(
            select(ConferenceRole.role, func.count())
            .where(col(ConferenceRole.conference_id) == conference_id)
            .group_by(col(ConferenceRole.role))
        ).all()
    )
    every = [row.id for row in rows]
    asked = _counted(db, Question, every, col(Question.state) == "waiting")
    held = _counted(db, Message, every, col(Message.state) == "held", col(Message.deleted_at).is_(None))
    told, anywhere = _reported(db, conference_id)
    busy = Counter(asked) + Counter(held) + Counter(told)
    fallback = next((row.id for row in (*shown, *rows)), None)
    return Today(
        at=at,
        sessions=[
            _session(row, stages.get(row.id), waiting=waiting.get(row.id, 0), saved=saved.get(row.id, 0), at=at)
            for row in shown
        ],
        people=sum(roles.values()),
        speakers=roles.get("speaker", 0),
        planned=len(rows),
        ended=sum(row.state == "ended" for row in rows),
        messages=sum(_counted(db, Message, every).values()),
        questions=sum(_counted(db, Question, every).values()),
        waiting=sum(asked.values()),
        held=sum(held.values()),
        reports=sum(told.values()) + anywhere,
        registrations=_registering(db, conference_id),
        desk_id=busy.most_common(1)[0][0] if busy else fallback,
    )


def _reported(db: Session, conference_id: UUID) -> tuple[dict[UUID, int], int]:
    """Open reports by session, and those from outside of sessions. A thing counts once, whoever tells of it."""
    open_ = (
        select(Report.session_id, func.count(col(Report.subject_id).distinct()))
        .where(col(Report.conference_id) == conference_id, col(Report.decided).is_(None))
        .group_by(col(Report.session_id))
    )
    counted = dict(db.exec(open_).all())
    anywhere = counted.pop(None, 0)
    return {id: count for id, count in counted.items() if id is not None}, anywhere


def _registering(db: Session, conference_id: UUID) -> int:
    waits = (col(Registration.conference_id) == conference_id, col(Registration.state) == "waiting_approval")
    return db.exec(select(func.count()).select_from(Registration).where(*waits)).one()


def _matters(row: ConferenceSession, at: datetime) -> bool:
    """On air, backstage, or about to begin."""
    if row.state in {"live", "backstage"}:
        return True
    return row.state == "scheduled" and row.starts_at < at + SOON and row.ends_at > at


def _session(
    row: ConferenceSession, stage: Stage | None, *, waiting: int, saved: int, at: datetime
) -> SessionToday:
    publishers = stage.publishers if stage is not None else []
    on_air = [one for one in publishers if one.get("on_air")]
    return SessionToday(
        session_id=row.id,
        title=row.title,
        titles=titles(row.translations),
        hall=row.hall,
        state=row.state,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        viewers=stage.viewers + stage.behind if stage is not None else 0,
        senders=len(publishers),
        on_air=len(on_air),
        waiting=waiting,
        saved=saved,
        health=health(row, on_air_count=len(on_air), sound=any(one.get("audio") for one in on_air), at=at),
    )


def health(row: ConferenceSession, *, on_air_count: int, sound: bool, at: datetime) -> Health:
    """One word for what an organiser would want to know first."""
    if row.state == "live":
        if on_air_count == 0:
            return "nobody"
        if not sound:
            return "silent"
        return "over" if row.ends_at < at else "good"
    return "late" if row.starts_at < at else "good"


def _counted(
    db: Session, table: type[Question] | type[Message], ids: list[UUID], *only: ColumnElement[bool]
) -> dict[UUID, int]:
    counted = (
        select(table.session_id, func.count())
        .where(col(table.session_id).in_(ids), *only)
        .group_by(col(table.session_id))
    )
    return {id: count for id, count in db.exec(counted).all() if id is not None}
