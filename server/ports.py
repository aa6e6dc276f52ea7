"""The ports a start gets: the wished ones, or for the example the next free ones."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from config.settings import Settings

PORTS_TRIED = 50
WAIT_S = 20.0
LOOK_S = 0.25
BACKLOG = 2048


class PortTaken(Exception):
    """Somebody else listens on the wished port, and went on to."""


@contextmanager
def listening(settings: Settings, *, search: bool) -> Iterator[tuple[socket.socket, Settings]]:
    """The listening socket, and the settings with the ports it really got.

    With `search` a taken port is answered by the next free one. Without it a start waits a while: after
    a crash of the parent its last workers hold the port until they have drained. Media's UDP port is
    looked for in the same way. Raises PortTaken.
    """
    tries = PORTS_TRIED if search else 1
    waits = 0.0 if search else WAIT_S
    bound = _waited_for(settings.host, settings.port, tries=tries, seconds=waits)
    if bound is None:
        raise PortTaken(settings.port)
    with bound:
        bound.listen(BACKLOG)
        port = bound.getsockname()[1]
        wished = settings.media_port or port
        probe = _bound(settings.host, wished, socket.SOCK_DGRAM, tries=tries)
        media_port = probe.getsockname()[1] if probe else wished
        if probe:
            probe.close()
        yield bound, settings.model_copy(update={"port": port, "media_port": media_port})


def _waited_for(host: str, port: int, *, tries: int, seconds: float) -> socket.socket | None:
    until = time.monotonic() + seconds
    while (bound := _bound(host, port, socket.SOCK_STREAM, tries=tries)) is None:
        if time.monotonic() >= until:
            return None
        time.sleep(LOOK_S)
    return bound


def _bound(host: str, port: int, kind: socket.SocketKind, *, tries: int) -> socket.socket | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(port, port + tries):
        bound = socket.socket(family, kind)
        if kind == socket.SOCK_STREAM:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((host, candidate if port else 0))
        except OSError:
            bound.close()
            continue
        return bound
    return None
