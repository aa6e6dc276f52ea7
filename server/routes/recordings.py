"""Recordings: listed, downloaded, deleted; and the files themselves, under addresses nobody can guess."""

from __future__ import annotations

import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from server.actions import recording
from server.api.endpoint import Call, Endpoints
from server.domain.errors import NotFound
from server.domain.recording import FILE_NAME, ROUTE, RecordingFiles, Recordings
from server.queries import recording as queries

ENDPOINTS = Endpoints("recordings")
_FOLDER = re.compile(r"[A-Za-z0-9_-]{16,64}")
_TYPES = {
    "m3u8": "application/vnd.apple.mpegurl",
    "m4s": "video/mp4",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "mkv": "video/x-matroska",
}
# A piece never changes, whoever keeps it; a playlist grows every two seconds; a finished file may be deleted.
_PIECE = re.compile(r"[av]\d*\.(m4s|mp4)")
_PIECE_KEPT = "public, max-age=86400, immutable"
_PLAYLIST_KEPT = "public, max-age=1"
_FILE_KEPT = "private, no-cache"


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


class Recorded:
    """Gives out the files: whoever has the address was allowed to watch when it was given out.

    So any HTTP cache may stand in front. Ranges are answered, as players ask for them (RFC 9110 section 14).
    """

    def __init__(self, data_dir: Path) -> None:
        self._root = data_dir / "recordings"

    def routes(self) -> list[Route]:
        return [Route(f"{ROUTE}/{{folder}}/{{name}}", self.file, methods=["GET"])]

    async def file(self, request: Request) -> Response:
        folder, name = request.path_params["folder"], request.path_params["name"]
        if not _FOLDER.fullmatch(folder) or not FILE_NAME.fullmatch(name):
            raise NotFound("not_found")
        path = self._root / folder / name
        if not path.is_file():
            raise NotFound("not_found")
        ending = name.rpartition(".")[2]
        kept = _PLAYLIST_KEPT if ending == "m3u8" else _PIECE_KEPT if _PIECE.fullmatch(name) else _FILE_KEPT
        return FileResponse(
            path,
            media_type=_TYPES[ending],
            headers={"Cache-Control": kept},
            filename=name if "download" in request.query_params else None,
        )
