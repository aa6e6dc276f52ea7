"""Registration as everybody, the registered person and the organiser see it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import segno
from icalendar import Calendar, Event
from sqlmodel import Session, col, func, select

from models.base import now
from models.conference import Conference
from models.person import Person
from models.registration import Registration, RegistrationForm
from models.settings import ConferenceSettings
from server.domain.errors import NotFound
from server.domain.person import Actor
from server.domain.person import view as person_view
from server.domain.registration import (
    PAGE,
    SEATED,
    FormView,
    LongWords,
    OwnRegistration,
    PersonalLink,
    PublicConference,
    PublicForm,
    RegistrationRow,
    Registrations,
    Sheet,
    StateCount,
    form_view,
    seat_free,
)
from server.domain.sheet import csv_text
from server.domain.text import fold
from server.messages import city, sentence
from server.queries import scope

MOST_EXPORTED = 20_000


def conference_at(db: Session, ref: str) -> Conference:
    """The conference an address names. Raises NotFound, also for one that is about to be deleted."""
    try:
        found = db.get(Conference, UUID(ref))
    except ValueError:
        found = db.exec(select(Conference).where(col(Conference.slug) == ref)).first()
    if found is None or ((settings := db.get(ConferenceSettings, found.id)) and settings.delete_at):
        raise NotFound("not_found")
    return found


def form_of(db: Session, conference_id: UUID) -> RegistrationForm:
    """The form as it stands; an organiser who never opened it has a closed one."""
    return db.get(RegistrationForm, conference_id) or RegistrationForm(
        conference_id=conference_id, mode="closed", questions=[], thanks={}
    )


def taken(db: Session, conference_id: UUID) -> int:
    """Seats held: by those confirmed, and by those who were asked."""
    held = select(func.count()).select_from(Registration)
    return db.exec(
        held.where(col(Registration.conference_id) == conference_id, col(Registration.state).in_(SEATED))
    ).one()


def of_person(db: Session, conference_id: UUID, person_id: UUID) -> Registration | None:
    return db.exec(
        select(Registration).where(
            col(Registration.conference_id) == conference_id, col(Registration.person_id) == person_id
        )
    ).first()


def public(db: Session, actor: Actor | None, ref: str, *, mail: bool = True) -> PublicForm:
    """The registration page. A conference without a form has none, so its name is not told."""
    conference = conference_at(db, ref)
    form = db.get(RegistrationForm, conference.id)
    if form is None:
        raise NotFound("not_found")
    shown = form_view(form)
    known = of_person(db, conference.id, actor.person_id) if actor else None
    return PublicForm(
        conference=public_conference(conference),
        mode=shown.mode,
        full=not seat_free(form.capacity, taken(db, conference.id)),
        by_mail=shown.by_mail and mail,
        mail=mail,
        questions=shown.questions if shown.mode != "closed" else (),
        mine=known.state if known else None,
    )


def public_conference(conference: Conference) -> PublicConference:
    return PublicConference.model_validate(
        {name: getattr(conference, name) for name in PublicConference.model_fields}
    )


def own(db: Session, row: Registration) -> OwnRegistration:
    person = scope.load(db, Person, row.person_id)
    form = form_view(form_of(db, row.conference_id))
    return OwnRegistration(
        id=row.id,
        conference=public_conference(scope.load(db, Conference, row.conference_id)),
        state=row.state,
        name=person.name,
        email=row.email if row.state != "revoked" else None,
        answers=row.answers if row.state != "revoked" else {},
        questions=form.questions,
        thanks=form.thanks if row.state == "confirmed" else LongWords(),
        offered_until=row.offered_until if row.state == "offered" else None,
        ahead=_ahead(db, row) if row.state == "waiting_list" else None,
        guest=person.guest,
    )


def settings(db: Session, actor: Actor, conference_id: UUID, *, mail: bool) -> FormView:
    scope.of_conference(db, actor, conference_id, "registration.manage")
    return form_view(form_of(db, conference_id), mail=mail)


def listed(db: Session, actor: Actor, conference_id: UUID, asked: Mapping[str, str]) -> Registrations:
    """The organiser's list: `q` searches names and addresses, `state` filters, `after` goes on behind a row."""
    scope.of_conference(db, actor, conference_id, "registration.manage")
    here = col(Registration.conference_id) == conference_id
    wanted = [here]
    if words := fold(asked.get("q", ""))[:100]:
        wanted.append(col(Registration.words).contains(words, autoescape=True))
    if state := asked.get("state"):
        wanted.append(col(Registration.state) == state)
    total = db.exec(select(func.count()).select_from(Registration).where(*wanted)).one()
    rows = db.exec(
        select(Registration, Person)
        .join(Person, col(Person.id) == col(Registration.person_id))
        .where(*wanted)
        .order_by(col(Registration.created_at), col(Registration.id))
        .offset(_number(asked.get("after", "")))
        .limit(PAGE)
    )
    counted = select(Registration.state, func.count()).where(here).group_by(col(Registration.state))
    form = form_of(db, conference_id)
    return Registrations(
        registrations=[_row(row, person) for row, person in rows],
        total=total,
        counts=[StateCount(state=state, count=count) for state, count in db.exec(counted)],
        capacity=form.capacity,
        questions=form_view(form).questions,
    )


def sheet(db: Session, actor: Actor, conference_id: UUID) -> Sheet:
    """Everybody as CSV in the organiser's language, one column for each question. Times are by the conference's
    clock, which the head names."""
    conference, _ = scope.of_conference(db, actor, conference_id, "registration.manage")
    questions = form_view(form_of(db, conference_id)).questions
    say, zone = actor.locale, ZoneInfo(conference.zone)
    rows = db.exec(
        select(Registration, Person)
        .join(Person, col(Person.id) == col(Registration.person_id))
        .where(col(Registration.conference_id) == conference_id)
        .order_by(col(Registration.created_at), col(Registration.id))
        .limit(MOST_EXPORTED)
    )

    def words(of: object) -> str:
        first, second = ("ar", "en") if say == "ar" else ("en", "ar")
        return str(getattr(of, first) or getattr(of, second))

    def said(row: Registration, at: int) -> str:
        question, given = questions[at], row.answers.get(questions[at].id)
        names = {one.id: words(one.words) for one in question.choices}
        if given is None or isinstance(given, bool):
            return "" if given is None else sentence(say, "sheet.yes" if given else "sheet.no")
        many = given if isinstance(given, list) else [given]
        return "; ".join(names.get(str(one), str(one)) for one in many)

    registered = sentence(say, "sheet.registered", zone=city(say, conference.zone))
    head = [sentence(say, "sheet.name"), sentence(say, "sheet.email"), sentence(say, "sheet.state"), registered]
    body = [
        [
            person.name,
            row.email or "",
            sentence(say, f"sheet.state.{row.state}"),
            f"{row.created_at.astimezone(zone):%Y-%m-%d %H:%M}",
            *(said(row, at) for at in range(len(questions))),
        ]
        for row, person in rows
    ]
    return Sheet(
        name=f"registrations-{now():%Y-%m-%d}.csv",
        csv=csv_text([[*head, *(words(one.words) for one in questions)], *body]),
    )


def link(url: str) -> PersonalLink:
    """The link with its picture for another device's camera."""
    return PersonalLink(
        url=url, qr=segno.make(url, error="m").svg_data_uri(scale=6, border=2, dark="#15242b", light="#fff")
    )


def calendar(conference: Conference, *, url: str) -> str:
    """The conference's days for a calendar. The personal link stays out of it: calendars are shared."""
    if conference.starts_on is None:
        return ""
    file = Calendar()
    file.add("prodid", "-//Multaqa//registration//EN")
    file.add("version", "2.0")
    event = Event()
    event.add("uid", f"{conference.id}@multaqa")
    event.add("dtstamp", datetime.now(UTC))
    event.add("summary", conference.title)
    event.add("dtstart", conference.starts_on)
    event.add("dtend", (conference.ends_on or conference.starts_on) + timedelta(days=1))
    event.add("url", f"{url}/c/{conference.id}")
    file.add_component(event)
    return str(file.to_ical(), "utf-8")


def _row(row: Registration, person: Person) -> RegistrationRow:
    return RegistrationRow(
        id=row.id,
        person=person_view(person),
        email=row.email,
        state=row.state,
        answers=row.answers,
        at=row.created_at,
        offered_until=row.offered_until if row.state == "offered" else None,
        guest=person.guest,
    )


def _ahead(db: Session, row: Registration) -> int:
    before = select(func.count()).select_from(Registration)
    return db.exec(
        before.where(
            col(Registration.conference_id) == row.conference_id,
            col(Registration.state) == "waiting_list",
            col(Registration.queued_at) < row.queued_at,
        )
    ).one()


def _number(text: str) -> int:
    return min(int(text), MOST_EXPORTED) if text.isascii() and text.isdecimal() and len(text) < 7 else 0
