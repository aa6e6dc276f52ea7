"""A measured server on one core and the load generator on another, for one run at a time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.compiler import program
from tests.bench.pinned import LOAD_CORE, SERVER_CORE
from tests.bench.places import ROOT
from tests.support.processes import Program

PER_ADDRESS = 1000  # fewer than the hub allows behind one address
# What Chromium sends with a WebSocket handshake; each connection has a login of its own.
BROWSER = (
    "Pragma: no-cache",
    "Cache-Control: no-cache",
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 "
    "Safari/537.36",
    "Origin: http://127.0.0.1:8000",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Accept-Language: ar,en-GB;q=0.9,en;q=0.8",
    "Cookie: theme=dark; login=%d",
)
DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"


@dataclass(frozen=True)
class Server:
    """How to start a server that prints `ready PORT CONTROL_PORT`, and how to talk to it."""

    name: str
    command: Sequence[str | Path]
    env: dict[str, str] | None = None
    path: str = "/"
    subprotocol: str | None = None
    subscribe: Sequence[str] = ('{"do":"subscribe"}',)
    replies: int = 1
    answer: str | None = None
    arguments: Sequence[str] = ()


@dataclass(frozen=True)
class Work:
    """What is asked of a server. Either `rate` messages a second, or `outstanding` always on their way."""

    name: str
    connections: int
    rate: float = 0
    outstanding: int = 0
    message_bytes: int = 200
    stalled: int = 0
    deflate: bool = False  # offer compression, as browsers do
    warm_up: float = 1.0
    seconds: float = 4.0


@dataclass(frozen=True)
class Run:
    """What the load generator saw. Latencies end at the kernel's receive timestamp, in milliseconds."""

    cpu_us: float  # of the server, for each delivery
    p50_ms: float
    p99_ms: float
    per_second: float
    wire_bytes: float  # of each delivery
    deflated: int
    missing: int
    gaps: int
    turned: int
    ended: int
    load_share: float  # of a core, used by the load generator

    @property
    def sound(self) -> bool:
        return not (self.missing or self.gaps or self.turned or self.ended)


@dataclass(frozen=True)
class Running:
    program: Program
    server: Server
    port: int
    control: int

    def resident_kb(self) -> int:
        status = Path(f"/proc/{self.program.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])


@contextmanager
def started(server: Server, *, message_bytes: int = 200) -> Iterator[Running]:
    """A server on its core, until the end of the block."""
    command = [*_pinned(SERVER_CORE), *server.command, str(message_bytes), *server.arguments]
    running = Program.start(command, env=server.env, cwd=ROOT)
    try:
        ready = running.wait_for(r"^ready (\d+) (\d+)$")
        yield Running(running, server, int(ready[1]), int(ready[2]))
    finally:
        running.stop()


def run(server: Server, work: Work) -> Run:
    """Start a server, do the work once, stop it."""
    with started(server, message_bytes=work.message_bytes) as running:
        return _run(running, work)


def _run(running: Running, work: Work) -> Run:
    pace = ["--rate", str(work.rate)] if work.rate else ["--outstanding", str(work.outstanding)]
    options = [
        *load_options(running, work.connections, deflate=work.deflate),
        *pace,
        *("--control", f"127.0.0.1:{running.control}", "--cpu-of", str(running.program.pid)),
        *("--seconds", str(work.seconds), "--warm-up", str(work.warm_up), "--stalled", str(work.stalled)),
    ]
    done = subprocess.run(options, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode != 0:
        raise LoadFailed(f"{running.server.name}, {work.name}: {done.stderr}\n{running.program.output}")
    return _read(json.loads(done.stdout.splitlines()[-1]))


class LoadFailed(Exception):
    """The load generator gave up; the text says why, with what the server printed last."""


def load_options(
    running: Running, connections: int, *, subscribe: Sequence[str] = (), replies: int = 0, deflate: bool = False
) -> list[str]:
    """The load generator's command line as far as it depends on the server."""
    server = running.server
    headers = [*BROWSER, *([DEFLATE] if deflate else [])]
    if server.subprotocol:
        headers.append(f"Sec-WebSocket-Protocol: {server.subprotocol}")
    return [
        *_pinned(LOAD_CORE),
        str(program("load")),
        *("--connect", f"127.0.0.1:{running.port}", "--path", server.path),
        *("--connections", str(connections), "--addresses", str(1 + connections // PER_ADDRESS)),
        *("--replies", str(replies or server.replies)),
        *[word for header in headers for word in ("--header", header)],
        *[word for text in (subscribe or server.subscribe) for word in ("--subscribe", text)],
        *(["--answer", server.answer] if server.answer else []),
    ]


@contextmanager
def idling(running: Running, connections: int, *, subscribe: Sequence[str], replies: int) -> Iterator[None]:
    """Connections that are ready and do nothing until the end of the block."""
    options = load_options(running, connections, subscribe=subscribe, replies=replies, deflate=True)
    with subprocess.Popen(
        [*options, "--idle"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as load:
        assert load.stdin is not None
        assert load.stdout is not None
        if load.stdout.readline() != "ready\n":
            raise LoadFailed(f"{running.server.name}: {connections} connections did not become ready")
        yield
        load.stdin.close()
        if json.loads(load.stdout.read())["ended"]:
            raise LoadFailed(f"{running.server.name} ended idle connections")


def _pinned(core: int) -> list[str]:
    return [sys.executable, "-m", "tests.bench.pinned", str(core)]


def _read(told: dict[str, Any]) -> Run:
    deliveries = told["deliveries"]
    return Run(
        cpu_us=1e6 * told["server_cpu_s"] / max(1, deliveries),
        p50_ms=told["p50_ms"],
        p99_ms=told["p99_ms"],
        per_second=deliveries / told["seconds"],
        wire_bytes=told["bytes"] / max(1, deliveries),
        deflated=told["deflated"],
        missing=told["expected"] - deliveries,
        gaps=told["gaps"],
        turned=told["turned"],
        ended=told["ended"],
        load_share=told["own_cpu_s"] / told["seconds"],
    )
