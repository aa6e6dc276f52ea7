"""Films through their lives: announced, brought in parts, made ready, put on air, taken off, deleted."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import Session, col, select

from models.base import new_id, now
from models.conference import ConferenceSession
from models.film import Film
from server.actions.session import tell_desk, tell_stage
from server.actions.standing import put_on
from server.domain import film as films
from server.domain.errors import NotFound
from server.domain.film import FORGOTTEN_AFTER, LEASE, MOST_TRIES, STATES, FilmDraft, FilmView
from server.domain.person import Actor
from server.domain.stage import DeskView
from server.queries import film as queries
from server.queries import scope
from server.queries import stage as stages


def announce(db: Session, actor: Actor, session_id: UUID, draft: FilmDraft, *, id: UUID) -> FilmView:
    """Make the place for a film; its bytes come next, in parts."""
    session, _ = scope.of_session(db, actor, session_id, "film.manage", lock=True)
    home = queries.home(session)
    films.check_draft(draft, queries.known(db, home))
    film = Film(
        id=id,
        session_id=home,
        person_id=actor.person_id,
        name=draft.name,
        folder=secrets.token_urlsafe(24),
        announced=draft.bytes,
        speaks=draft.speaks,
    )
    db.add(film)
    db.flush()
    _tell(db, film)
    return queries.one(db, actor, film.id)


def expect(db: Session, actor: Actor, film_id: UUID, start: int, size: int) -> str:
    """The folder that a part belongs into, if it is the one that comes next."""
    film, _, _ = scope.of_film(db, actor, film_id, "film.manage")
    films.check_part(film, start, size)
    return film.folder


def received(db: Session, actor: Actor, film_id: UUID, start: int, size: int) -> FilmView:
    """A part is on the disk; with the last one the film waits to be made ready."""
    film, _, _ = scope.of_film(db, actor, film_id, "film.manage", lock=True)
    films.check_part(film, start, size)
    film.received += size
    film.changed_at = now()
    if film.received == film.announced:
        film.state = "waiting"
        _tell(db, film)
    db.flush()
    return queries.one(db, actor, film_id)


def delete(db: Session, actor: Actor, film_id: UUID) -> None:
    """Its files go within seconds; if it runs, it is off air."""
    film, _, _ = scope.of_film(db, actor, film_id, "film.manage", lock=True)
    room = film.shown_in
    film.state, film.shown_in, film.shown_since = "deleted", None, None
    _tell(db, film, room=room)


def put_on_air(db: Session, actor: Actor, session_id: UUID, film_id: UUID) -> DeskView:
    """Let a film begin. One that stands for its speaker puts them on air."""
    session, film = _directed(db, actor, session_id, film_id)
    if film.shown_in == session.id:
        return stages.desk(db, session)
    others = queries.running(db, session.id)
    films.check_on_air(
        film,
        state=session.state,
        codecs=stages.codecs_on_air(db, session),
        running=sum(not films.stands_in(one) for one in others),
    )
    film.shown_in, film.shown_since = session.id, now()
    if films.stands_in(film) and film.person_id is not None:
        put_on(db, session, film.person_id)
    _tell(db, film, room=session.id)
    return stages.desk(db, session)


def take_off_air(db: Session, actor: Actor, session_id: UUID, film_id: UUID) -> DeskView:
    session, film = _directed(db, actor, session_id, film_id)
    if film.shown_in == session.id:
        film.shown_in = film.shown_since = None
        _tell(db, film, room=session.id)
    return stages.desk(db, session)


def end_due(db: Session) -> None:
    """Films that came to their end are off air; media has let them go already."""
    running = select(Film).where(col(Film.shown_in).is_not(None), col(Film.loop).is_(False))
    for known in db.exec(running).all():
        if not films.over(known):
            continue
        room = scope.load(db, ConferenceSession, known.shown_in, lock=True) if known.shown_in else None
        film = scope.load(db, Film, known.id, lock=True)
        if room is not None and film.shown_in == room.id and films.over(film):
            film.shown_in = film.shown_since = None
            _tell(db, film, room=room.id)


# Being made ready.


def claim(db: Session) -> tuple[UUID, str] | None:
    """Take the next film to convert, unless one is being converted: a small machine has a stage to carry."""
    busy = (col(Film.state) == "converting") & (col(Film.leased_until) >= now())
    if db.exec(select(Film.id).where(busy).limit(1)).first() is not None:
        return None
    due = or_(col(Film.state) == "waiting", (col(Film.state) == "converting") & (col(Film.leased_until) < now()))
    wanted = (
        select(Film).where(due, col(Film.session_id).is_not(None)).order_by(col(Film.changed_at), col(Film.id))
    )
    film = db.exec(wanted.limit(1).with_for_update(skip_locked=True)).first()
    if film is None:
        return None
    if film.tries >= MOST_TRIES:
        film.state, film.fault = "refused", "failed"
        _tell(db, film)
        return None
    film.tries += 1
    film.state, film.percent = "converting", 0
    film.lease, film.leased_until = new_id(), now() + LEASE
    _tell(db, film)
    return film.id, film.folder


def went_on(db: Session, film_id: UUID, percent: int) -> bool:
    """The conversion has come so far; false when nobody wants the film any more."""
    film = db.get(Film, film_id, with_for_update=True)
    if film is None or film.state != "converting" or film.session_id is None:
        return False
    film.leased_until = now() + LEASE
    if percent != film.percent:
        film.percent = percent
        _tell(db, film)
    return True


def made(db: Session, film_id: UUID, facts: Mapping[str, Any]) -> None:
    film = db.get(Film, film_id, with_for_update=True)
    if film is None or film.state != "converting":
        return
    for name in ("duration_ms", "width", "height", "sound", "size"):
        setattr(film, name, facts[name])
    film.state, film.percent, film.lease, film.leased_until = "ready", 100, None, None
    _tell(db, film)


def refused(db: Session, film_id: UUID, fault: str) -> None:
    film = db.get(Film, film_id, with_for_update=True)
    if film is None or film.state != "converting":
        return
    film.state, film.fault, film.lease, film.leased_until = "refused", fault, None, None
    _tell(db, film)


def again(db: Session, film_id: UUID) -> None:
    """It could not be converted for no fault of its own."""
    film = db.get(Film, film_id, with_for_update=True)
    if film is not None and film.state == "converting":
        film.leased_until = now()


def doomed(db: Session) -> list[tuple[UUID, str]]:
    """Films whose folders are to be removed: deleted, without a session, or never brought to the end."""
    forgotten = (col(Film.state) == "uploading") & (col(Film.changed_at) < now() - FORGOTTEN_AFTER)
    gone = or_(col(Film.state) == "deleted", col(Film.session_id).is_(None), forgotten)
    return [(row.id, row.folder) for row in db.exec(select(Film).where(gone).limit(100))]


def forget(db: Session, film_id: UUID) -> None:
    film = db.get(Film, film_id, with_for_update=True)
    if film is None:
        return
    seen = film.state in STATES  # else its end was told when it was deleted
    db.delete(film)
    if seen:
        _tell(db, film)


def _directed(db: Session, actor: Actor, session_id: UUID, film_id: UUID) -> tuple[ConferenceSession, Film]:
    session, _ = scope.of_session(db, actor, session_id, "stage.direct", lock=True)
    film = scope.load(db, Film, film_id, lock=True)
    if film.session_id != queries.home(session) or film.state == "deleted":
        raise NotFound("not_found")
    return session, film


def _tell(db: Session, film: Film, *, room: UUID | None = None) -> None:
    """Those behind the stage and behind its rehearsal; and everybody, when what is on air changed."""
    film.version += 1
    db.flush()
    if film.session_id is None:
        return
    both = select(ConferenceSession).where(
        or_(col(ConferenceSession.id) == film.session_id, col(ConferenceSession.rehearsal_of) == film.session_id)
    )
    for session in db.exec(both.order_by(col(ConferenceSession.id))).all():
        if session.id == room:
            session.directed += 1
        tell_desk(db, session)
        if session.id == room and session.state == "live":
            tell_stage(db, session)
