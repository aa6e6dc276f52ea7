"""Holding a conference: its frame, and the roles of its people."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session, col, delete, select

from models.conference import Conference, ConferenceRole, ConferenceSession, SessionSpeaker
from models.person import Person
from models.team import Membership, Team
from server.actions.publish import access_changed, publish
from server.domain.conference import (
    ConferenceChange,
    ConferenceChanged,
    ConferenceDraft,
    ConferenceView,
    PeopleChanged,
    RoleChanged,
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
    conference = Conference(id=id, **draft.model_dump())
    db.add(conference)
    db.flush()
    db.add(ConferenceRole(conference_id=id, person_id=actor.person_id, role="organiser"))
    shown = view(conference)
    publish(db, conference_channel(id), ConferenceChanged(conference=shown), subject=id)
    return shown


def change(db: Session, actor: Actor, conference_id: UUID, wish: ConferenceChange) -> ConferenceView:
    conference, _ = scope.of_conference(db, actor, conference_id, "conference.change", lock=True)
    for name in wish.model_fields_set:
        value = getattr(wish, name)
        if value is not None or name in {"starts_on", "ends_on"}:
            setattr(conference, name, value)
    conference.version += 1
    shown = view(conference)
    publish(db, conference_channel(conference_id), ConferenceChanged(conference=shown), subject=conference_id)
    return shown


def grant(db: Session, conference_id: UUID, person_id: UUID, role: str) -> None:
    """Give a person a role, new or instead of the one they had, and tell everybody concerned."""
    held = db.get(ConferenceRole, (conference_id, person_id))
    if held is None:
        db.add(ConferenceRole(conference_id=conference_id, person_id=person_id, role=role))
        db.flush()
    elif held.role == role:
        return
    else:
        held.role = role
        access_changed(db, "role.changed", people=(person_id,))
    _tell(db, conference_id, person_id, role)


def change_role(db: Session, actor: Actor, conference_id: UUID, person_id: UUID, role: str) -> None:
    """Change what somebody already here is. Strangers come by invitation, so that they agree to it."""
    scope.of_conference(db, actor, conference_id, "role.change", lock=True)
    held = db.get(ConferenceRole, (conference_id, person_id))
    if held is None:
        raise NotFound("not_found")
    if held.role == "organiser" and role != "organiser":
        _keep_an_organiser(db, conference_id, person_id)
    if role == "organiser" and scope.load(db, Person, person_id).guest:
        raise Conflict("guest.not_here")
    grant(db, conference_id, person_id, role)


def remove(db: Session, actor: Actor, conference_id: UUID, person_id: UUID) -> None:
    """Take somebody out of a conference with all they are in it: speaker, member of its teams."""
    scope.of_conference(db, actor, conference_id, "role.change", lock=True)
    held = db.get(ConferenceRole, (conference_id, person_id))
    if held is None:
        raise NotFound("not_found")
    if held.role == "organiser":
        _keep_an_organiser(db, conference_id, person_id)
    db.delete(held)
    sessions = select(ConferenceSession.id).where(col(ConferenceSession.conference_id) == conference_id)
    teams = select(Team.id).where(col(Team.conference_id) == conference_id)
    db.exec(
        delete(SessionSpeaker).where(
            col(SessionSpeaker.person_id) == person_id, col(SessionSpeaker.session_id).in_(sessions)
        )
    )
    db.exec(delete(Membership).where(col(Membership.person_id) == person_id, col(Membership.team_id).in_(teams)))
    db.flush()
    access_changed(db, "role.removed", people=(person_id,))
    _tell(db, conference_id, person_id, None)


def _keep_an_organiser(db: Session, conference_id: UUID, leaving: UUID) -> None:
    organisers = db.exec(
        select(ConferenceRole.person_id).where(
            col(ConferenceRole.conference_id) == conference_id, col(ConferenceRole.role) == "organiser"
        )
    ).all()
    if set(organisers) <= {leaving}:
        raise Conflict("role.last_organiser")


def _tell(db: Session, conference_id: UUID, person_id: UUID, role: str | None) -> None:
    count = people.count_participants(db, conference_id)
    publish(db, conference_channel(conference_id), PeopleChanged(count=count))
    publish(db, person_channel(person_id), RoleChanged(conference_id=conference_id, role=role))
