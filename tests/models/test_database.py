"""`read()` and `write()`: nothing lost, nothing torn, nothing told that was not kept."""

from __future__ import annotations

import asyncio
import random
import signal
import sqlite3
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.util import await_only
from sqlmodel import Session, col, func, select

from models.base import new_id
from models.channel import Draft, queue
from models.conversation import Tally
from models.database import TRIES, Database, Unavailable
from models.migrate import upgrade
from models.publication import Channel, Publication
from tests.support.services import PostgresServer

CHANNELS = ("session:a", "session:b", "board:c")


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


def publish(db: Session, *channels: str) -> None:
    for channel in channels:
        queue(db, Draft(channel, "thing.happened", {"channel": channel}))


async def test_read_modify_writes_of_many_tasks_are_all_kept(db: Database) -> None:
    id = new_id()
    await db.write(lambda unit: unit.add(Tally(subject_id=id, channel="session:a")))

    def raise_by_one(unit: Session) -> None:
        tally = unit.get_one(Tally, id, with_for_update=True)
        tally.votes += 1

    async def twenty() -> None:
        for _ in range(20):
            await db.write(raise_by_one)

    await asyncio.gather(*(twenty() for _ in range(30)))
    assert await db.read(lambda unit: unit.get_one(Tally, id).votes) == 600


async def test_every_snapshot_holds_offsets_without_gaps_up_to_its_head(db: Database) -> None:
    """Commit order is offset order: a reader never sees an offset whose predecessor is still to come."""
    chance = random.Random(7)
    running = True

    async def writer() -> None:
        for _ in range(10):
            channels = chance.sample(CHANNELS, chance.randint(1, 3))
            await db.write(lambda unit, channels=channels: publish(unit, *channels))  # type: ignore[misc]

    async def reader() -> int:
        seen = 0
        while running:
            for name, head, newest, number in await db.read(heads_and_rows):
                assert (head, head) == (newest, number), name
            seen += 1
        return seen

    reading = asyncio.create_task(reader())
    await asyncio.gather(*(writer() for _ in range(20)))
    running = False
    assert await reading > 1


def heads_and_rows(db: Session) -> Sequence[tuple[str, int, int, int]]:
    """Two statements: rows and position fit only because they see one snapshot."""
    heads = {row.name: row.head for row in db.exec(select(Channel)).all()}
    rows = db.exec(
        select(Publication.channel, func.max(Publication.offset), func.count()).group_by(col(Publication.channel))
    ).all()
    assert {name for name, _, _ in rows} == set(heads)
    return [(name, heads[name], newest, number) for name, newest, number in rows]


async def test_head_carries_the_id_of_the_publication_there(db: Database) -> None:
    await db.write(lambda unit: publish(unit, "session:a", "session:a", "session:b"))
    await db.write(lambda unit: publish(unit, "session:a"))

    def unit(session: Session) -> None:
        for channel in session.exec(select(Channel)).all():
            newest = session.get_one(Publication, (channel.name, channel.head))
            assert newest.id == channel.head_id

    await db.read(unit)


async def test_listener_hears_commits_and_nothing_else(db: Database) -> None:
    heard: list[tuple[str, int]] = []

    def listen(publications: Sequence[Publication]) -> None:
        heard.extend((one.channel, one.offset) for one in publications)

    db.listener = listen
    await db.write(lambda unit: publish(unit, "session:b", "session:a", "session:b"))

    def failing(unit: Session) -> None:
        publish(unit, "session:a")
        raise LookupError("changed its mind")

    with pytest.raises(LookupError):
        await db.write(failing)
    await db.write(lambda unit: publish(unit, "session:a"))
    assert heard == [("session:a", 1), ("session:b", 1), ("session:b", 2), ("session:a", 2)]
    kept = await db.read(lambda unit: list(unit.exec(select(Publication.offset))))
    assert len(kept) == len(heard)


async def test_commit_is_told_even_when_its_caller_has_left(db: Database) -> None:
    heard = asyncio.Event()
    db.listener = lambda _: heard.set()
    task = asyncio.create_task(db.write(lambda unit: publish(unit, "session:a")))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(heard.wait(), 10)


async def test_unit_that_lost_a_lock_is_run_again(db: Database) -> None:
    runs = 0

    def unit(session: Session) -> int:
        nonlocal runs
        runs += 1
        publish(session, "session:a")
        if runs < TRIES:
            raise lock_lost(on_postgresql=db.on_postgresql)
        return runs

    assert await db.write(unit) == TRIES
    assert await db.read(lambda session: session.get_one(Channel, "session:a").head) == 1


async def test_unit_that_loses_its_locks_every_time_is_unavailable(db: Database) -> None:
    runs = 0

    def unit(_: Session) -> None:
        nonlocal runs
        runs += 1
        raise lock_lost(on_postgresql=db.on_postgresql)

    with pytest.raises(Unavailable):
        await db.write(unit)
    assert runs == TRIES


def lock_lost(*, on_postgresql: bool) -> DBAPIError:
    if not on_postgresql:
        return OperationalError("UPDATE", None, sqlite3.OperationalError("database is locked"))
    cause = Exception("deadlock detected")
    cause.sqlstate = "40P01"  # type: ignore[attr-defined]
    return DBAPIError("UPDATE", None, cause)


@pytest.mark.services
async def test_units_in_a_real_deadlock_both_succeed(
    postgres_server: PostgresServer, postgres_template: str
) -> None:
    name = postgres_server.create(template=postgres_template)
    db = Database(postgres_server.url(name))
    one, two = new_id(), new_id()
    runs = 0

    def rows(unit: Session) -> None:
        unit.add_all([Tally(subject_id=id, channel="session:a") for id in (one, two)])

    both_hold_one = asyncio.Barrier(2)

    def cross(unit: Session, ids: tuple[object, object]) -> None:
        nonlocal runs
        runs += 1
        unit.get_one(Tally, ids[0], with_for_update=True).votes += 1
        if runs <= 2:
            await_only(both_hold_one.wait())
        unit.get_one(Tally, ids[1], with_for_update=True).votes += 1

    try:
        await db.write(rows)
        await asyncio.gather(
            db.write(lambda unit: cross(unit, (one, two))), db.write(lambda unit: cross(unit, (two, one)))
        )
        votes = await db.read(lambda unit: [unit.get_one(Tally, id).votes for id in (one, two)])
        assert (votes, runs) == ([2, 2], 3)
    finally:
        await db.close()
        postgres_server.drop(name)


@pytest.mark.services
async def test_database_that_died_is_unavailable_and_then_back() -> None:
    server = await asyncio.to_thread(lambda: PostgresServer(durable=True))
    try:
        name = await asyncio.to_thread(server.create)
        await asyncio.to_thread(upgrade, server.url(name))
        db = Database(server.url(name))
        await asyncio.gather(*(db.write(lambda unit: publish(unit, "session:a")) for _ in range(5)))
        await asyncio.to_thread(server.program.stop, signal.SIGKILL)
        for _ in range(2):
            with pytest.raises(Unavailable):
                await db.write(lambda unit: publish(unit, "session:a"))
            with pytest.raises(Unavailable):
                await db.ping()
        await asyncio.to_thread(server.restart)
        await db.write(lambda unit: publish(unit, "session:a"))
        assert await db.read(lambda unit: unit.get_one(Channel, "session:a").head) == 6
        await db.close()
    finally:
        await asyncio.to_thread(server.close)


async def test_sqlite_file_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'no such folder' / 'multaqa.sqlite'}")
    with pytest.raises(Unavailable):
        await db.ping()
    with pytest.raises(Unavailable):
        await db.write(lambda unit: publish(unit, "session:a"))
    await db.close()


async def test_reading_unit_cannot_write(db: Database) -> None:
    def unit(session: Session) -> None:
        session.add(Channel(name="session:a", head=1, head_id=new_id()))
        session.flush()

    with pytest.raises((DBAPIError, Unavailable)):
        await db.read(unit)
    assert await db.read(lambda session: session.get(Channel, "session:a")) is None


async def test_open_reader_keeps_no_writer_waiting(db: Database) -> None:
    """An IMMEDIATE reader would block every writer for 5 s."""
    open_reader, written = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def reader(unit: Session) -> tuple[int, int]:
        before = len(unit.exec(select(Channel)).all())
        loop.call_soon_threadsafe(open_reader.set)
        if db.on_postgresql:
            await_only(written.wait())
        else:
            asyncio.run_coroutine_threadsafe(written.wait(), loop).result(10)
        return before, len(unit.exec(select(Channel)).all())

    task = asyncio.create_task(db.read(reader))
    await open_reader.wait()
    await db.write(lambda unit: publish(unit, "session:a"))
    written.set()
    assert await task == (0, 0)
