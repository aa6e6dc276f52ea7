"""Fixtures for all tests: real services, and the two kinds of installation to run a test on."""

from __future__ import annotations

import gc
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from xdist.scheduler import LoadScopeScheduling

from models.migrate import upgrade
from tests.support.services import Backend, PostgresServer, RedisServer

SERVICES = frozenset({"postgres_server", "redis_server", "redis_url"})
BACKENDS = ("sqlite-memory", pytest.param("postgres-redis", marks=pytest.mark.services))
BROWSERS = "tests/e2e"
# Few tests, each of which starts and kills whole installations.
LONG = ("tests/chaos/", "tests/config/", "tests/keeping/", "tests/server/test_process.py")
WHOLE = {"server", "own_server", "nodes"}
# Tests assert no times, and a machine that runs three of them at once is slow at making examples up.
hypothesis.settings.register_profile(
    "suite",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("suite")
# `make fuzz`: as many examples as a patient machine has time for.
hypothesis.settings.register_profile(
    "fuzz", max_examples=5000, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever asks for a service or a whole server needs one: no test has to say it twice.

    What takes longest comes first, so that no worker is left alone with it at the end. A real browser on a crowded
    machine now and then loses a race that no person would notice: its test is tried once more, and the summary
    names it (RERUN), so that a shaky test neither stops everybody nor hides. Nothing else gets a second try: what
    fails there once in a thousand times is what we look for.
    """
    sizes = Counter(room(item.nodeid) for item in items)
    items.sort(key=lambda item: (_turn(item.nodeid), -sizes[room(item.nodeid)], room(item.nodeid)))
    for item in items:
        if item.get_closest_marker("browser") is not None:
            item.add_marker(pytest.mark.flaky(reruns=1))
        if isinstance(item, pytest.Function) and WHOLE.intersection(item.fixturenames):
            item.add_marker(pytest.mark.whole)
        if isinstance(item, pytest.Function) and SERVICES.intersection(item.fixturenames):
            item.add_marker(pytest.mark.services)


def _turn(nodeid: str) -> int:
    return 0 if room(nodeid) == BROWSERS else 1 if nodeid.startswith(LONG) else 2


def room(nodeid: str) -> str:
    """What one worker runs by itself: a file, or all of the browser's tests.

    Browsers that draw moving pictures fill a small machine: two at a time only wait for each other.
    """
    file = nodeid.split("::", 1)[0]
    return BROWSERS if file.startswith(f"{BROWSERS}/") else file


class ByRoom(LoadScopeScheduling):  # type: ignore[misc]  # a package without types
    def _split_scope(self, nodeid: str) -> str:
        return room(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByRoom:
    return ByRoom(config, log)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.close()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """A real Redis without any key."""
    redis_server.flush()
    return redis_server.url


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """The name of a migrated database nobody connects to, of which tests get copies."""
    name = postgres_server.create()
    upgrade(postgres_server.url(name))
    return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database file, of which tests get copies."""
    file = tmp_path_factory.mktemp("template") / "multaqa.sqlite"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    """A fresh, migrated installation of each kind: SQLite with the memory broker, PostgreSQL with Redis."""
    if request.param == "sqlite-memory":
        file = tmp_path / "multaqa.sqlite"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), file)
        yield Backend(request.param, f"sqlite:///{file}", None)
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.create(template=request.getfixturevalue("postgres_template"))
    yield Backend(request.param, server.url(name), request.getfixturevalue("redis_url"))
    server.drop(name)


@pytest.fixture
def database_url(backend: Backend) -> str:
    """A fresh, migrated database of each kind."""
    return backend.database_url


@pytest.fixture(params=BACKENDS)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh database of each kind without any table."""
    if request.param == "sqlite-memory":
        yield f"sqlite:///{tmp_path / 'multaqa.sqlite'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.create()
    yield server.url(name)
    server.drop(name)


def pytest_collection_finish(session: pytest.Session) -> None:
    """What was loaded stays for the whole run: the collector need not look through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
