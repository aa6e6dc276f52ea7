"""People and the ways they prove who they are."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Text
from sqlmodel import Field

from models.base import Table, key, moment, reference


class Person(Table, table=True):
    """Somebody with a login. A guest has neither mail nor password and belongs to one conference."""

    id: UUID = key()
    name: str = Field(max_length=80)
    email: str | None = Field(default=None, max_length=254, unique=True)  # folded: lower case
    password_hash: str | None = Field(default=None, max_length=255)
    guest: bool = False
    may_create: bool = False  # may hold conferences on this server
    locale: str = Field(default="ar", max_length=8)
    zone: str | None = Field(default=None, max_length=64)
    created_at: datetime = moment()
    version: int = 1


class Login(Table, table=True):
    """One device of one person. Only the hash of its token is kept."""

    id: UUID = key()
    person_id: UUID = reference("person.id")
    token_hash: str = Field(max_length=64, unique=True)
    device: str = Field(default="", max_length=120)
    browser: str = Field(default="", max_length=64, index=True)  # hash of the browser's own long-lived token
    created_at: datetime = moment()
    seen_at: datetime = moment()
    expires_at: datetime = moment()


class OneTimeLink(Table, table=True):
    """A link that signs one person in once. Without a person it makes the server's first organiser."""

    __tablename__ = "one_time_link"

    id: UUID = key()
    person_id: UUID | None = reference("person.id", nullable=True)
    token_hash: str = Field(max_length=64, unique=True)
    made_by: UUID | None = reference("person.id", nullable=True, index=False)
    created_at: datetime = moment()
    expires_at: datetime = moment()
    used_at: datetime | None = moment(nullable=True)


class Command(Table, table=True):
    """An answered command, kept 30 days so that a repeated key gets the same answer (design 4.1)."""

    person_id: UUID = reference("person.id", primary=True)
    key: UUID = Field(primary_key=True)
    body_hash: str = Field(max_length=64)
    status: int = 0
    answer: str | None = Field(default=None, sa_type=Text)
    at: datetime = moment(index=True)
