"""Servers for the tests: one of each kind for a whole file, in which every test has a conference of its own.

A file's server lives in the file's loop, so each file's tests are marked `asyncio(loop_scope="module")`.
A test that counts, stops or breaks something asks for `own_server` instead.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.conftest import BACKENDS
from tests.support.app import Server, serving
from tests.support.people import World, settle
from tests.support.services import Backend, PostgresServer, RedisServer


@pytest.fixture(scope="module", params=BACKENDS)
def module_backend(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """A migrated installation of each kind for all tests of a file."""
    if request.param == "sqlite-memory":
        file = tmp_path_factory.mktemp("database") / "multaqa.sqlite"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), file)
        yield Backend(request.param, f"sqlite:///{file}", None)
        return
    postgres: PostgresServer = request.getfixturevalue("postgres_server")
    redis: RedisServer = request.getfixturevalue("redis_server")
    redis.flush()
    name = postgres.create(template=request.getfixturevalue("postgres_template"))
    yield Backend(request.param, postgres.url(name), redis.url)
    postgres.drop(name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(module_backend: Backend, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with serving(module_backend, tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def world(server: Server) -> World:
    """A conference of this test alone."""
    return await settle(server.db)


@pytest_asyncio.fixture(loop_scope="module")
async def own_server(backend: Backend, tmp_path: Path) -> AsyncIterator[Server]:
    async with serving(backend, tmp_path / "data") as running:
        yield running
