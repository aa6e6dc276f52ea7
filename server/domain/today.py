"""What an organiser looks at on the day."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from server.domain.session import State
from server.domain.view import View
from server.domain.zone import Instant

# `late`: it should have begun. `nobody`, `silent`: live, and nothing is sent, or no sound. `over`: past its end.
Health = Literal["good", "late", "nobody", "silent", "over"]


class SessionToday(View):
    session_id: UUID
    title: str
    titles: dict[str, str]  # in other languages
    hall: str
    state: State
    starts_at: Instant
    ends_at: Instant
    viewers: int
    senders: int
    on_air: int
    waiting: int
    saved: int
    health: Health


class Today(View):
    at: Instant
    sessions: list[SessionToday]
    people: int
    speakers: int
    planned: int
    ended: int
    messages: int
    questions: int
    waiting: int
    held: int  # messages that wait for a moderator
    reports: int  # things reported and not decided
    registrations: int  # that wait for approval
    desk_id: UUID | None  # the session at whose desk most waits
