"""A sheet becomes the programme: shown first row by row, then done as often as one likes.

It is done whole or not at all, unless the organiser has seen which rows stay out and wants the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, delete, select

from models.base import new_id, now
from models.conference import Conference, ConferenceRole, ConferenceSession, SessionSpeaker
from models.person import Person
from models.programme import ProgrammeSheet, SpeakerProfile
from server.actions import halls, saved
from server.actions import programme as arranging
from server.actions.publish import publish
from server.domain.errors import BadInput, NotFound
from server.domain.person import Actor
from server.domain.programme import NewSpeaker, ProgrammeChanged
from server.domain.programme_clash import RowWarning, Slot, warnings
from server.domain.programme_sheet import (
    Bringing,
    Imported,
    Mapped,
    Named,
    Planned,
    RowPreview,
    SheetPreview,
    SheetView,
    Table,
    guess,
    plan,
)
from server.domain.session import SessionChanged, SessionView
from server.domain.text import fold
from server.queries import programme, scope
from server.queries.channels import conference_channel, session_channel

SHOWN_ROWS = 3
KEPT = timedelta(days=1)
FACT_BYTES = 40_000  # of the sessions in one publication: frames stay small on a phone


@dataclass(frozen=True)
class Fit:
    """A planned row and the session it already is."""

    plan: Planned
    session: ConferenceSession | None
    changes: list[str]


def keep(db: Session, actor: Actor, conference_id: UUID, table: Table) -> SheetView:
    """Keep a table that was read, for a day, so that it can be looked at and then imported."""
    scope.of_conference(db, actor, conference_id, "programme.import")
    db.exec(delete(ProgrammeSheet).where(col(ProgrammeSheet.created_at) < now() - KEPT))
    sheet = ProgrammeSheet(
        conference_id=conference_id,
        person_id=actor.person_id,
        kind=table.kind,
        columns=table.columns,
        rows=table.rows,
    )
    db.add(sheet)
    db.flush()
    return SheetView(
        id=sheet.id,
        kind=table.kind,
        columns=table.columns,
        rows=table.rows[:SHOWN_ROWS],
        count=len(table.rows),
        guess=guess(table),
    )


def preview(db: Session, actor: Actor, sheet_id: UUID, mapped: Mapped) -> SheetPreview:
    """What an import would do, changing nothing."""
    conference, table, fits = _fits(db, actor, sheet_id, mapped, lock=False)
    warned = _warnings(db, conference, fits)
    rows = [_shown(fit, table.rows[fit.plan.row - 1], warned.get(fit.plan.row, [])) for fit in fits]
    count = {kind: sum(row.becomes == kind for row in rows) for kind in ("new", "changed", "same", "wrong")}
    return SheetPreview(
        rows=rows,
        **count,
        halls=_unknown([fit.plan.values["hall"] for fit in fits], programme.halls(db, conference.id)),
        tracks=_unknown([fit.plan.values["track"] for fit in fits], programme.tracks(db, conference.id)),
        speakers=_new_names(db, conference.id, fits),
    )


def bring(db: Session, actor: Actor, sheet_id: UUID, wish: Bringing) -> Imported:
    """Import: every row, or BadInput and nothing; or the good ones alone. Bringing the same again changes nothing.

    The conference is locked, so that of many at once the second finds what the first has made.
    """
    conference, _, found = _fits(db, actor, sheet_id, wish, lock=True)
    fits = [fit for fit in found if not fit.plan.faults]
    if len(fits) < len(found) and not wish.good_only:
        raise BadInput("sheet.wrong_rows")
    speakers = _Speakers(db, conference.id)
    told: list[ConferenceSession] = []
    for fit in fits:
        if fit.session is None or fit.changes:
            told.append(_brought(db, conference, fit, speakers))
    db.flush()
    _tell(db, conference.id, told, known={fit.session.id for fit in fits if fit.session is not None})
    new = sum(fit.session is None for fit in fits)
    return Imported(new=new, changed=len(told) - new, same=len(fits) - len(told), left=len(found) - len(fits))


def _fits(
    db: Session, actor: Actor, sheet_id: UUID, mapped: Mapped, *, lock: bool
) -> tuple[Conference, Table, list[Fit]]:
    sheet = scope.load(db, ProgrammeSheet, sheet_id)
    conference, _ = scope.of_conference(db, actor, sheet.conference_id, "programme.import", lock=lock)
    if sheet.person_id != actor.person_id:
        raise NotFound("not_found")
    table = Table("pretalx" if sheet.kind == "pretalx" else "sheet", sheet.columns, sheet.rows)
    plans = plan(table, mapped, zone=conference.zone, language=conference.locale)
    return conference, table, _matched(db, conference.id, _once(plans), lock=lock)


def _once(plans: Sequence[Planned]) -> list[Planned]:
    """An id that comes twice is a fault of its second row."""
    known: set[str] = set()
    found = []
    for one in plans:
        twice = {"id": "sheet.id_twice"} if one.source in known else {}
        known.add(one.source)
        found.append(replace(one, faults=one.faults | twice))
    return found


def _matched(db: Session, conference_id: UUID, plans: list[Planned], *, lock: bool) -> list[Fit]:
    """Each row with the session it is: by the id it came with, by our own id, else by its title."""
    wanted = (  # every session: what a sheet names again comes back
        select(ConferenceSession)
        .where(col(ConferenceSession.conference_id) == conference_id, *programme.IN_PROGRAMME)
        .order_by(col(ConferenceSession.id))
    )
    rows = list(db.exec(wanted.with_for_update() if lock else wanted))
    by_source = {row.source: row for row in rows if row.source}
    by_id = {f"sheet:{row.id}": row for row in rows}
    by_title = {fold(row.title): row for row in reversed(rows) if row.source is None and row.deleted_at is None}
    speakers = programme.speakers_of(db, [row.id for row in rows])
    taken: set[UUID] = set()
    fits = []
    for one in plans:
        own = by_source.get(one.source) or by_id.get(one.source) or by_title.get(fold(one.values["title"]))
        if own is not None and own.id in taken:
            own = None
        if own is not None:
            taken.add(own.id)
        told = one.onto(own.model_dump()) if own is not None else one.anew()
        fits.append(Fit(told, own, _differences(told, own, speakers) if own else []))
    return fits


def _differences(one: Planned, own: ConferenceSession, speakers: dict[UUID, list[Person]]) -> list[str]:
    found = [name for name, value in one.values.items() if _told(getattr(own, name), name) != _told(value, name)]
    there = {fold(person.name) for person in speakers[own.id]}
    if not {fold(named.name) for named in one.speakers} <= there:
        found.append("speakers")
    if own.deleted_at is not None:
        found.append("restored")
    return found


def _told(value: Any, name: str) -> Any:
    """A value as far as a sheet tells it: names however spelled, times to the minute."""
    if name in {"hall", "track"}:
        return fold(value)
    return value.replace(second=0, microsecond=0) if isinstance(value, datetime) else value


def _warnings(db: Session, conference: Conference, fits: Sequence[Fit]) -> dict[int, list[RowWarning]]:
    """Among the rows that can be brought, and against what stands already and no row names."""
    good = [fit for fit in fits if not fit.plan.faults]
    named = {fit.session.id for fit in good if fit.session is not None}
    wanted = select(ConferenceSession).where(
        col(ConferenceSession.conference_id) == conference.id,
        col(ConferenceSession.state) != "cancelled",
        *programme.PLANNED,
    )
    rest = [row for row in db.exec(wanted.order_by(col(ConferenceSession.id))) if row.id not in named]
    speakers = programme.speakers_of(db, [row.id for row in rest])
    slots = [
        Slot(row=None, speakers=[person.name for person in speakers[row.id]], **_place(row.model_dump()))
        for row in rest
    ] + [
        Slot(row=fit.plan.row, speakers=[one.name for one in fit.plan.speakers], **_place(fit.plan.values))
        for fit in good
    ]
    return warnings(slots, first=conference.starts_on, last=conference.ends_on, zone=conference.zone)


def _place(values: dict[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in ("title", "hall", "starts_at", "ends_at")}


def _shown(fit: Fit, cells: list[str], warned: list[RowWarning]) -> RowPreview:
    one = fit.plan
    becomes = "wrong" if one.faults else "new" if fit.session is None else "changed" if fit.changes else "same"
    return RowPreview.model_validate(
        {
            "row": one.row,
            "becomes": becomes,
            "speakers": [named.name for named in one.speakers],
            "changes": fit.changes,
            "faults": one.faults,
            "warnings": warned,
            "cells": cells if one.faults else [],
            **{name: one.values[name] for name in ("title", "hall", "starts_at", "ends_at")},
        }
    )


def _unknown(names: Sequence[str], rows: Sequence[Any]) -> list[str]:
    known = {fold(row.name) for row in rows}
    return list({fold(name): name for name in names if name and fold(name) not in known}.values())


def _new_names(db: Session, conference_id: UUID, fits: Sequence[Fit]) -> list[str]:
    speakers = _Speakers(db, conference_id)
    named = [one for fit in fits for one in fit.plan.speakers]
    return list({fold(one.name): one.name for one in named if speakers.known(one) is None}.values())


def _brought(db: Session, conference: Conference, fit: Fit, speakers: _Speakers) -> ConferenceSession:
    one = fit.plan
    hall, track = halls.placed(db, conference.id, hall=one.values["hall"], track=one.values["track"])
    values = one.values | {"hall": hall, "track": track}
    session = fit.session
    if session is None:
        session = ConferenceSession(id=new_id(), conference_id=conference.id, source=one.source, **values)
        db.add(session)
        db.flush()
    else:
        was = session.starts_at
        moved = was != values["starts_at"] and session.deleted_at is None
        for name, value in values.items():
            setattr(session, name, value)
        if moved:
            saved.tell_moved(db, [(session, was)])
        session.source = session.source or one.source
        session.deleted_at = None
        session.version += 1
        session.changed_at = now()
    for named in one.speakers:
        speakers.bill(session, named)
    return session


class _Speakers:
    """Who speaks here already, by what an import knows them by and by name.

    Attendees who speak nowhere are not looked at: whoever calls themselves like a speaker does not become one.
    """

    def __init__(self, db: Session, conference_id: UUID) -> None:
        self._db = db
        self._conference_id = conference_id
        billed = (
            select(SessionSpeaker.person_id)
            .join(ConferenceSession, col(ConferenceSession.id) == col(SessionSpeaker.session_id))
            .where(col(ConferenceSession.conference_id) == conference_id)
        )
        rows = db.exec(
            select(Person, SpeakerProfile.source)
            .join(ConferenceRole, col(ConferenceRole.person_id) == col(Person.id))
            .outerjoin(
                SpeakerProfile,
                (col(SpeakerProfile.person_id) == col(Person.id))
                & (col(SpeakerProfile.conference_id) == conference_id),
            )
            .where(col(ConferenceRole.conference_id) == conference_id)
            .where((col(ConferenceRole.role) != "attendee") | col(Person.id).in_(billed))
            .order_by(col(Person.id).desc())
        ).all()
        self._by_name = {fold(person.name): person.id for person, _ in rows}
        self._by_source = {source: person.id for person, source in rows if source}

    def known(self, named: Named) -> UUID | None:
        return (self._by_source.get(named.source) if named.source else None) or self._by_name.get(fold(named.name))

    def bill(self, session: ConferenceSession, named: Named) -> None:
        """Let somebody speak in a session: who is there by this name, else a new guest."""
        id = self.known(named) or self._new(named)
        if self._db.get(SessionSpeaker, (session.id, id)) is None:
            self._db.add(SessionSpeaker(session_id=session.id, person_id=id))
            self._db.flush()

    def _new(self, named: Named) -> UUID:
        draft = NewSpeaker(name=named.name, bio=named.bio)
        id = new_id()
        arranging.new_speaker(self._db, self._conference_id, draft, id=id, source=named.source)
        self._by_name[fold(named.name)] = id
        if named.source:
            self._by_source[named.source] = id
        return id


def _tell(db: Session, conference_id: UUID, rows: Sequence[ConferenceSession], *, known: set[UUID]) -> None:
    """Sessions whole, as many in a fact as fit; those that were there before also on their own pages."""
    batch: list[SessionView] = []
    size = 0
    for view in programme.session_views(db, rows):
        if view.id in known:
            publish(db, session_channel(view.id), SessionChanged(session=view), subject=view.id)
        length = len(view.model_dump_json())
        if batch and size + length > FACT_BYTES:
            publish(db, conference_channel(conference_id), ProgrammeChanged(sessions=batch))
            batch, size = [], 0
        batch.append(view)
        size += length
    if batch:
        publish(db, conference_channel(conference_id), ProgrammeChanged(sessions=batch))
