"""What one person should know, how they want to hear of it, and the mail that is on its way."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import JSON, Index, UniqueConstraint
from sqlmodel import Field

from models.base import Table, key, moment, reference


class Notification(Table, table=True):
    """`once` names what it is about: the same thing is told a person only one time."""

    __table_args__ = (
        UniqueConstraint("person_id", "once"),
        Index("ix_notification_person_at", "person_id", "created_at"),
        Index("ix_notification_mail", "mail_due"),
    )

    id: UUID = key()
    person_id: UUID = reference("person.id", index=False)
    conference_id: UUID | None = reference("conference.id", nullable=True)
    kind: str = Field(max_length=40)
    data: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    link: str = Field(default="", max_length=200)
    once: str | None = Field(default=None, max_length=120)
    created_at: datetime = moment()
    read_at: datetime | None = moment(nullable=True)
    mail_due: datetime | None = moment(nullable=True)  # wanted by mail too, and not yet in one
    stale_at: datetime | None = moment(nullable=True)  # no use in a mail any more


class NotificationWay(Table, table=True):
    """How one person wants to hear of one kind, where it is not the usual way."""

    __tablename__ = "notification_way"

    person_id: UUID = reference("person.id", primary=True)
    kind: str = Field(max_length=40, primary_key=True)
    way: str = Field(max_length=8)  # page, mail or off


class MailHabit(Table, table=True):
    """When one person wants mail: quiet hours in minutes of their own day, and how often at most."""

    __tablename__ = "mail_habit"

    person_id: UUID = reference("person.id", primary=True)
    quiet_from: int | None = None
    quiet_to: int | None = None
    every: str = Field(default="soon", max_length=8)  # soon or daily
    stopped: bool = False  # by the link in a mail
    stop_token: UUID = Field(default_factory=uuid4, unique=True)  # ends all mail, and can do nothing else
    mailed_at: datetime | None = moment(nullable=True)


class Mail(Table, table=True):
    """One mail. `once` keeps a second one about the same thing out; the words go when it has been sent."""

    __table_args__ = (Index("ix_mail_state_due", "state", "due_at"),)

    id: UUID = key()
    person_id: UUID | None = reference("person.id", nullable=True)
    kind: str = Field(max_length=40)
    once: str | None = Field(default=None, max_length=120, unique=True)
    address: str = Field(max_length=254)
    locale: str = Field(default="ar", max_length=8)
    subject: str = Field(max_length=300)
    lines: list[str] = Field(default_factory=list, sa_type=JSON)
    button: dict[str, str] = Field(default_factory=dict, sa_type=JSON)  # label and path
    stop_token: UUID | None = None
    state: str = Field(default="queued", max_length=12)  # queued, sending, sent, failed, unknown
    tries: int = 0
    fault: str = Field(default="", max_length=300)
    created_at: datetime = moment()
    due_at: datetime = moment()
    lease: UUID | None = None
    leased_until: datetime | None = moment(nullable=True)
    sent_at: datetime | None = moment(nullable=True)
