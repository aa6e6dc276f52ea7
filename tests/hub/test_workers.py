"""Several server processes on several hosts, as operators run them: one conference for everybody."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import psutil
import pytest

from models.database import Database
from tests.support.client import JSON, Browser, Ear
from tests.support.installation import Installation
from tests.support.people import World, settle
from tests.support.services import Backend

pytestmark = [pytest.mark.whole, pytest.mark.timeout(300)]
WITHIN_S = 60.0


@pytest.fixture
def shared(request: pytest.FixtureRequest) -> Backend:
    """PostgreSQL and Redis: what several processes share."""
    server = request.getfixturevalue("postgres_server")
    name = server.create(template=request.getfixturevalue("postgres_template"))
    return Backend("postgres-redis", server.url(name), request.getfixturevalue("redis_url"))


@asynccontextmanager
async def hosts(shared: Backend, folder: Path) -> AsyncIterator[tuple[Installation, Installation]]:
    """Two hosts: one with two workers, one with one. They share what the operator gives both of them."""
    first = Installation(shared, folder / "first", MULTAQA_WORKERS="2")
    second = Installation(shared, folder / "second")
    try:
        await asyncio.gather(asyncio.to_thread(first.start), asyncio.to_thread(second.start))
        yield first, second
    finally:
        for host in (first, second):
            if host.program is not None:
                await asyncio.to_thread(host.stop)


def serving(host: Installation, ear: Ear) -> int | None:
    """The process at the other end of a connection."""
    port = ear._connection.local_address[1]
    for worker in host.workers():
        if any(one.raddr and one.raddr.port == port for one in worker.net_connections("tcp")):
            return worker.pid
    return None


async def in_both_workers(
    stack: AsyncExitStack, host: Installation, world: World, position: JSON
) -> dict[int, tuple[Browser, Ear]]:
    """A connection to each of the two workers, subscribed; which one takes the next newcomer is chance."""
    found: dict[int, tuple[Browser, Ear]] = {}
    browser = await stack.enter_async_context(Browser(host.url, world["attendee"].token))
    async with asyncio.timeout(WITHIN_S):
        while len(found) < 2:
            connection = await stack.enter_async_context(AsyncExitStack())
            ear = await connection.enter_async_context(browser.socket())
            pid = serving(host, ear)
            if pid is None or pid in found:
                await connection.aclose()
                continue
            assert (await ear.subscribe(world.channel, position))["recovered"]
            found[pid] = browser, ear
    return found


async def say(host: Installation, world: World, *texts: str) -> None:
    async with Browser(host.url, world["member"].token) as browser:
        for text in texts:
            await browser.post(f"/api/sessions/{world.session}/messages", {"text": text})


def texts(heard: list[JSON]) -> list[str]:
    return [one["data"]["message"]["text"] for one in heard if one["name"] == "message.posted"]


async def heard(ear: Ear, world: World, *wanted: str) -> None:
    """Wait for exactly these messages, in this order."""
    told = ear.heard[world.channel]
    await ear.until(lambda: len(texts(told)) >= len(wanted))
    assert texts(told) == list(wanted)


async def test_workers_and_hosts_are_one_and_each_may_go(shared: Backend, tmp_path: Path) -> None:
    db = Database(shared.database_url)
    world = await settle(db)
    await db.close()
    async with hosts(shared, tmp_path) as (first, second), AsyncExitStack() as stack:
        away = await stack.enter_async_context(Browser(second.url, world["lead"].token))
        position = (await away.get(f"/api/sessions/{world.session}/chat"))["position"]
        there = await stack.enter_async_context(away.socket())
        await there.subscribe(world.channel, position)
        workers = await in_both_workers(stack, first, world, position)

        await say(first, world, "أول", "ثان")
        await say(second, world, "ثالث")
        for ear in (there, *(ear for _, ear in workers.values())):
            await heard(ear, world, "أول", "ثان", "ثالث")

        (dying, (its_browser, its_ear)), (_, (_, other_ear)) = workers.items()
        psutil.Process(dying).kill()
        await its_ear.end()
        await say(first, world, "رابع")
        last = its_ear.heard[world.channel][-1]
        async with its_browser.socket() as back:
            recovered = await back.subscribe(world.channel, {"offset": last["offset"], "id": last["id"]})
            assert recovered["recovered"]
            await heard(back, world, "رابع")
        for ear in (other_ear, there):
            assert ear.closed is None
            await heard(ear, world, "أول", "ثان", "ثالث", "رابع")
        started = await in_both_workers(stack, first, world, position)
        assert dying not in started

        await drained(first, world, [ear for _, ear in started.values()])
        await say(second, world, "سادس")
        await heard(there, world, "أول", "ثان", "ثالث", "رابع", "خامس", "سادس")
        assert there.closed is None


async def drained(host: Installation, world: World, ears: list[Ear]) -> None:
    """SIGTERM: nobody new, sockets sent away, the running request finished, exit 0, nobody left."""
    assert host.program is not None
    body = json.dumps({"text": "خامس"}, ensure_ascii=False).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", host.port)
    writer.write(
        (
            f"POST /api/sessions/{world.session}/messages HTTP/1.1\r\nHost: x\r\nOrigin: {host.url}\r\n"
            f"Cookie: login={world['member'].token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
        ).encode()
    )
    assert b"100" in await reader.readline()  # the request runs
    children = psutil.Process(host.program.pid).children()
    stopping = asyncio.create_task(asyncio.to_thread(host.stop, signal.SIGTERM))
    for ear in ears:
        code, reason = await ear.end()
        low, high = reason.removeprefix("retry=").split("-")
        assert (code, low) == (1012, "0")
        assert int(high) >= 1000
    with pytest.raises(ConnectionRefusedError):  # at once, not after waiting in a queue nobody empties
        await asyncio.open_connection("127.0.0.1", host.port)
    writer.write(body)
    await reader.readline()
    assert b"201" in await reader.readline()
    writer.close()
    assert await stopping == 0
    assert [one for one in children if one.is_running()] == []
