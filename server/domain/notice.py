"""Notifications: what one person should know, wherever they are, and how they want to hear of it.

A new kind is one line in `KINDS`, a sentence `notice.<kind>` in each of `server/messages` (for mail) and one
in each of `web/messages/*/notices.json` (for the page). Values are short strings; `when` is an ISO time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field

from models.notification import Notification
from server.domain.view import Fact, Position, View
from server.domain.zone import Instant

Way = Literal["page", "mail", "off"]
LONGEST_VALUE = 300
SHOWN = 60
MINUTES = 24 * 60
CHANGES = frozenset({"session_cancelled", "session_revived", "session_shifted"})
CHANGE_PRESSES = timedelta(hours=1)


@dataclass(frozen=True)
class Kind:
    """What its sentence speaks of, and how one hears of it until one says otherwise."""

    values: tuple[str, ...]
    usual: Way = "page"
    more: tuple[str, ...] = ()  # kept where they are given, though no sentence needs them


# Mail about one's own registration is no notification: it carries the link, and goes at once (`actions.seats`).
KINDS: dict[str, Kind] = {
    "announcement": Kind(("conference", "text")),
    "card_accepted": Kind(("name", "title")),
    "card_assigned": Kind(("name", "title"), "mail"),
    "card_comment": Kind(("name", "title", "text")),
    "card_due": Kind(("title", "when"), "mail"),
    "card_mention": Kind(("name", "title", "text"), "mail"),
    "card_returned": Kind(("name", "title", "text"), "mail"),
    "card_submitted": Kind(("name", "title")),
    "claim_ending": Kind(("title", "when"), "mail"),
    "claim_lapsed": Kind(("title",)),
    "claim_released": Kind(("name", "title", "text"), "mail"),
    "cards_returned": Kind(("name", "team", "count", "text"), "mail"),
    "direct_message": Kind(("name", "text"), "mail"),
    "hand_accepted": Kind(("session",)),
    "mention": Kind(("name", "session", "text"), "mail"),
    "question_answered": Kind(("session", "text"), "mail"),
    "question_approved": Kind(("session", "text")),
    "recording_ready": Kind(("session",)),
    "registration_confirmed": Kind(("conference",)),
    "registration_lapsed": Kind(("conference",)),
    "registration_offered": Kind(("conference", "when")),
    "registration_refused": Kind(("conference",)),
    "registration_revoked": Kind(("conference",)),
    "registration_waiting": Kind(("conference",)),
    "reply": Kind(("name", "session", "text")),
    "session_cancelled": Kind(("session", "when"), "mail"),
    "session_revived": Kind(("session", "when"), "mail"),
    "session_shifted": Kind(("session", "when"), "mail", more=("was",)),
    "session_soon": Kind(("session", "when"), "mail"),
    "team_added": Kind(("name", "team"), "mail"),
    "team_meeting": Kind(("name", "team")),
    "team_wish": Kind(("name", "team"), "mail"),
}

MinuteOfDay = Annotated[int, Field(ge=0, lt=MINUTES)]


class NotificationView(View):
    id: UUID
    kind: str
    data: dict[str, str]
    link: str
    conference_id: UUID | None
    at: Instant
    read: bool


class Notifications(View):
    """The newest of one person's, with the position of their own channel."""

    position: Position
    unread: int
    notifications: list[NotificationView]


class NotificationsSeen(View):
    """Those read; without ids, all of them."""

    ids: Annotated[list[UUID], Field(max_length=200)] | None = None


class WayOfKind(View):
    kind: str
    way: Way


class MailHabits(View):
    """`address` is where mail would go, if anywhere. `mail` is whether this server sends any."""

    ways: list[WayOfKind]
    quiet_from: MinuteOfDay | None
    quiet_to: MinuteOfDay | None
    every: Literal["soon", "daily"]
    stopped: bool
    address: str | None
    mail: bool


class MailHabitsChange(View):
    ways: Annotated[tuple[WayOfKind, ...], Field(max_length=100)] = ()
    quiet_from: MinuteOfDay | None = None
    quiet_to: MinuteOfDay | None = None
    every: Literal["soon", "daily"] | None = None
    stopped: bool | None = None


class MailState(View):
    on: bool


class NotificationTold(Fact, name="notification.told", channels=("person",)):
    notification: NotificationView


class NotificationChanged(Fact, name="notification.changed", channels=("person",)):
    """Words it told of were taken back."""

    notification: NotificationView


class NotificationsRead(Fact, name="notification.read", channels=("person",)):
    """On all of one's devices; without ids, all."""

    ids: list[UUID] | None


def view(row: Notification) -> NotificationView:
    return NotificationView(
        id=row.id,
        kind=row.kind,
        data=row.data,
        link=row.link,
        conference_id=row.conference_id,
        at=row.created_at,
        read=row.read_at is not None,
    )


def fitting(kind: str, data: dict[str, str]) -> dict[str, str]:
    """Only what the kind's sentence speaks of, each short. Raises KeyError for a value that is missing."""
    wanted = [*KINDS[kind].values, *(name for name in KINDS[kind].more if name in data)]
    return {name: data[name][:LONGEST_VALUE] for name in wanted}


def pressing(kind: str, data: Mapping[str, str], at: datetime) -> bool:
    """Whether it is of no use in ten minutes: what was to begin within the hour begins, is off, or has moved."""
    if kind == "session_soon":
        return True
    times = [datetime.fromisoformat(data[name]) for name in ("when", "was") if name in data]
    return kind in CHANGES and any(at - CHANGE_PRESSES <= time <= at + CHANGE_PRESSES for time in times)


def quiet(at: datetime, zone: ZoneInfo, quiet_from: int | None, quiet_to: int | None) -> bool:
    """Whether a moment lies in somebody's quiet hours, which are by their own clock and may pass midnight."""
    if quiet_from is None or quiet_to is None or quiet_from == quiet_to:
        return False
    local = at.astimezone(zone)
    minute = local.hour * 60 + local.minute
    if quiet_from < quiet_to:
        return quiet_from <= minute < quiet_to
    return minute >= quiet_from or minute < quiet_to


def after_quiet(at: datetime, zone: ZoneInfo, quiet_from: int | None, quiet_to: int | None) -> datetime:
    """The first minute from `at` on that is not quiet. Found by looking, so that a clock change inside the
    quiet hours makes them as long as that night is."""
    moment = at
    for _ in range(MINUTES + 120):
        if not quiet(moment, zone, quiet_from, quiet_to):
            return moment
        moment = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return moment
