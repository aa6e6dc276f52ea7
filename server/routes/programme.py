"""Arranging a programme: halls, tracks, speakers, what is saved, running late, sheets, calendars."""

from __future__ import annotations

from server.actions import clone, feed, programme, session, sheet, shift
from server.api.endpoint import Call, Endpoints
from server.domain.conference import ConferenceView
from server.domain.programme import (
    CloneDraft,
    FeedDraft,
    Feeds,
    HallChange,
    HallDraft,
    HallView,
    NewFeed,
    NewSpeaker,
    ProfileChange,
    ShiftDraft,
    Shifts,
    SpeakerView,
    TrackChange,
    TrackDraft,
    TrackView,
)
from server.domain.programme_sheet import Bringing, Imported, Mapped, SheetPreview
from server.domain.session import SessionCancel, SessionView
from server.domain.today import Today
from server.queries import calendar, today

ENDPOINTS = Endpoints("programme")
CONFERENCE = "/api/conferences/{conference_id}"
SESSION = "/api/sessions/{session_id}"
HALL, TRACK = "/api/halls/{hall_id}", "/api/tracks/{track_id}"
SPEAKER = f"{CONFERENCE}/speakers/{{person_id}}"
SHEET = "/api/sheets/{sheet_id}"


@ENDPOINTS.command(
    "hall.create",
    "POST",
    f"{CONFERENCE}/halls",
    permission="hall.change",
    body=HallDraft,
    result=HallView,
    status=201,
)
def create_hall(call: Call, body: HallDraft) -> HallView:
    """Add a hall."""
    return programme.add_hall(call.db, call.actor, call.path["conference_id"], body, id=call.key)


@ENDPOINTS.command("hall.change", "PATCH", HALL, permission="hall.change", body=HallChange, result=HallView)
def change_hall(call: Call, body: HallChange) -> HallView:
    """Rename or move a hall."""
    return programme.change_hall(call.db, call.actor, call.path["hall_id"], body)


@ENDPOINTS.command("hall.remove", "DELETE", HALL, permission="hall.change")
def remove_hall(call: Call) -> None:
    """Take a hall out; its sessions stay."""
    programme.remove_hall(call.db, call.actor, call.path["hall_id"])


@ENDPOINTS.command(
    "track.create",
    "POST",
    f"{CONFERENCE}/tracks",
    permission="track.change",
    body=TrackDraft,
    result=TrackView,
    status=201,
)
def create_track(call: Call, body: TrackDraft) -> TrackView:
    """Add a track."""
    return programme.add_track(call.db, call.actor, call.path["conference_id"], body, id=call.key)


@ENDPOINTS.command("track.change", "PATCH", TRACK, permission="track.change", body=TrackChange, result=TrackView)
def change_track(call: Call, body: TrackChange) -> TrackView:
    """Rename, move or colour a track."""
    return programme.change_track(call.db, call.actor, call.path["track_id"], body)


@ENDPOINTS.command("track.remove", "DELETE", TRACK, permission="track.change")
def remove_track(call: Call) -> None:
    """Take a track out; its sessions stay."""
    programme.remove_track(call.db, call.actor, call.path["track_id"])


@ENDPOINTS.command(
    "speaker.create",
    "POST",
    f"{CONFERENCE}/speakers",
    permission="speaker.change",
    body=NewSpeaker,
    result=SpeakerView,
    status=201,
)
def create_speaker(call: Call, body: NewSpeaker) -> SpeakerView:
    """Add a speaker who has no account yet."""
    return programme.add_speaker(call.db, call.actor, call.path["conference_id"], body, id=call.key)


@ENDPOINTS.command(
    "profile.change", "PATCH", SPEAKER, permission="profile.change", body=ProfileChange, result=SpeakerView
)
def change_profile(call: Call, body: ProfileChange) -> SpeakerView:
    """Change what the programme tells of a speaker."""
    path = call.path
    return programme.change_profile(call.db, call.actor, path["conference_id"], path["person_id"], body)


@ENDPOINTS.command(
    "picture.remove", "DELETE", f"{SPEAKER}/picture", permission="profile.change", result=SpeakerView
)
def remove_picture(call: Call) -> SpeakerView:
    """Take a speaker's picture away."""
    path = call.path
    return programme.set_picture(call.db, call.actor, path["conference_id"], path["person_id"], None)


@ENDPOINTS.command(
    "session.cancel",
    "POST",
    f"{SESSION}/cancel",
    permission="session.cancel",
    body=SessionCancel,
    result=SessionView,
)
def cancel(call: Call, body: SessionCancel) -> SessionView:
    """Call a session off."""
    return session.cancel(call.db, call.actor, call.path["session_id"], body.note)


@ENDPOINTS.command(
    "session.revive", "DELETE", f"{SESSION}/cancel", permission="session.cancel", result=SessionView
)
def revive(call: Call) -> SessionView:
    """Take a cancellation back."""
    return session.revive(call.db, call.actor, call.path["session_id"])


@ENDPOINTS.command("session.remove", "DELETE", SESSION, permission="session.remove")
def remove(call: Call) -> None:
    """Take a session out of the programme."""
    session.remove(call.db, call.actor, call.path["session_id"])


@ENDPOINTS.command(
    "session.restore", "POST", f"{SESSION}/restore", permission="session.remove", result=SessionView
)
def restore(call: Call) -> SessionView:
    """Bring a removed session back."""
    return session.restore(call.db, call.actor, call.path["session_id"])


@ENDPOINTS.command("bookmark.add", "PUT", f"{SESSION}/bookmark", permission="bookmark.change")
def save(call: Call) -> None:
    """Save a session for oneself."""
    programme.save(call.db, call.actor, call.path["session_id"], saved=True)


@ENDPOINTS.command("bookmark.remove", "DELETE", f"{SESSION}/bookmark", permission="bookmark.change")
def unsave(call: Call) -> None:
    """Save a session no longer."""
    programme.save(call.db, call.actor, call.path["session_id"], saved=False)


@ENDPOINTS.command(
    "shift.preview",
    "POST",
    f"{CONFERENCE}/shift/preview",
    permission="programme.shift",
    body=ShiftDraft,
    result=Shifts,
)
def preview_shift(call: Call, body: ShiftDraft) -> Shifts:
    """What running late would move; changes nothing."""
    return shift.preview(call.db, call.actor, call.path["conference_id"], body)


@ENDPOINTS.command(
    "shift.make",
    "POST",
    f"{CONFERENCE}/shift",
    permission="programme.shift",
    body=ShiftDraft,
    result=Shifts,
    errors=("shift.changed",),
)
def make_shift(call: Call, body: ShiftDraft) -> Shifts:
    """Move a session and what follows it in its hall."""
    return shift.make(call.db, call.actor, call.path["conference_id"], body)


@ENDPOINTS.command(
    "conference.clone",
    "POST",
    f"{CONFERENCE}/clone",
    permission="conference.clone",
    body=CloneDraft,
    result=ConferenceView,
    status=201,
)
def clone_conference(call: Call, body: CloneDraft) -> ConferenceView:
    """The same programme once more, without its people."""
    return clone.clone(call.db, call.actor, call.path["conference_id"], body, id=call.key)


@ENDPOINTS.command(
    "sheet.preview", "POST", f"{SHEET}/preview", permission="programme.import", body=Mapped, result=SheetPreview
)
def preview_sheet(call: Call, body: Mapped) -> SheetPreview:
    """What an import would do, row by row; changes nothing."""
    return sheet.preview(call.db, call.actor, call.path["sheet_id"], body)


@ENDPOINTS.command(
    "sheet.import", "POST", f"{SHEET}/import", permission="programme.import", body=Bringing, result=Imported
)
def import_sheet(call: Call, body: Bringing) -> Imported:
    """Bring all rows of a sheet into the programme, or none; or only the good ones."""
    return sheet.bring(call.db, call.actor, call.path["sheet_id"], body)


@ENDPOINTS.command(
    "feed.create",
    "POST",
    f"{CONFERENCE}/feeds",
    permission="feed.manage",
    body=FeedDraft,
    result=NewFeed,
    status=201,
    secret=True,
)
def create_feed(call: Call, body: FeedDraft) -> NewFeed:
    """Make a calendar address. It is shown now and never again."""
    return feed.create(call.db, call.actor, call.path["conference_id"], body, id=call.key, url=call.url)


@ENDPOINTS.query("feed.list", f"{CONFERENCE}/feeds", permission="feed.manage", result=Feeds)
def feeds(call: Call) -> Feeds:
    """One's own calendar addresses."""
    return Feeds(feeds=calendar.feeds(call.db, call.actor, call.path["conference_id"]))


@ENDPOINTS.command("feed.revoke", "DELETE", "/api/feeds/{feed_id}", permission=None)
def revoke_feed(call: Call) -> None:
    """Close a calendar address of one's own."""
    feed.revoke(call.db, call.actor, call.path["feed_id"])


@ENDPOINTS.query("conference.today", f"{CONFERENCE}/today", permission="conference.today", result=Today)
def show_today(call: Call) -> Today:
    """What runs now, what is next, and what waits for somebody."""
    return today.today(call.db, call.actor, call.path["conference_id"])
