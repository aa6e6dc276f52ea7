"""The part command: what the server spends on one command, from the request's first byte to the answer's last."""

from __future__ import annotations

import http.client
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

import uuid_utils

from tests.bench.pinned import SERVER_CORE
from tests.bench.places import ROOT
from tests.bench.rows import Row, digits, row
from tests.support.processes import Program

BAR_MS = 3.0
WARM_UP = 100
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    cpu_ms: float
    p50_ms: float


def measure(*, rounds: int, commands: int, say: Callable[[str], None]) -> Iterator[Row]:
    costs = []
    for _ in range(rounds):
        cost = post_messages(commands)
        costs.append(cost)
        say(f"  {'post a message':24} {'SQLite':22} {cost.cpu_ms:6.2f} ms CPU  p50 {digits(cost.p50_ms)} ms")
    yield row(
        "One command (post a message) on SQLite, server CPU",
        [cost.cpu_ms for cost in costs],
        "ms",
        bar=BAR_MS,
        conditions=f"the assembled server by HTTP with keep-alive, {commands} commands one after the other, "
        "synchronous=FULL, log lines and the hub's publishing included, nobody listening",
    )


def post_messages(commands: int) -> Cost:
    """Post so many messages to a fresh server, one after the other."""
    with TemporaryDirectory(prefix="multaqa-bench-") as folder:
        server = Program.start(
            [sys.executable, "-m", "tests.bench.pinned", str(SERVER_CORE), *_command(folder)], cwd=ROOT
        )
        try:
            port = int(server.wait_for(r"^ready (\d+)$")[1])
            told = server.output
            session = server.wait_for(r"^session (\S+)$")[1]
            return _post(server.pid, port, session, re.findall(r"^login (\S+)$", told, re.MULTILINE), commands)
        finally:
            server.stop()


def _command(folder: str) -> list[str]:
    return [sys.executable, "-m", "tests.bench.servers.assembled", folder]


def _post(pid: int, port: int, session: str, logins: list[str], commands: int) -> Cost:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    login = cycle(logins)
    for _ in range(WARM_UP):
        _post_one(connection, session, next(login))
    before, took = _cpu_s(pid), []
    for _ in range(commands):
        began = time.perf_counter()
        _post_one(connection, session, next(login))
        took.append(time.perf_counter() - began)
    cpu = _cpu_s(pid) - before
    connection.close()
    return Cost(1000 * cpu / commands, 1000 * sorted(took)[len(took) // 2])


def _post_one(connection: http.client.HTTPConnection, session: str, login: str) -> None:
    headers = {
        "Content-Type": "application/json",
        "Cookie": f"login={login}",
        "Origin": "http://127.0.0.1:8000",
        "Idempotency-Key": str(uuid_utils.uuid7()),
        "Accept-Language": "ar",
    }
    body = json.dumps({"text": "السلام عليكم جميعًا، الصوت واضح هنا."})
    connection.request("POST", f"/api/sessions/{session}/messages", body, headers)
    answer = connection.getresponse()
    told = answer.read()
    if answer.status != 201:
        raise RuntimeError(f"a message was answered {answer.status}: {told.decode()}")


def _cpu_s(pid: int) -> float:
    """User and system seconds of a process (proc_pid_stat(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S
