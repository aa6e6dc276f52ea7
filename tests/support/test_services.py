"""The test set-up itself: services are real, fresh for each test, and end with the test run."""

from __future__ import annotations

import os
import select
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.support.processes import Program, ProgramFailed
from tests.support.services import Backend, PostgresServer, RedisServer

ROOT = Path(__file__).resolve().parents[2]


def test_fresh_database_has_the_tables_and_no_rows(backend: Backend, request: pytest.FixtureRequest) -> None:
    if backend.redis_url is None:
        with sqlite3.connect(backend.database_url.removeprefix("sqlite:///")) as db:
            assert db.execute("SELECT count(*) FROM person").fetchone() == (0,)
            db.execute("CREATE TABLE left_over (id int)")
        db.close()
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = backend.database_url.rpartition("/")[2]
    assert server.run_sql("SELECT count(*) FROM person", name) == "0"
    server.run_sql("CREATE TABLE left_over (id int)", name)


def test_postgres_sorts_unlike_bytes(postgres_server: PostgresServer) -> None:
    rows = postgres_server.run_sql("SELECT x FROM (VALUES ('B'), ('a')) AS t(x) ORDER BY x")
    assert rows.split() == ["a", "B"]


def test_redis_is_flushed_and_keeps_its_port_over_a_restart(redis_server: RedisServer) -> None:
    port = redis_server.port
    redis_server.restart(signal.SIGKILL)
    redis_server.flush()
    assert redis_server.port == port
    assert redis_server.program.running


def test_postgres_recovers_after_a_crash(postgres_server: PostgresServer) -> None:
    name = postgres_server.create()
    postgres_server.run_sql("CREATE TABLE kept (id int)", name)
    postgres_server.run_sql("CHECKPOINT", name)
    postgres_server.restart(signal.SIGQUIT)
    assert postgres_server.run_sql("SELECT count(*) FROM kept", name) == "0"
    postgres_server.drop(name)


def test_program_that_ends_early_tells_its_output() -> None:
    program = Program.start(["sh", "-c", "echo no room left; exit 3"])
    with pytest.raises(ProgramFailed, match="no room left"):
        program.wait_for("ready")
    assert program.stop() == 3


@pytest.mark.services
def test_services_end_when_the_tests_are_killed() -> None:
    script = """
        import signal
        from tests.support.services import PostgresServer, RedisServer
        print(PostgresServer().program.pid, RedisServer().program.pid, flush=True)
        signal.pause()
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as tests:
        assert tests.stdout is not None
        pids = [int(pid) for pid in tests.stdout.readline().split()]
        assert len(pids) == 2
        ends = [os.pidfd_open(pid) for pid in pids]
        tests.kill()
        for end in ends:
            _wait_for_end(end)


def _wait_for_end(pidfd: int) -> None:
    ready, _, _ = select.select([pidfd], [], [], 20)
    os.close(pidfd)
    assert ready, "the service outlived the test run"
