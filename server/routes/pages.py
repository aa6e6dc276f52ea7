"""Every page of the front end is one HTML shell with language, direction, title and who one is filled in.

It paints in the system font before any script arrives; what follows is loaded from `/assets`, which never
changes under its name.
"""

from __future__ import annotations

import gzip
import html
import json
import re
import secrets
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import UUID

from starlette.convertors import Convertor, register_url_convertor
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from models.database import Unavailable
from server.api.runner import Runner, Units, locale_of
from server.domain.errors import NotFound
from server.messages import LOCALES, sentence
from server.queries import audience, people
from server.queries import public as programmes
from server.routes import public

LONGEST_NAME = 100  # a name the file system refuses to look for is an error of its own
SHELL_LEVEL = 6  # of 18 KB: 5.9 KB in 0.5 ms, where 4 gives 6.0 and 9 no less
DIRECTION = {"ar": "rtl", "en": "ltr"}
PAGES = (
    "/",
    "/sign-in",
    "/sign-up",
    "/join",
    "/enter",
    "/setup",
    "/me",
    "/check",
    "/r/{ref}",
    "/pass",
    "/notifications",
    "/unsubscribe",
    "/demo/outbox",
    "/c/{id}",
    "/c/{id}/people",
    "/c/{id}/edit",
    "/c/{id}/{rest:path}",
    "/s/{id}",
    "/s/{id}/{rest:path}",
    "/t/{id}",
    "/work",
    "/b/{id}",
)


# What the build squeezed, best first: (name in Accept-Encoding, ending of the file).
ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


class Assets(StaticFiles):
    """Built files. Their names carry their content's hash, so browsers may keep them for a year.

    Beside most stands the same squeezed by the build: a third of the bytes on a weak network.
    """

    def file_response(self, full_path: Any, stat_result: Any, scope: Scope, status_code: int = 200) -> Response:
        accepted = Headers(scope=scope).get("accept-encoding", "")
        response, path = None, Path(full_path)
        for encoding, ending in ENCODINGS if path.suffix in MEDIA_TYPES else ():
            squeezed = path.with_name(path.name + ending)
            if encoding in accepted and squeezed.is_file():
                response = super().file_response(squeezed, squeezed.stat(), scope, status_code)
                response.headers["Content-Type"] = f"{MEDIA_TYPES[path.suffix]}; charset=utf-8"
                response.headers["Content-Encoding"] = encoding
                break
        response = response or super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        response.headers["Vary"] = "Accept-Encoding"
        return response


class OfPeople(Convertor[str]):
    """Any address but those of machines, whose mistakes are answered as problems."""

    regex = r"(?!(?:api|whip|whep|assets)(?:/|$)).*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("of_people", OfPeople())


class Pages:
    """Fills and answers the shell. `build` tells an older page to reload itself."""

    def __init__(
        self, dist: Path, units: Units, runner: Runner, *, build: str, demo: bool, secure: bool, url: str
    ) -> None:
        self._dist = dist
        self._units = units
        self._runner = runner
        self._build = build
        self._demo = demo
        self._secure = secure
        self._url = url

    def routes(self) -> list[BaseRoute]:
        mounted: list[BaseRoute] = [Route(path, self.shell, methods=["GET"]) for path in PAGES]
        mounted.append(Route("/p/{slug}", self.public, methods=["GET"]))
        mounted.append(Route("/in/{session_id}", self.way_in, methods=["GET"]))
        mounted.append(Route("/shared/{token}", self.shared, methods=["GET"]))
        if (self._dist / "assets").is_dir():
            mounted.append(Mount("/assets", Assets(directory=self._dist / "assets")))
        mounted.append(Route("/{name:of_people}", self.file, methods=["GET"]))
        return mounted

    async def file(self, request: Request) -> Response:
        """The few files at the root: the icon, the manifest, the service worker. Whoever follows a link that
        leads nowhere gets a page that says so; a program gets a problem."""
        name = request.path_params["name"]
        path = self._dist / name
        unfit = len(name) > LONGEST_NAME or "/" in name or name.startswith(".") or name == "index.html"
        if not unfit and path.is_file():
            return FileResponse(path, headers={"Cache-Control": "no-cache"})
        if "text/html" not in request.headers.get("accept", ""):
            raise NotFound("page.not_found")
        answer = await self.shell(request)
        answer.status_code = 404
        return answer

    async def public(self, request: Request) -> Response:
        """A public programme: readable before the program comes, and without it."""
        try:
            shown = await self._units.read(lambda db: programmes.show(db, request.path_params["slug"]))
        except NotFound:
            answer = await self.shell(request)
            answer.status_code = 404
            return answer
        except Unavailable:
            return await self.shell(request)
        locale = _locale(request, await self._me(request))
        return await self.shell(
            request,
            title=html.escape(public.title(shown, locale)),
            description=html.escape(public.about(shown, locale)),
            head=public.head(shown, locale=locale, url=self._url),
            reading=public.body(shown, locale=locale),
        )

    async def way_in(self, request: Request) -> Response:
        """What the projector's code leads to. Each visitor is led anew: the next one may know nobody here."""
        try:
            session = UUID(request.path_params["session_id"])
        except ValueError:
            answer = await self.shell(request)
            answer.status_code = 404
            return answer
        try:
            actor = await self._runner.actor(request)
            page = await self._units.read(lambda db: audience.way_in(db, actor, session))
        except Unavailable:
            page = f"/s/{session}"
        return RedirectResponse(page, 303, {"Cache-Control": "no-store"})

    async def shared(self, request: Request) -> Response:
        """A board for whoever has its link: no search engine has."""
        answer = await self.shell(request)
        answer.headers["X-Robots-Tag"] = "noindex, nofollow"
        return answer

    async def shell(self, request: Request, **told: str) -> Response:
        """The page's frame; `told` fills in what one address knows better, as HTML."""
        me = await self._me(request)
        locale = _locale(request, me)
        nonce = secrets.token_urlsafe(16)
        boot = {"me": me, "build": self._build, "locale": locale, "demo": self._demo}
        text = _filled(
            (self._dist / "index.html").read_text("utf-8"),
            {
                "lang": locale,
                "dir": DIRECTION[locale],
                "title": html.escape(sentence(locale, "app.name")),
                "description": html.escape(sentence(locale, "app.tagline")),
                "nonce": nonce,
                "preload": preload(self._dist, request.url.path, locale),
                "boot": json.dumps(boot, ensure_ascii=False).replace("<", "\\u003c"),
                **told,
            },
        )
        headers = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": self._policy(nonce),
            "Vary": "Accept-Encoding",
        }
        body = text.encode()
        if "gzip" in request.headers.get("accept-encoding", ""):
            body = gzip.compress(body, compresslevel=SHELL_LEVEL, mtime=0)
            headers["Content-Encoding"] = "gzip"
        return Response(body, media_type="text/html; charset=utf-8", headers=headers)

    async def _me(self, request: Request) -> dict[str, Any] | None:
        """Who one is; a database that does not answer still gives a page, which says so by itself."""
        try:
            actor = await self._runner.actor(request)
            if actor is None:
                return None
            me = await self._units.read(lambda db: people.me(db, actor.person_id))
        except Unavailable:
            return None
        return me.model_dump(mode="json")

    def _policy(self, nonce: str) -> str:
        parts = [
            "default-src 'none'",
            f"script-src 'self' 'nonce-{nonce}'",
            f"style-src 'self' 'nonce-{nonce}'",
            "style-src-attr 'unsafe-inline'",
            "connect-src 'self'",
            "img-src 'self' data: blob:",
            "media-src 'self' blob: mediastream:",
            "font-src 'self'",
            "manifest-src 'self'",
            "worker-src 'self' blob:",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
        return "; ".join([*parts, *(["upgrade-insecure-requests"] if self._secure else [])])


def preload(dist: Path, path: str, locale: str) -> str:
    """Links to what this address will load anyway: found out one after another, each costs a turn of the line."""
    table = dist / "chunks.json"
    if not table.is_file():
        return ""
    chunks = json.loads(table.read_text("utf-8"))
    needed, areas = next((row[1:] for row in chunks["routes"] if re.match(row[0], path)), ([], []))
    words = (chunks["words"][locale].get(area, []) for area in ("core", *areas))
    return "".join(_link(chunks["files"][at]) for at in dict.fromkeys(chain(needed, *words)))


def _link(file: str) -> str:
    kind = 'rel="preload" as="style" crossorigin' if file.endswith(".css") else 'rel="modulepreload"'
    return f'<link {kind} href="/assets/{html.escape(file)}">'


def _locale(request: Request, me: dict[str, Any] | None) -> str:
    """What the person chose: in their account, then in this browser, then by its languages."""
    chosen = me["person"]["locale"] if me else request.cookies.get("locale", "")
    return chosen if chosen in LOCALES else locale_of(request)


def _filled(template: str, values: dict[str, str]) -> str:
    """All places in one pass, so that nothing filled in is ever read as a place."""
    return re.sub(r"{{(\w+)}}", lambda match: values.get(match[1], ""), template)
