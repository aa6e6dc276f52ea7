"""What calendars ask for: by a feed's token, one session for its reader, a public programme."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from models.conference import Conference, ConferenceSession
from models.person import Person
from models.programme import Bookmark, CalendarFeed
from server.domain.calendar import Entry, calendar
from server.domain.errors import NotFound
from server.domain.person import Actor
from server.domain.programme import FeedView, feed_view
from server.queries import programme, scope, work_calendar


def feeds(db: Session, actor: Actor, conference_id: UUID) -> list[FeedView]:
    """One's own open addresses."""
    scope.of_conference(db, actor, conference_id, "feed.manage")
    return _feeds(db, actor, conference_id)


def work_feeds(db: Session, actor: Actor) -> list[FeedView]:
    """One's own open addresses for one's work."""
    return _feeds(db, actor, None)


def _feeds(db: Session, actor: Actor, conference_id: UUID | None) -> list[FeedView]:
    rows = (
        select(CalendarFeed)
        .where(
            col(CalendarFeed.conference_id).is_not_distinct_from(conference_id),
            col(CalendarFeed.person_id) == actor.person_id,
            col(CalendarFeed.revoked_at).is_(None),
        )
        .order_by(col(CalendarFeed.created_at), col(CalendarFeed.id))
    )
    return [feed_view(row) for row in db.exec(rows)]


def of_feed(db: Session, token_hash: str, *, url: str) -> bytes:
    """The file of a feed. Raises NotFound for unknown and closed ones, and when its owner has left."""
    wanted = select(CalendarFeed).where(
        col(CalendarFeed.token_hash) == token_hash, col(CalendarFeed.revoked_at).is_(None)
    )
    feed = db.exec(wanted).first()
    if feed is None:
        raise NotFound("not_found")
    if feed.conference_id is None:
        return work_calendar.of_person(db, feed.person_id, url=url)
    if scope.conference_role(db, feed.conference_id, feed.person_id) is None:
        raise NotFound("not_found")
    conference = scope.load(db, Conference, feed.conference_id)
    rows = _all(db, conference.id)
    if feed.content == "saved":
        own = select(Bookmark.session_id).where(col(Bookmark.person_id) == feed.person_id)
        saved = set(db.exec(own))
        rows = [row for row in rows if row.id in saved]
    locale = scope.load(db, Person, feed.person_id).locale
    return _file(db, conference, rows, locale=locale, url=url)


def of_session(db: Session, actor: Actor, session_id: UUID, *, url: str) -> bytes:
    session, _ = scope.of_session(db, actor, session_id, "session.show")
    conference = scope.load(db, Conference, session.conference_id)
    return _file(db, conference, [session], locale=actor.locale, url=url)


def of_public(db: Session, conference: Conference, *, url: str) -> bytes:
    return _file(db, conference, _all(db, conference.id), locale=conference.locale, url=url)


def _all(db: Session, conference_id: UUID) -> Sequence[ConferenceSession]:
    """Deleted ones too: a calendar that has them must hear that they are off."""
    return db.exec(  # every session
        select(ConferenceSession)
        .where(col(ConferenceSession.conference_id) == conference_id, *programme.IN_PROGRAMME)
        .order_by(col(ConferenceSession.starts_at), col(ConferenceSession.id))
    ).all()


def _file(
    db: Session, conference: Conference, rows: Sequence[ConferenceSession], *, locale: str, url: str
) -> bytes:
    speakers = programme.speakers_of(db, [row.id for row in rows])
    entries = [Entry(row, [one.name for one in speakers[row.id]], f"{url}/s/{row.id}") for row in rows]
    own = conference.translations.get(locale)
    return calendar(conference, entries, locale=locale, title=own["title"] if own else conference.title)
