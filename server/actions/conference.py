"""Holding a conference: its frame, and the roles of its people."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session, col, select

from models.conference import Conference, ConferenceRole
from models.person import Person
from server.actions import audit
from server.actions.publish import access_changed, publish
from server.domain.conference import (
    ConferenceChange,
    ConferenceChanged,
    ConferenceDraft,
    ConferenceView,
    PeopleChanged,
    RoleChanged,
    check_dates,
    check_public,
    view,
)
from server.domain.errors import Conflict, Forbidden, NotFound
from server.domain.person import Actor
from server.queries import people, scope
from server.queries.channels import conference_channel, person_channel


def create(db: Session, actor: Actor, draft: ConferenceDraft, *, id: UUID) -> ConferenceView:
    """Found a conference; its maker is its first organiser."""
    if not actor.may_create:
        raise Forbidden("not_allowed", permission="conference.create")
    check_dates(draft.starts_on, draft.ends_on)
    conference = Conference(id=id, **draft.model_dump())
    db.add(conference)
    db.flush()
    db.add(ConferenceRole(conference_id=id, person_id=actor.person_id, role="organiser"))
    shown = view(conference)
    publish(db, conference_channel(id), ConferenceChanged(conference=shown), subject=id)
    return shown


def change(db: Session, actor: Actor, conference_id: UUID, wish: ConferenceChange) -> ConferenceView:
    conference, _ = scope.of_conference(db, actor, conference_id, "conference.change", lock=True)
    for name, value in wish.model_dump(exclude_unset=True).items():
        if value is not None or name in {"starts_on", "ends_on"}:
            setattr(conference, name, value)
    check_dates(conference.starts_on, conference.ends_on)
    check_public(conference)
    _check_address(db, conference)
    conference.version += 1
    shown = view(conference)
    publish(db, conference_channel(conference_id), ConferenceChanged(conference=shown), subject=conference_id)
    return shown


def _check_address(db: Session, conference: Conference) -> None:
    """Raises Conflict for a public address that another conference has."""
    taken = select(Conference.id).where(
        col(Conference.slug) == conference.slug, col(Conference.id) != conference.id
    )
    with db.no_autoflush:
        if conference.slug is not None and db.exec(taken).first() is not None:
            raise Conflict("conference.slug_taken", fields={"slug": "conference.slug_taken"})


def held(db: Session, conference_id: UUID, person_id: UUID) -> ConferenceRole | None:
    """What somebody is here, locked: it is about to be decided on."""
    return db.get(ConferenceRole, (conference_id, person_id), with_for_update=True, populate_existing=True)


def grant(
    db: Session, conference_id: UUID, person_id: UUID, role: str, *, invitation_id: UUID | None = None
) -> None:
    """Give a person a role, new or instead of the one they had, and tell everybody concerned.

    Raises Forbidden for somebody banned from here: there is no other way in.
    """
    had = held(db, conference_id, person_id)
    if had is None:
        if scope.banned(db, conference_id, person_id) is not None:
            raise Forbidden("ban.here")
        db.add(
            ConferenceRole(
                conference_id=conference_id, person_id=person_id, role=role, invitation_id=invitation_id
            )
        )
        db.flush()
    elif had.role == role:
        return
    else:
        had.role = role
        access_changed(db, "role.changed", people=(person_id,))
    tell_role(db, conference_id, person_id, role)


def change_role(db: Session, actor: Actor, conference_id: UUID, person_id: UUID, role: str) -> None:
    """Change what somebody already here is. Strangers come by invitation, so that they agree to it."""
    was = set_role(db, actor, conference_id, person_id, role)
    if was != role:
        changed = {"was": was, "now": role}
        audit.note(db, actor, conference_id, "role.changed", person=person_id, subject=person_id, data=changed)


def set_role(db: Session, actor: Actor, conference_id: UUID, person_id: UUID, role: str) -> str:
    """The same without a word in the log; returns what they were."""
    scope.of_conference(db, actor, conference_id, "role.change", lock=True)
    had = held(db, conference_id, person_id)
    if had is None:
        raise NotFound("not_found")
    was = had.role
    if had.role == "organiser" and role != "organiser":
        keep_an_organiser(db, conference_id, person_id)
    if role == "organiser" and scope.load(db, Person, person_id).guest:
        raise Conflict("guest.not_here")
    grant(db, conference_id, person_id, role)
    return was


def keep_an_organiser(db: Session, conference_id: UUID, leaving: UUID) -> None:
    """Raises Conflict for the last one. The conference is locked, so that two cannot leave at once."""
    organisers = db.exec(
        select(ConferenceRole.person_id).where(
            col(ConferenceRole.conference_id) == conference_id, col(ConferenceRole.role) == "organiser"
        )
    ).all()
    if set(organisers) <= {leaving}:
        raise Conflict("role.last_organiser")


def tell_role(db: Session, conference_id: UUID, person_id: UUID, role: str | None) -> None:
    """To the person what they are now, to everybody how many there are."""
    count = people.count_participants(db, conference_id)
    publish(db, conference_channel(conference_id), PeopleChanged(count=count))
    publish(db, person_channel(person_id), RoleChanged(conference_id=conference_id, role=role))
