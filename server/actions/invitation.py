"""Invitation links: made by an organiser, used by the button and never by the visit alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlmodel import Session, col, select

from models.base import new_id, now
from models.conference import Conference, ConferenceSession, Invitation, SessionSpeaker
from models.person import Person
from models.team import Team
from server.actions import ban, conference, ledger
from server.actions import session as sessions
from server.actions import team as teams
from server.domain.conference import (
    InvitationAccept,
    InvitationDraft,
    InvitationLook,
    InvitedConference,
    InvitedSession,
    NewInvitation,
    higher,
    invitation_view,
    usable,
)
from server.domain.errors import BadInput, Conflict, Gone, LoginNeeded, NotFound
from server.domain.person import Actor
from server.domain.translation import titles
from server.queries import scope


@dataclass(frozen=True)
class Acceptance:
    """Who came in, where to, and the token of the login that was made for a guest."""

    person_id: UUID
    conference_id: UUID
    session_id: UUID | None
    team_id: UUID | None
    login_token: str | None


def create(
    db: Session, actor: Actor, conference_id: UUID, draft: InvitationDraft, *, id: UUID, url: str
) -> NewInvitation:
    """A link for a role. Organisers' links open once unless told otherwise."""
    scope.of_conference(db, actor, conference_id, "invitation.manage")
    _belongs(db, ConferenceSession, draft.session_id, conference_id)
    _belongs(db, Team, draft.team_id, conference_id)
    token = ledger.new_token()
    invitation = Invitation(
        id=id,
        conference_id=conference_id,
        role=draft.role,
        session_id=draft.session_id,
        team_id=draft.team_id,
        token_hash=ledger.token_hash(token),
        made_by=actor.person_id,
        most_uses=draft.uses or (1 if draft.role == "organiser" else None),
        expires_at=now() + timedelta(days=draft.days),
    )
    db.add(invitation)
    return NewInvitation(invitation=invitation_view(invitation), url=f"{url}/join#{token}", token=token)


def revoke(db: Session, actor: Actor, invitation_id: UUID) -> None:
    """Close a link; whoever came by it stays."""
    invitation = scope.load(db, Invitation, invitation_id, lock=True)
    scope.of_conference(db, actor, invitation.conference_id, "invitation.manage")
    invitation.revoked_at = invitation.revoked_at or now()


def look(db: Session, token: str) -> InvitationLook:
    """What a link leads to. Looking uses nothing up: mail scanners and previews look too."""
    invitation = _found(db, token)
    held_in = scope.load(db, Conference, invitation.conference_id)
    session = db.get(ConferenceSession, invitation.session_id) if invitation.session_id else None
    return InvitationLook(
        conference=InvitedConference(
            id=held_in.id, title=held_in.title, titles=titles(held_in.translations), locale=held_in.locale
        ),
        role=invitation.role,
        session=InvitedSession(id=session.id, title=session.title, titles=titles(session.translations))
        if session
        else None,
    )


def accept(
    db: Session, actor: Actor | None, wish: InvitationAccept, *, device: str, browser: str = ""
) -> Acceptance:
    """Take a link up. Somebody signed in gets the role; anybody else becomes a guest with a name.

    Using the same link twice with the same login uses it up once: the role is already there. An organiser
    needs an account: a guest who loses their browser's cookie could not come back to what they hold.
    """
    invitation = _found(db, wish.token, lock=True)
    ban.refuse_banned(db, invitation.conference_id, actor.person_id if actor else None, browser=browser)
    token = None
    if actor is None and invitation.role == "organiser":
        raise LoginNeeded("login.needed")
    if actor is None:
        person = _guest(db, wish)
        token = ledger.log_in(db, person, device=device, browser=browser)
    else:
        person = scope.load(db, Person, actor.person_id)
    if invitation.role == "organiser" and person.guest:
        raise Conflict("guest.not_here")
    if invitation.session_id is not None:
        scope.load(db, ConferenceSession, invitation.session_id, lock=True)
    row = conference.held(db, invitation.conference_id, person.id)
    held = row.role if row else None
    role = higher(held, invitation.role)
    if held is None or role != held or _still_to_add(db, invitation, person.id):
        invitation.uses += 1
    conference.grant(db, invitation.conference_id, person.id, role, invitation_id=invitation.id)
    if invitation.session_id and invitation.role == "speaker":
        sessions.grant_speaker(db, invitation.session_id, person)
    if invitation.team_id:
        teams.grant(db, invitation.team_id, person, "member")
    return Acceptance(person.id, invitation.conference_id, invitation.session_id, invitation.team_id, token)


def _found(db: Session, token: str, *, lock: bool = False) -> Invitation:
    wanted = select(Invitation).where(col(Invitation.token_hash) == ledger.token_hash(token))
    invitation = db.exec(wanted.with_for_update() if lock else wanted).first()
    if invitation is None or not usable(invitation, at=now()):
        raise Gone("invitation.spent")
    return invitation


def _guest(db: Session, wish: InvitationAccept) -> Person:
    if wish.name is None:
        raise BadInput("invitation.name_needed", fields={"name": "invitation.name_needed"})
    person = Person(id=new_id(), name=wish.name, guest=True, locale=wish.locale, zone=wish.zone)
    db.add(person)
    db.flush()
    return person


def _still_to_add(db: Session, invitation: Invitation, person_id: UUID) -> bool:
    speaks = invitation.role == "speaker" and invitation.session_id is not None
    new_speaker = speaks and db.get(SessionSpeaker, (invitation.session_id, person_id)) is None
    new_member = invitation.team_id is not None and not teams.belongs(db, invitation.team_id, person_id)
    return new_speaker or new_member


def _belongs(
    db: Session, table: type[ConferenceSession] | type[Team], id: UUID | None, conference_id: UUID
) -> None:
    if id is not None and scope.load(db, table, id).conference_id != conference_id:
        raise NotFound("not_found")
