"""Announcing, taking an announcement back, and putting one away."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from models.announcement import Announcement, AnnouncementRead
from models.base import now
from models.conference import ConferenceRole, ConferenceSession
from server.actions.notify import notify
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


def make(
    db: Session, actor: Actor, conference_id: UUID, draft: AnnouncementDraft, *, id: UUID
) -> AnnouncementView:
    """Tell everybody, a session or a role, at once on every page."""
    conference, _ = scope.of_conference(db, actor, conference_id, "announcement.make")
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
    if draft.role in CREW_ROLES:
        text = draft.texts.ar or draft.texts.en
        crew = set(_those(db, row)) - {actor.person_id}
        notify(
            db,
            crew,
            "announcement",
            {"conference": conference.title, "text": text},
            link=f"/c/{conference_id}/announcements",
            conference_id=conference_id,
            once=f"announcement:{id}",
        )
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
    roles = {str(row.role), "organiser", "moderator"}
    wanted = select(ConferenceRole.person_id).where(
        col(ConferenceRole.conference_id) == row.conference_id, col(ConferenceRole.role).in_(roles)
    )
    return sorted(db.exec(wanted))


def _tell(db: Session, row: Announcement, fact: Fact) -> None:
    for channel in _channels(db, row):
        publish(db, channel, fact, subject=row.id)
