"""Announcements to a conference, a session or a role."""

from __future__ import annotations

from server.actions import announcement
from server.api.endpoint import Call, Endpoints
from server.domain.announcement import (
    AnnouncementDraft,
    Announcements,
    AnnouncementsMine,
    AnnouncementsRead,
    AnnouncementView,
)
from server.queries import announcements

ENDPOINTS = Endpoints("announcements")
OF = "/api/conferences/{conference_id}/announcements"
ONE = "/api/announcements/{announcement_id}"


@ENDPOINTS.query("announcement.list", OF, permission="announcement.list", result=Announcements)
def listed(call: Call) -> Announcements:
    """The announcements to everybody and to sessions."""
    return announcements.listed(call.db, call.actor, call.path["conference_id"])


@ENDPOINTS.query("announcement.mine", f"{OF}/mine", permission="announcement.list", result=AnnouncementsMine)
def mine(call: Call) -> AnnouncementsMine:
    """What one has put away, and what was told to one's role alone."""
    return announcements.mine(call.db, call.actor, call.path["conference_id"])


@ENDPOINTS.query("announcement.readers", f"{OF}/readers", permission="announcement.make", result=AnnouncementsRead)
def readers(call: Call) -> AnnouncementsRead:
    """How many have put each announcement away."""
    return announcements.readers(call.db, call.actor, call.path["conference_id"])


@ENDPOINTS.command(
    "announcement.make",
    "POST",
    OF,
    permission="announcement.make",
    body=AnnouncementDraft,
    result=AnnouncementView,
    status=201,
)
def make(call: Call, body: AnnouncementDraft) -> AnnouncementView:
    """Announce something."""
    return announcement.make(call.db, call.actor, call.path["conference_id"], body, id=call.key)


@ENDPOINTS.command("announcement.withdraw", "DELETE", ONE, permission="announcement.make")
def withdraw(call: Call) -> None:
    """Take an announcement back."""
    announcement.withdraw(call.db, call.actor, call.path["announcement_id"])


@ENDPOINTS.command("announcement.see", "PUT", f"{ONE}/read", permission="announcement.list")
def see(call: Call) -> None:
    """Put an announcement away."""
    announcement.see(call.db, call.actor, call.path["announcement_id"])
