"""Directing a stage: who is on air, who is heard, in which order, and who is asked onto it from the audience."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session

from models.conference import ConferenceSession
from models.stage import Standing
from server.actions import hands
from server.actions.publish import access_changed, publish
from server.actions.session import tell_desk, tell_stage
from server.domain.errors import NotFound
from server.domain.person import Actor
from server.domain.stage import DeskView, StageInvited, StandingChange
from server.queries import scope
from server.queries import stage as stages
from server.queries.channels import person_channel


def direct(db: Session, actor: Actor, session_id: UUID, person_id: UUID, wish: StandingChange) -> DeskView:
    """Put somebody on air or take them off, mute them for all, or move them in the order."""
    session, _ = scope.of_session(db, actor, session_id, "stage.direct", lock=True)
    if not stages.belongs(db, session, person_id):
        raise NotFound("not_found")
    standing = put_on(db, session, person_id) if wish.on_air else _standing(db, session_id, person_id)
    for name in wish.model_fields_set:
        value = getattr(wish, name)
        if value is not None:
            setattr(standing, name, value)
    return _tell(db, session)


def bring(db: Session, actor: Actor, session_id: UUID, person_id: UUID) -> DeskView:
    """Ask somebody of the conference onto the stage: a guest of it until they leave or the session ends.

    They are put on air as soon as they send. Asking twice is no fault.
    """
    session, _ = scope.of_session(db, actor, session_id, "stage.direct", lock=True)
    if scope.conference_role(db, session.conference_id, person_id) is None:
        raise NotFound("not_found")
    put_on(db, session, person_id).guest = True
    invited = StageInvited(session_id=session_id, title=session.title, invited=True)
    publish(db, person_channel(person_id), invited, subject=session_id)
    return _tell(db, session)


def take_off(db: Session, actor: Actor, session_id: UUID, person_id: UUID) -> None:
    """Let a guest stand on the stage no longer: by the desk, or by the guest."""
    permission = "stage.leave" if person_id == actor.person_id else "stage.direct"
    session, _ = scope.of_session(db, actor, session_id, permission, lock=True)
    standing = db.get(Standing, (session_id, person_id))
    if standing is None or not standing.guest:
        raise NotFound("not_found")
    db.delete(standing)
    left = StageInvited(session_id=session_id, title=session.title, invited=False)
    publish(db, person_channel(person_id), left, subject=session_id)
    access_changed(db, "stage.left", people=(person_id,))
    hands.drop(db, session_id, person_id)  # it was called, and is answered by that
    _tell(db, session)


def put_on(db: Session, session: ConferenceSession, person_id: UUID) -> Standing:
    """Put somebody on air. As many as may be there is a Conflict; a speaker who has not come keeps no place."""
    absent = stages.in_the_way(db, session, person_id)
    if absent is not None:
        _standing(db, session.id, absent).on_air = False
    standing = _standing(db, session.id, person_id)
    standing.on_air = True
    return standing


def _standing(db: Session, session_id: UUID, person_id: UUID) -> Standing:
    standing = db.get(Standing, (session_id, person_id))
    if standing is None:
        standing = Standing(session_id=session_id, person_id=person_id)
        db.add(standing)
    return standing


def _tell(db: Session, session: ConferenceSession) -> DeskView:
    session.directed += 1
    tell_desk(db, session)
    if session.state == "live":
        tell_stage(db, session)
    return stages.desk(db, session)
