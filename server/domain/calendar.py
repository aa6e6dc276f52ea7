"""Sessions as calendars know them (RFC 5545, RFC 7986): times in UTC, an id that stays, a sequence that rises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from icalendar import Calendar, Event, vUri

from models.card import Card
from models.conference import Conference, ConferenceSession
from server.domain.translation import in_language

PRODUCT = "-//Multaqa//Programme//EN"
REFRESH = timedelta(minutes=30)
FILE_TYPE = "text/calendar"


@dataclass(frozen=True)
class Entry:
    """A session for a calendar. `gone`: it is deleted, which a calendar is told as cancelled."""

    session: ConferenceSession
    speakers: Sequence[str]
    url: str


def calendar(conference: Conference, entries: Sequence[Entry], *, locale: str, title: str) -> bytes:
    """The whole file. Cancelled and deleted sessions stay in it as cancelled, so that calendars take them out."""
    made = begun(title, conference.zone)
    for entry in entries:
        made.add_component(_event(entry, locale))
    return bytes(made.to_ical())


def begun(title: str, zone: str | None) -> Calendar:
    """A calendar without events, that asks to be fetched anew every half hour."""
    made = Calendar()
    made.add("prodid", PRODUCT)
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("name", title)
    made.add("x-wr-calname", title)
    if zone:
        made.add("x-wr-timezone", zone)
    made.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    made.add("x-published-ttl", "PT30M")
    return made


def event_of(row: ConferenceSession | Card, *, changed_at: datetime) -> Event:
    """An event that stays the same one through all changes of its row."""
    event = Event()
    event.add("uid", str(row.id))
    # Every change of the row raises its version: the sequence rises at least as often as RFC 5545 3.8.7.4 asks.
    event.add("sequence", row.version)
    event.add("dtstamp", changed_at)
    event.add("last-modified", changed_at)
    event.add("created", row.created_at)
    return event


def _event(entry: Entry, locale: str) -> Event:
    session = entry.session
    words = in_language(session.title, session.description, session.translations, locale)
    event = event_of(session, changed_at=session.changed_at)
    event.add("dtstart", session.starts_at)
    event.add("dtend", session.ends_at)
    event.add("summary", words.title)
    event.add("status", "CANCELLED" if _is_off(session) else "CONFIRMED")
    about = "\n\n".join(part for part in (", ".join(entry.speakers), session.note, words.description) if part)
    if about:
        event.add("description", about)
    if session.hall:
        event.add("location", session.hall)
    event.add("url", vUri(entry.url))
    return event


def _is_off(session: ConferenceSession) -> bool:
    return session.deleted_at is not None or session.state == "cancelled"
