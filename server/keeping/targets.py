"""A database as something to copy into: filled beside what is there, and put in its place in one step.

Until `publish` nobody sees any of it, and whatever fails before leaves everything as it was.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import asyncpg
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from models.migrate import LooseRows, upgrade
from models.sqlite import sqlite_engine
from server.keeping import catalogue
from server.keeping.disk import sync_file, sync_folder
from server.keeping.faults import KeepingFault
from server.keeping.rows import TO_POSTGRESQL, TO_SQLITE, Batches, Shape, told
from server.keeping.sources import Source, driver, postgresql_engine, quoted, source, sqlite_file

PEOPLE = "person"  # all that people made hangs on a person: a database without one holds nobody's work
STAGING = "multaqa_restoring"
LOCK = 0x6D756C7461716122  # any number of our own for pg_advisory_lock
_REFUSED = (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError)
_TAKEN = "already holds people. Use --replace to put the other in its place."


class Target(Protocol):
    async def upgrade(self, to: str = "head") -> None:
        """Bring the tables to a revision."""

    async def load(self, shape: Shape, batches: Batches) -> None:
        """Fill one table. Its parents were filled before."""

    def reading(self) -> AbstractAsyncContextManager[Source]:
        """What was loaded, to compare it with what was meant."""

    async def publish(self) -> None:
        """Put all of it in its place, for good."""


def target(url: str, *, replace: bool) -> AbstractAsyncContextManager[Target]:
    """Prepare a place to copy into. Raises KeepingFault when it holds somebody's work, unless `replace`."""
    return _postgresql(url, replace) if url.startswith("postgres") else _sqlite(url, replace)


# SQLite: a new file beside the old one


@dataclass(frozen=True)
class SqliteTarget:
    file: Path
    staged: Path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.staged}"

    async def upgrade(self, to: str = "head") -> None:
        try:
            await asyncio.to_thread(upgrade, self.url, to)
        except LooseRows as error:
            raise KeepingFault(f"The tables do not hold together: {error}.") from error

    async def load(self, shape: Shape, batches: Batches) -> None:
        tell = told(shape, TO_SQLITE)
        engine = sqlite_engine(self.url, begin="BEGIN IMMEDIATE", foreign_keys=False)
        try:
            with engine.begin() as connection:
                async for rows in batches:
                    connection.exec_driver_sql(_insert(shape), [tuple(tell(row)) for row in rows])
        except (DBAPIError, ValueError) as error:
            reason = error.orig if isinstance(error, DBAPIError) else error
            raise KeepingFault(f"The table {shape.name} could not be filled: {reason}") from error
        finally:
            engine.dispose()

    def reading(self) -> AbstractAsyncContextManager[Source]:
        return source(self.url)

    async def publish(self) -> None:
        """A rename. The old file's log is folded in first: left behind, it would be played into the new file."""
        _settle(self.staged)
        _settle(self.file)
        os.replace(self.staged, self.file)
        sync_folder(self.file.parent)


@asynccontextmanager
async def _sqlite(url: str, replace: bool) -> AsyncIterator[Target]:
    file = sqlite_file(url)
    if file.exists() and not replace and not await asyncio.to_thread(_sqlite_is_free, url):
        raise KeepingFault(f"{file} {_TAKEN}")
    file.parent.mkdir(parents=True, exist_ok=True)
    staged = file.with_name(f"{file.name}.restoring")
    _remove(staged)
    try:
        yield SqliteTarget(file, staged)
    finally:
        _remove(staged)


def _sqlite_is_free(url: str) -> bool:
    engine = sqlite_engine(url, begin="BEGIN", readonly=True)
    try:
        with engine.connect() as connection:
            return _is_free(connection)
    finally:
        engine.dispose()


def _insert(shape: Shape) -> str:
    names = ", ".join(quoted(column.name) for column in shape.columns)
    return f"INSERT INTO {quoted(shape.name)} ({names}) VALUES ({', '.join('?' * len(shape.columns))})"


def _settle(file: Path) -> None:
    """Fold the write-ahead log into the file and sync it."""
    if not file.exists():
        return
    with contextlib.suppress(sqlite3.DatabaseError), contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # a file too broken for it is about to be replaced
    for rest in ("-wal", "-shm"):
        file.with_name(file.name + rest).unlink(missing_ok=True)
    sync_file(file)


def _remove(file: Path) -> None:
    for end in ("", "-wal", "-shm", "-journal"):
        file.with_name(file.name + end).unlink(missing_ok=True)


# PostgreSQL: a schema beside the old one


@dataclass(frozen=True)
class PostgresTarget:
    url: str
    engine: AsyncEngine

    async def upgrade(self, to: str = "head") -> None:
        await asyncio.to_thread(upgrade, self.url, to, schema=STAGING)

    async def load(self, shape: Shape, batches: Batches) -> None:
        """COPY in a transaction of its own: foreign keys are checked at its end."""
        tell = told(shape, TO_POSTGRESQL)

        async def records() -> AsyncIterator[Sequence[Any]]:
            async for rows in batches:
                for row in rows:
                    yield tell(row)

        try:
            async with self.engine.begin() as connection:
                raw = await driver(connection)
                await raw.copy_records_to_table(
                    shape.name,
                    schema_name=STAGING,
                    columns=[column.name for column in shape.columns],
                    records=records(),
                )
        except _REFUSED as error:
            raise KeepingFault(f"The table {shape.name} could not be filled: {error}") from error

    def reading(self) -> AbstractAsyncContextManager[Source]:
        return source(self.url, schema=STAGING)

    async def publish(self) -> None:
        """One transaction takes the old tables away and moves the new ones into their schema."""
        async with self.engine.begin() as connection:
            await connection.run_sync(_swap)
        async with self.engine.connect() as connection:
            await (await driver(connection)).execute("ANALYZE")


def _swap(connection: Connection) -> None:
    schema = connection.dialect.default_schema_name
    assert schema is not None
    looked = inspect(connection)
    old = looked.get_table_names(schema=schema)
    if old:
        connection.exec_driver_sql(f"DROP TABLE {', '.join(_within(schema, name) for name in old)}")
    for name in looked.get_table_names(schema=STAGING):
        connection.exec_driver_sql(f"ALTER TABLE {_within(STAGING, name)} SET SCHEMA {quoted(schema)}")
    connection.exec_driver_sql(f"DROP SCHEMA {quoted(STAGING)}")


def _within(schema: str, name: str) -> str:
    return f"{quoted(schema)}.{quoted(name)}"


@asynccontextmanager
async def _postgresql(url: str, replace: bool) -> AsyncIterator[Target]:
    engine = postgresql_engine(url)
    try:
        async with engine.connect() as held:  # this connection holds the lock until the end
            await _claim(held)
            if not await held.run_sync(_is_free) and not replace:
                raise KeepingFault(f"That database {_TAKEN}")
            await held.commit()  # a lock of the session stays, those of the transaction would be in our own way
            await _renew_staging(engine, create=True)
            try:
                yield PostgresTarget(url, engine)
            finally:
                await _renew_staging(engine, create=False)
    finally:
        await engine.dispose()


async def _claim(held: AsyncConnection) -> None:
    """Nobody else may be at work: neither another restore nor a server."""
    if not (await held.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK})).scalar_one():
        raise KeepingFault("Another restore or move is at work on that database.")
    servers = await held.execute(
        text(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE application_name = 'multaqa' AND datname = current_database()"
        )
    )
    if servers.scalar_one():
        raise KeepingFault("A server is still running on that database. Stop it first.")


async def _renew_staging(engine: AsyncEngine, *, create: bool) -> None:
    async with engine.begin() as connection:
        await connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {quoted(STAGING)} CASCADE")
        if create:
            await connection.exec_driver_sql(f"CREATE SCHEMA {quoted(STAGING)}")


def _is_free(connection: Connection) -> bool:
    """Raises KeepingFault when the tables there are somebody else's."""
    tables = set(inspect(connection).get_table_names())
    if tables and catalogue.REVISIONS not in tables:
        raise KeepingFault("That database holds tables of something else.")
    if PEOPLE not in tables:
        return True
    return connection.execute(text(f"SELECT 1 FROM {PEOPLE} LIMIT 1")).first() is None
