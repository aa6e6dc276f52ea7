"""A conference once more: its programme on other days, without its people and what they said."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from models.base import new_id
from models.conference import Conference, ConferenceRole, ConferenceSession, SessionSpeaker
from models.moderation import ChatRules
from models.person import Person
from models.programme import Hall, SpeakerProfile, Track
from models.registration import RegistrationForm
from models.settings import ConferenceSettings
from server.actions import programme as arranging
from server.actions.publish import publish
from server.domain.conference import ConferenceChanged, ConferenceView, view
from server.domain.errors import Forbidden
from server.domain.person import Actor
from server.domain.programme import CloneDraft, NewSpeaker
from server.queries import programme, scope
from server.queries.channels import conference_channel

COPIED = ("title", "description", "hall", "track", "kind", "language", "translations", "source", "record")
FORM = ("capacity", "by_mail", "questions", "thanks")
RULES = ("slow_s", "hold", "links", "newcomer_minutes", "words", "direct")


def clone(db: Session, actor: Actor, conference_id: UUID, draft: CloneDraft, *, id: UUID) -> ConferenceView:
    """The same halls, tracks, sessions and settings, on other days at the same hours of its zone.

    Nobody comes along but whoever clones. Speakers, if wished, come as new ones with the same profile: an old
    account is not a member of a conference it never heard of. Cancelled sessions stay behind. Registration
    keeps its questions and stays closed until somebody opens it.
    """
    old, _ = scope.of_conference(db, actor, conference_id, "conference.clone", lock=True)
    if not actor.may_create:
        raise Forbidden("not_allowed", permission="conference.create")
    days = _days(db, old, draft.starts_on)
    new = Conference(
        id=id,
        title=draft.title,
        description=old.description,
        translations={code: {**words, "title": draft.title} for code, words in old.translations.items()},
        locale=old.locale,
        zone=old.zone,
        starts_on=old.starts_on + days if old.starts_on else draft.starts_on,
        ends_on=old.ends_on + days if old.ends_on else None,
    )
    db.add(new)
    db.flush()
    db.add(ConferenceRole(conference_id=id, person_id=actor.person_id, role="organiser"))
    for hall in programme.halls(db, conference_id):
        db.add(Hall(conference_id=id, name=hall.name, rank=hall.rank))
    for track in programme.tracks(db, conference_id):
        db.add(Track(conference_id=id, name=track.name, colour=track.colour, rank=track.rank))
    copies = {
        row.id: _copy(row, new, days) for row in programme.planned(db, conference_id) if row.state != "cancelled"
    }
    db.add_all(copies.values())
    db.flush()
    _settings(db, old.id, new.id)
    if draft.speakers:
        _speakers(db, old.id, new.id, copies)
    shown = view(new)
    publish(db, conference_channel(id), ConferenceChanged(conference=shown), subject=id)
    return shown


def _settings(db: Session, old: UUID, new: UUID) -> None:
    if (form := db.get(RegistrationForm, old)) is not None:
        db.add(RegistrationForm(conference_id=new, **{name: getattr(form, name) for name in FORM}))
    if (rules := db.get(ChatRules, old)) is not None:
        db.add(ChatRules(id=new, conference_id=new, **{name: getattr(rules, name) for name in RULES}))
    if (settings := db.get(ConferenceSettings, old)) is not None:
        db.add(ConferenceSettings(conference_id=new, teams_by=settings.teams_by))
    db.flush()


def _days(db: Session, old: Conference, starts_on: date | None) -> timedelta:
    if starts_on is None:
        return timedelta(0)
    first = old.starts_on
    if first is None:
        planned = programme.planned(db, old.id)
        first = planned[0].starts_at.astimezone(ZoneInfo(old.zone)).date() if planned else starts_on
    return starts_on - first


def _copy(row: ConferenceSession, new: Conference, days: timedelta) -> ConferenceSession:
    named = {name: getattr(row, name) for name in COPIED}
    starts_at = _later(row.starts_at, days, new.zone)
    ends_at = starts_at + (row.ends_at - row.starts_at)
    return ConferenceSession(id=new_id(), conference_id=new.id, starts_at=starts_at, ends_at=ends_at, **named)


def _later(moment: datetime, days: timedelta, zone: str) -> datetime:
    """The same hour of the zone's clock on another day, summer time or not."""
    there = moment.astimezone(ZoneInfo(zone))
    return (there.replace(tzinfo=None) + days).replace(tzinfo=ZoneInfo(zone)).astimezone(moment.tzinfo)


def _speakers(db: Session, old: UUID, new: UUID, copies: dict[UUID, ConferenceSession]) -> None:
    spoken = db.exec(
        select(SessionSpeaker.session_id, Person)
        .join(Person, col(Person.id) == col(SessionSpeaker.person_id))
        .where(col(SessionSpeaker.session_id).in_(list(copies)))
        .order_by(col(Person.id))
    ).all()
    made: dict[UUID, UUID] = {}
    for session_id, person in spoken:
        if person.id not in made:
            profile = db.get(SpeakerProfile, (old, person.id)) or SpeakerProfile(
                conference_id=old, person_id=person.id
            )
            named = {name: getattr(profile, name) for name in ("translations", "links", "picture", "source")}
            draft = NewSpeaker(name=person.name, headline=profile.headline, bio=profile.bio)
            made[person.id] = arranging.new_speaker(db, new, draft, id=new_id(), **named).person.id
        db.add(SessionSpeaker(session_id=copies[session_id].id, person_id=made[person.id]))
    db.flush()
