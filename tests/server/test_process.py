"""The real thing, as processes: killed, drained, started twice."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import httpx
import psutil
import pytest
from sqlmodel import Session, col, select
from websockets.exceptions import WebSocketException

from models.base import new_id
from models.conversation import Message
from models.database import Database
from server.actions import conference
from tests.support.client import JSON, Browser, Ear
from tests.support.people import Someone, World, enrol, lay_out, settle
from tests.support.processes import Program, free_port
from tests.support.services import Backend

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300), pytest.mark.services]

PEOPLE = 50
MESSAGES_EACH = 8
KILLS_AT = (60, 160, 260)  # messages acknowledged so far
AGAIN_S = 0.1
ENDS_WITHIN_S = 30.0
LONGEST_S = 240.0


class Service:
    """`multaqa serve` on a port of its own."""

    def __init__(self, folder: Path, environment: dict[str, str], *, media: bool = False) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        own = {"DATA_DIR": str(folder), "PORT": str(self.port), "LOG_FORMAT": "json"}
        if media:
            own["MEDIA_PORT"] = str(free_port(socket.SOCK_DGRAM))
        else:
            own["MEDIA_CONTROL"] = f"unix:{folder}/nobody.sock"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MULTAQA_")}
        self.environment = kept | {f"MULTAQA_{name}": value for name, value in own.items()} | environment
        self.program = self.start()

    def start(self) -> Program:
        return Program.start([sys.executable, "-m", "server", "serve"], env=self.environment)

    async def ready(self) -> None:
        await asyncio.to_thread(self.program.wait_for, "Open http")

    def children(self, kind: str = "") -> list[psutil.Process]:
        found = psutil.Process(self.program.pid).children()
        return [one for one in found if not kind or kind in one.cmdline()]

    async def kill_worker(self) -> None:
        """SIGKILL one server process; its parent starts another."""
        self.children("worker")[0].kill()

    async def kill_parent(self) -> None:
        """SIGKILL the parent, wait until its children have ended by themselves, and start anew."""
        children = self.children()
        await asyncio.to_thread(self.program.stop, signal.SIGKILL)
        assert await ended(children) == []
        self.program = self.start()
        await self.ready()

    async def stop(self) -> int:
        return await asyncio.to_thread(self.program.stop, signal.SIGTERM, within_s=40.0)


async def ended(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that have not."""
    _, alive = await asyncio.to_thread(psutil.wait_procs, processes, ENDS_WITHIN_S)
    return list(alive)


@asynccontextmanager
async def service(folder: Path, environment: dict[str, str], *, media: bool = False) -> AsyncIterator[Service]:
    running = Service(folder, environment, media=media)
    try:
        await running.ready()
        yield running
    finally:
        await running.stop()


@dataclass
class Talk:
    """What was acknowledged, by whom; whoever waits for more is woken."""

    acknowledged: dict[UUID, list[str]] = field(default_factory=dict)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def total(self) -> int:
        return sum(len(said) for said in self.acknowledged.values())

    async def add(self, who: UUID, message: str) -> None:
        async with self.news:
            self.acknowledged.setdefault(who, []).append(message)
            self.news.notify_all()

    async def reach(self, number: int) -> None:
        async with self.news:
            await self.news.wait_for(lambda: self.total >= number)


async def chatter(url: str, world: World, someone: Someone, talk: Talk) -> None:
    """Say every message again, under the same key, until it is acknowledged."""
    async with Browser(url, someone.token) as browser:
        for number in range(MESSAGES_EACH):
            key = new_id()
            while not await said(browser, world, f"{someone.name} {number}", key):  # noqa: ASYNC110
                await asyncio.sleep(AGAIN_S)  # the process is away: nothing would tell us of its return
            await talk.add(someone.id, str(key))


async def said(browser: Browser, world: World, text: str, key: UUID) -> bool:
    try:
        answer = await browser.ask("POST", f"/api/sessions/{world.session}/messages", {"text": text}, key=key)
    except httpx.TransportError:
        return False
    assert answer.status_code in {201, 503}, answer.text
    return answer.status_code == 201


async def listen(url: str, world: World, someone: Someone, position: JSON, number: int) -> list[JSON]:
    """Hear so many publications from a position on, coming back after every cut."""
    heard: list[JSON] = []
    async with Browser(url, someone.token) as browser:
        while len(heard) < number:
            try:
                async with browser.socket() as ear:
                    heard += await hear(ear, world, position, number - len(heard))
            except (OSError, WebSocketException):
                await asyncio.sleep(AGAIN_S)
            if heard:
                position = {"offset": heard[-1]["offset"], "id": heard[-1]["id"]}
    return heard


async def hear(ear: Ear, world: World, position: JSON, number: int) -> list[JSON]:
    assert (await ear.subscribe(world.channel, position))["recovered"]
    heard = ear.heard[world.channel]
    await ear.until(lambda: len(heard) >= number or ear.closed is not None, within_s=LONGEST_S)
    return heard


def crowd(db: Session) -> tuple[World, list[Someone]]:
    world = lay_out(db)
    people = [enrol(db, f"person {number}") for number in range(PEOPLE)]
    for someone in people:
        conference.grant(db, world.conference, someone.id, "attendee")
    return world, people


async def test_acknowledged_messages_survive_kill_9(backend: Backend, tmp_path: Path) -> None:
    db = Database(backend.database_url)
    world, people = await db.write(crowd)
    workers = {"MULTAQA_WORKERS": "2"} if backend.redis_url else {}
    async with service(tmp_path / "data", backend.environment | workers) as running:
        async with Browser(running.url, world["guest"].token) as guest:
            position = (await guest.get(f"/api/sessions/{world.session}/chat"))["position"]
        talk = Talk()
        hearing = asyncio.create_task(listen(running.url, world, world["guest"], position, PEOPLE * MESSAGES_EACH))
        talking = [asyncio.create_task(chatter(running.url, world, someone, talk)) for someone in people]
        kills = (running.kill_worker, running.kill_parent, running.kill_worker)
        for number, kill in zip(KILLS_AT, kills, strict=True):
            await talk.reach(number)
            await kill()
        await asyncio.gather(*talking)
        heard = await hearing
    stored = await db.read(lambda unit: stored_messages(unit, world))
    await db.close()
    assert [str(message.id) for message in stored] == [one["data"]["message"]["id"] for one in heard]
    assert [message.place for message in stored] == [one["offset"] for one in heard]
    for someone in people:
        kept = [str(message.id) for message in stored if message.person_id == someone.id]
        assert kept == talk.acknowledged[someone.id], someone.name


def stored_messages(db: Session, world: World) -> list[Message]:
    wanted = select(Message).where(col(Message.session_id) == world.session).order_by(col(Message.place))
    return list(db.exec(wanted))


async def test_sigterm_finishes_what_runs_and_sends_sockets_away(backend: Backend, tmp_path: Path) -> None:
    db = Database(backend.database_url)
    world = await settle(db)
    body = json.dumps({"text": "الكلمة الأخيرة"}, ensure_ascii=False).encode()
    async with service(tmp_path / "data", backend.environment) as running:
        async with Browser(running.url, world["guest"].token) as guest, guest.socket() as ear:
            await ear.subscribe(world.channel)
            reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
            head = (
                f"POST /api/sessions/{world.session}/messages HTTP/1.1\r\nHost: x\r\nOrigin: {running.url}\r\n"
                f"Cookie: login={world['attendee'].token}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
            )
            writer.write(head.encode())
            assert b"100" in await reader.readline()  # the request runs
            children = running.children()
            stopping = asyncio.create_task(running.stop())
            code, reason = await ear.end()
            assert code == 1012
            assert reason.startswith("retry=")
            writer.write(body)
            await reader.readline()
            assert b"201" in await reader.readline()
            writer.close()
            assert await stopping == 0
        assert await ended(children) == []
    stored = await db.read(lambda unit: stored_messages(unit, world))
    await db.close()
    assert [message.text for message in stored] == ["الكلمة الأخيرة"]


async def test_no_process_outlives_the_parent(tmp_path: Path) -> None:
    """Media too. SQLite's lock goes with the parent, its data with nobody."""
    async with service(tmp_path / "data", {}, media=True) as running:
        kinds = {word for one in running.children() for word in one.cmdline() if word in {"worker", "media"}}
        assert kinds == {"worker", "media"}
        second = Program.start(
            [sys.executable, "-m", "server", "serve"], env={**running.environment, "MULTAQA_PORT": "0"}
        )
        await asyncio.to_thread(second.wait_for, "already running")
        assert await asyncio.to_thread(second.process.wait) == 3
        await asyncio.to_thread(second.stop)
        children = running.children()
        await asyncio.to_thread(running.program.stop, signal.SIGKILL)
        assert await ended(children) == []


async def test_first_start_prints_the_one_time_link(tmp_path: Path) -> None:
    async with service(tmp_path / "data", {}) as running:
        match = await asyncio.to_thread(running.program.wait_for, r"http://127.0.0.1:\d+/setup#(\S+)")
        async with Browser(running.url) as me:
            organiser = {"name": "هدى", "email": "huda@example.org", "password": "a long password"}
            made = await me.post("/api/setup", {**organiser, "token": match[1]})
            assert made["person"]["may_create"] is True
        # Beside a running server, which has migrated already: a fresh link and nothing else.
        again = Program.start([sys.executable, "-m", "server", "admin"], env=running.environment)
        assert await asyncio.to_thread(again.process.wait) == 0
        await asyncio.to_thread(again.stop)
        assert "already has an organiser" in again.output
        assert match[1] not in "\n".join(
            line for line in running.program.output.splitlines() if line.startswith("{")
        )


@pytest.mark.parametrize("command", [["serve"], ["migrate"], ["admin"]])
async def test_newer_database_is_refused_in_one_sentence(tmp_path: Path, command: list[str]) -> None:
    file = tmp_path / "multaqa.sqlite"
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.execute("INSERT INTO alembic_version VALUES ('from_the_future')")
        connection.commit()
    environment = {
        "MULTAQA_DATA_DIR": str(tmp_path),
        "MULTAQA_DATABASE_URL": f"sqlite:///{file}",
        "MULTAQA_PORT": "0",
    }
    program = Program.start([sys.executable, "-m", "server", *command], env=os.environ | environment)
    assert await asyncio.to_thread(program.process.wait) == 5
    await asyncio.to_thread(program.stop)
    assert "Not done: The database was written by a newer Multaqa" in program.output
    assert "Traceback" not in program.output
