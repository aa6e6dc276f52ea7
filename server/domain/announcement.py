"""Announcements: calm lines from the organisers to everybody, to one session or to those of one role.

Those for everybody and for a session are told on the conference's channel; those for the crew only on the
persons' own, because everybody may listen to the conference's.
"""

from __future__ import annotations

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from models.announcement import Announcement
from server.domain.permissions import Role
from server.domain.text import checked, clean
from server.domain.view import Fact, Position, View
from server.domain.zone import Instant

LONGEST = 600
KEPT = 100
CREW_ROLES = frozenset({"organiser", "moderator", "speaker"})

Line = Annotated[str, StringConstraints(max_length=LONGEST), checked(clean, most=LONGEST, may_be_empty=True)]


class AnnouncementTexts(View):
    ar: Line = ""
    en: Line = ""


class AnnouncementView(View):
    id: UUID
    conference_id: UUID
    session_id: UUID | None
    role: Role | None
    texts: AnnouncementTexts
    at: Instant
    ends_at: Instant | None
    withdrawn: bool
    version: int


class AnnouncementDraft(View):
    """To everybody, unless a session or a role is named. `minutes`: how long it is shown; none: until put away."""

    texts: AnnouncementTexts
    session_id: UUID | None = None
    role: Role | None = None
    minutes: Annotated[int, Field(ge=1, le=7 * 24 * 60)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.texts.ar or self.texts.en):
            raise ValueError("empty")
        if self.session_id is not None and self.role is not None:
            raise ValueError("a session or a role, not both")
        return self


class Announcements(View):
    """The newest first, the same for all of the conference."""

    position: Position
    announcements: list[AnnouncementView]


class AnnouncementsMine(View):
    """What one has put away, and what was told to one's role alone."""

    position: Position
    read: list[UUID]
    announcements: list[AnnouncementView]


class AnnouncementReaders(View):
    """How many put one away as read, and of how many it is for; none said where that is who came to a session."""

    announcement_id: UUID
    people: int
    of: int | None


class AnnouncementsRead(View):
    """For those who announce."""

    readers: list[AnnouncementReaders]


class AnnouncementMade(Fact, name="announcement.made", channels=("conference", "person")):
    announcement: AnnouncementView


class AnnouncementWithdrawn(Fact, name="announcement.withdrawn", channels=("conference", "person")):
    announcement_id: UUID
    version: int


class AnnouncementSeen(Fact, name="announcement.read", channels=("person",)):
    """Put away, on all of one's devices."""

    announcement_id: UUID


def view(row: Announcement) -> AnnouncementView:
    return AnnouncementView(
        id=row.id,
        conference_id=row.conference_id,
        session_id=row.session_id,
        role=row.role,
        texts=AnnouncementTexts.model_validate(row.texts),
        at=row.created_at,
        ends_at=row.ends_at,
        withdrawn=row.withdrawn_at is not None,
        version=row.version,
    )
