"""Profiles of volunteers: one's own, a team's, and the skills that others wrote down."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from sqlmodel import Session, col, func, select

from models.base import now
from models.conference import ConferenceRole
from models.person import Person
from models.team import Membership
from models.volunteer import PersonSkill, VolunteerProfile
from server.domain import volunteer
from server.domain.person import Actor
from server.domain.volunteer import Mates, ProfileView, Suggestions
from server.queries import scope

SUGGESTED = 40


def own(db: Session, person_id: UUID) -> ProfileView:
    person = scope.load(db, Person, person_id)
    return volunteer.profile_view(
        db.get(VolunteerProfile, person_id), skills_of(db, [person_id])[person_id], person
    )


def skills_of(db: Session, people: Collection[UUID]) -> dict[UUID, list[PersonSkill]]:
    """What one has before what one learns, each by name."""
    found: dict[UUID, list[PersonSkill]] = defaultdict(list)
    rows = select(PersonSkill).where(col(PersonSkill.person_id).in_(list(people)))
    for row in db.exec(rows.order_by(col(PersonSkill.level), col(PersonSkill.folded))):
        found[row.person_id].append(row)
    return found


def known_spellings(db: Session, folded: Collection[str]) -> dict[str, str]:
    """How skills of these folded forms are written already: the spelling most people use."""
    rows = db.exec(
        select(PersonSkill.folded, PersonSkill.name, func.count())
        .where(col(PersonSkill.folded).in_(list(folded)))
        .group_by(col(PersonSkill.folded), col(PersonSkill.name))
        .order_by(func.count(), col(PersonSkill.name).desc())
    )
    return {key: name for key, name, _ in rows}


def suggestions(db: Session, actor: Actor) -> Suggestions:
    """Skills that people of one's conferences have shown, most common first."""
    mine = select(ConferenceRole.conference_id).where(col(ConferenceRole.person_id) == actor.person_id)
    others = select(ConferenceRole.person_id).where(col(ConferenceRole.conference_id).in_(mine))
    rows = db.exec(
        select(PersonSkill.folded, PersonSkill.name, func.count())
        .where(col(PersonSkill.person_id).in_(others))
        .group_by(col(PersonSkill.folded), col(PersonSkill.name))
        .order_by(func.count().desc(), col(PersonSkill.name))
        .limit(SUGGESTED * 2)
    )
    once: dict[str, str] = {}
    for key, name, _ in rows:
        once.setdefault(key, name)
    return Suggestions(skills=list(once.values())[:SUGGESTED])


def mates(db: Session, actor: Actor, team_id: UUID) -> Mates:
    """The people of a team as they chose to be seen, and when they are awake together."""
    scope.of_team(db, actor, team_id, "team.show")
    rows = db.exec(
        select(Membership, Person, VolunteerProfile)
        .join(Person, col(Person.id) == col(Membership.person_id))
        .outerjoin(VolunteerProfile, col(VolunteerProfile.person_id) == col(Membership.person_id))
        .where(col(Membership.team_id) == team_id)
        .order_by(col(Membership.joined_at), col(Person.id))
    ).all()
    skills = skills_of(db, [person.id for _, person, _ in rows])
    views = [
        volunteer.mate_view(person, "lead" if row.role == "lead" else "member", profile, skills[person.id])
        for row, person, profile in rows
    ]
    zones = [one.zone for one in views if one.zone]
    return Mates(mates=views, overlap=volunteer.overlap(zones, now()))
