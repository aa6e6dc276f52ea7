"""Conversations outside of sessions: of a team, and of two people."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from server.domain.errors import Forbidden
from server.domain.message import MessageView
from server.domain.permissions import Role
from server.domain.person import PersonView
from server.domain.view import Fact, Position, View


class ConversationView(View):
    """A conversation as one of its people sees it: what was said last, and how much of it they have not read."""

    id: UUID
    kind: Literal["team", "direct"]
    conference_id: UUID
    team_id: UUID | None
    other: PersonView | None
    blocked: bool  # by oneself
    last: MessageView | None
    unread: int


class Conversations(View):
    """`open`: the organisers allow direct messages. The one in which something was said last comes first."""

    position: Position  # of the person's own channel
    open: bool
    conversations: list[ConversationView]


class DirectWish(View):
    person_id: UUID


class ReadMark(View):
    """Up to and with this message all is read."""

    message_id: UUID


class PersonCard(View):
    """Somebody of the conference as another of its people may know them, and whether one may write to them."""

    person: PersonView
    role: Role
    headline: str
    links: list[str]
    direct: bool
    blocked: bool  # by oneself


class ConversationGrew(Fact, name="conversation.grew", channels=("person",)):
    """To both of two people: something was said. The words are on the conversation's own channel."""

    conversation_id: UUID
    conference_id: UUID


class ConversationSeen(Fact, name="conversation.seen", channels=("person",)):
    """To one's other devices."""

    conversation_id: UUID
    conference_id: UUID


def check_direct(*, open: bool, blocked: bool, silenced: bool) -> None:
    """Raises Forbidden unless these two may write to each other now."""
    if not open:
        raise Forbidden("direct.off")
    if silenced:
        raise Forbidden("silenced")
    if blocked:
        raise Forbidden("direct.blocked")
