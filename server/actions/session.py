"""Planning sessions, moving them through their states, and naming who speaks."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session, col, select

from models.base import now
from models.conference import Conference, ConferenceSession, SessionSpeaker
from models.person import Person
from models.stage import Standing, StreamKey
from models.team import Team
from server.actions import conference, halls, hands, ledger, recording, rehearsed, saved
from server.actions.publish import access_changed, publish
from server.domain.errors import NotFound
from server.domain.person import Actor, owner_of
from server.domain.session import (
    OPEN,
    NewStreamKey,
    SessionChange,
    SessionChanged,
    SessionCreated,
    SessionDraft,
    SessionRemoved,
    SessionView,
    StageChanged,
    WaitingCard,
    check_cancel,
    check_keys,
    check_move,
    check_removal,
    check_times,
)
from server.domain.stage import StageDirected, StageInvited
from server.domain.team import TeamChanged, TeamView
from server.queries import film as films
from server.queries import programme, scope, teams
from server.queries import stage as stages
from server.queries.channels import (
    backstage_channel,
    conference_channel,
    person_channel,
    session_channel,
    team_channel,
)
from server.queries.scope import Scope


def create(db: Session, actor: Actor, conference_id: UUID, draft: SessionDraft, *, id: UUID) -> SessionView:
    scope.of_conference(db, actor, conference_id, "session.create", lock=True)
    check_times(draft.starts_at, draft.ends_at)
    hall, track = halls.placed(db, conference_id, hall=draft.hall, track=draft.track)
    named = draft.model_dump() | {"hall": hall, "track": track}
    session = ConferenceSession(id=id, conference_id=conference_id, **named)
    db.add(session)
    db.flush()
    return tell_new(db, session)


def tell_new(db: Session, session: ConferenceSession) -> SessionView:
    shown = programme.session_view(db, session)
    publish(db, conference_channel(session.conference_id), SessionCreated(session=shown), subject=session.id)
    return shown


def change(db: Session, actor: Actor, session_id: UUID, wish: SessionChange) -> SessionView:
    session, _ = _arranged(db, actor, session_id, "session.change")
    was = session.starts_at
    for name, value in wish.model_dump(exclude_none=True).items():
        setattr(session, name, value)
    check_times(session.starts_at, session.ends_at)
    session.hall, session.track = halls.placed(db, session.conference_id, hall=session.hall, track=session.track)
    if session.starts_at != was:
        saved.tell_moved(db, [(session, was)])
    recording.follow(db, session)
    return tell(db, session)


def cancel(db: Session, actor: Actor, session_id: UUID, note: str) -> SessionView:
    """Call a session off; it stays in the programme, with the reason, so that nobody waits for it."""
    session, _ = _arranged(db, actor, session_id, "session.cancel")
    check_cancel(session.state, aired=session.live_since is not None)
    if session.state != "cancelled":
        saved.tell_off(db, session)
    session.state, session.note = "cancelled", note
    _clear_stage(db, session)
    rehearsed.close(db, session)
    recording.follow(db, session)
    shown = tell(db, session)
    tell_stage(db, session)
    tell_desk(db, session)
    return shown


def revive(db: Session, actor: Actor, session_id: UUID) -> SessionView:
    """Take a cancellation back."""
    session, _ = _arranged(db, actor, session_id, "session.cancel")
    if session.state != "cancelled":
        return programme.session_view(db, session)
    session.state, session.note = "scheduled", ""
    saved.tell_on(db, session)
    return tell(db, session)


def remove(db: Session, actor: Actor, session_id: UUID) -> None:
    """Take a session out of the programme. What was said in it stays, and `restore` brings it back."""
    session, _ = _arranged(db, actor, session_id, "session.remove")
    check_removal(session.state)
    rehearsed.close(db, session)
    session.deleted_at = now()
    session.version += 1
    session.changed_at = session.deleted_at
    if session.state == "scheduled":
        saved.tell_off(db, session)
    fact = SessionRemoved(session_id=session_id, version=session.version)
    for channel in (session_channel(session_id), conference_channel(session.conference_id)):
        publish(db, channel, fact, subject=session_id)


def restore(db: Session, actor: Actor, session_id: UUID) -> SessionView:
    known = scope.load(db, ConferenceSession, session_id)
    if known.team_id is not None:
        raise NotFound("not_found")
    scope.of_conference(db, actor, known.conference_id, "session.remove", lock=True)
    session = scope.load(db, ConferenceSession, session_id, lock=True)
    if session.deleted_at is None:
        return programme.session_view(db, session)
    session.deleted_at = None
    session.version += 1
    session.changed_at = now()
    session.hall, session.track = halls.placed(db, session.conference_id, hall=session.hall, track=session.track)
    if session.state == "scheduled":
        saved.tell_on(db, session)
    return tell_new(db, session)


def _arranged(db: Session, actor: Actor, session_id: UUID, permission: str) -> tuple[ConferenceSession, Scope]:
    """A session about to be arranged anew, after its conference was locked: parents before children."""
    known = scope.load(db, ConferenceSession, session_id)
    if known.team_id is not None:
        raise NotFound("not_found")  # a team's meeting stands in no programme
    scope.load(db, Conference, known.conference_id, lock=True)
    return scope.of_session(db, actor, session_id, permission, lock=True)


def move(db: Session, actor: Actor, session_id: UUID, to: str) -> SessionView:
    """Open backstage, go live, end. Pressing the same button twice is no fault."""
    known = scope.load(db, ConferenceSession, session_id)
    rehearsed_for = known.rehearsal_of and scope.load(db, ConferenceSession, known.rehearsal_of, lock=True)
    session, _ = scope.of_session(db, actor, session_id, "session.move", lock=True)
    if session.state == to:
        return programme.session_view(db, session)
    check_move(session.state, to, aired=session.live_since is not None)
    if rehearsed_for and to not in OPEN:
        return _rehearsed(db, rehearsed_for)
    return moved(db, session, to)


def _rehearsed(db: Session, session: ConferenceSession) -> SessionView:
    """A rehearsal ends by whichever button, and nothing of it stays."""
    last = rehearsed.close(db, session)
    if last is None:
        raise NotFound("not_found")
    tell_desk(db, session)
    return last


def moved(db: Session, session: ConferenceSession, to: str) -> SessionView:
    """The same for what closes by itself; the session's row is locked."""
    session.state = to
    if to == "live":
        session.live_since = now()  # kept from then on: a break is told from the wait for the start
    if to != "live":
        for film in films.running(db, session.id):
            film.shown_in = film.shown_since = None
    if to == "ended":
        _clear_stage(db, session)
    if to == "live":
        rehearsed.close(db, session)  # those in it come to the stage itself
    recording.follow(db, session)
    shown = tell(db, session)
    tell_stage(db, session)
    tell_desk(db, session)
    if session.team_id is not None:
        tell_team(db, session.team_id)
    return shown


def set_card(db: Session, actor: Actor, session_id: UUID, card: WaitingCard) -> SessionView:
    """What viewers read while nobody is on air."""
    session, _ = scope.of_session(db, actor, session_id, "session.move", lock=True)
    session.card_ar, session.card_en, session.back_at = card.card_ar, card.card_en, card.back_at
    return tell(db, session)


def _clear_stage(db: Session, session: ConferenceSession) -> None:
    """Who was asked onto the stage stands there while it lasts; the desk's wishes and the hands go with it."""
    rows = db.exec(select(Standing).where(col(Standing.session_id) == session.id)).all()
    guests = tuple(row.person_id for row in rows if row.guest)
    for row in rows:
        db.delete(row)
    db.flush()
    for guest in guests:
        gone = StageInvited(session_id=session.id, title=session.title, invited=False)
        publish(db, person_channel(guest), gone, subject=session.id)
    if guests:
        access_changed(db, "stage.left", people=guests)
    hands.drop_all(db, session.id)


def tell_desk(db: Session, session: ConferenceSession) -> None:
    db.flush()
    publish(db, backstage_channel(session.id), StageDirected(desk=stages.desk(db, session)), subject=session.id)


def tell_stage(db: Session, session: ConferenceSession) -> None:
    stage = programme.stage_view(db, session)
    publish(db, session_channel(session.id), StageChanged(stage=stage), subject=session.id)


def add_speaker(db: Session, actor: Actor, session_id: UUID, person_id: UUID) -> None:
    """Let somebody of the conference speak in a session."""
    session, _ = scope.of_session(db, actor, session_id, "speaker.change", lock=True)
    if session.team_id is not None or scope.conference_role(db, session.conference_id, person_id) is None:
        raise NotFound("not_found")
    grant_speaker(db, session_id, scope.load(db, Person, person_id))


def grant_speaker(db: Session, session_id: UUID, person: Person) -> None:
    if db.get(SessionSpeaker, (session_id, person.id)) is not None:
        return
    session = scope.load(db, ConferenceSession, session_id, lock=True)
    db.add(SessionSpeaker(session_id=session_id, person_id=person.id))
    if scope.conference_role(db, session.conference_id, person.id) == "attendee":
        conference.grant(db, session.conference_id, person.id, "speaker")
    db.flush()
    tell(db, session)
    tell_desk(db, session)


def remove_speaker(db: Session, actor: Actor, session_id: UUID, person_id: UUID) -> None:
    session, _ = scope.of_session(db, actor, session_id, "speaker.change", lock=True)
    row = db.get(SessionSpeaker, (session_id, person_id))
    if row is None:
        raise NotFound("not_found")
    db.delete(row)
    db.flush()
    access_changed(db, "speaker.removed", people=(person_id,))
    tell(db, session)
    tell_desk(db, session)


def create_stream_key(db: Session, actor: Actor, session_id: UUID, *, id: UUID, url: str) -> NewStreamKey:
    """A key for OBS or FFmpeg. It is shown now and never again."""
    scope.of_session(db, actor, session_id, "stream_key.manage", lock=True)
    check_keys(len(programme.stream_keys(db, actor, session_id)))
    token = ledger.new_token()
    db.add(StreamKey(id=id, person_id=actor.person_id, session_id=session_id, token_hash=ledger.token_hash(token)))
    return NewStreamKey(id=id, key=token, url=f"{url}/whip/{session_id}")


def revoke_stream_key(db: Session, actor: Actor, key_id: UUID) -> None:
    """Close a key of one's own; what it sends is dropped."""
    key = db.get(StreamKey, key_id, with_for_update=True)
    if key is None or key.person_id != actor.person_id or key.revoked_at is not None:
        raise NotFound("not_found")
    key.revoked_at = now()
    access_changed(db, "stream_key.revoked", owners=(owner_of(actor.person_id, key_id),))


def tell(db: Session, session: ConferenceSession) -> SessionView:
    """A session is not what it was: on its own channel and in the programme."""
    session.version += 1
    session.changed_at = now()
    shown = programme.session_view(db, session)
    apart = session.rehearsal_of is not None or session.team_id is not None
    programme_channel = () if apart else (conference_channel(session.conference_id),)
    for channel in (session_channel(session.id), *programme_channel):
        publish(db, channel, SessionChanged(session=shown), subject=session.id)
    return shown


def tell_team(db: Session, team_id: UUID) -> TeamView:
    """A team is not what it was: its name, how one joins it, or its meeting."""
    team = scope.load(db, Team, team_id)
    team.version += 1
    db.flush()
    shown = teams.view(db, team)
    publish(db, team_channel(team_id), TeamChanged(team=shown), subject=team_id)
    return shown
