"""Keeping somebody out of a conference, and letting them back in with all they were.

A ban holds against: the person, under whatever name and on every device they sign in by; every browser that
one of their logins was made in, for new guests and new accounts alike; and, when asked, the invitation they
came by. It cannot know a person who comes with a fresh browser, a new account and another invitation.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from models.base import now
from models.conference import ConferenceRole, ConferenceSession, Invitation
from models.moderation import Ban, BannedBrowser
from models.person import Login, Person
from models.team import Membership, Team
from server.actions import audit, conference, participant, programme, recording, seats, session, team
from server.domain.errors import Forbidden, NotFound
from server.domain.moderation import BanWish, Deed, check_reach
from server.domain.person import Actor
from server.queries import scope


def impose(db: Session, actor: Actor, conference_id: UUID, person_id: UUID, wish: BanWish) -> Deed:
    """Put somebody out of the whole conference. Within 5 s they hear and send nothing more."""
    _, here = scope.of_conference(db, actor, conference_id, "person.moderate", lock=True)
    spoken = participant.sessions_spoken_in(db, conference_id, person_id)
    role = conference.held(db, conference_id, person_id)
    if role is None:
        raise NotFound("not_found")
    check_reach(here.roles, role.role, oneself=person_id == actor.person_id)
    ban = Ban(
        conference_id=conference_id,
        person_id=person_id,
        made_by=actor.person_id,
        reason=wish.reason,
        held=_held(db, role, spoken),
    )
    db.add(ban)
    db.flush()
    browsers = db.exec(select(Login.browser).where(col(Login.person_id) == person_id, col(Login.browser) != ""))
    db.add_all([BannedBrowser(ban_id=ban.id, browser=browser) for browser in sorted(set(browsers))])
    if wish.close_invitation and role.invitation_id is not None:
        invitation = scope.load(db, Invitation, role.invitation_id, lock=True)
        invitation.revoked_at = invitation.revoked_at or now()
    participant.take_out(db, conference_id, person_id)
    seat = seats.give_up(db, conference_id, person_id)
    ban.held = {**ban.held, "registration": seat}
    recording.change_tickets(db, conference_id)
    return audit.note(db, actor, conference_id, "person.banned", person=person_id, subject=ban.id)


def lift(db: Session, actor: Actor, ban_id: UUID) -> Deed:
    """Let somebody in again, as what they were."""
    ban = scope.load(db, Ban, ban_id, lock=True)
    scope.of_conference(db, actor, ban.conference_id, "person.moderate", lock=True)
    end(db, ban)
    return audit.note(db, actor, ban.conference_id, "ban.lifted", person=ban.person_id, subject=ban.id)


def end(db: Session, ban: Ban) -> None:
    """The role, what is told of them, the sessions spoken in and the teams come back, as far as they are there."""
    if ban.lifted_at is not None:
        return
    ban.lifted_at = now()
    db.flush()
    person = scope.load(db, Person, ban.person_id)
    if ban.held.get("registration") == "confirmed":
        seats.give_back(db, ban.conference_id, ban.person_id)
    conference.grant(db, ban.conference_id, ban.person_id, ban.held["role"])
    if ban.held.get("profile"):
        programme.restore_profile(db, ban.conference_id, person, ban.held["profile"])
    for session_id in ban.held["sessions"]:
        if db.get(ConferenceSession, UUID(session_id)) is not None:
            session.grant_speaker(db, UUID(session_id), person)
    for team_id, role in ban.held["teams"]:
        if db.get(Team, UUID(team_id)) is not None:
            team.grant(db, UUID(team_id), person, role)


def refuse_banned(db: Session, conference_id: UUID, person_id: UUID | None, *, browser: str = "") -> None:
    """Raises Forbidden for somebody who is kept out: themselves, or a browser they used."""
    if person_id is not None and scope.banned(db, conference_id, person_id) is not None:
        raise Forbidden("ban.here")
    if browser and _banned_browser(db, conference_id, browser):
        raise Forbidden("ban.browser")


def _banned_browser(db: Session, conference_id: UUID, browser: str) -> bool:
    found = (
        select(Ban.id)
        .join(BannedBrowser, col(BannedBrowser.ban_id) == col(Ban.id))
        .where(
            col(BannedBrowser.browser) == browser,
            col(Ban.conference_id) == conference_id,
            col(Ban.lifted_at).is_(None),
        )
    )
    return db.exec(found.limit(1)).first() is not None


def _held(db: Session, role: ConferenceRole, spoken: Sequence[ConferenceSession]) -> dict[str, object]:
    """What somebody is here, to give it back."""
    belongs = (
        select(Membership.team_id, Membership.role)
        .join(Team, col(Team.id) == col(Membership.team_id))
        .where(col(Team.conference_id) == role.conference_id, col(Membership.person_id) == role.person_id)
    )
    return {
        "role": role.role,
        "profile": programme.kept_profile(db, role.conference_id, role.person_id),
        "sessions": [str(one.id) for one in spoken],
        "teams": sorted([str(id), member] for id, member in db.exec(belongs)),
    }
