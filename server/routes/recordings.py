"""Recordings: listed, downloaded, deleted; and the files themselves, under addresses nobody can guess."""

from __future__ import annotations

import asyncio
import gzip
import re
import time
from collections.abc import Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from server.actions import recording
from server.api.endpoint import Call, Endpoints
from server.api.rates import READING
from server.api.runner import Runner, Units
from server.domain.errors import LoginNeeded, NotFound
from server.domain.recording import (
    FILE_NAME,
    PIECE_NAME,
    PLAYLIST,
    PROGRAMME,
    ROUTE,
    RecordingFiles,
    Recordings,
)
from server.queries import recording as queries

ENDPOINTS = Endpoints("recordings")
_FOLDER = re.compile(r"[A-Za-z0-9_-]{16,64}")
_TICKET_KNOWN_S = 1.0
_MOST_TICKETS = 1_000
_MOST_PLAYLISTS = 100
_TYPES = {
    "m3u8": "application/vnd.apple.mpegurl",
    "m4s": "video/mp4",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "mkv": "video/x-matroska",
}
# A piece never changes, whoever keeps it; a playlist grows every two seconds; a finished file may be deleted.
_PIECE_KEPT = "public, max-age=86400, immutable"
_PLAYLIST_KEPT = "public, max-age=1"
_FILE_KEPT = "private, no-cache"
_DOOR_KEPT = "private, no-store"


@ENDPOINTS.query(
    "recording.list",
    "/api/sessions/{session_id}/recordings",
    permission="recording.show",
    result=Recordings,
)
def of_session(call: Call) -> Recordings:
    """What was recorded of a session."""
    return queries.of_session(call.db, call.actor, call.path["session_id"])


@ENDPOINTS.query(
    "recording.files",
    "/api/recordings/{recording_id}/files",
    permission="recording.manage",
    result=RecordingFiles,
)
def files(call: Call) -> RecordingFiles:
    """Every file of a recording, each speaker's own track too."""
    return queries.files(call.db, call.actor, call.path["recording_id"])


@ENDPOINTS.command("recording.delete", "DELETE", "/api/recordings/{recording_id}", permission="recording.manage")
def delete(call: Call) -> None:
    """Delete a recording with all its files."""
    recording.delete(call.db, call.actor, call.path["recording_id"])


class _Counted(Response):
    """Another answer, and how many bytes of it have left."""

    def __init__(self, answer: Response, sent: Callable[[int], None]) -> None:
        super().__init__()
        self._answer = answer
        self._sent = sent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def counted(message: Message) -> None:
            await send(message)
            self._sent(len(message.get("body", b"")))

        await self._answer(scope, receive, counted)


class Recorded:
    """Gives out the files: to whoever may watch, or, piece by piece, to whoever has the ticket.

    The first playlist is for one who proved the right to watch, and leads on to an address with the ticket in it,
    the same for all: any HTTP cache may stand in front of everything behind it. A finished file asks for the
    right itself. Ranges are answered, as players ask for them (RFC 9110 section 14).
    """

    def __init__(self, units: Units, runner: Runner, data_dir: Path) -> None:
        self._units = units
        self._runner = runner
        self._root = data_dir / "recordings"
        self.sent_bytes = 0
        """Of what is on air, to whoever watches behind; what a cache in front sends never came by here."""

        self._tickets: dict[str, tuple[float, str | None]] = {}  # of a folder, and until when that is believed
        self._playlists: dict[Path, tuple[tuple[int, int] | None, bytes]] = {}
        self._asking: dict[str, asyncio.Task[str | None]] = {}  # of a folder, however many wait for it

    def routes(self) -> list[Route]:
        return [
            Route(f"{ROUTE}/{{folder}}/{PLAYLIST}", self.door, methods=["GET"]),
            Route(f"{ROUTE}/{{folder}}/{{name}}", self.file, methods=["GET"]),
            Route(f"{ROUTE}/{{folder}}/{{ticket}}/{{name}}", self.piece, methods=["GET"]),
        ]

    async def door(self, request: Request) -> Response:
        """The playlist that leads to the others. `?sound` leaves the pictures out."""
        folder = _folder(request)
        ticket = await self._opened(request, folder, "recording.show")
        try:
            text = await asyncio.to_thread((self._root / folder / PLAYLIST).read_text)
        except FileNotFoundError:
            raise NotFound("not_found") from None
        told = leading(text, ticket, sound_only="sound" in request.query_params)
        return Response(told, media_type=_TYPES["m3u8"], headers={"Cache-Control": _DOOR_KEPT})

    async def file(self, request: Request) -> Response:
        """A finished file; each speaker's own track is the organisers'."""
        folder, name = _folder(request), request.path_params["name"]
        if not FILE_NAME.fullmatch(name):
            raise NotFound("not_found")
        right = "recording.show" if name.startswith(PROGRAMME) else "recording.manage"
        await self._opened(request, folder, right)
        return self._given(request, folder, name, kept=_FILE_KEPT)

    async def piece(self, request: Request) -> Response:
        """A playlist or a piece of what is on air, or was a moment ago.

        Who asks for what is not there costs no look into the database: anybody can make up addresses.
        """
        folder, name = _folder(request), request.path_params["name"]
        if not PIECE_NAME.fullmatch(name) or not (self._root / folder / name).is_file():
            raise NotFound("not_found")
        if request.path_params["ticket"] != await self._ticket(folder):
            raise NotFound("not_found")
        if name.endswith("m3u8"):
            return _Counted(await self._playlist(request, folder, name), self._sent)
        return _Counted(self._given(request, folder, name, kept=_PIECE_KEPT), self._sent)

    async def _playlist(self, request: Request, folder: str, name: str) -> Response:
        """It tells of the whole session and is asked for every few seconds: packed it is a fifth after hours."""
        told: Response
        if "gzip" not in request.headers.get("accept-encoding", ""):
            told = self._given(request, folder, name, kept=_PLAYLIST_KEPT)
        else:
            try:
                packed = await asyncio.to_thread(self._packed, self._root / folder / name)
            except FileNotFoundError:
                raise NotFound("not_found") from None
            headers = {"Cache-Control": _PLAYLIST_KEPT, "Content-Encoding": "gzip"}
            told = Response(packed, media_type=_TYPES["m3u8"], headers=headers)
        told.headers["Vary"] = "Accept-Encoding"
        return told

    def _packed(self, path: Path) -> bytes:
        """Packed once for all who ask, as long as it stays as it is."""
        state = path.stat()
        version = (state.st_ino, state.st_mtime_ns)
        known, packed = self._playlists.get(path, (None, b""))
        if known != version:
            if len(self._playlists) >= _MOST_PLAYLISTS:
                self._playlists.clear()
            packed = gzip.compress(path.read_bytes(), 6, mtime=0)
            self._playlists[path] = version, packed
        return packed

    def _sent(self, count: int) -> None:
        self.sent_bytes += count

    def _given(self, request: Request, folder: str, name: str, *, kept: str) -> Response:
        path = self._root / folder / name
        if not path.is_file():
            raise NotFound("not_found")
        return FileResponse(
            path,
            media_type=_TYPES[name.rpartition(".")[2]],
            headers={"Cache-Control": kept},
            filename=name if "download" in request.query_params else None,
        )

    async def _opened(self, request: Request, folder: str, permission: str) -> str:
        self._runner.count(READING, request)
        actor = await self._runner.actor(request)
        if actor is None:
            raise LoginNeeded("login.needed")
        return await self._units.read(lambda db: queries.opened(db, actor, folder, permission))

    async def _ticket(self, folder: str) -> str | None:
        """Asked of the database at most once a second for each folder: every piece asks for it."""
        until, known = self._tickets.get(folder, (0.0, None))
        if time.monotonic() < until:
            return known
        if folder not in self._asking:
            self._asking[folder] = asyncio.create_task(self._ask(folder))
        return await asyncio.shield(self._asking[folder])

    async def _ask(self, folder: str) -> str | None:
        began = time.monotonic()
        try:
            known = await self._units.read(lambda db: queries.ticket(db, folder))
        finally:
            del self._asking[folder]
        if len(self._tickets) >= _MOST_TICKETS:
            self._tickets.clear()
        self._tickets[folder] = (began + _TICKET_KNOWN_S, known)
        return known


def leading(playlist: str, ticket: str, *, sound_only: bool) -> str:
    """The playlist with addresses that have the ticket in them; a rendition is two lines (RFC 8216 4.3.4.2)."""
    head, *renditions = playlist.split("#EXT-X-STREAM-INF:")
    wanted = renditions[-1:] if sound_only else renditions
    lines = (rendition.split("\n", 1) for rendition in wanted)
    return head + "".join(f"#EXT-X-STREAM-INF:{told}\n{ticket}/{name}" for told, name in lines)


def _folder(request: Request) -> str:
    folder: str = request.path_params["folder"]
    if not _FOLDER.fullmatch(folder):
        raise NotFound("not_found")
    return folder
