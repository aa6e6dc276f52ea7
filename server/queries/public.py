"""What anybody may read of a conference whose organiser made it public."""

from __future__ import annotations

from sqlmodel import Session, col, select

from models.conference import Conference
from server.domain import conference as conferences
from server.domain import programme as arranged
from server.domain.errors import NotFound
from server.domain.public import PublicProgramme
from server.domain.session import SessionView
from server.queries import programme


def by_slug(db: Session, slug: str) -> Conference:
    """Raises NotFound for an unknown address and for a conference that is not public."""
    wanted = select(Conference).where(col(Conference.slug) == slug, col(Conference.public).is_(True))
    found = db.exec(wanted).first()
    if found is None:
        raise NotFound("not_found")
    return found


def show(db: Session, slug: str) -> PublicProgramme:
    conference = by_slug(db, slug)
    return PublicProgramme(
        conference=conferences.view(conference),
        sessions=[_outside(one) for one in programme.session_views(db, programme.planned(db, conference.id))],
        halls=[arranged.hall_view(hall) for hall in programme.halls(db, conference.id)],
        tracks=[arranged.track_view(track) for track in programme.tracks(db, conference.id)],
        speakers=programme.speakers(db, conference.id),
    )


def _outside(session: SessionView) -> SessionView:
    """That speakers meet behind the stage is the house's own business: it has not begun."""
    return session.model_copy(update={"state": "scheduled"}) if session.state == "backstage" else session
