"""The one table of who may do what.

A person's roles in a scope are their conference role, `session_speaker` in a session they speak in,
`stage_guest` while they were asked onto its stage, and `lead` or `member` in a team. Nobody inside a scope
without any role: to them it does not exist.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, get_args

from server.domain.errors import Forbidden

Role = Literal["organiser", "moderator", "speaker", "attendee"]
TeamRole = Literal["lead", "member"]

ROLES: tuple[str, ...] = get_args(Role)
TEAM_ROLES: tuple[str, ...] = get_args(TeamRole)

_EVERYBODY = frozenset(ROLES)
_CREW = frozenset({"organiser", "moderator"})
_STAGE = frozenset({"organiser", "moderator", "session_speaker"})
_BEHIND = _STAGE | {"stage_guest"}
_ORGANISER = frozenset({"organiser"})
_TEAM = frozenset({"lead", "member", "organiser"})
_LEAD = frozenset({"lead", "organiser"})

PERMISSIONS: dict[str, frozenset[str]] = {
    "conference.show": _EVERYBODY,
    "conference.change": _ORGANISER,
    "people.list": _CREW,
    "role.change": _ORGANISER,
    "link.create": _ORGANISER,
    "invitation.manage": _ORGANISER,
    "registration.manage": _ORGANISER,
    "announcement.list": _EVERYBODY,
    "announcement.make": _CREW,
    "settings.change": _ORGANISER,
    "conference.delete": _ORGANISER,
    "session.show": _EVERYBODY,
    "session.create": _ORGANISER,
    "session.change": _ORGANISER,
    "session.move": _STAGE,
    "session.cancel": _ORGANISER,
    "session.remove": _ORGANISER,
    "speaker.change": _ORGANISER,
    "profile.change": _CREW | {"speaker"},  # one's own only, but for an organiser
    "hall.change": _ORGANISER,
    "track.change": _ORGANISER,
    "bookmark.change": _EVERYBODY,
    "feed.manage": _EVERYBODY,  # one's own
    "programme.shift": _CREW,
    "programme.import": _ORGANISER,
    "conference.clone": _ORGANISER,
    "conference.today": _CREW,
    "chat.show": _EVERYBODY,
    "message.post": _EVERYBODY,
    "message.edit": _EVERYBODY,  # one's own only
    "message.delete": _EVERYBODY,  # one's own
    "message.moderate": _CREW,  # anybody's
    "message.react": _EVERYBODY,
    "message.report": _EVERYBODY,
    "message.pin": _STAGE,
    "chat.moderate": _CREW,
    "chat.rules": _ORGANISER,
    "person.moderate": _CREW,
    "audit.show": _CREW,
    "deed.overrule": _ORGANISER,  # undo what others did, take their notes away
    "direct.open": _EVERYBODY,
    "question.list": _EVERYBODY,
    "question.ask": _EVERYBODY,
    "question.vote": _EVERYBODY,
    "question.edit": _EVERYBODY,  # one's own while it waits
    "question.decide": _CREW,
    "question.live": _STAGE,  # take up and close what is answered aloud
    "poll.list": _EVERYBODY,
    "poll.answer": _EVERYBODY,
    "poll.manage": _CREW,
    "hand.raise": _EVERYBODY,
    "hand.manage": _CREW,
    "interaction.change": _CREW,
    "line.say": _CREW,
    "line.show": _STAGE,
    "recording.show": _EVERYBODY,
    "recording.manage": _ORGANISER,
    "film.manage": _STAGE,
    "stage.watch": _EVERYBODY,
    "stage.backstage": _BEHIND,
    "stage.publish": _BEHIND,
    "stage.direct": _STAGE,
    "stage.leave": _BEHIND,
    "stream_key.manage": _STAGE,
    "team.list": _EVERYBODY,
    "team.create": _ORGANISER,
    "team.show": _TEAM,
    "team.join": _EVERYBODY,  # where its door is open, or one may ask
    "team.call": _STAGE,
    "stage.cards": _STAGE,  # of one's own team
    "task.take": _EVERYBODY,  # where a seat is free and the team is open
    "team.meet": _TEAM,
    "team.change": _LEAD,
    "member.change": _LEAD,
    "board.show": _TEAM,
    "board.manage": _LEAD,
    "column.change": _TEAM,
    "column.archive": _LEAD,
    "label.change": _TEAM,
    "card.create": _TEAM,
    "card.change": _TEAM,
    "card.move": _TEAM,
    "card.work": _TEAM,
    "comment.write": _TEAM,
    "comment.change": _TEAM,  # one's own only
    "comment.moderate": _LEAD,  # anybody's
}


def may(roles: Collection[str], permission: str) -> bool:
    """Whether any of these roles carries the permission. An unknown permission is a mistake of ours."""
    return not PERMISSIONS[permission].isdisjoint(roles)


def require(roles: Collection[str], permission: str) -> None:
    """Raises Forbidden, which names the permission so that a page can say what is missing."""
    if not may(roles, permission):
        raise Forbidden("not_allowed", permission=permission)


def granted(roles: Collection[str]) -> list[str]:
    """Every permission these roles carry, for a page that shows only what works."""
    return sorted(name for name in PERMISSIONS if may(roles, name))
