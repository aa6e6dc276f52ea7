"""The rules a chat runs by, and what they mean for one person."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session, col, or_, select

from models.base import now
from models.conference import ConferenceRole, ConferenceSession
from models.moderation import ChatPace, ChatRules, Silence
from server.domain import filters, moderation
from server.domain.filters import Author, Rules
from server.domain.message import ChatRulesView
from server.domain.moderation import RulesView
from server.queries.scope import Scope

CREW = "message.moderate"


def rows(db: Session, conference_id: UUID, session_id: UUID | None) -> tuple[ChatRules | None, ChatRules | None]:
    """The conference's row and the session's own, as far as there are any."""
    ids = [id for id in (conference_id, session_id) if id is not None]
    found = {row.id: row for row in db.exec(select(ChatRules).where(col(ChatRules.id).in_(ids)))}
    return found.get(conference_id), found.get(session_id) if session_id else None


def in_force(db: Session, conference_id: UUID, session_id: UUID) -> Rules:
    return moderation.in_force(*rows(db, conference_id, session_id))


def public(db: Session, conference_id: UUID, session_id: UUID | None) -> ChatRulesView:
    return moderation.public_rules(*rows(db, conference_id, session_id))


def of_session(db: Session, session: ConferenceSession) -> RulesView:
    return moderation.rules_view(*rows(db, session.conference_id, session.id))


def of_conference(db: Session, conference_id: UUID) -> RulesView:
    return moderation.rules_view(rows(db, conference_id, None)[0], None)


def exempt(here: Scope) -> bool:
    """Who looks after a session, or speaks in it, is not held up by its rules."""
    return here.may(CREW) or "session_speaker" in here.roles


def silence_of(db: Session, conference_id: UUID, session_id: UUID | None, person_id: UUID) -> Silence | None:
    """What keeps somebody from writing here, the longest of them."""
    at = now()
    wanted = select(Silence).where(
        col(Silence.person_id) == person_id,
        col(Silence.conference_id) == conference_id,
        or_(col(Silence.session_id).is_(None), col(Silence.session_id) == session_id),
        col(Silence.lifted_at).is_(None),
    )
    found = [row for row in db.exec(wanted) if moderation.still_silent(row, at)]
    return max(found, key=lambda row: (row.until is None, row.until or at), default=None)


def author(db: Session, here: Scope, session_id: UUID, text: str, rules: Rules, *, pace: bool = True) -> Author:
    """The writer, as the chain of filters asks of them. Looks up only what the rules ask for."""
    if exempt(here):
        return Author(crew=True)
    person_id = here.actor.person_id
    return Author(
        silenced=silence_of(db, here.conference_id, session_id, person_id) is not None,
        newcomer=filters.asks_for_newcomers(text, rules) and _newcomer(db, here, rules),
        wait_s=wait_s(db, session_id, person_id, rules) if pace else 0,
    )


def wait_s(db: Session, session_id: UUID, person_id: UUID, rules: Rules) -> int:
    if not rules.slow_s:
        return 0
    pace = db.get(ChatPace, (session_id, person_id))
    return filters.wait_s(pace.spoke_at if pace else None, now(), rules.slow_s)


def _newcomer(db: Session, here: Scope, rules: Rules) -> bool:
    role = db.get(ConferenceRole, (here.conference_id, here.actor.person_id))
    return role is None or filters.is_newcomer(role.joined_at, now(), rules)
