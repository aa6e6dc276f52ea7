"""Running late: a hall's next sessions begin later, told once to everybody."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlmodel import Session, col, func, select

from models.base import now
from models.conference import Conference, ConferenceSession
from models.programme import Bookmark
from server.actions import saved
from server.actions.publish import publish
from server.domain.errors import Conflict, NotFound
from server.domain.person import Actor
from server.domain.programme import SessionShifted, Shift, ShiftDraft, Shifts, Times
from server.domain.session import SessionChanged
from server.domain.shift import Slot, shifted
from server.queries import programme, scope
from server.queries.channels import conference_channel, session_channel

BEGUN = frozenset({"scheduled", "backstage", "live"})


def preview(db: Session, actor: Actor, conference_id: UUID, draft: ShiftDraft) -> Shifts:
    """What the shift would do, and how many people it would concern."""
    conference, _ = scope.of_conference(db, actor, conference_id, "programme.shift")
    return _planned(db, conference, draft)[0]


def make(db: Session, actor: Actor, conference_id: UUID, draft: ShiftDraft) -> Shifts:
    """Move the sessions. Every page of the conference hears one fact; each session's page hears its own."""
    conference, _ = scope.of_conference(db, actor, conference_id, "programme.shift", lock=True)
    plan, rows = _planned(db, conference, draft)
    if draft.seen is not None and draft.seen != _to_be(plan):
        raise Conflict("shift.changed")
    told = []
    for one in plan.shifts:
        session = rows[one.session_id]
        session.starts_at, session.ends_at = one.starts_at, one.ends_at
        session.version += 1
        session.changed_at = now()
        told.append(one.model_copy(update={"version": session.version}))
        fact = SessionChanged(session=programme.session_view(db, session))
        publish(db, session_channel(session.id), fact, subject=session.id)
    shown = plan.model_copy(update={"shifts": told})
    moved = [(rows[one.session_id], one.was_starts_at) for one in told if one.starts_at != one.was_starts_at]
    saved.tell_moved(db, moved)
    if told:
        fact_for_all = SessionShifted(hall=plan.hall, minutes=plan.minutes, shifts=told)
        publish(db, conference_channel(conference_id), fact_for_all, subject=draft.session_id)
    return shown


def _to_be(plan: Shifts) -> dict[UUID, Times]:
    return {one.session_id: Times(starts_at=one.starts_at, ends_at=one.ends_at) for one in plan.shifts}


def _planned(
    db: Session, conference: Conference, draft: ShiftDraft
) -> tuple[Shifts, dict[UUID, ConferenceSession]]:
    first = db.get(ConferenceSession, draft.session_id)
    if first is None or first.conference_id != conference.id or first.deleted_at:
        raise NotFound("not_found")
    if first.rehearsal_of or first.team_id:
        raise NotFound("not_found")
    if first.state not in BEGUN:
        raise Conflict("session.over")
    rows = {
        row.id: row
        for row in db.exec(
            select(ConferenceSession)
            .where(
                col(ConferenceSession.conference_id) == conference.id,
                col(ConferenceSession.hall) == first.hall,
                *programme.PLANNED,
            )
            .order_by(col(ConferenceSession.id))
            .with_for_update()
        ).all()
    }
    slots = [Slot(row.id, row.starts_at, row.ends_at, row.kind, row.state) for row in rows.values()]
    moved = shifted(
        slots,
        first.id,
        timedelta(minutes=draft.minutes),
        zone=conference.zone,
        eat_breaks=draft.eat_breaks,
    )
    shifts = [
        Shift(
            session_id=slot.id,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            was_starts_at=rows[slot.id].starts_at,
            was_ends_at=rows[slot.id].ends_at,
            version=rows[slot.id].version,
        )
        for slot in moved
    ]
    savers = db.exec(
        select(func.count(func.distinct(col(Bookmark.person_id)))).where(
            col(Bookmark.session_id).in_([slot.id for slot in moved])
        )
    ).one()
    return Shifts(hall=first.hall, minutes=draft.minutes, shifts=shifts, saved=savers), rows
