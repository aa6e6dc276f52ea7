"""The media process as its parent sees it."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest_asyncio
from starlette.applications import Starlette

from realtime.media.process import _control

_START = """
import sys
from pathlib import Path
from realtime.media.process import serve
from realtime.media.settings import MediaSettings
import asyncio
pipe = int(sys.argv[2])
settings = MediaSettings(control=Path(sys.argv[1]), host="127.0.0.1", control_pipe=pipe if pipe >= 0 else None)
asyncio.run(serve(settings, ready=lambda port: print(port, flush=True)))
"""


class Child:
    def __init__(self, process: asyncio.subprocess.Process, control: Path, writing: int, port: int) -> None:
        self.process = process
        self.control = control
        self.port = port
        self._writing = writing

    def close_pipe(self) -> None:
        if self._writing >= 0:
            os.close(self._writing)
            self._writing = -1

    async def stats(self) -> httpx.Response:
        transport = httpx.AsyncHTTPTransport(uds=str(self.control))
        async with httpx.AsyncClient(transport=transport, base_url="http://media") as client:
            return await client.get("/stats")


async def _start(control: Path, *, pipe: bool) -> Child:
    reading, writing = os.pipe() if pipe else (-1, -1)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _START,
        str(control),
        str(reading),
        pass_fds=[reading] if pipe else [],
        stdout=asyncio.subprocess.PIPE,
    )
    if pipe:
        os.close(reading)
    assert process.stdout is not None
    return Child(process, control, writing, int(await process.stdout.readline()))


@pytest_asyncio.fixture
async def child(tmp_path: Path) -> AsyncIterator[Child]:
    made = await _start(tmp_path / "media.sock", pipe=True)
    yield made
    made.close_pipe()
    await made.process.wait()


async def test_process_answers_when_ready_and_only_its_user(child: Child) -> None:
    assert (await child.stats()).status_code == 200
    assert child.port > 0
    assert stat.S_IMODE(child.control.stat().st_mode) == 0o600


def test_idle_control_connection_is_kept_longer_here_than_by_who_calls() -> None:
    """Else a request now and then meets a connection that is just being closed."""
    kept = httpx.Limits().keepalive_expiry
    assert kept is not None
    assert _control(Starlette()).timeout_keep_alive > 4 * kept


async def test_process_leaves_signals_to_its_parent_and_ends_with_the_pipe(child: Child) -> None:
    child.process.send_signal(signal.SIGTERM)
    child.process.send_signal(signal.SIGINT)
    assert (await child.stats()).status_code == 200

    child.close_pipe()

    assert await child.process.wait() == 0
    assert not child.control.exists()


async def test_process_without_a_pipe_ends_with_a_signal(tmp_path: Path) -> None:
    alone = await _start(tmp_path / "media.sock", pipe=False)

    alone.process.send_signal(signal.SIGTERM)

    assert await alone.process.wait() == 0


async def test_killed_process_is_replaced_on_the_same_socket(child: Child) -> None:
    child.process.kill()
    await child.process.wait()

    again = await _start(child.control, pipe=True)

    assert (await again.stats()).status_code == 200
    again.close_pipe()
    assert await again.process.wait() == 0


async def test_process_that_drains_leaves_its_successors_socket_alone(tmp_path: Path) -> None:
    control = tmp_path / "media.sock"
    first, second = await _start(control, pipe=True), await _start(control, pipe=True)
    try:
        first.close_pipe()
        assert await first.process.wait() == 0
        assert (await second.stats()).status_code == 200
    finally:
        second.close_pipe()
        await second.process.wait()
