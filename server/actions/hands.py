"""Raised hands that go down: by themselves, or with whoever raised them, or with the session."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, delete, select

from models.audience import Hand, Interaction
from models.conference import ConferenceSession
from server.actions.publish import publish
from server.domain.audience import HandCalled, HandLowered, HandMoved, HandRaised
from server.queries import scope
from server.queries.audience import place_of, waiting
from server.queries.channels import moderation_channel, person_channel


def locked_rules(db: Session, session_id: UUID) -> Interaction:
    """The session's rules under their lock, made where there are none yet."""
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    made = dialect.insert(Interaction).values(**Interaction(session_id=session_id).model_dump())
    db.connection().execute(made.on_conflict_do_nothing())
    return scope.load(db, Interaction, session_id, lock=True)


def drop(db: Session, session_id: UUID, person_id: UUID) -> None:
    """One hand goes down; those behind it move up."""
    locked_rules(db, session_id)
    hand = db.get(Hand, (session_id, person_id), with_for_update=True)
    if hand is None:
        return
    place = place_of(db, hand)
    db.delete(hand)
    tell(db, session_id, person_id, HandLowered(session_id=session_id, person_id=person_id))
    move_up(db, session_id, place)


def drop_everywhere(db: Session, conference_id: UUID, person_id: UUID) -> None:
    """Whoever is of the conference no longer asks for the floor anywhere in it."""
    # every session: a hand goes down in rehearsals and meetings as well
    here = select(ConferenceSession.id).where(col(ConferenceSession.conference_id) == conference_id)
    raised = select(Hand.session_id).where(col(Hand.person_id) == person_id, col(Hand.session_id).in_(here))
    for session_id in db.exec(raised.order_by(col(Hand.session_id))).all():
        drop(db, session_id, person_id)


def drop_all(db: Session, session_id: UUID) -> None:
    """The session is over: nobody is called any more."""
    gone = db.exec(delete(Hand).where(col(Hand.session_id) == session_id).returning(col(Hand.person_id)))
    for person_id in sorted(gone.scalars()):
        tell(db, session_id, person_id, HandLowered(session_id=session_id, person_id=person_id))


def tell(db: Session, session_id: UUID, person_id: UUID, fact: HandRaised | HandLowered | HandCalled) -> None:
    for channel in (moderation_channel(session_id), person_channel(person_id)):
        publish(db, channel, fact, subject=person_id)


def move_up(db: Session, session_id: UUID, left: int | None) -> None:
    """A hand at this place waits no longer: those behind it hear their new places, under the rules' lock."""
    if left is None:
        return
    db.flush()
    for place, person_id in enumerate(waiting(db, session_id), 1):
        if place >= left:
            tell_place(db, session_id, person_id, place)


def tell_place(db: Session, session_id: UUID, person_id: UUID, place: int | None) -> None:
    publish(db, person_channel(person_id), HandMoved(session_id=session_id, place=place), subject=person_id)
