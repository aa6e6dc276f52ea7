"""How the process is doing, for supervisors, and what it offers, for programs."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from models.database import Database, Unavailable
from models.migrate import is_behind
from server.api.endpoint import Endpoint
from server.api.openapi import events, openapi

PING_S = 1.0
DISK_SHARE = 0.05
LAG_EVERY_S = 0.25
LAG_MOST_S = 1.0


class LoopLag:
    """How late the event loop runs what is due: the one number that says a process is stuck."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._due = time.monotonic()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._due = time.monotonic() + LAG_EVERY_S
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            self._due = time.monotonic() + LAG_EVERY_S
            await asyncio.sleep(LAG_EVERY_S)
            self.seconds = max(0.0, time.monotonic() - self._due)


@dataclass(frozen=True)
class Health:
    """What readiness looks at. `draining`, `degraded` and `media` are asked anew each time."""

    database: Database
    data_dir: Path
    lag: LoopLag
    draining: Callable[[], bool]
    degraded: Callable[[], bool]
    media: Callable[[], bool]


def routes(health: Health, endpoints: Sequence[Endpoint], *, version: str) -> list[BaseRoute]:
    told: dict[str, Any] = {}  # worked out when somebody first asks: it takes a third of a process's start

    async def once(name: str, make: Callable[[], Any]) -> Any:
        if name not in told:
            told[name] = await asyncio.to_thread(make)
        return told[name]

    async def livez(request: Request) -> Response:
        """Alive: the event loop turns. Nothing else may kill a process."""
        late = health.lag.seconds
        return JSONResponse({"loop_lag_s": round(late, 3)}, status_code=200 if late < LAG_MOST_S else 503)

    async def readyz(request: Request) -> Response:
        """Ready: the database answers in our shape, and there is room. Without Redis or media it is degraded."""
        checks = await _checks(health)
        down = not (checks["database"] and checks["schema"] and checks["disk"]) or checks["draining"]
        degraded = checks["broker_degraded"] or not checks["media"]
        state = "down" if down else "degraded" if degraded else "ready"
        return JSONResponse({"state": state, **checks}, status_code=503 if down else 200)

    async def show_openapi(request: Request) -> Response:
        return JSONResponse(await once("openapi", lambda: openapi(endpoints, version=version)))

    async def show_events(request: Request) -> Response:
        return JSONResponse(await once("events", events))

    return [
        Route("/livez", livez),
        Route("/readyz", readyz),
        Route("/api/openapi.json", show_openapi),
        Route("/api/events.json", show_events),
    ]


async def _checks(health: Health) -> dict[str, Any]:
    behind = False
    try:
        behind = await asyncio.wait_for(health.database.read(lambda db: is_behind(db.connection())), PING_S)
        answers = True
    except (Unavailable, TimeoutError):
        answers = False
    disk = shutil.disk_usage(health.data_dir if health.data_dir.exists() else Path("/"))
    return {
        "database": answers,
        "schema": not behind,
        "disk": disk.free / disk.total >= DISK_SHARE,
        "draining": health.draining(),
        "broker_degraded": health.degraded(),
        "media": health.media(),
    }
