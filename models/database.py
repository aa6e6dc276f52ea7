"""The database: `read()` and `write()` run one synchronous unit whole, on SQLite or PostgreSQL.

A unit is a function over a `Session` that does no other input or output, so it can be run again from
its beginning: up to three times when the database gives up on a lock. On PostgreSQL it runs inside
`AsyncSession.run_sync`; on SQLite in the one writer thread or one of a few reader threads
(1.2-1.4 ms of CPU a command against 3.4-5.0 through aiosqlite).

* `write`: PostgreSQL READ COMMITTED, SQLite BEGIN IMMEDIATE. The publications a unit queued get their
  offsets last, under their channels' row locks, and reach the listener after the commit.
* `read`: one snapshot, so that rows and position belong together (two statements in READ COMMITTED
  lost a message silently: rows of 30, position 31).
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlmodel import Session

from models.channel import seal
from models.publication import Publication
from models.sqlite import sqlite_engine

T = TypeVar("T")
Unit = Callable[[Session], T]
Listener = Callable[[Sequence[Publication]], None]

TRIES = 3
READERS = 4
POOL = 8
# Fifty commands at one moment all have their turn, on a slow machine as well; our pages give one try 20 s.
POOL_WAIT_S = 8
LOCK_WAIT_MS = 3000
STATEMENT_MS = 10_000
# SQLSTATE: serialization_failure, deadlock_detected, lock_not_available
RETRIED = frozenset({"40001", "40P01", "55P03"})
# SQLSTATE classes: connection exception, insufficient resources, operator intervention (a restart), system error
AWAY = ("08", "53", "57", "58")


class Unavailable(Exception):
    """The database did not answer in time. Whether a write happened is unknown; the same key may be retried."""


class Store(Protocol):
    """One kind of database."""

    async def read(self, unit: Unit[T]) -> T: ...

    async def write(self, unit: Unit[T]) -> tuple[T, list[Publication]]: ...

    async def close(self) -> None: ...


class Database:
    """The handle the whole server shares. `listener` hears the publications of every commit of this process.

    Those of one commit come in order; on PostgreSQL two commits may be heard the other way round, which
    their offsets put right.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.on_postgresql = url.startswith("postgres")
        self._store: Store = PostgresStore(url) if self.on_postgresql else SqliteStore(url)
        self.listener: Listener | None = None

    async def read(self, unit: Unit[T]) -> T:
        """Run `unit` on one read-only snapshot."""
        return await self._tried(lambda: self._store.read(unit))

    async def write(self, unit: Unit[T]) -> T:
        """Run `unit` in one transaction, commit, then hand its publications to the listener."""
        return await asyncio.shield(asyncio.ensure_future(self._written(unit)))

    async def _written(self, unit: Unit[T]) -> T:
        # Shielded above: a caller that goes away must not keep a committed write from its listener.
        result, publications = await self._tried(lambda: self._store.write(unit))
        if publications and self.listener is not None:
            self.listener(publications)
        return result

    async def _tried(self, run: Callable[[], Awaitable[T]]) -> T:
        for attempt in range(1, TRIES + 1):
            try:
                return await run()
            except (PoolTimeout, OSError) as error:  # of the network: also what name look-up raises
                raise Unavailable from error
            except DBAPIError as error:
                if _may_pass(error) and attempt < TRIES:
                    continue
                if _may_pass(error) or _is_away(error):
                    raise Unavailable from error
                raise
        raise AssertionError("unreachable")

    async def ping(self) -> None:
        """Raises Unavailable when the database does not answer."""
        await self.read(lambda db: db.connection().execute(text("SELECT 1")).scalar_one())

    async def close(self) -> None:
        await self._store.close()


def _may_pass(error: DBAPIError) -> bool:
    state = _state(error)
    if state is not None:
        return state in RETRIED
    return isinstance(error.orig, sqlite3.OperationalError) and "locked" in str(error.orig)


def _is_away(error: DBAPIError) -> bool:
    """The database could not, for reasons that are not the statement's."""
    state = _state(error) or ""
    return error.connection_invalidated or isinstance(error, OperationalError) or state.startswith(AWAY)


def _state(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)


def _written(db: Session, unit: Unit[T]) -> tuple[T, list[Publication]]:
    result = unit(db)
    publications = seal(db)
    db.commit()
    return result, publications


class PostgresStore:
    """asyncpg under SQLAlchemy. READ COMMITTED writes: REPEATABLE READ failed 270 of 300 commands."""

    def __init__(self, url: str) -> None:
        address = "postgresql+asyncpg://" + url.split("://", 1)[1]
        self._engine: AsyncEngine = create_async_engine(
            address,
            pool_size=POOL,
            max_overflow=0,
            pool_timeout=POOL_WAIT_S,
            pool_pre_ping=True,
            hide_parameters=True,  # values are people's words, and errors go to the log
            connect_args={
                "timeout": 5,
                "server_settings": {
                    "lock_timeout": str(LOCK_WAIT_MS),
                    "statement_timeout": str(STATEMENT_MS),
                    "application_name": "multaqa",
                },
            },
        )
        self._reader = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    async def read(self, unit: Unit[T]) -> T:
        async with AsyncSession(self._reader, sync_session_class=Session) as session:
            return await session.run_sync(unit)  # type: ignore[arg-type]  # the session class is ours

    async def write(self, unit: Unit[T]) -> tuple[T, list[Publication]]:
        async with AsyncSession(self._engine, sync_session_class=Session, expire_on_commit=False) as session:
            return await session.run_sync(lambda db: _written(db, unit))  # type: ignore[arg-type]  # as above

    async def close(self) -> None:
        await self._engine.dispose()


async def _soon(threads: ThreadPoolExecutor, run: Callable[[], T]) -> T:
    """Run in a thread. What has waited too long is not begun at all: its caller has tried again by now, and
    work that nobody waits for would only keep the others waiting."""
    latest = time.monotonic() + POOL_WAIT_S

    def begin() -> T:
        if time.monotonic() > latest:
            raise PoolTimeout("too many units are waiting")
        return run()

    return await asyncio.get_running_loop().run_in_executor(threads, begin)


class SqliteStore:
    """One writer thread and a few readers, each reader on its own connection.

    Readers begin plainly: an IMMEDIATE reader blocks every writer for 5 s. `synchronous=FULL` because an
    acknowledged message must survive a power cut; NORMAL synced 57 times for 5,810 commits.
    """

    def __init__(self, url: str) -> None:
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="sqlite-reader")
        self._write_engine = sqlite_engine(url, begin="BEGIN IMMEDIATE")
        self._read_engine = sqlite_engine(url, begin="BEGIN", readonly=True)

    async def read(self, unit: Unit[T]) -> T:
        def run() -> T:
            with Session(self._read_engine) as db:
                return unit(db)

        return await _soon(self._readers, run)

    async def write(self, unit: Unit[T]) -> tuple[T, list[Publication]]:
        def run() -> tuple[T, list[Publication]]:
            with Session(self._write_engine, expire_on_commit=False) as db:
                return _written(db, unit)

        return await _soon(self._writer, run)

    async def close(self) -> None:
        self._writer.shutdown(wait=True)
        self._readers.shutdown(wait=True)
        self._write_engine.dispose()
        self._read_engine.dispose()
