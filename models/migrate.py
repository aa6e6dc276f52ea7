"""Bring a database to the newest shape, or back, on SQLite and PostgreSQL.

SQLite migrates with `foreign_keys=OFF`, because a batch change of a parent table with cascading
children deleted every child row without an error; `foreign_key_check` at the end proves that nothing
hangs loose. PostgreSQL migrates under an advisory lock, so that several processes may start at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeVar

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from models.sqlite import sqlite_engine
from models.tables import METADATA

T = TypeVar("T")
LOCK = 0x6D756C7461716121  # any number of our own for pg_advisory_lock
SCRIPTS = Path(__file__).parent / "migrations"


class TooNew(Exception):
    """The database was written by a newer Multaqa; an older one must not touch it."""


class LooseRows(Exception):
    """A migration left rows whose parents are gone."""


def upgrade(url: str, to: str = "head", *, schema: str | None = None) -> None:
    """Migrate up, on PostgreSQL in a schema of its own when asked. Raises TooNew when the database is ahead."""
    _connected(url, lambda connection: _move(connection, up=to), schema)


def downgrade(url: str, to: str) -> None:
    _connected(url, lambda connection: _move(connection, down=to))


def at_head(url: str) -> bool:
    """Whether the database has exactly the shape this code expects."""
    return _connected(url, lambda connection: _revision(connection) == _head(connection))


def differences(url: str) -> list[object]:
    """What the migrated database and the models disagree on; empty when all is well."""
    return _connected(
        url, lambda connection: list(compare_metadata(MigrationContext.configure(connection), METADATA))
    )


def draft(url: str, subject: str) -> None:
    """Write a new migration from what the models and a migrated database disagree on."""
    _connected(url, lambda connection: command.revision(_config(connection), message=subject, autogenerate=True))


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    return config


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _head(connection: Connection) -> str | None:
    return ScriptDirectory.from_config(_config(connection)).get_current_head()


def is_behind(connection: Connection) -> bool:
    """Whether this code needs a newer shape than the database has. One that is ahead only has more in it."""
    current = _revision(connection)
    return current is None or (current != _newest() and knows(current))


def is_ahead(connection: Connection) -> bool:
    """Whether a newer Multaqa wrote it."""
    current = _revision(connection)
    return current is not None and not knows(current)


@cache
def _newest() -> str | None:
    return ScriptDirectory(str(SCRIPTS)).get_current_head()


def knows(revision: str) -> bool:
    """Whether this code has a way from that revision to its own."""
    return any(script.revision == revision for script in ScriptDirectory(SCRIPTS).walk_revisions())


def _move(connection: Connection, *, up: str | None = None, down: str | None = None) -> None:
    on_sqlite = connection.dialect.name == "sqlite"
    if not on_sqlite:
        # Whoever migrates just now may take long; only the locks on tables are not waited for.
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
        connection.rollback()
    try:
        current = _revision(connection)
        if current is not None and not knows(current):
            raise TooNew(f"The database was written by a newer Multaqa (revision {current}).")
        connection.rollback()
        if up is not None:
            command.upgrade(_config(connection), up)
        if down is not None:
            command.downgrade(_config(connection), down)
        if on_sqlite and (loose := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
            raise LooseRows(f"{len(loose)} rows without a parent, the first in {loose[0][0]}")
        connection.commit()
    finally:
        if not on_sqlite:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK})
            connection.commit()


def _connected(url: str, work: Callable[[Connection], T], schema: str | None = None) -> T:
    if url.startswith("postgres"):
        return asyncio.run(_on_postgresql(url, work, schema))
    return _on_sqlite(url, work)


def _on_sqlite(url: str, work: Callable[[Connection], T]) -> T:
    engine = sqlite_engine(url, begin="BEGIN IMMEDIATE", foreign_keys=False)
    try:
        with engine.connect() as connection:
            return work(connection)
    finally:
        engine.dispose()


async def _on_postgresql(url: str, work: Callable[[Connection], T], schema: str | None) -> T:
    settings = {"lock_timeout": "3000"} | ({"search_path": schema} if schema else {})
    engine = create_async_engine(
        "postgresql+asyncpg://" + url.split("://", 1)[1], connect_args={"server_settings": settings}
    )
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()
