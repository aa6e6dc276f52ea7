"""Changing the rules of a chat, the calm switch among them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from models.conference import Conference, ConferenceSession
from models.moderation import ChatRules
from server.actions import audit
from server.actions.publish import publish
from server.domain import moderation
from server.domain.errors import Conflict
from server.domain.message import RulesChanged
from server.domain.moderation import Deed, RulesChange, RulesView, SessionRulesChange, SessionRulesChanged
from server.domain.person import Actor
from server.queries import programme, rules, scope
from server.queries.channels import moderation_channel, session_channel

OF_CONFERENCE = ("slow_s", "hold", "links", "newcomer_minutes", "words", "direct")
OF_SESSION = ("own", "slow_s", "hold", "links", "newcomer_minutes", "calm")


def change(db: Session, actor: Actor, conference_id: UUID, wish: RulesChange) -> RulesView:
    """The rules of all of a conference's chats. A session with rules of its own keeps those."""
    scope.of_conference(db, actor, conference_id, "chat.rules", lock=True)
    row = _row(db, conference_id, conference_id)
    was = _values(row, OF_CONFERENCE)
    whole = wish.model_dump()  # also of a word what was left to its default
    for name in wish.model_fields_set:
        if whole[name] is not None:
            setattr(row, name, whole[name])
    _note(db, actor, row, was, None)
    tell(db, conference_id)
    return rules.of_conference(db, conference_id)


def change_session(db: Session, actor: Actor, session_id: UUID, wish: SessionRulesChange) -> RulesView:
    """Rules of one session alone; what is not named stays as it is in force."""
    session, _ = scope.of_session(db, actor, session_id, "chat.moderate", lock=True)
    row = _row(db, session.conference_id, session_id)
    was = _values(row, OF_SESSION)
    if wish.inherit:
        row.own = False
    else:
        if not row.own:
            _adopt(db, row)
        for name, value in wish.model_dump(exclude_unset=True, exclude={"inherit"}).items():
            if value is not None:
                setattr(row, name, value)
    _note(db, actor, row, was, session_id)
    tell(db, session.conference_id, session_id)
    return rules.of_session(db, session)


def calm(db: Session, actor: Actor, session_id: UUID, *, on: bool) -> Deed:
    """One press: what is written waits for moderators, hands and links are closed, the talk goes on."""
    session, _ = scope.of_session(db, actor, session_id, "chat.moderate", lock=True)
    set_calm(db, session, on=on)
    return audit.note(
        db, actor, session.conference_id, "calm.on" if on else "calm.off", session=session_id, subject=session_id
    )


def set_calm(db: Session, session: ConferenceSession, *, on: bool) -> None:
    row = _row(db, session.conference_id, session.id)
    if row.calm != on:
        row.calm = on
        row.version += 1
        tell(db, session.conference_id, session.id)


def put_back(
    db: Session, conference_id: UUID, subject_id: UUID, was: dict[str, Any], became: dict[str, Any]
) -> None:
    """The rules as they were before a change. Raises Conflict when they were changed again since."""
    scope.load(db, Conference, conference_id, lock=True)
    row = _row(db, conference_id, subject_id)
    if _values(row, tuple(became)) != became:
        raise Conflict("undo.impossible")
    for name, value in was.items():
        setattr(row, name, value)
    row.version += 1
    tell(db, conference_id, subject_id if subject_id != conference_id else None)


def tell(db: Session, conference_id: UUID, session_id: UUID | None = None) -> None:
    """To everybody in the sessions concerned what they should know, to the moderators all of it."""
    db.flush()
    wanted = select(ConferenceSession).where(
        col(ConferenceSession.conference_id) == conference_id,
        col(ConferenceSession.state) != "ended",
        *programme.STANDING,
    )
    if session_id is not None:
        wanted = select(ConferenceSession).where(col(ConferenceSession.id) == session_id)
    for session in db.exec(wanted.order_by(col(ConferenceSession.id))):
        public = rules.public(db, conference_id, session.id)
        publish(db, session_channel(session.id), RulesChanged(rules=public), subject=session.id)
        fact = SessionRulesChanged(rules=rules.of_session(db, session))
        publish(db, moderation_channel(session.id), fact, subject=session.id)


def _row(db: Session, conference_id: UUID, id: UUID) -> ChatRules:
    row = db.get(ChatRules, id, with_for_update=True)
    if row is None:
        row = ChatRules(id=id, conference_id=conference_id, own=id == conference_id)
        db.add(row)
    return row


def _adopt(db: Session, row: ChatRules) -> None:
    """A session that begins to have rules of its own begins with those in force."""
    ruling = moderation.in_force(*rules.rows(db, row.conference_id, None))
    row.own = True
    row.slow_s, row.hold, row.links = ruling.slow_s, ruling.hold, ruling.links
    row.newcomer_minutes = ruling.newcomer_minutes


def _values(row: ChatRules, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _note(db: Session, actor: Actor, row: ChatRules, was: dict[str, Any], session_id: UUID | None) -> None:
    row.version += 1
    became = {name: value for name, value in _values(row, tuple(was)).items() if value != was[name]}
    if became:
        audit.note(
            db,
            actor,
            row.conference_id,
            "rules.changed",
            session=session_id,
            subject=row.id,
            data={"was": was, "became": became},
        )
