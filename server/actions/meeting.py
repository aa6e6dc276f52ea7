"""A team's meeting: a stage of the team alone, in no programme, on which every member may speak."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlmodel import Session, col, select

from models.base import now
from models.conference import Conference, ConferenceSession, SessionSpeaker
from models.team import Membership
from server.actions import session as sessions
from server.actions.notify import notify
from server.domain.person import Actor
from server.domain.session import OPEN, SessionView
from server.queries import programme, scope, teams

PLANNED = timedelta(hours=1)
LONGEST = timedelta(hours=12)


def start(db: Session, actor: Actor, team_id: UUID, *, id: UUID) -> SessionView:
    """Open the team's stage, live at once, or give the one that is open: two who begin at once meet."""
    team, _ = scope.of_team(db, actor, team_id, "team.meet", lock=True)
    running = teams.meeting(db, team_id)
    if running is not None:
        return programme.session_view(db, scope.load(db, ConferenceSession, running))
    conference = scope.load(db, Conference, team.conference_id)
    begin = now()
    meeting = ConferenceSession(
        id=id,
        conference_id=team.conference_id,
        team_id=team_id,
        title=team.title,
        kind="social",
        language=conference.locale,
        starts_at=begin,
        ends_at=begin + PLANNED,
        state="backstage",
    )
    db.add(meeting)
    db.flush()
    people = db.exec(select(Membership.person_id).where(col(Membership.team_id) == team_id)).all()
    for person_id in people:
        db.add(SessionSpeaker(session_id=id, person_id=person_id))
    if actor.person_id not in people:  # an organiser who looks in
        db.add(SessionSpeaker(session_id=id, person_id=actor.person_id))
    db.flush()
    shown = sessions.moved(db, meeting, "live")
    told = {"name": actor.name, "team": team.title}
    others = [one for one in people if one != actor.person_id]
    once = f"meeting:{id}"
    notify(db, others, "team_meeting", told, link=f"/s/{id}", conference_id=team.conference_id, once=once)
    return shown


def let_in(db: Session, team_id: UUID, person_id: UUID) -> None:
    """Somebody came into the team: its open meeting is theirs, too."""
    for meeting in _open(db, team_id):
        if db.get(SessionSpeaker, (meeting.id, person_id)) is None:
            db.add(SessionSpeaker(session_id=meeting.id, person_id=person_id))
            _told(db, meeting)


def let_out(db: Session, team_id: UUID, person_id: UUID) -> None:
    """Somebody left the team; whoever takes them out closes their connections."""
    for meeting in _open(db, team_id):
        row = db.get(SessionSpeaker, (meeting.id, person_id))
        if row is not None:
            db.delete(row)
            _told(db, meeting)


def close_forgotten(db: Session) -> int:
    """End meetings that nobody ended for half a day. Returns how many."""
    rows = db.exec(
        select(ConferenceSession)
        .where(
            col(ConferenceSession.team_id).is_not(None),
            col(ConferenceSession.state).in_(OPEN),
            *programme.STANDING,
            col(ConferenceSession.starts_at) < now() - LONGEST,
        )
        .order_by(col(ConferenceSession.id))
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        sessions.moved(db, row, "ended")
    return len(rows)


def _open(db: Session, team_id: UUID) -> list[ConferenceSession]:
    wanted = select(ConferenceSession).where(
        col(ConferenceSession.team_id) == team_id,
        col(ConferenceSession.state).in_(OPEN),
        *programme.STANDING,
    )
    return list(db.exec(wanted.order_by(col(ConferenceSession.id)).with_for_update()))


def _told(db: Session, meeting: ConferenceSession) -> None:
    db.flush()
    sessions.tell(db, meeting)
    sessions.tell_desk(db, meeting)
