"""The media doors: WHIP (RFC 9725) to send, WHEP (draft-ietf-wish-whep-04) to watch.

A browser comes with its login cookie, OBS and FFmpeg with a stream key as Bearer. The resource of a
connection is `/whip/{session}/{node}.{random}`: any server process finds the media process by the node.
"""

from __future__ import annotations

import re
import secrets
from uuid import UUID

from pydantic import ValidationError
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from server.actions import ledger
from server.api.problem import from_validation
from server.api.rates import NEWCOMING, STREAMING, VIEWING, Limiter, Rate
from server.api.runner import Runner, Units, address_of, read_body
from server.domain.errors import LoginNeeded, NotFound, WrongKind
from server.domain.person import Actor, owner_of
from server.domain.stage import FEEDS
from server.domain.viewing import MODES, Mode, QualityChoice
from server.live.media import MediaClient
from server.queries import stage
from server.queries.stage import Comer

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
SDP_BYTES = 64 * 1024
QUALITY_BYTES = 2 * 1024
KINDS = ("camera", "screen")
_RESOURCE_ID = re.compile(r"[A-Za-z0-9_-]+")  # as `secrets.token_urlsafe` writes them


class MediaDoors:
    """WHIP and WHEP endpoints and their resources, over the control link."""

    def __init__(self, units: Units, runner: Runner, limiter: Limiter, media: MediaClient) -> None:
        self._units = units
        self._runner = runner
        self._limiter = limiter
        self._media = media

    def routes(self) -> list[BaseRoute]:
        doors: list[BaseRoute] = [
            Route("/whep/{session_id}/{resource}/quality", self.quality, methods=["GET", "PUT"])
        ]
        for protocol in ("whip", "whep"):
            methods = ["POST", "GET", "OPTIONS", "DELETE"]
            doors.append(Route(f"/{protocol}/{{session_id}}", self.endpoint, methods=methods))
            methods = ["PATCH", "DELETE", "GET", "OPTIONS"]
            doors.append(Route(f"/{protocol}/{{session_id}}/{{resource}}", self.resource, methods=methods))
        return doors

    async def endpoint(self, request: Request) -> Response:
        """POST an offer, get an answer and the address of the connection."""
        if request.method == "OPTIONS":
            return Response(headers={"Accept-Post": SDP, "Allow": "POST, GET, HEAD, OPTIONS"})
        sending = request.url.path.startswith("/whip/")
        if request.method in {"GET", "HEAD"}:
            # WHEP players look whether there is an endpoint by HEAD, and want its type (draft -04).
            return Response(status_code=204 if sending else 200, media_type=SDP)
        if request.method != "POST":
            return Response(status_code=405, headers={"Allow": "POST, GET, HEAD, OPTIONS"})
        session_id = _session_id(request)
        feed = request.query_params.get("feed", "air")
        if feed not in FEEDS:
            raise NotFound("not_found")
        mode = _mode(request)
        comer = await self._comer(request, session_id, "stage.publish" if sending else FEEDS[feed])
        kind = _kind(request)
        if _content_type(request) != SDP:
            raise WrongKind("content_type.unknown")
        offer = (await read_body(request, most=SDP_BYTES)).decode("utf-8", "replace")
        id = secrets.token_urlsafe(16)
        room = str(session_id)
        done = (
            await self._media.publish(room, id=id, owner=comer.owner, label=comer.label, kind=kind, offer=offer)
            if sending
            else await self._media.watch(room, id=id, owner=comer.owner, feed=feed, mode=mode, offer=offer)
        )
        location = f"{request.url.path}/{self._media.node}.{done.id}"
        headers = {"Location": location, "ETag": f'"{done.etag}"', "Accept-Patch": FRAGMENT}
        return Response(done.answer, status_code=201, media_type=SDP, headers=headers)

    async def resource(self, request: Request) -> Response:
        """PATCH a candidate or a restart into a connection of one's own, or DELETE it."""
        if request.method == "OPTIONS":
            return Response(headers={"Accept-Patch": FRAGMENT, "Allow": "PATCH, DELETE, GET, HEAD, OPTIONS"})
        if request.method in {"GET", "HEAD"}:
            return Response(status_code=204)
        session_id = _session_id(request)
        node, _, id = request.path_params["resource"].partition(".")
        owner = await self._owner(request, session_id)
        if node != self._media.node or not _RESOURCE_ID.fullmatch(id):
            raise NotFound("not_found")
        if request.method == "DELETE":
            await self._media.leave(str(session_id), id, owner=owner)
            return Response(status_code=200)
        return await self._patch(request, str(session_id), id, owner)

    async def quality(self, request: Request) -> Response:
        """GET what is sent to a viewer and what each choice costs; PUT a choice and how large the pictures are."""
        session_id = _session_id(request)
        node, _, id = request.path_params["resource"].partition(".")
        owner = await self._owner(request, session_id, VIEWING)
        if node != self._media.node or not _RESOURCE_ID.fullmatch(id):
            raise NotFound("not_found")
        choice = None
        if request.method == "PUT":
            if _content_type(request) != "application/json":
                raise WrongKind("content_type.unknown")
            choice = _choice(await read_body(request, most=QUALITY_BYTES))
        told = await self._media.quality(str(session_id), id, owner=owner, choice=choice)
        return Response(told.model_dump_json(), media_type="application/json")

    async def _patch(self, request: Request, room: str, id: str, owner: str) -> Response:
        if _content_type(request) != FRAGMENT:
            raise WrongKind("content_type.unknown")
        fragment = (await read_body(request, most=SDP_BYTES)).decode("utf-8", "replace")
        etag = request.headers.get("if-match")
        done = await self._media.patch(
            room, id, owner=owner, sdpfrag=fragment, etag=etag.strip('"') if etag else None
        )
        if done.sdpfrag is None:
            return Response(status_code=204)
        return Response(done.sdpfrag, media_type=FRAGMENT, headers={"ETag": f'"{done.etag}"'})

    async def _comer(self, request: Request, session_id: UUID, permission: str) -> Comer:
        actor, room = await self._asker(request)

        def unit(db: Session) -> Comer:
            if room is not None:
                stage.check_room(room, session_id)
            return stage.comer(db, actor, session_id, permission)

        return await self._units.read(unit)

    async def _owner(self, request: Request, session_id: UUID, rate: Rate = STREAMING) -> str:
        """What media knows the asker as: a resource of somebody else's answers like an unknown one."""
        actor, room = await self._asker(request, rate)
        if room is not None:
            stage.check_room(room, session_id)
        return owner_of(actor.person_id, actor.login_id)

    async def _asker(self, request: Request, rate: Rate = STREAMING) -> tuple[Actor, UUID | None]:
        """Who asks, and the one session their stream key opens (None for a login). Counted by person."""
        self._limiter.hit(NEWCOMING, address_of(request))
        actor, room = await self._proved(request)
        self._limiter.hit(rate, str(actor.person_id))
        return actor, room

    async def _proved(self, request: Request) -> tuple[Actor, UUID | None]:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            found = await self._units.read(lambda db: stage.keyholder(db, ledger.token_hash(key.strip())))
            if found is None:
                raise LoginNeeded("login.needed")
            return found
        self._runner.check_origin(request, cookie=self._runner.login_token(request) is not None)
        actor = await self._runner.actor(request)
        if actor is None:
            raise LoginNeeded("login.needed")
        return actor, None


def _mode(request: Request) -> Mode:
    """What a viewer wants from the first packet on: who saves data must not be sent a picture first."""
    mode = request.query_params.get("quality", MODES[0])
    return mode if mode in MODES else MODES[0]


def _choice(body: bytes) -> QualityChoice:
    try:
        return QualityChoice.model_validate_json(body)
    except ValidationError as error:
        raise from_validation(error) from None


def _kind(request: Request) -> str:
    """A program with a stream key stands in for its person's camera; a browser says what it sends."""
    if request.headers.get("authorization", "").lower().startswith("bearer "):
        return "obs"
    kind = request.query_params.get("kind", KINDS[0])
    if kind not in KINDS:
        raise NotFound("not_found")
    return kind


def _session_id(request: Request) -> UUID:
    try:
        return UUID(request.path_params["session_id"])
    except ValueError:
        raise NotFound("not_found") from None


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
