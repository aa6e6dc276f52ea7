"""A session's rules for its audience, its raised hands, and the speakers' private line."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

import segno
from sqlmodel import Session, col, select

from models.audience import Hand, Interaction
from models.conference import ConferenceSession
from models.person import Person
from server.domain.audience import (
    PLACES_TOLD,
    HandSnapshot,
    InteractionSnapshot,
    JoinCode,
    LineSnapshot,
    hand_view,
    interaction_view,
    line_view,
)
from server.domain.errors import Forbidden, NotFound
from server.domain.person import Actor
from server.queries import registrations, rules, scope
from server.queries.channels import backstage_channel, moderation_channel, position, session_channel


def rules_of(db: Session, session_id: UUID) -> Interaction | None:
    """What was set for a session; None while everything is as at the beginning."""
    return db.get(Interaction, session_id)


def interaction(db: Session, actor: Actor, session_id: UUID) -> InteractionSnapshot:
    session, _ = scope.of_session(db, actor, session_id, "session.show")
    return InteractionSnapshot(
        position=position(db, session_channel(session_id)),
        interaction=interaction_view(session_id, rules_of(db, session_id)),
        calm=rules.in_force(db, session.conference_id, session_id).calm,
    )


def hands(db: Session, actor: Actor, session_id: UUID) -> HandSnapshot:
    """Who asks for the floor, the longest waiting first."""
    scope.of_session(db, actor, session_id, "hand.manage")
    rows = db.exec(
        select(Hand, Person)
        .join(Person, col(Person.id) == col(Hand.person_id))
        .where(col(Hand.session_id) == session_id)
        .order_by(col(Hand.raised_at), col(Hand.person_id))
    )
    found = [hand_view(hand, person) for hand, person in rows]
    return HandSnapshot(position=position(db, moderation_channel(session_id)), hands=found)


def waiting(db: Session, session_id: UUID) -> list[UUID]:
    """Whose hands wait to be called, the longest waiting first; only those whose places are told."""
    wanted = select(Hand.person_id).where(col(Hand.session_id) == session_id, col(Hand.called_at).is_(None))
    return list(db.exec(wanted.order_by(col(Hand.raised_at), col(Hand.person_id)).limit(PLACES_TOLD)))


def place_of(db: Session, hand: Hand) -> int | None:
    """The place of a hand among those that wait; None once it is called, and for those far behind."""
    first = waiting(db, hand.session_id)
    return first.index(hand.person_id) + 1 if hand.person_id in first else None


def line(db: Session, actor: Actor, session_id: UUID) -> LineSnapshot:
    scope.of_session(db, actor, session_id, "line.show")
    return LineSnapshot(
        position=position(db, backstage_channel(session_id)), line=line_view(rules_of(db, session_id))
    )


def reactions_open(db: Session, session_id: UUID) -> bool:
    return interaction_view(session_id, rules_of(db, session_id)).reactions_open


def join_code(db: Session, actor: Actor, session_id: UUID, *, url: str) -> JoinCode:
    """The way in, for a projector: readable from the last row (error correction M, ISO/IEC 18004)."""
    scope.of_session(db, actor, session_id, "session.show")
    address = f"{url}/in/{session_id}"
    svg = segno.make(address, error="m", micro=False).svg_inline(scale=4, border=2, omitsize=True)
    return JoinCode(url=address, svg=svg)


def way_in(db: Session, actor: Actor | None, session_id: UUID) -> str:
    """The page the code on the wall leads to: the session for those who may see it; for a newcomer the
    registration while it takes people, else the public programme. Where nothing is public, the session's
    address, which asks to sign in and tells nothing."""
    inside = f"/s/{session_id}"
    session = db.get(ConferenceSession, session_id)
    if session is None or session.deleted_at is not None:
        return inside
    if actor is not None:
        with suppress(NotFound, Forbidden):
            scope.of_session(db, actor, session_id, "session.show")
            return inside
    with suppress(NotFound):
        conference = registrations.conference_at(db, str(session.conference_id))
        if registrations.form_of(db, conference.id).mode != "closed":
            return f"/r/{conference.id}"
        if conference.public and conference.slug:
            return f"/p/{conference.slug}"
    return inside
