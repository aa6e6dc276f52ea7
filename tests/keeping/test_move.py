"""A move from SQLite to PostgreSQL: whoever asks whatever gets the same answer before and after."""

from __future__ import annotations

import asyncio
import shutil
from collections import defaultdict
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, SQLModel, select

from models.base import new_id
from models.database import Database
from server.actions import invitation, message, question, session, tally, vote
from server.api.rates import Limiter
from server.assembly import declared
from server.domain.conference import InvitationDraft
from server.files import Files
from server.routes.passwords import Passwords
from tests.support.app import serving
from tests.support.installation import Installation
from tests.support.people import World, ask_question, say, settle
from tests.support.services import Backend, PostgresServer

pytestmark = pytest.mark.services
Answers = dict[tuple[str, str], tuple[int, Any]]
NOBODY = UUID(int=0)
READERS = ("organiser", "lead", "guest", "other_speaker")  # between them they see every kind of row
OF_THE_MOMENT = ("/today", "/join-code")  # hold the time, and the address of a server on another port
TEXTS = ("السلام عليكم", "Zebra", "apple", "émile", "أهلًا", "x" * 4000)


async def busy_world(database: Database) -> World:
    """Two conferences; in one of them something of everything, in an order that no sorting makes by itself."""
    await settle(database, "Other")
    world = await settle(database)
    for by, text in zip(["attendee", "speaker", "guest"] * 2, TEXTS, strict=True):
        await say(database, world, by=by, text=text)
    for state in ("approved", "waiting", "dismissed"):
        await ask_question(database, world, state=state)
    await database.write(lambda db: _more(db, world))
    return world


def _more(db: Session, world: World) -> None:
    organiser = world["organiser"].actor
    edited = message.post(db, organiser, world.session, "before", id=new_id()).id
    db.flush()
    message.edit(db, organiser, edited, "after")
    asked = question.ask(db, world["member"].actor, world.session, "كم؟", id=new_id()).id
    db.flush()
    question.decide(db, organiser, asked, "approved")
    vote.vote(db, world["attendee"].actor, asked)
    db.flush()
    tally.tell(db)  # else a server's sweep tells the sum while we ask
    session.create_stream_key(db, world["speaker"].actor, world.session, id=new_id(), url="http://x")
    draft = InvitationDraft(role="attendee")
    invitation.create(db, organiser, world.conference, draft, id=new_id(), url="http://x")


async def answers(backend: Backend, folder: Path, world: World) -> Answers:
    """What people of every kind (and nobody) get from every address that only reads."""
    found: Answers = {}
    async with serving(backend, folder) as server:
        ids = await server.db.read(lambda db: _ids(db, world))
        endpoints = declared(server.settings, server.db, Limiter(), Passwords(), Files(folder))
        paths = sorted({endpoint.path for endpoint in endpoints if endpoint.method == "GET"})
        assert len(paths) > 15
        for name, token in [("nobody", None), *((name, world[name].token) for name in READERS)]:
            async with server.browser(token) as browser:
                for path in paths:
                    response = await browser.ask("GET", path.format_map(ids))
                    body = response.json() if response.content else None
                    if body is not None and response.is_error:
                        body.pop("request_id")
                    elif body is not None and path.endswith(OF_THE_MOMENT):
                        body = sorted(body)
                    found[name, path] = response.status_code, body
    return found


def _ids(db: Session, world: World) -> dict[str, UUID | str]:
    """What stands in the addresses: the world's own things, else a row of that name, else nobody's."""
    ids = defaultdict[str, UUID | str](lambda: NOBODY)
    for name, table in SQLModel.metadata.tables.items():
        if "id" in table.c:
            row = db.connection().execute(select(table.c.id).order_by(table.c.id).limit(1)).first()
            if row is not None:
                ids[f"{name}_id"] = row[0]
    ids |= {
        "conference_id": world.conference,
        "session_id": world.session,
        "team_id": world.team,
        "board_id": world.board,
        "person_id": world["member"].id,
    }
    return ids


async def test_every_answer_is_the_same_after_a_move(
    sqlite_template: Path, tmp_path: Path, postgres_server: PostgresServer, redis_url: str
) -> None:
    file = tmp_path / "data" / "multaqa.sqlite"
    file.parent.mkdir()
    shutil.copyfile(sqlite_template, file)
    old = Backend("sqlite-memory", f"sqlite:///{file}", None)
    new = Backend("postgres-redis", postgres_server.url(postgres_server.create()), redis_url)
    database = Database(old.database_url)
    world = await busy_world(database)
    await database.close()

    before = await answers(old, file.parent, world)
    assert {status for status, _ in before.values()} == {200, 401, 403, 404}
    moved = await asyncio.to_thread(Installation(old, file.parent).run, "move", "--to", new.database_url)
    assert moved.returncode == 0, moved.stderr
    assert f"MULTAQA_DATABASE_URL={new.database_url}" in moved.stdout
    after = await answers(new, file.parent, world)
    for asked, answer in after.items():
        assert answer == before[asked], asked
    assert file.exists(), "the old database stays, in case"
