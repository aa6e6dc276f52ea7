"""Doors for "check my connection": open without a login, small, and counted by address."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from server.api.endpoint import Endpoints, Reply, Visit
from server.api.rates import Limiter, Rate
from server.api.runner import address_of
from server.domain import check, stage
from server.domain.check import CheckAnswer, CheckOffer, CheckStart
from server.live.media import MediaClient

CHECKING = Rate("checking", "120/minute", by_address=True)
PROBING = Rate("probing", "60/minute", by_address=True)
FETCHING = Rate("fetching", "20/minute", by_address=True)
DRIPS = 4
DRIP_S = 1.0


def flows(media: MediaClient, *, turn_url: str, turn_secret: str) -> Endpoints:
    group = Endpoints("check")

    @group.flow("check.start", "GET", "/api/check", result=CheckStart, rate=CHECKING)
    async def start(visit: Visit) -> Reply:
        """The server's clock, and a short-lived key to the relay."""
        who = f"check-{secrets.randbelow(check.RELAY_NAMES)}"
        now = time.time()
        servers = stage.ice_servers(turn_url, turn_secret, who, now_s=int(now), life_s=check.RELAY_LIFE_S)
        return Reply(CheckStart(now_ms=int(now * 1000), ice_servers=servers))

    @group.flow("check.connect", "POST", "/api/check/media", body=CheckOffer, result=CheckAnswer, rate=PROBING)
    async def connect(visit: Visit, body: CheckOffer) -> Reply:
        """Connect to the media process as for a talk; nothing is sent."""
        answer = await media.probe(id=secrets.token_urlsafe(16), offer=body.offer)
        return Reply(CheckAnswer(answer=answer))

    return group


def routes(limiter: Limiter) -> list[BaseRoute]:
    """Bytes to fetch, and an answer that takes its time: neither is JSON."""
    noise = secrets.token_bytes(check.BYTES)  # nothing on the way can squeeze it

    async def fetch(request: Request) -> Response:
        limiter.hit(FETCHING, address_of(request))
        return Response(noise, media_type="application/octet-stream", headers={"Cache-Control": "no-store"})

    async def drip(request: Request) -> Response:
        limiter.hit(FETCHING, address_of(request))
        return StreamingResponse(_drops(), media_type="text/plain", headers={"Cache-Control": "no-store"})

    return [Route("/api/check/bytes", fetch, methods=["GET"]), Route("/api/check/drip", drip, methods=["GET"])]


async def _drops() -> AsyncIterator[bytes]:
    """A line a second: what stands between must neither keep them together nor cut them off."""
    for number in range(DRIPS):
        yield b"%d\n" % number
        if number < DRIPS - 1:
            await asyncio.sleep(DRIP_S)
