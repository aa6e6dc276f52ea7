"""Telling one person something: the one function for whoever causes it, in the transaction of the cause."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from models.base import new_id, now
from models.notification import MailHabit, Notification, NotificationWay
from server.actions.publish import blank, publish
from server.domain.errors import BadInput
from server.domain.notice import (
    KINDS,
    MailHabitsChange,
    NotificationChanged,
    NotificationsRead,
    NotificationsSeen,
    NotificationTold,
    fitting,
    view,
)
from server.domain.person import Actor
from server.queries.channels import person_channel

# Long enough to read it in the page, so that a mail is only for those who are not there.
SETTLES = timedelta(minutes=2)
GONE = "…"  # in place of words that were taken back


def notify(
    db: Session,
    person_ids: Collection[UUID],
    kind: str,
    data: Mapping[str, str],
    *,
    link: str = "",
    conference_id: UUID | None = None,
    once: str | None = None,
    stale_at: datetime | None = None,
) -> int:
    """Tell people something, each on their own channel and by mail where they want it. Returns how many heard.

    `kind` is one of `domain.notice.KINDS`, `data` has the values its sentence speaks of (`when`: an ISO time)
    and `link` the path that a press on it opens. With `once` a person is told only the first time. After
    `stale_at` it is no use in a mail. Whoever switched the kind off hears nothing.
    """
    people = sorted(set(person_ids))
    if not people:
        return 0
    ways = _ways(db, people, kind)
    values = fitting(kind, dict(data))
    told = 0
    for person_id in people:
        way = ways.get(person_id, KINDS[kind].usual)
        if way == "off":
            continue
        row = Notification(
            id=new_id(),
            person_id=person_id,
            conference_id=conference_id,
            kind=kind,
            data=values,
            link=link,
            once=once,
            mail_due=now() + SETTLES if way == "mail" else None,
            stale_at=stale_at,
        )
        if _kept(db, row):
            publish(db, person_channel(person_id), NotificationTold(notification=view(row)), subject=row.id)
            told += 1
    return told


def take_back(db: Session, person_ids: Collection[UUID], once: str) -> None:
    """Words that are gone are gone here, too: from the list, from what was published, from mail to come."""
    wanted = select(Notification).where(
        col(Notification.person_id).in_(list(person_ids)), col(Notification.once) == once
    )
    for row in db.exec(wanted.with_for_update()).all():
        row.data = {**row.data, "text": GONE}
        row.mail_due = None
        fact = NotificationChanged(notification=view(row))
        channel = person_channel(row.person_id)
        blank(db, channel, row.id, fact.model_dump(mode="json"), told_as=(NotificationTold,))
        publish(db, channel, fact, subject=row.id)


def see(db: Session, actor: Actor, wish: NotificationsSeen) -> None:
    """Mark one's own as read: they go quiet on all of one's devices, and into no mail."""
    changed = (
        update(Notification)
        .where(col(Notification.person_id) == actor.person_id, col(Notification.read_at).is_(None))
        .values(read_at=now(), mail_due=None)
        .returning(col(Notification.id))
    )
    if wish.ids is not None:
        changed = changed.where(col(Notification.id).in_(wish.ids))
    db.flush()
    if db.connection().execute(changed).all():
        publish(db, person_channel(actor.person_id), NotificationsRead(ids=wish.ids))


def unread(db: Session, person_id: UUID, kind: str, link: str) -> bool:
    """Whether somebody still has something of this kind, that leads there, before them."""
    return db.exec(_waiting(person_id, kind, link).limit(1)).first() is not None


def quiet(db: Session, actor: Actor, kind: str, link: str) -> None:
    """What leads there was seen there."""
    ids = list(db.exec(_waiting(actor.person_id, kind, link)))
    if ids:
        see(db, actor, NotificationsSeen(ids=ids))


def _waiting(person_id: UUID, kind: str, link: str) -> SelectOfScalar[UUID]:
    return select(Notification.id).where(
        col(Notification.person_id) == person_id,
        col(Notification.read_at).is_(None),
        col(Notification.kind) == kind,
        col(Notification.link) == link,
    )


def change_habits(db: Session, actor: Actor, wish: MailHabitsChange) -> None:
    """How one wants to hear of things. Quiet hours are two minutes of the day, or neither."""
    if (wish.quiet_from is None) != (wish.quiet_to is None):
        raise BadInput("notice.quiet", fields={"quiet_to": "notice.quiet"})
    unknown = [one.kind for one in wish.ways if one.kind not in KINDS]
    if unknown:
        raise BadInput("input.unusable", fields={"ways": "field.not_a_choice"})
    for one in wish.ways:
        row = db.get(NotificationWay, (actor.person_id, one.kind), with_for_update=True)
        if row is None:
            db.add(NotificationWay(person_id=actor.person_id, kind=one.kind, way=one.way))
        else:
            row.way = one.way
    habit = habit_of(db, actor.person_id)
    for name in wish.model_fields_set & {"quiet_from", "quiet_to"}:
        setattr(habit, name, getattr(wish, name))
    habit.every = wish.every or habit.every
    habit.stopped = habit.stopped if wish.stopped is None else wish.stopped


def habit_of(db: Session, person_id: UUID) -> MailHabit:
    """One person's habits, locked, made where there were none."""
    known = db.get(MailHabit, person_id, with_for_update=True, populate_existing=True)
    if known is not None:
        return known
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    row = dialect.insert(MailHabit).values(MailHabit(person_id=person_id).model_dump())
    db.connection().execute(row.on_conflict_do_nothing(index_elements=[col(MailHabit.person_id)]))
    return db.get_one(MailHabit, person_id, with_for_update=True, populate_existing=True)


def stop_mail(db: Session, token: UUID) -> None:
    """End all mail of the person whose mail held this link. Unknown links end nothing and answer alike."""
    found = db.exec(select(MailHabit).where(col(MailHabit.stop_token) == token).with_for_update()).first()
    if found is not None:
        found.stopped = True


def _ways(db: Session, people: Collection[UUID], kind: str) -> dict[UUID, str]:
    rows = db.exec(
        select(NotificationWay).where(
            col(NotificationWay.kind) == kind, col(NotificationWay.person_id).in_(list(people))
        )
    )
    return {row.person_id: row.way for row in rows}


def _kept(db: Session, row: Notification) -> bool:
    """Whether this is news: False when the person was told of the same thing before."""
    if row.once is None:
        db.add(row)
        return True
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    insert = dialect.insert(Notification).values(row.model_dump())
    once = [col(Notification.person_id), col(Notification.once)]
    kept = db.connection().execute(
        insert.on_conflict_do_nothing(index_elements=once).returning(col(Notification.id))
    )
    return kept.first() is not None
