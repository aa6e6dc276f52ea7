"""An assembled server on a real HubServer in the test's own loop: the same parts that a worker process runs."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher

from config.settings import Settings
from models.database import Database
from realtime.hub.uvicorn import HubServer, server_config
from server.assembly import Assembled, assemble
from server.routes.passwords import Passwords
from tests.support.client import Browser
from tests.support.services import Backend

DRAIN_S = 2
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Server:
    """One server process. `db` is a handle of the tests' own: what it writes, the server hears of as from afar."""

    def __init__(self, settings: Settings, assembled: Assembled, server: HubServer, db: Database) -> None:
        self.settings = settings
        self.assembled = assembled
        self.server = server
        self.db = db

    @property
    def url(self) -> str:
        return self.settings.url

    @asynccontextmanager
    async def browser(self, token: str | None = None, **options: Any) -> AsyncIterator[Browser]:
        """A browser of its own, signed in when a login's token is given."""
        async with Browser(self.url, token, **options) as browser:
            yield browser


@asynccontextmanager
async def serving(backend: Backend, folder: Path, *, node: str = "n1", **given: Any) -> AsyncIterator[Server]:
    """A server on a free port, started and stopped in whole. No media process is behind it."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        # asyncio does it only where the protocol is told (uvloop always): else each answer waits 40 ms.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        settings = Settings.load(
            backend.environment, data_dir=folder, host="127.0.0.1", port=sock.getsockname()[1], **given
        )
        assembled = assemble(settings, node=node, passwords=Passwords(CHEAP))
        server = HubServer(server_config(assembled.app, drain_s=DRAIN_S), on_drain=assembled.drain)
        task = asyncio.create_task(server.serve(sockets=[sock]))
        db = Database(backend.database_url)
        try:
            await server.serving.wait()
            yield Server(settings, assembled, server, db)
        finally:
            server.should_exit = True
            await task
            await db.close()
