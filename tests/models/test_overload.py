"""More work than the database can do: some is refused soon, none is done for nobody."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session

from models import database
from models.database import Database, Unavailable


async def test_units_that_waited_too_long_are_not_begun(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "POOL_WAIT_S", 0.05)
    file = tmp_path / "multaqa.sqlite"
    file.write_bytes(sqlite_template.read_bytes())  # noqa: ASYNC240 - before anything runs
    db = Database(f"sqlite:///{file}")
    busy, begun = threading.Event(), []

    def slow(unit: Session) -> None:
        busy.wait(5)

    def quick(unit: Session) -> None:
        begun.append(unit)

    first = asyncio.create_task(db.write(slow))
    late = [asyncio.create_task(db.write(quick)) for _ in range(20)]
    await asyncio.sleep(0.2)
    busy.set()
    await first
    outcomes = await asyncio.gather(*late, return_exceptions=True)
    assert all(isinstance(outcome, Unavailable) for outcome in outcomes)
    assert begun == []
    await db.write(quick)
    assert len(begun) == 1
    await db.close()


async def test_fifty_slow_units_at_once_all_have_their_turn(database_url: str) -> None:
    db = Database(database_url)

    def slow(unit: Session) -> None:
        if db.on_postgresql:
            unit.connection().execute(text("SELECT pg_sleep(0.4)"))
        else:
            time.sleep(0.05)

    await asyncio.gather(*(db.write(slow) for _ in range(50)))  # 2.5 s of work in one line
    await db.close()
