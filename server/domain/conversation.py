"""Conversations outside of sessions: of a team, and of two people."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from server.domain.errors import Forbidden
from server.domain.person import PersonView
from server.domain.view import View


class ConversationView(View):
    id: UUID
    kind: Literal["team", "direct"]
    conference_id: UUID
    team_id: UUID | None
    other: PersonView | None
    blocked: bool  # by oneself


class Conversations(View):
    """`open`: the organisers allow direct messages."""

    open: bool
    conversations: list[ConversationView]


class DirectWish(View):
    person_id: UUID


def check_direct(*, open: bool, blocked: bool, silenced: bool) -> None:
    """Raises Forbidden unless these two may write to each other now."""
    if not open:
        raise Forbidden("direct.off")
    if silenced:
        raise Forbidden("silenced")
    if blocked:
        raise Forbidden("direct.blocked")
