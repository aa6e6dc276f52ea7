"""Films of a session, and those that run on a stage."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import or_
from sqlmodel import Session, col, select

from models.base import now
from models.conference import ConferenceSession
from models.film import Film
from server.domain import film as films
from server.domain.film import STATES, FilmView, FilmWish
from server.domain.person import Actor
from server.domain.person import view as person_view
from server.queries import people, scope


def home(session: ConferenceSession) -> UUID:
    """The session whose films are seen: a rehearsal shows those of what it rehearses."""
    return session.rehearsal_of or session.id


def known(db: Session, session_id: UUID) -> list[Film]:
    """A session's films, in the order of their coming."""
    wanted = select(Film).where(col(Film.session_id) == session_id, col(Film.state).in_(STATES))
    return list(db.exec(wanted.order_by(col(Film.created_at), col(Film.id))))


def running(db: Session, room: UUID) -> list[Film]:
    """Films that are on air on this stage."""
    wanted = select(Film).where(col(Film.shown_in) == room, col(Film.state) == "ready")
    return list(db.exec(wanted.order_by(col(Film.shown_since), col(Film.id))))


def any_over(db: Session) -> bool:
    """Whether a film that runs came to its end."""
    shown = select(Film).where(col(Film.shown_in).is_not(None), col(Film.loop).is_(False))
    return any(films.over(film) for film in db.exec(shown))


def any_waits(db: Session) -> bool:
    """Whether a film is to be made ready."""
    due = or_(col(Film.state) == "waiting", (col(Film.state) == "converting") & (col(Film.leased_until) < now()))
    return db.exec(select(Film.id).where(due).limit(1)).first() is not None


def views(db: Session, session: ConferenceSession) -> list[FilmView]:
    found = known(db, home(session))
    by = people.by_id(db, [film.person_id for film in found if film.person_id is not None])
    return [
        films.view(film, person_view(by[film.person_id]) if film.person_id in by else None, room=session.id)
        for film in found
    ]


def wishes(db: Session, session: ConferenceSession) -> tuple[FilmWish, ...]:
    """What media should show now; nothing unless the stage is live."""
    if session.state != "live":
        return ()
    found = running(db, session.id)
    by = people.by_id(db, [film.person_id for film in found if film.person_id is not None])
    return tuple(
        films.wish(film, by[film.person_id].name if films.stands_in(film) and film.person_id in by else film.name)
        for film in found
    )


def one(db: Session, actor: Actor, film_id: UUID) -> FilmView:
    """How far a film got, for whoever brings it."""
    film, session, _ = scope.of_film(db, actor, film_id, "film.manage")
    by = people.by_id(db, [film.person_id] if film.person_id is not None else [])
    return films.view(film, person_view(by[film.person_id]) if film.person_id in by else None, room=session.id)
