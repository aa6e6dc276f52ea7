"""Arranging a programme: its halls and tracks, what it tells of speakers, and what people save."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from models.conference import ConferenceRole, ConferenceSession, SessionSpeaker
from models.person import Person
from models.programme import Bookmark, Hall, SpeakerProfile, Track
from server.actions import halls
from server.actions import session as sessions
from server.actions.conference import grant
from server.actions.publish import publish
from server.domain.errors import NotFound
from server.domain.person import Actor
from server.domain.programme import (
    BookmarkChanged,
    HallChange,
    HallChanged,
    HallDraft,
    HallRemoved,
    HallView,
    NewSpeaker,
    ProfileChange,
    SpeakerChanged,
    SpeakerRemoved,
    SpeakerView,
    TrackChange,
    TrackChanged,
    TrackDraft,
    TrackRemoved,
    TrackView,
    hall_view,
    speaker_view,
    track_view,
)
from server.queries import programme, scope
from server.queries.channels import conference_channel, person_channel


def add_hall(db: Session, actor: Actor, conference_id: UUID, draft: HallDraft, *, id: UUID) -> HallView:
    scope.of_conference(db, actor, conference_id, "hall.change", lock=True)
    halls.check_name(programme.halls(db, conference_id), draft.name)
    return halls.new_hall(db, conference_id, draft.name, id)


def change_hall(db: Session, actor: Actor, hall_id: UUID, wish: HallChange) -> HallView:
    """Rename or move a hall; its sessions are told under its new name."""
    hall = _hall(db, actor, hall_id)
    if wish.name is not None and wish.name != hall.name:
        others = [one for one in programme.halls(db, hall.conference_id) if one.id != hall_id]
        halls.check_name(others, wish.name)
        _rename(db, hall.conference_id, "hall", hall.name, wish.name)
        hall.name = wish.name
    hall.rank = hall.rank if wish.rank is None else wish.rank
    hall.version += 1
    shown = hall_view(hall)
    publish(db, conference_channel(hall.conference_id), HallChanged(hall=shown), subject=hall_id)
    return shown


def remove_hall(db: Session, actor: Actor, hall_id: UUID) -> None:
    """Take a hall out of the programme; its sessions stay, without a hall."""
    hall = _hall(db, actor, hall_id)
    _rename(db, hall.conference_id, "hall", hall.name, "")
    db.delete(hall)
    publish(db, conference_channel(hall.conference_id), HallRemoved(hall_id=hall_id), subject=hall_id)


def add_track(db: Session, actor: Actor, conference_id: UUID, draft: TrackDraft, *, id: UUID) -> TrackView:
    scope.of_conference(db, actor, conference_id, "track.change", lock=True)
    halls.check_name(programme.tracks(db, conference_id), draft.name)
    return halls.new_track(db, conference_id, draft.name, draft.colour, id)


def change_track(db: Session, actor: Actor, track_id: UUID, wish: TrackChange) -> TrackView:
    track = _track(db, actor, track_id)
    if wish.name is not None and wish.name != track.name:
        others = [one for one in programme.tracks(db, track.conference_id) if one.id != track_id]
        halls.check_name(others, wish.name)
        _rename(db, track.conference_id, "track", track.name, wish.name)
        track.name = wish.name
    track.colour = wish.colour or track.colour
    track.rank = track.rank if wish.rank is None else wish.rank
    track.version += 1
    shown = track_view(track)
    publish(db, conference_channel(track.conference_id), TrackChanged(track=shown), subject=track_id)
    return shown


def remove_track(db: Session, actor: Actor, track_id: UUID) -> None:
    track = _track(db, actor, track_id)
    _rename(db, track.conference_id, "track", track.name, "")
    db.delete(track)
    publish(db, conference_channel(track.conference_id), TrackRemoved(track_id=track_id), subject=track_id)


def add_speaker(db: Session, actor: Actor, conference_id: UUID, draft: NewSpeaker, *, id: UUID) -> SpeakerView:
    """A speaker who has no account yet. They become a guest of the conference, whom a link lets in."""
    scope.of_conference(db, actor, conference_id, "speaker.change", lock=True)
    return new_speaker(db, conference_id, draft, id=id)


def new_speaker(db: Session, conference_id: UUID, draft: NewSpeaker, *, id: UUID, **known: Any) -> SpeakerView:
    """`known` is more of their profile: what an import knows them by, a picture."""
    person = Person(id=id, name=draft.name, guest=True)
    db.add(person)
    db.flush()
    grant(db, conference_id, id, "speaker")
    profile = SpeakerProfile(
        conference_id=conference_id, person_id=id, headline=draft.headline, bio=draft.bio, **known
    )
    db.add(profile)
    db.flush()
    return _tell_speaker(db, profile, person)


def change_profile(
    db: Session, actor: Actor, conference_id: UUID, person_id: UUID, wish: ProfileChange
) -> SpeakerView:
    """Change what the conference tells of a speaker: their own, or anybody's for an organiser."""
    profile, person = _profile(db, actor, conference_id, person_id)
    for name, value in wish.model_dump(exclude_none=True).items():
        setattr(profile, name, value)
    return _tell_speaker(db, profile, person)


def set_picture(
    db: Session, actor: Actor, conference_id: UUID, person_id: UUID, picture: str | None
) -> SpeakerView:
    profile, person = _profile(db, actor, conference_id, person_id)
    profile.picture = picture
    return _tell_speaker(db, profile, person)


def check_profile(db: Session, actor: Actor, conference_id: UUID, person_id: UUID) -> None:
    """Whether somebody may change this profile at all: asked before a picture is opened."""
    _, here = scope.of_conference(db, actor, conference_id, "profile.change")
    if actor.person_id != person_id:
        here.require("speaker.change")
    if scope.conference_role(db, conference_id, person_id) is None:
        raise NotFound("not_found")


def kept_profile(db: Session, conference_id: UUID, person_id: UUID) -> dict[str, Any] | None:
    """What the conference tells of somebody, to give it back by `restore_profile`."""
    profile = db.get(SpeakerProfile, (conference_id, person_id))
    return profile.model_dump(exclude={"conference_id", "person_id"}) if profile else None


def restore_profile(db: Session, conference_id: UUID, person: Person, kept: dict[str, Any]) -> None:
    """What was told of them before, unless something newer stands. An import may know somebody else by now."""
    if db.get(SpeakerProfile, (conference_id, person.id)) is not None:
        return
    taken = (col(SpeakerProfile.conference_id) == conference_id, col(SpeakerProfile.source) == kept["source"])
    if db.exec(select(SpeakerProfile.person_id).where(*taken)).first() is not None:
        kept = {**kept, "source": None}
    profile = SpeakerProfile(conference_id=conference_id, person_id=person.id, **kept)
    db.add(profile)
    db.flush()
    _tell_speaker(db, profile, person)


def forget_profile(db: Session, conference_id: UUID, person_id: UUID) -> None:
    """Somebody left: the programme tells nothing of them any more."""
    profile = db.get(SpeakerProfile, (conference_id, person_id))
    if profile is not None:
        db.delete(profile)
        publish(db, conference_channel(conference_id), SpeakerRemoved(person_id=person_id), subject=person_id)


def save(db: Session, actor: Actor, session_id: UUID, *, saved: bool) -> None:
    """Save a session for oneself, or no longer. Doing it twice is no fault."""
    session, _ = scope.of_session(db, actor, session_id, "bookmark.change")
    bookmark = db.get(Bookmark, (session_id, actor.person_id), with_for_update=True)
    if (bookmark is not None) == saved:
        return
    if bookmark is None:
        db.add(Bookmark(session_id=session_id, person_id=actor.person_id))
    else:
        db.delete(bookmark)
    fact = BookmarkChanged(session_id=session_id, conference_id=session.conference_id, saved=saved)
    publish(db, person_channel(actor.person_id), fact, subject=session_id)


def _hall(db: Session, actor: Actor, hall_id: UUID) -> Hall:
    """The hall, after its conference was locked: parents before children."""
    known = scope.load(db, Hall, hall_id)
    scope.of_conference(db, actor, known.conference_id, "hall.change", lock=True)
    return scope.load(db, Hall, hall_id, lock=True)


def _track(db: Session, actor: Actor, track_id: UUID) -> Track:
    known = scope.load(db, Track, track_id)
    scope.of_conference(db, actor, known.conference_id, "track.change", lock=True)
    return scope.load(db, Track, track_id, lock=True)


def _rename(db: Session, conference_id: UUID, column: str, old: str, new: str) -> None:
    """Sessions name their hall and track, so all that name it are told anew."""
    named = (  # every session: a deleted one comes back under the new name
        select(ConferenceSession)
        .where(
            col(ConferenceSession.conference_id) == conference_id,
            getattr(ConferenceSession, column) == old,
        )
        .order_by(col(ConferenceSession.id))
        .with_for_update()
    )
    for session in db.exec(named).all():
        setattr(session, column, new)
        if session.deleted_at is None:
            sessions.tell(db, session)


def _profile(db: Session, actor: Actor, conference_id: UUID, person_id: UUID) -> tuple[SpeakerProfile, Person]:
    """The profile, made when it is the first word about somebody who speaks here."""
    _, here = scope.of_conference(db, actor, conference_id, "profile.change", lock=True)
    if actor.person_id != person_id:
        here.require("speaker.change")
    role = db.get(ConferenceRole, (conference_id, person_id))
    if role is None:
        raise NotFound("not_found")
    profile = db.get(SpeakerProfile, (conference_id, person_id), with_for_update=True)
    if profile is None:
        # Who only runs things is told of when an organiser wants it, not by themselves.
        planned = role.role == "speaker" or (role.role != "attendee" and here.may("speaker.change"))
        if not planned and not _speaks(db, conference_id, person_id):
            raise NotFound("not_found")
        profile = SpeakerProfile(conference_id=conference_id, person_id=person_id, version=0)
        db.add(profile)
    return profile, scope.load(db, Person, person_id)


def _speaks(db: Session, conference_id: UUID, person_id: UUID) -> bool:
    spoken = (  # every session: who speaks in a deleted one that may come back is still a speaker
        select(SessionSpeaker.session_id)
        .join(ConferenceSession, col(ConferenceSession.id) == col(SessionSpeaker.session_id))
        .where(col(ConferenceSession.conference_id) == conference_id, col(SessionSpeaker.person_id) == person_id)
    )
    return db.exec(spoken.limit(1)).first() is not None


def _tell_speaker(db: Session, profile: SpeakerProfile, person: Person) -> SpeakerView:
    profile.version += 1
    shown = speaker_view(profile, person)
    fact = SpeakerChanged(speaker=shown)
    publish(db, conference_channel(profile.conference_id), fact, subject=profile.person_id)
    return shown
