"""A server process under its parent: serves on the socket it was given until its control pipe closes.

Signals are the parent's business: a terminal sends SIGINT to all processes at once, and a child that
dies before its parent breaks the drain.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Iterator

import uvicorn
import uvloop

from config.settings import Settings
from realtime.hub.uvicorn import HubServer, server_config
from server.assembly import Assembled, assemble


class _Unsignalled(uvicorn.Server):
    """A server that leaves signals alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Worker(_Unsignalled, HubServer):
    """The hub's server, likewise."""


def run(settings: Settings, *, socket_fd: int, control_fd: int, index: int) -> None:
    """Serve until the control pipe closes, then drain and return."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    uvloop.run(_serve(settings, assemble(settings), socket_fd, control_fd, index))


async def _serve(settings: Settings, assembled: Assembled, socket_fd: int, control_fd: int, index: int) -> None:
    config = server_config(assembled.app, trusted_proxies=settings.proxies)
    server = _Worker(config, on_drain=assembled.drain)
    loop = asyncio.get_running_loop()

    def told() -> None:
        if not os.read(control_fd, 1024):
            loop.remove_reader(control_fd)
            server.should_exit = True

    loop.add_reader(control_fd, told)
    metrics = asyncio.create_task(_metrics(settings, assembled, index)) if settings.metrics_port else None
    try:
        # No copy of it may stay open: while we drain, newcomers are to be refused and not to wait in its queue.
        await server.serve(sockets=[socket.socket(fileno=socket_fd)])
    finally:
        loop.remove_reader(control_fd)
        if metrics is not None:
            metrics.cancel()
            await asyncio.gather(metrics, return_exceptions=True)


async def _metrics(settings: Settings, assembled: Assembled, index: int) -> None:
    """Numbers on the loopback address, each process on a port of its own."""
    config = uvicorn.Config(
        assembled.metrics,
        host="127.0.0.1",
        port=settings.metrics_port + index,
        lifespan="off",
        log_config=None,
        access_log=False,
    )
    await _Unsignalled(config).serve()
