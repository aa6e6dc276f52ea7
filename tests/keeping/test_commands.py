"""The commands as an operator gives them, beside a server that runs; and pages that reload by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.database import Database
from tests.support.client import Browser, Ear
from tests.support.installation import Installation
from tests.support.people import World, settle
from tests.support.services import Backend

pytestmark = pytest.mark.services
JSON = dict[str, Any]


@pytest.fixture
def place(backend: Backend, tmp_path: Path) -> Iterator[Installation]:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    installation = Installation(backend, data_dir)
    yield installation
    if installation.program is not None:
        installation.stop()


async def laid_out(backend: Backend) -> World:
    database = Database(backend.database_url)
    world = await settle(database)
    await database.close()
    return world


async def say(browser: Browser, world: World, *texts: str) -> None:
    for text in texts:
        await browser.post(f"/api/sessions/{world.session}/messages", {"text": text})


async def chat(browser: Browser, world: World) -> JSON:
    return await browser.get(f"/api/sessions/{world.session}/chat")


async def at_end(ear: Ear, browser: Browser, world: World) -> JSON:
    """Where a client stands that has heard everything."""
    position: JSON = (await chat(browser, world))["position"]
    heard = (await ear.reach(world.channel, position["offset"]))[-1]
    assert heard["id"] == position["id"]
    return position


async def test_clients_of_a_restored_server_load_anew(
    backend: Backend, place: Installation, tmp_path: Path
) -> None:
    """Positions carry the publication's id: another history is told from ours even when it has grown past us."""
    world = await laid_out(backend)
    archive = tmp_path / "backup.zip"
    await asyncio.to_thread(place.start)
    async with Browser(place.url, world["attendee"].token) as browser, browser.socket() as ear:
        await ear.subscribe(world.channel)
        await say(browser, world, "kept 1", "kept 2")
        early = await at_end(ear, browser, world)
        await say(browser, world, "kept 3")
        made = await asyncio.to_thread(place.run, "backup", archive)
        assert made.returncode == 0, made.stderr
        assert "message: 3 rows" in made.stdout
        await say(browser, world, *(f"lost {number}" for number in range(5)))
        late = await at_end(ear, browser, world)
        refused = await asyncio.to_thread(place.run, "restore", archive, "--replace")
        assert refused.returncode != 0
        assert "already running" in refused.stderr or "still running" in refused.stderr
        await asyncio.to_thread(place.stop)
        assert (await ear.end())[0] == 1012
    assert late["offset"] == early["offset"] + 6

    restored = await asyncio.to_thread(place.run, "restore", archive, "--replace")
    assert restored.returncode == 0, restored.stderr
    await asyncio.to_thread(place.start)
    async with Browser(place.url, world["attendee"].token) as browser:  # logins are restored too
        assert [one["text"] for one in (await chat(browser, world))["messages"]] == ["kept 1", "kept 2", "kept 3"]
        # Before the backup: the same history, what follows is replayed.
        assert (await comes_back(browser, world, early))["recovered"] is True
        # After it, and ahead of what is there.
        assert (await comes_back(browser, world, late))["recovered"] is False
        # The nasty one: new publications took the old offsets before the client came back.
        await say(browser, world, *(f"new {number}" for number in range(8)))
        assert (await comes_back(browser, world, late))["recovered"] is False
        await asyncio.to_thread(place.stop)
        await asyncio.to_thread(place.start)  # now the log is empty, and History must tell them apart
        assert (await comes_back(browser, world, late))["recovered"] is False
        fresh = await chat(browser, world)
        assert [one["text"] for one in fresh["messages"]][2:5] == ["kept 3", "new 0", "new 1"]
        assert await comes_back(browser, world, fresh["position"]) == {
            "recovered": True,
            "position": fresh["position"],
            "publications": [],
        }


async def comes_back(browser: Browser, world: World, position: JSON) -> JSON:
    """The answer to a subscribe with a position, on a connection of its own."""
    async with browser.socket() as ear:
        return await ear.subscribe(world.channel, position)


async def test_a_restored_installation_goes_on(backend: Backend, place: Installation, tmp_path: Path) -> None:
    """Into an empty place, with its files; then people write as if nothing had been."""
    world = await laid_out(backend)
    (place.data_dir / "files" / "ab").mkdir(parents=True)
    (place.data_dir / "files" / "ab" / "cd").write_bytes(b"a picture")
    archive = tmp_path / "backup.zip"
    assert place.run("backup", archive).returncode == 0
    other_dir = tmp_path / "other"
    other = Installation(Backend("sqlite-memory", f"sqlite:///{other_dir}/multaqa.sqlite", None), other_dir)
    restored = other.run("restore", archive)
    assert restored.returncode == 0, restored.stderr
    assert (other_dir / "files" / "ab" / "cd").read_bytes() == b"a picture"
    await asyncio.to_thread(other.start)
    try:
        async with Browser(other.url, world["attendee"].token) as browser:
            await say(browser, world, "after")
            assert [one["text"] for one in (await chat(browser, world))["messages"]] == ["after"]
    finally:
        await asyncio.to_thread(other.stop)


def test_a_wrong_wish_is_one_sentence(backend: Backend, place: Installation, tmp_path: Path) -> None:
    missing = place.run("restore", tmp_path / "nothing.zip")
    assert missing.returncode == 5
    assert missing.stderr.startswith("Not done: There is no backup at")
    assert missing.stderr.count("\n") == 1
    moved = place.run("move", "--to", "mysql://nobody@127.0.0.1/none")
    assert moved.returncode == 5
    if backend.name == "sqlite-memory":
        away = place.run("move", "--to", "postgresql://nobody@127.0.0.1:1/none")
        assert away.returncode == 5
        assert away.stderr.count("\n") == 1, away.stderr
