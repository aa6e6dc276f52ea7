"""What somebody tells of themselves for teams."""

from __future__ import annotations

from sqlmodel import Session, col, delete

from models.base import now
from models.person import Person
from models.volunteer import PersonSkill, VolunteerProfile
from server.domain import volunteer
from server.domain.person import Actor
from server.domain.volunteer import ProfileView, ProfileWish
from server.queries import scope
from server.queries import volunteer as volunteers


def change(db: Session, actor: Actor, wish: ProfileWish) -> ProfileView:
    """Keep one's profile whole, as it was sent. A skill known in another spelling takes that one."""
    me = actor.person_id
    person = scope.load(db, Person, me, lock=True)
    row = db.get(VolunteerProfile, me) or VolunteerProfile(person_id=me)
    row.languages = list(dict.fromkeys(wish.languages))
    row.amount, row.per, row.shown, row.changed_at = wish.amount, wish.per, list(wish.shown), now()
    db.add(row)
    if wish.zone is not None and wish.zone != person.zone:
        person.zone = wish.zone
        person.version += 1
    db.exec(delete(PersonSkill).where(col(PersonSkill.person_id) == me))
    names = [one.name for one in wish.skills]
    known = volunteers.known_spellings(db, [volunteer.folded(name) for name in names])
    spelled = volunteer.merged(names, known)
    levels = {volunteer.folded(one.name): one.level for one in wish.skills}
    for key, name in spelled.items():
        db.add(PersonSkill(person_id=me, folded=key, name=name, level=levels[key]))
    db.flush()
    return volunteers.own(db, me)
