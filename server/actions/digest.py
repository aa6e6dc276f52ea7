"""Notifications as mail: what somebody has not read in the page goes out together, outside their quiet hours."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from models.base import now
from models.conference import Conference, ConferenceSession
from models.notification import MailHabit, Notification
from models.person import Person
from server.actions import letter
from server.actions import person as persons
from server.actions.letter import Button
from server.actions.notify import habit_of
from server.domain.notice import after_quiet, pressing
from server.domain.translation import in_language
from server.messages import sentence
from server.queries import notices, scope

PEOPLE_AT_ONCE = 100
MOST_LINES = 20
TIMED = frozenset({"session_soon", "session_shifted"})
APART = {"soon": timedelta(minutes=10), "daily": timedelta(days=1)}


def mail_due(db: Session) -> int:
    """Put what is due into mails, one for each person. Returns how many were queued."""
    due = select(Notification.person_id).where(col(Notification.mail_due) <= now()).distinct()
    return sum(_one(db, person_id) for person_id in sorted(db.exec(due.limit(PEOPLE_AT_ONCE))))


def _one(db: Session, person_id: UUID) -> bool:
    person = scope.load(db, Person, person_id)
    habit = habit_of(db, person_id)
    address = notices.address_of(db, person_id)
    waiting = select(Notification).where(
        col(Notification.person_id) == person_id, col(Notification.mail_due).is_not(None)
    )
    rows = list(db.exec(waiting.order_by(col(Notification.created_at)).with_for_update()))
    at = now()
    rehearsals = _rehearsals(db)
    wanted = [
        row
        for row in rows
        if row.read_at is None
        and (row.stale_at is None or row.stale_at > at)
        and not row.link.startswith(rehearsals)
        and _still_so(db, row)
    ]
    if not wanted or address is None or habit.stopped:
        _settle(rows, None)
        return False
    zone = person.zone or _conference_zone(db, wanted)
    time = _time(habit, wanted, zone=ZoneInfo(zone), at=at)
    if time > at:
        _settle(rows, time)
        return False
    _settle(rows, None)
    habit.mailed_at = at
    return _queue(db, person, address, wanted, zone=zone, stop_token=habit.stop_token)


def _rehearsals(db: Session) -> tuple[str, ...]:
    """Where words of rehearsals lead. They go with it: what is said there is read in the page, or never."""
    # every session that is a rehearsal
    wanted = select(ConferenceSession.id).where(col(ConferenceSession.rehearsal_of).is_not(None))
    return tuple(f"/s/{id}" for id in db.exec(wanted))


def _still_so(db: Session, row: Notification) -> bool:
    """A time is told only while it is the session's: it may have moved again before the mail went."""
    session = _session(db, row) if row.kind in TIMED else None
    if session is None:
        return True
    off = session.deleted_at is not None or session.state == "cancelled"
    return not off and session.starts_at == datetime.fromisoformat(row.data["when"])


def _session(db: Session, row: Notification) -> ConferenceSession | None:
    """The session it is about, known by where it leads."""
    try:
        return db.get(ConferenceSession, UUID(row.link.removeprefix("/s/")))
    except ValueError:
        return None


def _time(habit: MailHabit, rows: list[Notification], *, zone: ZoneInfo, at: datetime) -> datetime:
    """When the mail may go: not too soon after the last one, and never in quiet hours."""
    urgent = any(pressing(row.kind, row.data, at) for row in rows)
    earliest = at if habit.mailed_at is None or urgent else max(at, habit.mailed_at + APART[habit.every])
    return after_quiet(earliest, zone, habit.quiet_from, habit.quiet_to)


def _settle(rows: list[Notification], due: datetime | None) -> None:
    for row in rows:
        row.mail_due = due


def _queue(
    db: Session, person: Person, address: str, rows: list[Notification], *, zone: str, stop_token: UUID
) -> bool:
    say = person.locale
    lines = [_line(db, row, zone=zone, locale=say) for row in rows[:MOST_LINES]]
    more = len(rows) - len(lines)
    subject = lines[0] if len(rows) == 1 else sentence(say, "mail.notices.subject", count=len(rows))
    return letter.queue(
        db,
        kind="notices",
        address=address,
        locale=say,
        subject=subject[:120],
        lines=[
            sentence(say, "mail.hello", name=person.name),
            *lines,
            *([sentence(say, "mail.notices.more", count=more)] if more else []),
        ],
        button=Button(
            sentence(say, "mail.notices.button"),
            persons.door(db, person, rows[0].link if len(rows) == 1 else "/notifications"),
        ),
        person_id=person.id,
        once=f"notices:{rows[-1].id}",
        stop_token=stop_token,
    )


def _line(db: Session, row: Notification, *, zone: str, locale: str) -> str:
    """One sentence of news. A title is the one its reader's language has, where it has one."""
    values = dict(row.data)
    held_in = db.get(Conference, row.conference_id) if row.conference_id else None
    if "conference" in values and held_in is not None:
        values["conference"] = in_language(held_in.title, "", held_in.translations, locale).title
    if "session" in values and (session := _session(db, row)) is not None:
        values["session"] = in_language(session.title, "", session.translations, locale).title
    if "when" in values:
        values["when"] = letter.moment(datetime.fromisoformat(values["when"]), zone, locale)
    return sentence(locale, f"notice.{row.kind}", **values)


def _conference_zone(db: Session, rows: list[Notification]) -> str:
    """The clock of somebody whose own is not known: that of the conference they are told of."""
    ids = [row.conference_id for row in rows if row.conference_id]
    held_in = db.get(Conference, ids[-1]) if ids else None
    return held_in.zone if held_in else "UTC"
