"""Prepared films: what may be brought, what the desk sees of one, and what media is asked to show."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from models.base import now
from models.film import Film
from server.domain.errors import BadInput, Conflict
from server.domain.person import PersonView
from server.domain.text import Title
from server.domain.view import View
from server.domain.zone import Instant

ROUTE = "/films"
FILE = "film.mp4"
BROUGHT = "brought"
"""What came from whoever brought it, until it is made ready."""

FOLDER = re.compile(r"[A-Za-z0-9_-]{16,64}")

CODEC = "H264"
"""What a film is made ready in."""

MOST_BYTES = 2 << 30
PART_BYTES = 4 << 20
MOST_FILMS = 50
MOST_UNFINISHED = 10
MOST_RUNNING = 2
"""On one stage at once: whatever moves beside a person is watched instead of them."""

FORGOTTEN_AFTER = timedelta(hours=24)
"""A film of which nothing more came is given up."""

LEASE = timedelta(minutes=2)
MOST_TRIES = 4
ENDS_LATE = timedelta(seconds=2)
"""Media begins a moment after it was told."""

STATES = ("uploading", "waiting", "converting", "ready", "refused")

FilmState = Literal["uploading", "waiting", "converting", "ready", "refused"]
FilmFault = Literal[
    "unreadable",
    "no_picture",
    "picture_unknown",
    "sound_unknown",
    "picture_too_large",
    "too_long",
    "too_short",
    "damaged",
    "too_slow",
    "failed",
]


class FilmDraft(View):
    """A film about to be brought. `speaks`: it stands for whoever brings it, as a talk recorded beforehand."""

    name: Title
    bytes: Annotated[int, Field(ge=1)]
    speaks: bool = False


class FilmView(View):
    """A film as those behind the stage see it. `url` shows it once it is ready; `fault` says why it cannot be.

    `ends_at` is when it ends by itself, while it runs on the stage that was asked of.
    """

    id: UUID
    session_id: UUID
    name: str
    by: PersonView | None
    state: FilmState
    fault: FilmFault | None
    announced: int
    received: int
    percent: int
    size: int
    duration_ms: int
    width: int
    height: int
    sound: bool
    speaks: bool
    loop: bool
    url: str | None
    on_air_since: Instant | None
    ends_at: Instant | None
    version: int


@dataclass(frozen=True)
class FilmWish:
    """A film that media should show; `since` in seconds of the epoch."""

    id: str
    owner: str
    label: str
    folder: str
    since: float
    kind: str
    loop: bool


def view(film: Film, by: PersonView | None, *, room: UUID) -> FilmView:
    """As seen from one stage: the session's own, or its rehearsal's."""
    here = film.shown_in == room
    named = {name: getattr(film, name) for name in FilmView.model_fields if hasattr(film, name)}
    return FilmView.model_validate(
        {
            **named,
            "by": by,
            "fault": film.fault or None,
            "url": f"{ROUTE}/{film.folder}/{FILE}" if film.state == "ready" else None,
            "on_air_since": film.shown_since if here else None,
            "ends_at": ends_at(film) if here else None,
        }
    )


def ends_at(film: Film) -> datetime | None:
    """When a film that runs ends by itself; one that begins anew for ever does not."""
    if film.shown_since is None or film.loop:
        return None
    return film.shown_since + timedelta(milliseconds=film.duration_ms)


def owner_of(film: Film) -> str:
    """What media calls whoever sends it: the film, or somebody by way of it."""
    return f"{film.person_id}/film:{film.id}" if stands_in(film) else f"film:{film.id}"


def stands_in(film: Film) -> bool:
    """Whether it is shown as a person and not as something shown."""
    return film.speaks and film.person_id is not None


def wish(film: Film, name: str) -> FilmWish:
    assert film.shown_since is not None
    return FilmWish(
        id=f"film-{film.id}",
        owner=owner_of(film),
        label=name,
        folder=film.folder,
        since=film.shown_since.timestamp(),
        kind="obs" if stands_in(film) else "video",  # in place of their camera, and never cut at its sides
        loop=film.loop,
    )


def check_draft(draft: FilmDraft, known: Iterable[Film]) -> None:
    if draft.bytes > MOST_BYTES:
        raise BadInput("film.too_large", fields={"bytes": "film.too_large"})
    films = list(known)
    if len(films) >= MOST_FILMS:
        raise Conflict("film.too_many")
    if sum(film.state == "uploading" for film in films) >= MOST_UNFINISHED:
        raise Conflict("film.unfinished")


def check_part(film: Film, start: int, size: int) -> None:
    """Parts come one after the other; whoever lost the thread asks how far it got."""
    if film.state != "uploading" or start != film.received or start + size > film.announced or size == 0:
        raise Conflict("film.out_of_order")


def check_on_air(film: Film, *, state: str, codecs: Collection[str], running: int) -> None:
    """`codecs`: what pictures on this stage have, by the organiser's choice or by who is on air."""
    if film.state != "ready":
        raise Conflict("film.not_ready")
    if state != "live":
        raise Conflict("film.not_live")
    other = next((codec for codec in codecs if codec != CODEC), None)
    if other is not None:  # a recording keeps one codec; half of it would be lost
        raise Conflict("film.codec_differs", codec=other)
    if running >= MOST_RUNNING:
        raise Conflict("film.others_run")


def over(film: Film) -> bool:
    end = ends_at(film)
    return end is not None and end + ENDS_LATE < now()
