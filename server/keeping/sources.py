"""A database as something to copy from: one snapshot of all tables, read in bounded pieces while others write."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import asyncpg
from sqlalchemy import Connection, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from models.sqlite import sqlite_engine
from server.keeping import catalogue
from server.keeping.faults import KeepingFault
from server.keeping.rows import BATCH, FROM_POSTGRESQL, FROM_SQLITE, Batches, Content, Shape, Sum, to_lines, told


class Source(Protocol):
    """All reads of one source see the same moment."""

    @property
    def kind(self) -> str: ...

    @property
    def revision(self) -> str: ...

    @property
    def shapes(self) -> Sequence[Shape]:
        """The tables, parents before children."""

    def rows(self, shape: Shape) -> Batches:
        """A table's rows in the order of its key, a batch at a time."""


def source(url: str, *, schema: str | None = None) -> AbstractAsyncContextManager[Source]:
    """Open a database to copy from. Raises KeepingFault when there is none."""
    return _postgresql(url, schema) if url.startswith("postgres") else _sqlite(url)


async def content(place: Source, shape: Shape) -> Content:
    """Count and sum one table."""
    total = Sum()
    async for rows in place.rows(shape):
        total.add(to_lines(rows), len(rows))
    return total.content


# SQLite


@dataclass(frozen=True)
class SqliteSource:
    """A plain read transaction: in WAL mode a snapshot that no writer waits for."""

    connection: Connection
    revision: str
    shapes: Sequence[Shape]
    kind: str = "sqlite"

    async def rows(self, shape: Shape) -> Batches:
        tell = told(shape, FROM_SQLITE)
        found = self.connection.exec_driver_sql(
            f"SELECT {_names(shape)} FROM {quoted(shape.name)} ORDER BY {', '.join(map(quoted, shape.key))}"
        )
        for batch in found.partitions(BATCH):
            yield [tell(row) for row in batch]


@asynccontextmanager
async def _sqlite(url: str) -> AsyncIterator[Source]:
    file = sqlite_file(url)
    if not file.is_file():
        raise KeepingFault(f"There is no database at {file}.")
    engine = sqlite_engine(url, begin="BEGIN", readonly=True)
    try:
        with engine.connect() as connection:
            _sound(connection, file)
            yield SqliteSource(connection, _revision(connection), catalogue.shapes(connection))
    finally:
        engine.dispose()


def _sound(connection: Connection, file: Path) -> None:
    """A copy of a broken file would only hide that it is broken."""
    try:
        verdict = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    except DBAPIError as error:
        verdict = str(error.orig)
    if verdict != "ok":
        raise KeepingFault(f"The database {file} is damaged: {verdict}")


def sqlite_file(url: str) -> Path:
    database = make_url(url).database
    if not database or database == ":memory:":
        raise KeepingFault("A database in memory cannot be kept.")
    return Path(database)


# PostgreSQL


@dataclass(frozen=True)
class PostgresSource:
    """One REPEATABLE READ READ ONLY transaction; rows come by a cursor, so memory stays bounded."""

    connection: asyncpg.Connection[asyncpg.Record]
    revision: str
    shapes: Sequence[Shape]
    kind: str = "postgresql"

    async def rows(self, shape: Shape) -> Batches:
        tell = told(shape, FROM_POSTGRESQL)
        cursor = await self.connection.cursor(
            f"SELECT {_names(shape, as_text='json')} FROM {quoted(shape.name)} ORDER BY {_bytewise(shape)}"
        )
        while batch := await cursor.fetch(BATCH):
            yield [tell(tuple(row)) for row in batch]


@asynccontextmanager
async def _postgresql(url: str, schema: str | None) -> AsyncIterator[Source]:
    engine = postgresql_engine(url, schema)
    try:
        options: dict[str, object] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        async with engine.execution_options(**options).connect() as connection:
            version = await connection.run_sync(_revision)
            found = await connection.run_sync(catalogue.shapes)
            yield PostgresSource(await driver(connection), version, found)
    finally:
        await engine.dispose()


def postgresql_engine(url: str, schema: str | None = None) -> AsyncEngine:
    """An engine without the server's time limits; `schema` stands in front of the usual ones."""
    settings = {"application_name": "multaqa-keeping", "lock_timeout": "10000"}
    if schema is not None:
        settings["search_path"] = schema
    return create_async_engine(
        "postgresql+asyncpg://" + url.split("://", 1)[1], connect_args={"timeout": 10, "server_settings": settings}
    )


async def driver(connection: AsyncConnection) -> asyncpg.Connection[asyncpg.Record]:
    """The driver's own connection, within the same transaction, for cursors and COPY."""
    raw = (await connection.get_raw_connection()).driver_connection
    assert isinstance(raw, asyncpg.Connection)
    return raw


def _revision(connection: Connection) -> str:
    found = catalogue.revision(connection)
    if found is None:
        raise KeepingFault("This database holds no Multaqa: it has no tables yet.")
    return found


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _names(shape: Shape, *, as_text: str = "") -> str:
    return ", ".join(
        f"{quoted(column.name)}::text" if column.kind == as_text else quoted(column.name)
        for column in shape.columns
    )


def _bytewise(shape: Shape) -> str:
    """Texts sorted as SQLite sorts them: byte by byte, not as the cluster's language does."""
    kinds = {column.name: column.kind for column in shape.columns}
    return ", ".join(
        f'{quoted(name)} COLLATE "C"' if kinds[name] == "text" else quoted(name) for name in shape.key
    )
