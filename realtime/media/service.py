"""The control link: the media process as an HTTP service for our own servers, on a Unix socket.

The bodies are JSON with SDP as text inside; refusals are `{code, detail}` with the status to pass on.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from .edges import Answer, Edges
from .engine import Engine
from .errors import UNKNOWN_PEER, MediaError, too_large
from .feed import SLOTS
from .films.source import FilmWish
from .quality import Mode
from .room import FeedName, Wish, Writing
from .sdp import MAX_BYTES
from .sender import Source

_MAX_BODY_BYTES = 4 * MAX_BYTES
"""An offer at its limit, escaped for JSON, with room to spare."""

_Name = Field(min_length=1, max_length=200)

Handler = Callable[[Request], Awaitable[Response]]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True)


class PublisherBody(_Body):
    id: str = _Name
    owner: str = _Name
    label: str = Field(default="", max_length=200)
    kind: Source = "camera"
    offer: str


class ViewerBody(_Body):
    id: str = _Name
    owner: str = _Name
    feed: FeedName
    mode: Mode = "automatic"
    offer: str


class QualityBody(_Body):
    owner: str = _Name
    mode: Mode | None = None
    """None asks only."""
    shown: dict[int, Annotated[int, Field(ge=0, le=20_000)]] | None = Field(default=None, max_length=2 * SLOTS)


class ProbeBody(_Body):
    id: str = _Name
    offer: str


class PatchBody(_Body):
    owner: str = _Name
    sdpfrag: str
    etag: str | None = None


class WritingBody(_Body):
    folder: str = Field(pattern=r"^[A-Za-z0-9_-]{16,64}$")
    record: bool = False


class FilmBody(_Body):
    id: str = _Name
    owner: str = _Name
    label: str = Field(default="", max_length=200)
    folder: str = Field(pattern=r"^[A-Za-z0-9_-]{16,64}$")
    since: float
    kind: Source = "video"
    loop: bool = False


class WishBody(_Body):
    revision: int = Field(ge=0)
    open: bool
    on_air: Literal["all"] | list[str] = Field(default_factory=list)
    codec: Literal["", "H264", "VP8", "VP9", "AV1"] = ""
    programme: WritingBody | None = None
    muted: list[str] = Field(default_factory=list)
    films: list[FilmBody] = Field(default_factory=list, max_length=SLOTS)


class BesidesBody(_Body):
    bytes: int = Field(ge=0)


class DropBody(_Body):
    owners: list[str]
    rooms: list[str] | None = None


_B = TypeVar("_B", bound=_Body)


def make_app(engine: Engine, *, secret: str | None, edges: Edges | None = None) -> Starlette:
    """The control link of an engine; `edges` are the other processes it passes viewers on to."""
    edges = edges or Edges(engine)
    doors = _Doors(engine, edges)

    def route(path: str, handler: Handler, method: str) -> Route:
        return _route(path, handler, method, secret, edges)

    routes = [
        route("/rooms/{room}/publishers", doors.add_publisher, "POST"),
        route("/rooms/{room}/viewers", doors.add_viewer, "POST"),
        route("/probes", doors.add_probe, "POST"),
        route("/rooms/{room}/peers/{id}", doors.patch_peer, "PATCH"),
        route("/rooms/{room}/peers/{id}", doors.delete_peer, "DELETE"),
        route("/rooms/{room}/viewers/{id}/quality", doors.put_quality, "PUT"),
        route("/rooms/{room}/health", doors.health, "GET"),
        route("/rooms/{room}", doors.put_room, "PUT"),
        route("/drop", doors.drop, "POST"),
        route("/besides", doors.besides, "POST"),
        route("/owners", doors.owners, "GET"),
        route("/events", doors.events, "GET"),
        route("/stats", doors.stats, "GET"),
    ]
    return Starlette(routes=routes)


def _route(path: str, handler: Handler, method: str, secret: str | None, edges: Edges) -> Route:
    async def guarded(request: Request) -> Response:
        request.state.raw = b""
        try:
            _check_secret(request, secret)
            return await handler(request)
        except MediaError as error:
            if error.code != UNKNOWN_PEER:
                return _refusal(error)
            asked = f"{request.url.path}?{request.url.query}"
            answered = await edges.elsewhere(request.method, asked, request.state.raw)
            return _refusal(error) if answered is None else _passed_on(answered)

    return Route(path, guarded, methods=[method])


def _check_secret(request: Request, secret: str | None) -> None:
    given = request.headers.get("authorization", "")
    if secret is not None and not hmac.compare_digest(given.encode(), f"Bearer {secret}".encode()):
        raise MediaError(status=401, code="control.refused", detail="The media secret is missing or wrong.")


def _refusal(error: MediaError) -> Response:
    body: dict[str, object] = {"code": error.code, "detail": error.detail}
    if error.retry_after_s is not None:
        body["retry_after_s"] = error.retry_after_s
    return JSONResponse(body, status_code=error.status)


def _passed_on(answer: Answer) -> Response:
    return Response(answer.body, answer.status, media_type="application/json")


async def _read(request: Request, shape: type[_B]) -> _B:
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > _MAX_BODY_BYTES:
            raise too_large("The request is too large.")
    request.state.raw = bytes(raw)
    try:
        return shape.model_validate_json(request.state.raw)
    except ValidationError as error:
        raise MediaError(status=400, code="control.malformed", detail=_where(error)) from None


def _where(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())


class _Doors:
    """One method per endpoint."""

    def __init__(self, engine: Engine, edges: Edges) -> None:
        self._engine = engine
        self._edges = edges

    async def add_publisher(self, request: Request) -> Response:
        body = await _read(request, PublisherBody)
        publisher = self._engine.publish(
            request.path_params["room"],
            id=body.id,
            owner=body.owner,
            label=body.label,
            offer=body.offer,
            kind=body.kind,
        )
        answer = {"id": publisher.id, "answer": publisher.answer, "etag": publisher.etag}
        return JSONResponse(answer, status_code=201)

    async def add_viewer(self, request: Request) -> Response:
        body = await _read(request, ViewerBody)
        if body.feed == "air":
            answered = await self._edges.view(request.path_params["room"], request.url.path, request.state.raw)
            if answered is not None:
                return _passed_on(answered)
        viewer = self._engine.view(
            request.path_params["room"],
            id=body.id,
            owner=body.owner,
            feed=body.feed,
            offer=body.offer,
            mode=body.mode,
        )
        answer = {"id": viewer.id, "answer": viewer.answer, "etag": viewer.etag}
        return JSONResponse(answer, status_code=201)

    async def put_quality(self, request: Request) -> Response:
        body = await _read(request, QualityBody)
        viewer = self._engine.viewer(request.path_params["room"], request.path_params["id"], body.owner)
        if body.mode is not None:
            viewer.want(body.mode, body.shown)
        return JSONResponse(viewer.quality())

    async def add_probe(self, request: Request) -> Response:
        body = await _read(request, ProbeBody)
        probe = self._engine.probe(body.id, body.offer)
        return JSONResponse({"id": probe.id, "answer": probe.answer}, status_code=201)

    async def patch_peer(self, request: Request) -> Response:
        body = await _read(request, PatchBody)
        peer = self._engine.peer(request.path_params["room"], request.path_params["id"], body.owner)
        answer = peer.patch(body.sdpfrag, body.etag)
        if answer is None:
            return Response(status_code=204)
        return JSONResponse({"sdpfrag": answer, "etag": peer.etag})

    async def delete_peer(self, request: Request) -> Response:
        owner = request.query_params.get("owner", "")
        self._engine.end(request.path_params["room"], request.path_params["id"], owner)
        return JSONResponse({})

    async def put_room(self, request: Request) -> Response:
        body = await _read(request, WishBody)
        wish = Wish(
            revision=body.revision,
            open=body.open,
            on_air="all" if body.on_air == "all" else frozenset(body.on_air),
            codec=body.codec,
            programme=Writing(body.programme.folder, body.programme.record) if body.programme else None,
            muted=frozenset(body.muted),
            films=tuple(FilmWish(**film.model_dump()) for film in body.films),
        )
        self._engine.want(request.path_params["room"], wish)
        await self._edges.want(request.path_params["room"], request.state.raw, open=wish.open)
        return Response(status_code=204)

    async def health(self, request: Request) -> Response:
        own = self._engine.health(request.path_params["room"])
        return JSONResponse(await self._edges.health(request.url.path, own))

    async def drop(self, request: Request) -> Response:
        body = await _read(request, DropBody)
        dropped = self._engine.drop(body.owners, body.rooms) + await self._edges.drop(request.state.raw)
        return JSONResponse({"dropped": dropped})

    async def besides(self, request: Request) -> Response:
        """A server sent so many bytes by the same line since it told last: the line is shared, and so are they."""
        body = await _read(request, BesidesBody)
        self._engine.besides(await self._edges.besides(body.bytes))
        return Response(status_code=204)

    async def owners(self, request: Request) -> Response:
        return JSONResponse(await self._edges.owners(self._engine.owners()))

    async def events(self, request: Request) -> Response:
        return StreamingResponse(self._lines(), media_type="application/x-ndjson")

    async def _lines(self) -> AsyncIterator[bytes]:
        async for event in self._engine.events.listen():
            yield json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    async def stats(self, request: Request) -> Response:
        return JSONResponse(await self._edges.stats(self._engine.stats()))
