"""A session's rules for its audience, hands that go up and down, and the speakers' private line."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from models.audience import Hand
from models.base import now
from models.person import Person
from server.actions import floor, hands
from server.actions.hands import locked_rules
from server.actions.notify import notify
from server.actions.publish import publish
from server.actions.standing import bring
from server.domain.audience import (
    HandCalled,
    HandRaised,
    HandView,
    InteractionChange,
    InteractionChanged,
    InteractionView,
    LineSaid,
    LineView,
    hand_view,
    interaction_view,
    line_view,
)
from server.domain.errors import Conflict, NotFound
from server.domain.person import Actor
from server.queries import scope
from server.queries.audience import place_of
from server.queries.channels import backstage_channel, session_channel


def change(db: Session, actor: Actor, session_id: UUID, wish: InteractionChange) -> InteractionView:
    """Open and close what the audience may do; say what asking without a name means from now on."""
    scope.of_session(db, actor, session_id, "interaction.change")
    row = locked_rules(db, session_id)
    wished = {name: value for name, value in wish.model_dump(exclude_unset=True).items() if value is not None}
    if any(getattr(row, name) != value for name, value in wished.items()):
        for name, value in wished.items():
            setattr(row, name, value)
        row.version += 1
        fact = InteractionChanged(interaction=interaction_view(session_id, row))
        publish(db, session_channel(session_id), fact, subject=session_id)
    return interaction_view(session_id, row)


def raise_hand(db: Session, actor: Actor, session_id: UUID) -> HandView:
    """Ask for the floor. Raised twice, it keeps its place."""
    _, here = scope.of_session(db, actor, session_id, "hand.raise")
    floor.require_floor(db, here, session_id, "hand")
    hand = db.get(Hand, (session_id, actor.person_id))
    if hand is None and not locked_rules(db, session_id).hands_open:
        raise Conflict("hands.closed")
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    raised = db.connection().execute(
        dialect.insert(Hand)
        .values(session_id=session_id, person_id=actor.person_id, raised_at=now())
        .on_conflict_do_nothing()
        .returning(col(Hand.person_id))
    )
    hand = scope.load(db, Hand, (session_id, actor.person_id))
    shown = hand_view(hand, db.get_one(Person, actor.person_id))
    if raised.first() is not None:
        hands.tell(db, session_id, actor.person_id, HandRaised(hand=shown))
        hands.tell_place(db, session_id, actor.person_id, place_of(db, hand))
    return shown


def lower(db: Session, actor: Actor, session_id: UUID, person_id: UUID) -> None:
    """Take a hand down: one's own, or anybody's as a moderator."""
    _, here = scope.of_session(db, actor, session_id, "hand.raise")
    if person_id != actor.person_id:
        here.require("hand.manage")
    hands.drop(db, session_id, person_id)


def call(db: Session, actor: Actor, session_id: UUID, person_id: UUID) -> HandView:
    """Bring somebody on stage. Two moderators calling at once call once."""
    session, _ = scope.of_session(db, actor, session_id, "hand.manage", lock=True)
    locked_rules(db, session_id)
    hand = db.get(Hand, (session_id, person_id), with_for_update=True)
    if hand is None:
        raise NotFound("not_found")
    new = hand.called_at is None
    place = place_of(db, hand)
    hand.called_at = hand.called_at or now()
    shown = hand_view(hand, db.get_one(Person, person_id))
    if new:
        hands.tell(db, session_id, person_id, HandCalled(hand=shown))
        hands.move_up(db, session_id, place)
        bring(db, actor, session_id, person_id)
        data, once = {"session": session.title}, f"hand:{session_id}:{hand.raised_at.isoformat()}"
        link, about = f"/s/{session_id}", session.conference_id
        notify(db, [person_id], "hand_accepted", data, link=link, conference_id=about, once=once)
    return shown


def say_line(db: Session, actor: Actor, session_id: UUID, text: str) -> LineView:
    """Tell those who speak something that nobody else sees. It stands until the next one; empty takes it away."""
    scope.of_session(db, actor, session_id, "line.say")
    row = locked_rules(db, session_id)
    if row.line != text:
        row.line, row.line_at = text, now()
        publish(db, backstage_channel(session_id), LineSaid(line=line_view(row)), subject=session_id)
    return line_view(row)
