"""Migrations: up, down and up again, with rows in the tables, on both databases."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import text
from sqlmodel import Session, col, func, select

from models import migrate
from models.conversation import Message
from models.database import Database
from models.person import Login
from models.publication import Publication
from models.sqlite import sqlite_engine
from models.tables import METADATA
from tests.support.people import World, lay_out, say
from tests.support.services import PostgresServer


async def filled(url: str) -> World:
    """A conference with rows in the tables that hang on each other."""
    db = Database(url)
    try:
        world = await db.write(lay_out)
        await say(db, world)
        return world
    finally:
        await db.close()


def counted(url: str) -> dict[str, int]:
    async def run() -> dict[str, int]:
        db = Database(url)
        try:
            return await db.read(_counts)
        finally:
            await db.close()

    return asyncio.run(run())


def _counts(db: Session) -> dict[str, int]:
    return {
        table.name: db.connection().execute(select(func.count()).select_from(table)).scalar_one()
        for table in METADATA.sorted_tables
    }


def test_migrated_database_is_what_the_models_say(empty_database_url: str) -> None:
    assert not migrate.at_head(empty_database_url)
    migrate.upgrade(empty_database_url)
    assert migrate.at_head(empty_database_url)
    assert migrate.differences(empty_database_url) == []


def test_second_migration_of_a_full_database_changes_nothing(database_url: str) -> None:
    asyncio.run(filled(database_url))
    before = counted(database_url)
    assert {name for name, number in before.items() if not number} <= {
        "announcement",
        "announcement_read",
        "audit",
        "ban",
        "banned_browser",
        "board_import",
        "board_label",
        "board_named",
        "card_attachment",
        "card_change",
        "card_claim",
        "card_comment",
        "card_item",
        "card_label",
        "card_link",
        "card_person",
        "card_review",
        "card_watch",
        "chat_pace",
        "chat_rules",
        "bookmark",
        "calendar_feed",
        "command",
        "conversation",
        "conversation_read",
        "doomed_file",
        "conference_settings",
        "hand",
        "interaction",
        "invitation",
        "job",
        "message_reaction",
        "message_tally",
        "mail",
        "mail_habit",
        "notification",
        "notification_way",
        "one_time_link",
        "poll",
        "poll_choice",
        "poll_vote",
        "person_block",
        "person_note",
        "hall",
        "programme_sheet",
        "question",
        "question_edit",
        "question_vote",
        "report",
        "silence",
        "registration",
        "film",
        "recording",
        "registration_form",
        "speaker_profile",
        "stage",
        "stream_key",
        "tally",
        "standing",
        "track",
        "person_skill",
        "stage_card",
        "team_call",
        "team_visit",
        "team_wish",
        "volunteer_profile",
    }
    migrate.upgrade(database_url)
    assert counted(database_url) == before


def test_down_and_up_again_with_rows_in_the_tables(database_url: str) -> None:
    asyncio.run(filled(database_url))
    migrate.downgrade(database_url, "base")
    assert not migrate.at_head(database_url)
    migrate.upgrade(database_url)
    assert migrate.differences(database_url) == []
    assert set(counted(database_url).values()) == {0}
    asyncio.run(filled(database_url))


def test_database_of_a_newer_version_is_left_alone(database_url: str) -> None:
    def pretend(db: Session) -> None:
        db.connection().execute(text("UPDATE alembic_version SET version_num = 'of_the_future'"))

    async def run() -> None:
        db = Database(database_url)
        await db.write(pretend)
        await db.close()

    asyncio.run(run())
    with pytest.raises(migrate.TooNew):
        migrate.upgrade(database_url)
    assert counted(database_url)["person"] == 0


@pytest.mark.services
def test_processes_that_start_at_once_migrate_once(postgres_server: PostgresServer) -> None:
    name = postgres_server.create()
    url = postgres_server.url(name)
    script = f"from models.migrate import upgrade; upgrade({url!r})"
    starting = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(3)]
    assert [process.wait(60) for process in starting] == [0, 0, 0]
    assert migrate.at_head(url)
    postgres_server.drop(name)


def test_batch_change_of_a_parent_keeps_its_children(backend_file: str) -> None:
    """With `foreign_keys=ON` this deleted every child row without an error (measured)."""
    asyncio.run(filled(backend_file))
    before = counted(backend_file)
    engine = sqlite_engine(backend_file, begin="BEGIN IMMEDIATE", foreign_keys=False)
    with engine.begin() as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("person", recreate="always"):
            pass
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    engine.dispose()
    assert counted(backend_file) == before
    assert before["login"] > 0


def test_rows_without_a_parent_stop_a_migration(backend_file: str) -> None:
    asyncio.run(filled(backend_file))
    engine = sqlite_engine(backend_file, begin="BEGIN IMMEDIATE", foreign_keys=False)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM person WHERE name = 'attendee'"))
    engine.dispose()
    with pytest.raises(migrate.LooseRows, match="without a parent"):
        migrate.upgrade(backend_file)


async def test_deleting_a_parent_takes_its_children(database_url: str) -> None:
    world = await filled(database_url)
    db = Database(database_url)

    def unit(session: Session) -> None:
        session.connection().execute(
            text("DELETE FROM person WHERE id = :id"),
            {"id": str(world["attendee"].id) if db.on_postgresql else world["attendee"].id.hex},
        )

    await db.write(unit)
    attendee = world["attendee"].id
    gone = await db.read(
        lambda session: (
            session.exec(select(Login).where(col(Login.person_id) == attendee)).all(),
            session.exec(select(Message).where(col(Message.person_id) == attendee)).all(),
        )
    )
    assert gone == ([], [])
    assert await db.read(lambda session: session.exec(select(func.count()).select_from(Publication)).one()) > 0
    await db.close()


@pytest.fixture
def backend_file(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated SQLite file."""
    file = tmp_path / "multaqa.sqlite"
    shutil.copyfile(sqlite_template, file)
    return f"sqlite:///{file}"
