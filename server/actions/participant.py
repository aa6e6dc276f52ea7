"""Taking somebody out of a conference, with all they are in it."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session, col, delete, select

from models.conference import ConferenceSession, SessionSpeaker
from models.person import Person
from models.stage import Standing
from models.team import Membership, Team
from server.actions import audit, conference, hands, programme, recording, session, team
from server.actions.publish import access_changed
from server.domain.errors import NotFound
from server.domain.person import Actor
from server.queries import scope


def remove(db: Session, actor: Actor, conference_id: UUID, person_id: UUID) -> None:
    """Take somebody out: they speak in none of its sessions and belong to none of its teams any more."""
    scope.of_conference(db, actor, conference_id, "role.change", lock=True)
    take_out(db, conference_id, person_id)
    recording.change_tickets(db, conference_id)
    audit.note(db, actor, conference_id, "role.removed", person=person_id, subject=person_id)


def take_out(db: Session, conference_id: UUID, person_id: UUID) -> None:
    """The same, whoever wants it: an organiser, or the person who gives up their seat.

    Whoever is put out against their will must not go on watching by the addresses they know: then the tickets
    change, which makes every page that watches behind ask anew. Nobody can do that to the others by themselves.
    """
    spoken = sessions_spoken_in(db, conference_id, person_id)
    held = conference.held(db, conference_id, person_id)
    if held is None:
        raise NotFound("not_found")
    if held.role == "organiser":
        conference.keep_an_organiser(db, conference_id, person_id)
    person = scope.load(db, Person, person_id)
    db.delete(held)
    left = _leave_teams(db, conference_id, person_id)
    db.exec(
        delete(SessionSpeaker).where(
            col(SessionSpeaker.person_id) == person_id,
            col(SessionSpeaker.session_id).in_([one.id for one in spoken]),
        )
    )
    # every session: a place on a stage ends in rehearsals and meetings as well
    sessions = select(ConferenceSession.id).where(col(ConferenceSession.conference_id) == conference_id)
    db.exec(delete(Standing).where(col(Standing.person_id) == person_id, col(Standing.session_id).in_(sessions)))
    db.flush()
    hands.drop_everywhere(db, conference_id, person_id)
    access_changed(db, "role.removed", people=(person_id,))
    for one in spoken:
        if one.deleted_at is None:
            session.tell(db, one)
            session.tell_desk(db, one)
    for team_id in left:
        team.tell(db, team_id, person, None)
    programme.forget_profile(db, conference_id, person_id)
    conference.tell_role(db, conference_id, person_id, None)


def sessions_spoken_in(db: Session, conference_id: UUID, person_id: UUID) -> list[ConferenceSession]:
    """Locked, ids ascending."""
    # every session: a deleted one may come back, and must not bring the speaker with it
    wanted = (
        select(ConferenceSession)
        .join(SessionSpeaker, col(SessionSpeaker.session_id) == col(ConferenceSession.id))
        .where(col(ConferenceSession.conference_id) == conference_id, col(SessionSpeaker.person_id) == person_id)
        .order_by(col(ConferenceSession.id))
        .with_for_update(of=ConferenceSession)
    )
    return list(db.exec(wanted))


def _leave_teams(db: Session, conference_id: UUID, person_id: UUID) -> list[UUID]:
    teams = select(Team.id).where(col(Team.conference_id) == conference_id)
    gone = db.exec(
        delete(Membership)
        .where(col(Membership.person_id) == person_id, col(Membership.team_id).in_(teams))
        .returning(col(Membership.team_id))
    )
    return sorted(gone.scalars())
