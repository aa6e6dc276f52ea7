"""Every page of the front end is one HTML shell with language, direction, title and who one is filled in.

It paints in the system font before any script arrives; what follows is loaded from `/assets`, which never
changes under its name.
"""

from __future__ import annotations

import html
import json
import re
import secrets
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from models.database import Unavailable
from server.api.runner import Runner, Units, locale_of
from server.domain.errors import NotFound
from server.messages import LOCALES, sentence
from server.queries import people

LONGEST_NAME = 100  # a name the file system refuses to look for is an error of its own
DIRECTION = {"ar": "rtl", "en": "ltr"}
PAGES = (
    "/",
    "/sign-in",
    "/sign-up",
    "/join",
    "/enter",
    "/setup",
    "/me",
    "/c/{id}",
    "/c/{id}/people",
    "/c/{id}/edit",
    "/c/{id}/{rest:path}",
    "/s/{id}",
    "/s/{id}/{rest:path}",
    "/t/{id}",
    "/b/{id}",
)


class Assets(StaticFiles):
    """Built files. Their names carry their content's hash, so browsers may keep them for a year."""

    def file_response(self, full_path: Any, stat_result: Any, scope: Scope, status_code: int = 200) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


class Pages:
    """Fills and answers the shell. `build` tells an older page to reload itself."""

    def __init__(self, dist: Path, units: Units, runner: Runner, *, build: str, demo: bool, secure: bool) -> None:
        self._dist = dist
        self._units = units
        self._runner = runner
        self._build = build
        self._demo = demo
        self._secure = secure

    def routes(self) -> list[BaseRoute]:
        mounted: list[BaseRoute] = [Route(path, self.shell, methods=["GET"]) for path in PAGES]
        if (self._dist / "assets").is_dir():
            mounted.append(Mount("/assets", Assets(directory=self._dist / "assets")))
        mounted.append(Route("/{name}", self.file, methods=["GET"]))
        return mounted

    async def file(self, request: Request) -> Response:
        """The few files at the root: the icon, the manifest, the service worker."""
        name = request.path_params["name"]
        path = self._dist / name
        unfit = len(name) > LONGEST_NAME or name.startswith(".") or name == "index.html"
        if unfit or not path.is_file():
            raise NotFound("page.not_found")
        return FileResponse(path, headers={"Cache-Control": "no-cache"})

    async def shell(self, request: Request) -> Response:
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
                "boot": json.dumps(boot, ensure_ascii=False).replace("<", "\\u003c"),
            },
        )
        headers = {"Cache-Control": "no-store", "Content-Security-Policy": self._policy(nonce)}
        return Response(text, media_type="text/html; charset=utf-8", headers=headers)

    async def _me(self, request: Request) -> dict[str, Any] | None:
        """Who one is; a database that does not answer still gives a page, which says so by itself."""
        try:
            actor = await self._runner.actor(request)
            if actor is None:
                return None
            me = await self._units.read(lambda db: people.me(db, actor.person_id, demo=self._demo))
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


def _locale(request: Request, me: dict[str, Any] | None) -> str:
    """What the person chose: in their account, then in this browser, then by its languages."""
    chosen = me["person"]["locale"] if me else request.cookies.get("locale", "")
    return chosen if chosen in LOCALES else locale_of(request)


def _filled(template: str, values: dict[str, str]) -> str:
    """All places in one pass, so that nothing filled in is ever read as a place."""
    return re.sub(r"{{(\w+)}}", lambda match: values.get(match[1], ""), template)
