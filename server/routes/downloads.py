"""Files given out: stored pictures, calendars, a programme as CSV and JSON. Plain links, so no JSON API."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from models.card import CardAttachment
from server.actions import ledger
from server.api.rates import ENTERING, EXPORTING, READING, Limiter, Rate
from server.api.runner import Runner, Units, address_of
from server.domain import calendar as calendars
from server.domain.errors import LoginNeeded, NotFound
from server.domain.export import sessions_csv
from server.domain.person import Actor
from server.files import Files
from server.pictures import ENDING
from server.queries import board_export, calendar, programme, public, scope

T = TypeVar("T")
# A stored picture is what we drew ourselves; still nothing in it may ever run (OWASP, "File Upload").
INERT = "default-src 'none'; sandbox"


class Downloads:
    """Everything that a link downloads."""

    def __init__(self, units: Units, runner: Runner, limiter: Limiter, files: Files, *, url: str) -> None:
        self._units = units
        self._runner = runner
        self._limiter = limiter
        self._files = files
        self._url = url

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/files/{name}", self.file),
            Route("/api/attachments/{attachment_id}/content", self.attachment),
            Route("/api/attachments/{attachment_id}/preview", self.preview),
            Route("/api/boards/{board_id}/board.json", self.board_json),
            Route("/api/boards/{board_id}/board.csv", self.board_csv),
            Route("/calendar/{token}.ics", self.feed),
            Route("/p/{slug}/programme.ics", self.public),
            Route("/api/sessions/{session_id}/calendar.ics", self.session),
            Route("/api/conferences/{conference_id}/programme.csv", self.csv),
            Route("/api/conferences/{conference_id}/programme.json", self.json),
        ]

    async def file(self, request: Request) -> Response:
        path = self._files.path(request.path_params["name"])
        if path is None or path.suffix != f".{ENDING}":
            raise NotFound("not_found")
        headers = {"Cache-Control": "public, max-age=31536000, immutable", "Content-Security-Policy": INERT}
        return FileResponse(path, media_type=f"image/{ENDING}", headers=headers)

    async def attachment(self, request: Request) -> Response:
        """A file of a card, to be saved and never shown: whatever is in it, our page does not run it."""
        found = await self._attachment(request)
        path = self._files.path(found.stored or "")
        if path is None:
            raise NotFound("not_found")
        headers = {"Cache-Control": "private, max-age=86400", "Content-Security-Policy": INERT}
        return FileResponse(path, filename=found.name, media_type="application/octet-stream", headers=headers)

    async def preview(self, request: Request) -> Response:
        """A picture of a card, as we drew it anew."""
        path = self._files.path((await self._attachment(request)).preview or "")
        if path is None:
            raise NotFound("not_found")
        headers = {"Cache-Control": "private, max-age=86400", "Content-Security-Policy": INERT}
        return FileResponse(path, media_type=f"image/{ENDING}", headers=headers)

    async def _attachment(self, request: Request) -> CardAttachment:
        id = _id(request, "attachment_id")
        found = lambda db, actor: scope.on_card(db, actor, CardAttachment, id, "board.show")[0]  # noqa: E731
        return await self._asked(request, found)

    async def board_json(self, request: Request) -> Response:
        """A whole board, in the shape of `server.domain.board_file`."""
        id = _id(request, "board_id")
        content = await self._board(request, lambda db, actor: board_export.as_json(db, actor, id, url=self._url))
        return _attached(content, "application/json", "board.json")

    async def board_csv(self, request: Request) -> Response:
        id = _id(request, "board_id")
        content = await self._board(request, lambda db, actor: board_export.as_csv(db, actor, id, url=self._url))
        return _attached(content, "text/csv; charset=utf-8", "board.csv")

    async def _board(self, request: Request, unit: Callable[[Session, Actor], Callable[[], str]]) -> bytes:
        write = await self._asked(request, unit, rate=EXPORTING)
        return await asyncio.to_thread(lambda: write().encode())

    async def feed(self, request: Request) -> Response:
        """A calendar by its address. Asked by programs without a login, each every half hour or so."""
        self._limiter.hit(ENTERING, address_of(request))
        digest = ledger.token_hash(request.path_params["token"])
        return _calendar(await self._units.read(lambda db: calendar.of_feed(db, digest, url=self._url)))

    async def public(self, request: Request) -> Response:
        self._limiter.hit(ENTERING, address_of(request))
        slug = request.path_params["slug"]
        return _calendar(
            await self._units.read(lambda db: calendar.of_public(db, public.by_slug(db, slug), url=self._url))
        )

    async def session(self, request: Request) -> Response:
        id = _id(request, "session_id")
        content = await self._asked(request, lambda db, actor: calendar.of_session(db, actor, id, url=self._url))
        return _calendar(content, name="session.ics")

    async def csv(self, request: Request) -> Response:
        id = _id(request, "conference_id")
        shown = await self._asked(request, lambda db, actor: programme.conference_snapshot(db, actor, id))
        text = sessions_csv(shown.sessions, zone=shown.conference.zone, url=self._url)
        return _attached(text.encode(), "text/csv; charset=utf-8", "programme.csv")

    async def json(self, request: Request) -> Response:
        id = _id(request, "conference_id")
        shown = await self._asked(request, lambda db, actor: programme.conference_snapshot(db, actor, id))
        content = shown.model_dump_json(exclude={"position"}, indent=1)
        return _attached(content.encode(), "application/json", "programme.json")

    async def _asked(
        self, request: Request, unit: Callable[[Session, Actor], T], *, rate: Rate | None = None
    ) -> T:
        """Read as who asks. `rate` is how often one person may, where that is less than others read."""
        self._limiter.hit(READING, address_of(request))
        actor = await self._runner.actor(request)
        if actor is None:
            raise LoginNeeded("login.needed")
        if rate is not None:
            self._limiter.hit(rate, str(actor.person_id))
        return await self._units.read(lambda db: unit(db, actor))


def _calendar(content: bytes, name: str = "programme.ics") -> Response:
    return _attached(content, f"{calendars.FILE_TYPE}; charset=utf-8", name, cache="private, max-age=300")


def _attached(content: bytes, kind: str, name: str, *, cache: str = "private, no-cache") -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": cache}
    return Response(content, headers=headers | {"Content-Type": kind})


def _id(request: Request, name: str) -> UUID:
    try:
        return UUID(request.path_params[name])
    except ValueError:
        raise NotFound("not_found") from None
