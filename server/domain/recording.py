"""Recordings: what people see of one, and what becomes of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from models.recording import Recording
from server.domain.view import Fact, Position, View
from server.domain.zone import Instant

ROUTE = "/recorded"
TIDY_AFTER = timedelta(minutes=3)
"""Those who watch a few seconds behind see the end before the pieces go."""

LEASE = timedelta(minutes=10)
MOST_TRIES = 3
SHOWN = ("finishing", "ready", "failed")
PLAYLIST = "live.m3u8"
PROGRAMME = "programme"
FILE_NAME = re.compile(r"[a-z0-9]{1,20}\.(mp4|webm|mkv)")
PIECE_NAME = re.compile(r"(programme|sound)\.m3u8|[av]\d{0,9}\.(m4s|mp4)")

RecordingState = Literal["finishing", "ready", "failed"]


@dataclass(frozen=True)
class Writing:
    """Where media writes a live stage; `record`: to be kept, not only for late comers."""

    folder: str
    record: bool


class RecordingView(View):
    """A recording as all who may watch the session see it. `url` plays it once it is ready."""

    id: UUID
    session_id: UUID
    state: RecordingState
    started_at: Instant
    duration_ms: int
    size: int
    url: str | None
    type: str | None
    version: int


class RecordingFile(View):
    """One file to download. `label` names whose track it is; the programme has none.

    `source` is what they sent, and `at_ms` when in the programme it begins, as far as that is known.
    """

    kind: Literal["programme", "track"]
    label: str
    url: str
    type: str
    size: int
    duration_ms: int
    source: Literal["camera", "screen", "obs", "video"] | None = None
    at_ms: int = 0


class RecordingFiles(View):
    files: list[RecordingFile]


class Recordings(View):
    position: Position
    recordings: list[RecordingView]


class RecordingChanged(Fact, name="recording.changed", channels=("session",)):
    recording: RecordingView


class RecordingDeleted(Fact, name="recording.deleted", channels=("session",)):
    recording_id: UUID


def view(recording: Recording) -> RecordingView:
    main = next((file for file in recording.files if file["kind"] == "programme"), None)
    named = {name: getattr(recording, name, None) for name in RecordingView.model_fields}
    shown = {"url": address(recording.folder, main["name"]), "type": main["type"]} if main else {}
    return RecordingView.model_validate({**named, **shown})


def files(recording: Recording) -> list[RecordingFile]:
    return [
        RecordingFile(
            kind=file["kind"],
            label=file["label"],
            url=address(recording.folder, file["name"]),
            type=file["type"],
            size=file["bytes"],
            duration_ms=file["duration_ms"],
            source=file.get("source") or None,
            at_ms=file.get("at_ms", 0),
        )
        for file in recording.files
    ]


def address(folder: str, name: str) -> str:
    return f"{ROUTE}/{folder}/{name}"


def live_address(programme: dict[str, Any] | None) -> str | None:
    """Where a late comer may go back to, while there is something to play."""
    return address(programme["folder"], PLAYLIST) if programme and programme["hls"] else None
