"""Conferences and their sessions."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, and_, col, or_, select

from models.base import now
from models.conference import ConferenceRole, ConferenceSession, Invitation, SessionSpeaker
from models.person import Person
from models.programme import Bookmark, Hall, SpeakerProfile, Track
from models.stage import Stage, Standing, StreamKey
from models.team import Membership, Team
from server.domain import conference as conferences
from server.domain import permissions
from server.domain import programme as arranged
from server.domain import session as sessions
from server.domain.conference import (
    Checklist,
    ChecklistItem,
    ConferenceMine,
    ConferenceSnapshot,
    InvitationView,
    TeamLite,
)
from server.domain.person import Actor
from server.domain.programme import SpeakerView
from server.domain.session import SessionSnapshot, SessionView, StageView, StreamKeyView
from server.domain.settings import makes_teams
from server.queries import people, scope, settings
from server.queries.channels import conference_channel, position, session_channel

# Rehearsals and teams' meetings are sessions that stand in no programme.
STANDING = (col(ConferenceSession.deleted_at).is_(None),)
IN_PROGRAMME = (col(ConferenceSession.rehearsal_of).is_(None), col(ConferenceSession.team_id).is_(None))
# What a programme shows: nearly every question about sessions begins with this (held by tests/test_house.py).
PLANNED = (*IN_PROGRAMME, *STANDING)


def speakers_of(db: Session, session_ids: Sequence[UUID]) -> dict[UUID, list[Person]]:
    found: dict[UUID, list[Person]] = {id: [] for id in session_ids}
    rows = db.exec(
        select(SessionSpeaker.session_id, Person)
        .join(Person, col(Person.id) == col(SessionSpeaker.person_id))
        .where(col(SessionSpeaker.session_id).in_(list(session_ids)))
        .order_by(col(Person.name), col(Person.id))
    )
    for session_id, person in rows:
        found[session_id].append(person)
    return found


def session_view(db: Session, session: ConferenceSession) -> SessionView:
    return sessions.view(session, speakers_of(db, [session.id])[session.id])


def session_views(db: Session, rows: Sequence[ConferenceSession]) -> list[SessionView]:
    speakers = speakers_of(db, [row.id for row in rows])
    return [sessions.view(row, speakers[row.id]) for row in rows]


def planned(db: Session, conference_id: UUID) -> Sequence[ConferenceSession]:
    """The sessions of the programme in its order, without deleted ones, rehearsals and meetings."""
    return db.exec(
        select(ConferenceSession)
        .where(
            col(ConferenceSession.conference_id) == conference_id,
            *PLANNED,
        )
        .order_by(col(ConferenceSession.starts_at), col(ConferenceSession.id))
    ).all()


def halls(db: Session, conference_id: UUID) -> list[Hall]:
    rows = select(Hall).where(col(Hall.conference_id) == conference_id)
    return sorted(db.exec(rows), key=lambda hall: (hall.rank, hall.name))


def tracks(db: Session, conference_id: UUID) -> list[Track]:
    rows = select(Track).where(col(Track.conference_id) == conference_id)
    return sorted(db.exec(rows), key=lambda track: (track.rank, track.name))


def speakers(db: Session, conference_id: UUID) -> list[SpeakerView]:
    """Everybody the conference tells something of."""
    rows = db.exec(
        select(SpeakerProfile, Person)
        .join(Person, col(Person.id) == col(SpeakerProfile.person_id))
        .where(col(SpeakerProfile.conference_id) == conference_id)
        .order_by(col(SpeakerProfile.person_id))
    )
    return [arranged.speaker_view(profile, person) for profile, person in rows]


def conference_snapshot(db: Session, actor: Actor, conference_id: UUID) -> ConferenceSnapshot:
    conference, _ = scope.of_conference(db, actor, conference_id, "conference.show")
    return ConferenceSnapshot(
        position=position(db, conference_channel(conference_id)),
        conference=conferences.view(conference),
        sessions=session_views(db, planned(db, conference_id)),
        halls=[arranged.hall_view(hall) for hall in halls(db, conference_id)],
        tracks=[arranged.track_view(track) for track in tracks(db, conference_id)],
        speakers=speakers(db, conference_id),
    )


def saved_by(db: Session, conference_id: UUID, person_id: UUID) -> list[UUID]:
    rows = (
        select(Bookmark.session_id)
        .join(ConferenceSession, col(ConferenceSession.id) == col(Bookmark.session_id))
        .where(
            col(ConferenceSession.conference_id) == conference_id,
            *PLANNED,
            col(Bookmark.person_id) == person_id,
        )
        .order_by(col(Bookmark.session_id))
    )
    return list(db.exec(rows))


def conference_mine(db: Session, actor: Actor, conference_id: UUID) -> ConferenceMine:
    _, here = scope.of_conference(db, actor, conference_id, "conference.show")
    rows = db.exec(
        select(Team, people.FIRST_BOARD, Membership.person_id)
        .join(
            Membership,
            (col(Membership.team_id) == col(Team.id)) & (col(Membership.person_id) == actor.person_id),
            isouter=True,
        )
        .where(col(Team.conference_id) == conference_id)
        .order_by(col(Team.created_at), col(Team.id))
    )
    seen = [
        TeamLite(id=team.id, title=team.title, board_id=board_id, member=member is not None)
        for team, board_id, member in rows
        if member is not None or "organiser" in here.roles
    ]
    may = set(permissions.granted(here.roles))
    if makes_teams(settings.of(db, conference_id), here.roles):
        may.add("team.create")
    return ConferenceMine(
        role=here.conference_role,
        may=sorted(may),
        teams=seen,
        saved=saved_by(db, conference_id, actor.person_id),
    )


def session_snapshot(db: Session, actor: Actor, session_id: UUID) -> SessionSnapshot:
    session, _ = scope.of_session(db, actor, session_id, "session.show")
    return SessionSnapshot(
        position=position(db, session_channel(session_id)),
        session=session_view(db, session),
        stage=stage_view(db, session),
    )


def stage_view(db: Session, session: ConferenceSession) -> StageView:
    stage = db.get(Stage, session.id)
    ids = [UUID(item["person_id"]) for item in stage.publishers if item.get("person_id")] if stage else []
    placed = select(Standing.person_id, Standing.place).where(col(Standing.session_id) == session.id)
    places = {str(person_id): place for person_id, place in db.exec(placed)}
    return sessions.stage_view(session, stage, people.by_id(db, ids), places=places)


def invitations(db: Session, actor: Actor, conference_id: UUID) -> list[InvitationView]:
    scope.of_conference(db, actor, conference_id, "invitation.manage")
    rows = db.exec(
        select(Invitation)
        .where(col(Invitation.conference_id) == conference_id)
        .order_by(col(Invitation.created_at).desc(), col(Invitation.id))
    )
    return [conferences.invitation_view(row) for row in rows]


def stream_keys(db: Session, actor: Actor, session_id: UUID) -> list[StreamKeyView]:
    """One's own keys that still open."""
    scope.of_session(db, actor, session_id, "stream_key.manage")
    rows = db.exec(
        select(StreamKey)
        .where(
            col(StreamKey.session_id) == session_id,
            col(StreamKey.person_id) == actor.person_id,
            col(StreamKey.revoked_at).is_(None),
        )
        .order_by(col(StreamKey.created_at))
    )
    return [StreamKeyView(id=row.id, session_id=row.session_id, created_at=row.created_at) for row in rows]


def checklist(db: Session, actor: Actor, conference_id: UUID) -> Checklist:
    """What an organiser still has to do before the day; each item is read off the rows themselves."""
    conference, _ = scope.of_conference(db, actor, conference_id, "conference.change")
    mine = and_(col(ConferenceSession.conference_id) == conference_id, col(ConferenceSession.deleted_at).is_(None))
    invited = select(Invitation.id).where(
        col(Invitation.conference_id) == conference_id,
        col(Invitation.revoked_at).is_(None),
        col(Invitation.expires_at) > now(),
    )
    attendees = select(ConferenceRole.person_id).where(
        col(ConferenceRole.conference_id) == conference_id, col(ConferenceRole.role) == "attendee"
    )
    done = {
        "session": db.exec(select(ConferenceSession.id).where(mine).limit(1)).first(),
        "hall": db.exec(select(Hall.id).where(col(Hall.conference_id) == conference_id).limit(1)).first(),
        "speaker": db.exec(invited.where(col(Invitation.role) == "speaker").limit(1)).first()
        or db.exec(
            select(SessionSpeaker.person_id)
            .join(ConferenceSession, col(ConferenceSession.id) == col(SessionSpeaker.session_id))
            .where(mine)
            .limit(1)
        ).first(),
        "profile": db.exec(
            select(SpeakerProfile.person_id)
            .where(col(SpeakerProfile.conference_id) == conference_id)
            .where(or_(col(SpeakerProfile.bio) != "", col(SpeakerProfile.picture).is_not(None)))
            .limit(1)
        ).first(),
        "public": conference.public,
        "guests": db.exec(invited.where(col(Invitation.role) == "attendee").limit(1)).first()
        or db.exec(attendees.limit(1)).first(),
        "team": db.exec(select(Team.id).where(col(Team.conference_id) == conference_id).limit(1)).first(),
        "stage_tried": db.exec(
            select(Stage.session_id)
            .join(ConferenceSession, col(ConferenceSession.id) == col(Stage.session_id))
            .where(mine, col(Stage.revision) > 0)
            .limit(1)
        ).first(),
    }
    return Checklist(
        items=[ChecklistItem.model_validate({"name": name, "done": bool(found)}) for name, found in done.items()]
    )
