"""Halls and tracks by their names: found however they are spelled, made when a session names a new one."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from sqlmodel import Session

from models.base import new_id
from models.programme import Hall, Track
from server.actions.publish import publish
from server.domain.errors import Conflict
from server.domain.programme import (
    COLOURS,
    MOST_HALLS,
    HallChanged,
    HallView,
    TrackChanged,
    TrackView,
    hall_view,
    track_view,
)
from server.domain.text import fold
from server.queries import programme
from server.queries.channels import conference_channel


def placed(db: Session, conference_id: UUID, *, hall: str, track: str) -> tuple[str, str]:
    """A hall and a track as the conference spells them, made when they are new. The conference is locked."""
    return (
        _known(programme.halls(db, conference_id), hall, lambda name: new_hall(db, conference_id, name)),
        _known(programme.tracks(db, conference_id), track, lambda name: new_track(db, conference_id, name)),
    )


def check_name(others: list[Hall] | list[Track], name: str) -> None:
    if len(others) >= MOST_HALLS:
        raise Conflict("programme.too_many")
    if fold(name) in {fold(one.name) for one in others}:
        raise Conflict("programme.name_taken", fields={"name": "programme.name_taken"})


def _known(rows: list[Hall] | list[Track], name: str, make: Callable[[str], HallView | TrackView]) -> str:
    if not name:
        return ""
    found = next((row.name for row in rows if fold(row.name) == fold(name)), None)
    if found is not None:
        return found
    if len(rows) >= MOST_HALLS:
        raise Conflict("programme.too_many")
    return make(name).name


def new_hall(db: Session, conference_id: UUID, name: str, id: UUID | None = None) -> HallView:
    rank = max((one.rank for one in programme.halls(db, conference_id)), default=-1) + 1
    hall = Hall(conference_id=conference_id, name=name, rank=rank, id=id or new_id())
    db.add(hall)
    db.flush()
    shown = hall_view(hall)
    publish(db, conference_channel(conference_id), HallChanged(hall=shown), subject=hall.id)
    return shown


def new_track(
    db: Session, conference_id: UUID, name: str, colour: str | None = None, id: UUID | None = None
) -> TrackView:
    """The colour that fewest tracks have, unless one is wished."""
    known = programme.tracks(db, conference_id)
    used = [one.colour for one in known]
    rank = max((one.rank for one in known), default=-1) + 1
    chosen = colour or min(COLOURS, key=used.count)
    track = Track(conference_id=conference_id, name=name, colour=chosen, rank=rank, id=id or new_id())
    db.add(track)
    db.flush()
    shown = track_view(track)
    publish(db, conference_channel(conference_id), TrackChanged(track=shown), subject=track.id)
    return shown
