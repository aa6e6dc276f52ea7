"""Prepared films: announced, brought in parts, put on air, deleted; and the files themselves, for the preview."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from server.actions import film
from server.api.endpoint import Call, Endpoints, Reply, Visit
from server.api.rates import FILMING
from server.api.runner import Units
from server.domain.errors import Away, NotFound
from server.domain.film import BROUGHT, FILE, FOLDER, PART_BYTES, ROUTE, FilmDraft, FilmView
from server.domain.person import Actor
from server.domain.stage import DeskView
from server.queries import film as queries

SESSION = "/api/sessions/{session_id}/films"
ONE = "/api/films/{film_id}"
SPARE_BYTES = 1 << 30
"""What stays free for recordings and the database."""


def endpoints(units: Units, data_dir: Path) -> Endpoints:
    doors = Endpoints("films")
    folders = data_dir / "films"

    @doors.command(
        "film.announce",
        "POST",
        SESSION,
        permission="film.manage",
        body=FilmDraft,
        result=FilmView,
        status=201,
        errors=("film.too_large", "film.too_many", "film.unfinished"),
    )
    def announce(call: Call, body: FilmDraft) -> FilmView:
        """Make the place for a film; its bytes come next, in parts."""
        return film.announce(call.db, call.actor, call.path["session_id"], body, id=call.key)

    @doors.query("film.show", ONE, permission="film.manage", result=FilmView)
    def show(call: Call) -> FilmView:
        """A film, and how much of it has come: whoever was interrupted goes on from there."""
        return queries.one(call.db, call.actor, call.path["film_id"])

    @doors.upload(
        "film.bring",
        f"{ONE}/parts/{{start}}",
        permission="film.manage",
        most_bytes=PART_BYTES,
        result=FilmView,
        errors=("film.out_of_order", "disk.full"),
        rate=FILMING,
    )
    async def bring(visit: Visit, actor: Actor, content: bytes) -> Reply:
        """The next part of a film, at most 4 MB, from its byte `start` on."""
        film_id, start = visit.path["film_id"], _number(visit.words["start"])
        size = len(content)
        folder = await units.read(lambda db: film.expect(db, actor, film_id, start, size))
        await asyncio.to_thread(put, folders / folder, start, content)
        return Reply(await units.write(lambda db: film.received(db, actor, film_id, start, size)))

    @doors.command("film.delete", "DELETE", ONE, permission="film.manage")
    def delete(call: Call) -> None:
        """Delete a film with its files."""
        film.delete(call.db, call.actor, call.path["film_id"])

    @doors.command(
        "film.air",
        "PUT",
        f"{SESSION}/{{film_id}}/air",
        permission="stage.direct",
        result=DeskView,
        errors=("film.not_ready", "film.not_live", "film.codec_differs", "film.others_run", "stage.air_full"),
    )
    def air(call: Call) -> DeskView:
        """Let a film begin on a stage. It ends by itself."""
        return film.put_on_air(call.db, call.actor, call.path["session_id"], call.path["film_id"])

    @doors.command(
        "film.off_air", "DELETE", f"{SESSION}/{{film_id}}/air", permission="stage.direct", result=DeskView
    )
    def off_air(call: Call) -> DeskView:
        """Take a film off the air."""
        return film.take_off_air(call.db, call.actor, call.path["session_id"], call.path["film_id"])

    return doors


class Filmed:
    """Gives out finished films to whoever has the address: it goes with the right to stand behind a stage."""

    def __init__(self, data_dir: Path) -> None:
        self._root = data_dir / "films"

    def routes(self) -> list[Route]:
        return [Route(f"{ROUTE}/{{folder}}/{FILE}", self.file, methods=["GET"])]

    async def file(self, request: Request) -> Response:
        folder = request.path_params["folder"]
        path = self._root / folder / FILE
        if not FOLDER.fullmatch(folder) or not path.is_file():
            raise NotFound("not_found")
        return FileResponse(path, media_type="video/mp4", headers={"Cache-Control": "private, no-cache"})


def _number(word: str) -> int:
    if not word.isascii() or not word.isdecimal() or len(word) > 12:
        raise NotFound("not_found")
    return int(word)


def put(folder: Path, start: int, content: bytes) -> None:
    """Write a part where it belongs; the same part again changes nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < SPARE_BYTES + len(content):
        raise Away("disk.full", retry_after_s=60)
    brought = folder / BROUGHT
    brought.touch()
    # A part that comes twice may come late: what came after it stays.
    with brought.open("r+b") as file:
        file.seek(start)
        file.write(content)
