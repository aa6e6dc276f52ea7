"""Real PostgreSQL and Redis for tests, in temporary folders, on free ports.

They are started once per test run. What is switched off for speed (syncing to disk) is switched on
again by `durable=True`, for tests that pull the plug.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.support.processes import Program, ProgramFailed, find_program, free_port

TRIES = 3  # another process may take the free port first
OWNER = "multaqa"
# Unlike the C locale, this one does not sort bytewise: a forgotten collation shows.
CLUSTER = ("--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US")
FAST = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
FOLDER_PREFIX = "multaqa-test-"


class PostgresServer:
    """One cluster. `create()` gives a fresh database, as a copy of another when asked."""

    def __init__(self, *, durable: bool = False) -> None:
        self.folder = own_folder(service_user())
        self.port = 0
        self._options = () if durable else FAST
        self._user = service_user()
        self._numbers = count(1)
        make_cluster(self.data, owner=OWNER)
        self.program = _started(self._launch)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def url(self, database: str) -> str:
        return f"postgresql://{OWNER}@127.0.0.1:{self.port}/{database}"

    def create(self, *, template: str = "template0") -> str:
        """Create a database of the next free name and return the name."""
        name = f"test_{next(self._numbers)}"
        self.run_sql(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return name

    def drop(self, name: str) -> None:
        """Drop a database, with whoever is still connected."""
        self.run_sql(f"DROP DATABASE {name} WITH (FORCE)")

    def run_sql(self, statement: str, database: str = "postgres") -> str:
        """Run a statement as the owner; returns the rows as text, one a line."""
        where = ["-h", str(self.folder), "-p", str(self.port), "-U", OWNER, "-d", database]
        return _run("psql", "-X", "-q", "-A", "-t", *where, "-v", "ON_ERROR_STOP=1", "-c", statement)

    def restart(self, by: signal.Signals = signal.SIGINT) -> None:
        """Stop (SIGINT fast, SIGQUIT immediate, SIGKILL a crash) and start on the same port and data."""
        self.program.stop(by)
        self.program = self._launch()

    def close(self) -> None:
        self.program.stop(signal.SIGINT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _launch(self) -> Program:
        self.port = self.port or free_port()
        command: list[str | Path] = [find_program("postgres"), "-D", self.data, "-k", self.folder]
        command += ["-h", "127.0.0.1", "-p", str(self.port)]
        command += ["-c", "max_connections=200", "-c", "shared_buffers=64MB", *self._options]
        program = Program.start(
            command,
            user=self._user,
            cwd=self.folder,
            dies_by=signal.SIGQUIT,  # so that its own children end too
        )
        program.wait_for("database system is ready to accept connections")
        return program


class RedisServer:
    """One Redis without persistence."""

    def __init__(self) -> None:
        self.folder = own_folder(None)
        self.port = 0
        self.program = _started(self._launch)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def flush(self) -> None:
        """Forget all keys."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(b"FLUSHALL\r\n")
            if not connection.recv(64).startswith(b"+OK"):
                raise ProgramFailed("Redis refused FLUSHALL")

    def restart(self, by: signal.Signals = signal.SIGTERM) -> None:
        """Stop and start on the same port; everything in it is gone."""
        self.program.stop(by)
        self.program = self._launch()

    def close(self) -> None:
        self.program.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _launch(self) -> Program:
        self.port = self.port or free_port()
        command: list[str | Path] = [find_program("redis-server"), "--dir", self.folder]
        command += ["--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no"]
        program = Program.start(command)
        program.wait_for("Ready to accept connections")
        return program


@dataclass(frozen=True)
class Backend:
    """Where one kind of installation keeps its things: a fresh, migrated database, and Redis or nothing."""

    name: str
    database_url: str
    redis_url: str | None

    @property
    def environment(self) -> dict[str, str]:
        """The settings that a server process needs to use it."""
        redis = {} if self.redis_url is None else {"MULTAQA_REDIS_URL": self.redis_url}
        return {"MULTAQA_DATABASE_URL": self.database_url} | redis


def make_cluster(data: Path, *, owner: str, database: str | None = None) -> None:
    """Make an empty cluster that trusts local connections, with a database when one is named."""
    _run("initdb", "--no-sync", "--auth=trust", f"--username={owner}", *CLUSTER, "-D", data)
    if database is not None:
        create = f"CREATE DATABASE {database} OWNER {owner}\n"
        _run("postgres", "--single", "-D", data, "postgres", typed=create)


def _run(name: str, *arguments: str | Path, typed: str | None = None) -> str:
    """Run one of PostgreSQL's programs as the user it insists on; returns what it printed."""
    command = [str(find_program(name)), *map(str, arguments)]
    user = service_user()
    answer = subprocess.run(
        command,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        cwd="/",
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        raise ProgramFailed(f"{' '.join(command)}\n{answer.stdout}{answer.stderr}")
    return answer.stdout.strip()


def _started(launch: Callable[[], Program]) -> Program:
    for _ in range(TRIES - 1):
        try:
            return launch()
        except ProgramFailed as failure:
            if "in use" not in str(failure):
                raise
    return launch()


def service_user() -> str | None:
    """PostgreSQL refuses to run as root: Debian's package brings the user `postgres`."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        return pwd.getpwnam("nobody").pw_name


def own_folder(user: str | None) -> Path:
    """A short path, since a Unix socket's may have 107 bytes; what dead test runs left is swept first."""
    base = Path(tempfile.gettempdir())
    for left in base.glob(f"{FOLDER_PREFIX}*"):
        pid = left.name.removeprefix(FOLDER_PREFIX).split("-")[0]
        if not Path("/proc", pid).exists():
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER_PREFIX}{os.getpid()}-", dir=base))
    if user is not None:
        shutil.chown(folder, user)
    return folder
