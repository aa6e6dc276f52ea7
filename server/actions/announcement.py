"""Announcing, taking an announcement back, and putting one away.

An announcement to a role or to everybody is a notification, too, of each who may see it. The crew is told at
once; a whole conference by a job (`ring`), some hundred people at a time, so that no request writes thousands
of rows and nobody waits behind it. One to a session's room stays on the pages alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, exists, select

from models.announcement import Announcement, AnnouncementRead
from models.base import now
from models.conference import Conference, ConferenceRole, ConferenceSession
from models.notification import Notification, NotificationWay
from models.person import Person
from server.actions.notify import GONE, notify, take_back
from server.actions.publish import blank, publish
from server.domain.announcement import (
    CREW_ROLES,
    AnnouncementDraft,
    AnnouncementMade,
    AnnouncementSeen,
    AnnouncementTexts,
    AnnouncementView,
    AnnouncementWithdrawn,
    view,
)
from server.domain.errors import NotFound
from server.domain.person import Actor
from server.domain.view import Fact
from server.queries import scope
from server.queries.channels import conference_channel, person_channel

AT_ONCE = 400


def make(
    db: Session, actor: Actor, conference_id: UUID, draft: AnnouncementDraft, *, id: UUID
) -> AnnouncementView:
    """Tell everybody, a session or a role, at once on every page."""
    scope.of_conference(db, actor, conference_id, "announcement.make")
    if draft.session_id and scope.load(db, ConferenceSession, draft.session_id).conference_id != conference_id:
        raise NotFound("not_found")
    row = Announcement(
        id=id,
        conference_id=conference_id,
        session_id=draft.session_id,
        role=draft.role,
        texts=draft.texts.model_dump(),
        made_by=actor.person_id,
        ends_at=now() + timedelta(minutes=draft.minutes) if draft.minutes else None,
    )
    db.add(row)
    db.flush()
    shown = view(row)
    _tell(db, row, AnnouncementMade(announcement=shown))
    row.telling = row.session_id is None
    if row.role in CREW_ROLES:
        _go_on(db, row)
    return shown


def withdraw(db: Session, actor: Actor, announcement_id: UUID) -> None:
    """Take one back: it goes from every page, and from what a late page would be told."""
    row = scope.load(db, Announcement, announcement_id, lock=True)
    scope.of_conference(db, actor, row.conference_id, "announcement.make")
    if row.withdrawn_at is not None:
        return
    row.withdrawn_at = now()
    row.version += 1
    gone = view(row).model_copy(update={"texts": AnnouncementTexts()})
    fact = AnnouncementMade(announcement=gone).model_dump(mode="json")
    for channel in _channels(db, row):
        blank(db, channel, row.id, fact, told_as=(AnnouncementMade,))
    _tell(db, row, AnnouncementWithdrawn(announcement_id=row.id, version=row.version))
    row.telling = row.session_id is None
    if row.telling:
        _go_on(db, row)


def ring(db: Session) -> int:
    """Go on with announcements that are not in all notifications yet, or withdrawn and not yet out of them: the
    oldest first, as many as `AT_ONCE` people allow, so that short ones do not queue for a round each. Returns how
    many people they came to. It may stop anywhere: the next run takes those who are left."""
    wanted = select(Announcement).where(col(Announcement.telling)).order_by(col(Announcement.created_at)).limit(1)
    came = 0
    while came < AT_ONCE and (row := db.exec(wanted.with_for_update(skip_locked=True)).first()) is not None:
        came += _go_on(db, row)
        db.flush()
    return came


def _go_on(db: Session, row: Announcement) -> int:
    """The next people of an announcement, at most `AT_ONCE`."""
    db.flush()
    done = _told(db, row) if row.withdrawn_at is None else _taken_back(db, row)
    row.telling = done == AT_ONCE
    return done


def _told(db: Session, row: Announcement) -> int:
    readers = _unaware(db, row)
    conference = db.get_one(Conference, row.conference_id)
    for locale in {locale for _, locale in readers}:
        text = row.texts[locale] or row.texts["ar"] or row.texts["en"]
        notify(
            db,
            [person_id for person_id, wanted in readers if wanted == locale],
            "announcement",
            {"conference": conference.title, "text": text},
            link=f"/c/{row.conference_id}/announcements",
            conference_id=row.conference_id,
            once=_once(row),
            stale_at=row.ends_at,
        )
    return len(readers)


def _unaware(db: Session, row: Announcement) -> Sequence[tuple[UUID, str]]:
    """Those who should find it among their notifications and do not, each with their language."""
    knows = exists().where(col(Notification.person_id) == col(Person.id), col(Notification.once) == _once(row))
    deaf = exists().where(
        col(NotificationWay.person_id) == col(Person.id),
        col(NotificationWay.kind) == "announcement",
        col(NotificationWay.way) == "off",
    )
    wanted = (
        select(Person.id, Person.locale)
        .join(ConferenceRole, col(ConferenceRole.person_id) == col(Person.id))
        .where(
            col(ConferenceRole.conference_id) == row.conference_id, col(Person.id) != row.made_by, ~knows, ~deaf
        )
        .order_by(col(Person.id))
        .limit(AT_ONCE)
    )
    if row.role is not None:
        wanted = wanted.where(col(ConferenceRole.role).in_(_roles(row)))
    return db.exec(wanted).all()


def _taken_back(db: Session, row: Announcement) -> int:
    wanted = select(Notification.person_id).where(
        col(Notification.conference_id) == row.conference_id,
        col(Notification.once) == _once(row),
        col(Notification.data)["text"].as_string() != GONE,
    )
    people = db.exec(wanted.limit(AT_ONCE)).all()
    take_back(db, people, _once(row))
    return len(people)


def _once(row: Announcement) -> str:
    return f"announcement:{row.id}"


def see(db: Session, actor: Actor, announcement_id: UUID) -> None:
    """Put one away, on all of one's devices."""
    row = scope.load(db, Announcement, announcement_id)
    scope.of_conference(db, actor, row.conference_id, "announcement.list")
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    insert = dialect.insert(AnnouncementRead).values(announcement_id=row.id, person_id=actor.person_id, at=now())
    kept = insert.on_conflict_do_nothing().returning(col(AnnouncementRead.person_id))
    if db.connection().execute(kept).first() is not None:
        publish(db, person_channel(actor.person_id), AnnouncementSeen(announcement_id=row.id), subject=row.id)


def _channels(db: Session, row: Announcement) -> list[str]:
    if row.role not in CREW_ROLES:
        return [conference_channel(row.conference_id)]
    return [person_channel(id) for id in _those(db, row)]


def _those(db: Session, row: Announcement) -> list[UUID]:
    """Those of the role, and those who run the conference and so see every announcement."""
    wanted = select(ConferenceRole.person_id).where(
        col(ConferenceRole.conference_id) == row.conference_id, col(ConferenceRole.role).in_(_roles(row))
    )
    return sorted(db.exec(wanted))


def _roles(row: Announcement) -> set[str]:
    return {str(row.role), "organiser", "moderator"}


def _tell(db: Session, row: Announcement, fact: Fact) -> None:
    for channel in _channels(db, row):
        publish(db, channel, fact, subject=row.id)
