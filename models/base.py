"""What every table shares: identifiers, times in UTC, and names for constraints."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import uuid_utils
from sqlalchemy import JSON, DateTime, Dialect, MetaData
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

# Named constraints: SQLite's batch migrations cannot drop what has no name (alembic, "Batch mode").
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


# Nothing is NULL, and not the word `null`.
OPTIONAL_JSON = JSON(none_as_null=True)


class Table(SQLModel):
    """The base of all tables, so that their constraints are named alike."""

    metadata = MetaData(naming_convention=NAMES)


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC time in Python; SQLite, which has no zones, keeps it naive."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): near in time means near in the index. Order is never read from it."""
    return UUID(int=uuid_utils.uuid7().int)


def now() -> datetime:
    """The present in UTC, in whole milliseconds: what the wire carries."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def key() -> Any:
    """A UUID primary key, made here unless the command brought one."""
    return Field(default_factory=new_id, primary_key=True)


def reference(target: str, *, index: bool = True, primary: bool = False, nullable: bool = False) -> Any:
    """A foreign key that goes when its parent goes; indexed unless it leads a primary key."""
    if primary:
        return Field(foreign_key=target, ondelete="CASCADE", primary_key=True)
    if nullable:
        return Field(default=None, foreign_key=target, ondelete="CASCADE", nullable=True, index=index)
    return Field(foreign_key=target, ondelete="CASCADE", index=index)


def moment(*, nullable: bool = False, index: bool = False) -> Any:
    """A column for a time; set to the present unless it may be missing."""
    if nullable:
        return Field(default=None, sa_type=UtcTime, nullable=True, index=index)
    return Field(default_factory=now, sa_type=UtcTime, nullable=False, index=index)
