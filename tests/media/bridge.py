"""A small WHIP and WHEP door in front of a media process, standing in for the server in these tests."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from collections.abc import AsyncIterator
from typing import cast

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from realtime.media.engine import Engine
from realtime.media.errors import MediaError
from realtime.media.peer import Peer
from realtime.media.room import FeedName
from realtime.media.sender import Source

from .conftest import ROOM

KEY = "stream-key"
PAGE = "<!doctype html><video id=v0 autoplay></video><video id=v1 autoplay></video>"


class Bridge:
    """Serves one room over real HTTP on a free port of the loopback."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.url = ""
        self.authorizations: list[str] = []

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", lambda request: HTMLResponse(PAGE)),
                Route("/whip", self._whip, methods=["POST"]),
                Route("/whep", self._whep, methods=["POST"]),
                Route("/peer/{id}", self._end, methods=["DELETE"]),
                Route("/peer/{id}", self._restart, methods=["PATCH"]),
            ]
        )

    async def _whip(self, request: Request) -> Response:
        self.authorizations.append(request.headers.get("authorization", ""))
        offer = (await request.body()).decode()
        owner = request.query_params.get("owner", "film")
        kind = cast(Source, request.query_params.get("kind", "camera"))
        try:
            id = secrets.token_urlsafe(16)
            return _created(self._engine.publish(ROOM, id=id, owner=owner, label="", kind=kind, offer=offer))
        except MediaError as error:
            return PlainTextResponse(error.detail, error.status)

    async def _whep(self, request: Request) -> Response:
        offer = (await request.body()).decode()
        feed: FeedName = "air"
        return _created(
            self._engine.view(ROOM, id=secrets.token_urlsafe(16), owner="guest", feed=feed, offer=offer)
        )

    async def _restart(self, request: Request) -> Response:
        peer = self._engine.peer(ROOM, request.path_params["id"], "guest")
        answer = peer.patch((await request.body()).decode(), request.headers["if-match"].strip('"'))
        return PlainTextResponse(answer, 200, headers={"etag": f'"{peer.etag}"'})

    async def _end(self, request: Request) -> Response:
        with contextlib.suppress(MediaError):
            self._engine.end(ROOM, request.path_params["id"], "film")
        return Response()

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[Bridge]:
        listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(self.app(), log_config=None, lifespan="off", ws="none"))
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield self
        finally:
            server.should_exit = True
            await serving
            listening.close()


def _created(peer: Peer) -> Response:
    return PlainTextResponse(
        peer.answer, 201, headers={"location": f"/peer/{peer.id}"}, media_type="application/sdp"
    )
