"""The media process from start to end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvicorn
import uvloop
from starlette.applications import Starlette

from .edges import Edges
from .engine import Engine
from .inlet import Inlet
from .service import make_app
from .settings import MediaSettings

logger = logging.getLogger(__name__)

_SOCKET_MODE = 0o600

KEEP_ALIVE_S = 75
"""Idle control connections; far longer than our clients keep them, so that none is closed just as it is used."""

VIEWERS_PER_OWNER = 8
"""Pages of one login that watch one stage at once; more is a fault or somebody who wants to fill the line."""


class _ControlServer(uvicorn.Server):
    """uvicorn without its signal handlers: who ends this process is decided in `serve`."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answering = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.answering.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(settings: MediaSettings, *, ready: Callable[[int], None] = lambda port: None) -> None:
    """Forward media until told to stop; `ready` is called with the UDP port once requests are answered.

    With a control pipe the end of that pipe is the order to stop and signals are left to the parent (a
    terminal sends them to all of its children at once); without one SIGTERM and SIGINT are.
    """
    _quieten_libraries()
    stop = asyncio.Event()
    with _told_to_stop(settings.control_pipe, stop), _control_socket(settings.control) as control:
        engine = Engine(replace(settings, uplink_mbps=settings.uplink_mbps / settings.processes))
        edges = Edges(engine, settings)
        inlet = None if settings.feed is None else Inlet(engine, settings.feed)
        server = _ControlServer(_control(make_app(engine, secret=settings.secret, edges=edges)))
        serving = asyncio.create_task(server.serve(sockets=[control]))
        try:
            await _first(serving, server.answering.wait())
            if inlet is not None:
                await inlet.start()
            if not serving.done():
                ready(engine.port)
            await _first(serving, stop.wait())
        finally:
            await edges.close()
            if inlet is not None:
                inlet.close()
            await engine.close()
            server.should_exit = True
            await serving


def _control(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        ws="none",
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=2,
    )


async def _first(serving: asyncio.Task[None], other: Coroutine[Any, Any, Any]) -> None:
    """Wait for the other, or for the service to end by itself, which would leave nothing to wait for."""
    waiting = asyncio.create_task(other)
    await asyncio.wait([serving, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()


def run(
    *,
    socket_path: Path,
    udp_port: int,
    address: str | None = None,
    host: str = "0.0.0.0",
    secret: str | None = None,
    control_pipe: int | None = None,
    recordings: Path | None = None,
    films: Path | None = None,
    processes: int = 1,
    uplink_mbps: float = 0,
) -> None:
    """Be the media process (`multaqa media`); returns when it was told to stop."""
    settings = MediaSettings(
        control=socket_path,
        port=udp_port,
        address=address,
        host=host,
        secret=secret,
        control_pipe=control_pipe,
        recordings=recordings,
        films=films,
        processes=processes,
        uplink_mbps=uplink_mbps,
        viewers_per_owner=VIEWERS_PER_OWNER,
    )
    uvloop.run(serve(settings, ready=lambda port: logger.info("media is ready on UDP port %d", port)))


def _quieten_libraries() -> None:
    """aioice tells every step of every check; what strangers send must not fill the log."""
    for name in ("aioice", "aiortc"):
        logging.getLogger(name).setLevel(logging.ERROR)


@contextlib.contextmanager
def _control_socket(path: Path) -> Iterator[socket.socket]:
    """Listen on the path, for this user only; a socket left by a killed process is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o777 & ~_SOCKET_MODE)
    try:
        listening.bind(str(path))
    finally:
        os.umask(mask)
    ours = path.stat().st_ino
    try:
        with listening:
            yield listening
    finally:
        # A successor may have the path by now: it was started while we still drained.
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_ino == ours:
                path.unlink()


@contextlib.contextmanager
def _told_to_stop(control_pipe: int | None, stop: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, stop.set if control_pipe is None else lambda: None)
    if control_pipe is not None:
        loop.add_reader(control_pipe, _read_pipe, control_pipe, stop)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
        if control_pipe is not None:
            loop.remove_reader(control_pipe)


def _read_pipe(control_pipe: int, stop: asyncio.Event) -> None:
    if not os.read(control_pipe, 1024):
        asyncio.get_running_loop().remove_reader(control_pipe)
        stop.set()
