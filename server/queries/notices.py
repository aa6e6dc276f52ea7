"""One person's notifications, and how they want to hear of things."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session, col, func, select

from models.notification import MailHabit, Notification, NotificationWay
from models.person import Person
from models.registration import Registration
from server.domain.notice import KINDS, SHOWN, MailHabits, Notifications, WayOfKind, view
from server.domain.person import Actor
from server.queries.channels import person_channel, position


def mine(db: Session, actor: Actor) -> Notifications:
    """The newest first, and how many of all wait to be read."""
    own = col(Notification.person_id) == actor.person_id
    newest = (
        select(Notification).where(own).order_by(col(Notification.created_at).desc(), col(Notification.id).desc())
    )
    unread = select(func.count()).select_from(Notification).where(own, col(Notification.read_at).is_(None))
    return Notifications(
        position=position(db, person_channel(actor.person_id)),
        unread=db.exec(unread).one(),
        notifications=[view(row) for row in db.exec(newest.limit(SHOWN))],
    )


def habits(db: Session, actor: Actor, *, mail: bool) -> MailHabits:
    rows = db.exec(select(NotificationWay).where(col(NotificationWay.person_id) == actor.person_id))
    ways = {row.kind: row.way for row in rows}
    habit = db.get(MailHabit, actor.person_id) or MailHabit(person_id=actor.person_id)
    return MailHabits(
        ways=[WayOfKind(kind=name, way=ways.get(name, kind.usual)) for name, kind in KINDS.items()],
        quiet_from=habit.quiet_from,
        quiet_to=habit.quiet_to,
        every=habit.every,
        stopped=habit.stopped,
        address=address_of(db, actor.person_id),
        mail=mail,
    )


def address_of(db: Session, person_id: UUID) -> str | None:
    """Where mail for somebody goes: their account's address, else the one they registered with last."""
    person = db.get(Person, person_id)
    if person is None or person.email is not None:
        return person.email if person else None
    given = (
        select(Registration.email)
        .where(
            col(Registration.person_id) == person_id,
            col(Registration.email).is_not(None),
            col(Registration.state) != "revoked",
        )
        .order_by(col(Registration.created_at).desc())
    )
    return db.exec(given.limit(1)).first()
