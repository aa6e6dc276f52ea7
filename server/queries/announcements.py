"""Announcements as everybody sees them, and what differs from person to person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlmodel import Session, col, func, or_, select

from models.announcement import Announcement, AnnouncementRead
from models.conference import ConferenceRole
from server.domain.announcement import (
    CREW_ROLES,
    KEPT,
    AnnouncementReaders,
    Announcements,
    AnnouncementsMine,
    AnnouncementsRead,
    AnnouncementView,
    view,
)
from server.domain.person import Actor
from server.queries import scope
from server.queries.channels import conference_channel, person_channel, position


def listed(db: Session, actor: Actor, conference_id: UUID) -> Announcements:
    """Those for everybody and for sessions. What was withdrawn is gone."""
    scope.of_conference(db, actor, conference_id, "announcement.list")
    everybody = or_(col(Announcement.role).is_(None), col(Announcement.role).not_in(CREW_ROLES))
    return Announcements(
        position=position(db, conference_channel(conference_id)),
        announcements=_newest(db, conference_id, everybody),
    )


def mine(db: Session, actor: Actor, conference_id: UUID) -> AnnouncementsMine:
    """Who runs the conference sees what was told to every role."""
    _, here = scope.of_conference(db, actor, conference_id, "announcement.list")
    roles = CREW_ROLES if here.may("announcement.make") else CREW_ROLES & here.roles
    read = (
        select(AnnouncementRead.announcement_id)
        .join(Announcement, col(Announcement.id) == col(AnnouncementRead.announcement_id))
        .where(
            col(Announcement.conference_id) == conference_id,
            col(AnnouncementRead.person_id) == actor.person_id,
        )
    )
    return AnnouncementsMine(
        position=position(db, person_channel(actor.person_id)),
        read=list(db.exec(read)),
        announcements=_newest(db, conference_id, col(Announcement.role).in_(roles)),
    )


def readers(db: Session, actor: Actor, conference_id: UUID) -> AnnouncementsRead:
    """How far each has come, for who announces."""
    scope.of_conference(db, actor, conference_id, "announcement.make")
    roles: dict[str | None, int] = dict(
        db.exec(
            select(ConferenceRole.role, func.count())
            .where(col(ConferenceRole.conference_id) == conference_id)
            .group_by(col(ConferenceRole.role))
        ).all()
    )
    roles[None] = sum(roles.values())
    counted = db.exec(
        select(Announcement, func.count(col(AnnouncementRead.person_id)))
        .outerjoin(AnnouncementRead, col(AnnouncementRead.announcement_id) == col(Announcement.id))
        .where(col(Announcement.conference_id) == conference_id, col(Announcement.withdrawn_at).is_(None))
        .group_by(col(Announcement.id))
        .order_by(col(Announcement.created_at).desc())
        .limit(2 * KEPT)
    )
    return AnnouncementsRead(
        readers=[
            AnnouncementReaders(
                announcement_id=row.id, people=people, of=None if row.session_id else roles.get(row.role, 0)
            )
            for row, people in counted
        ]
    )


def _newest(db: Session, conference_id: UUID, *conditions: Any) -> list[AnnouncementView]:
    rows = db.exec(
        select(Announcement)
        .where(
            col(Announcement.conference_id) == conference_id,
            col(Announcement.withdrawn_at).is_(None),
            *conditions,
        )
        .order_by(col(Announcement.created_at).desc(), col(Announcement.id).desc())
        .limit(KEPT)
    )
    return [view(row) for row in rows]
