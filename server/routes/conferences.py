"""Conferences, their people and their invitations."""

from __future__ import annotations

from server.actions import conference, invitation, registration
from server.api.endpoint import Call, Endpoints, Reply, Visit
from server.api.rates import ENTERING
from server.api.runner import Units
from server.domain.conference import (
    Checklist,
    ConferenceChange,
    ConferenceDraft,
    ConferenceMine,
    Conferences,
    ConferenceSnapshot,
    ConferenceView,
    InvitationAccept,
    InvitationDraft,
    InvitationLook,
    Invitations,
    Joined,
    NewInvitation,
    People,
    RoleChange,
)
from server.domain.person import LinkToken
from server.queries import people, programme

ENDPOINTS = Endpoints("conferences")
ONE = "/api/conferences/{conference_id}"


@ENDPOINTS.query("conference.list", "/api/conferences", permission=None, result=Conferences)
def mine(call: Call) -> Conferences:
    """The conferences one belongs to."""
    return Conferences(conferences=people.conferences_of(call.db, call.actor.person_id))


@ENDPOINTS.command(
    "conference.create",
    "POST",
    "/api/conferences",
    permission=None,
    body=ConferenceDraft,
    result=ConferenceView,
    status=201,
)
def create(call: Call, body: ConferenceDraft) -> ConferenceView:
    """Found a conference."""
    return conference.create(call.db, call.actor, body, id=call.key)


@ENDPOINTS.query("conference.show", ONE, permission="conference.show", result=ConferenceSnapshot)
def show(call: Call) -> ConferenceSnapshot:
    """A conference and its programme, with the position they belong to."""
    return programme.conference_snapshot(call.db, call.actor, call.path["conference_id"])


@ENDPOINTS.query("conference.mine", f"{ONE}/mine", permission="conference.show", result=ConferenceMine)
def show_mine(call: Call) -> ConferenceMine:
    """What one is in a conference, and one's teams there."""
    return programme.conference_mine(call.db, call.actor, call.path["conference_id"])


@ENDPOINTS.command(
    "conference.change", "PATCH", ONE, permission="conference.change", body=ConferenceChange, result=ConferenceView
)
def change(call: Call, body: ConferenceChange) -> ConferenceView:
    """Change a conference's frame."""
    return conference.change(call.db, call.actor, call.path["conference_id"], body)


@ENDPOINTS.query("conference.checklist", f"{ONE}/checklist", permission="conference.change", result=Checklist)
def checklist(call: Call) -> Checklist:
    """What is still to do before the day."""
    return programme.checklist(call.db, call.actor, call.path["conference_id"])


@ENDPOINTS.query("people.list", f"{ONE}/people", permission="people.list", result=People)
def participants(call: Call) -> People:
    """Everybody in a conference, with their roles."""
    return people.participants(call.db, call.actor, call.path["conference_id"])


@ENDPOINTS.command(
    "role.change", "PUT", f"{ONE}/people/{{person_id}}/role", permission="role.change", body=RoleChange
)
def change_role(call: Call, body: RoleChange) -> None:
    """Change what somebody is in a conference."""
    conference.change_role(call.db, call.actor, call.path["conference_id"], call.path["person_id"], body.role)


@ENDPOINTS.command("role.remove", "DELETE", f"{ONE}/people/{{person_id}}", permission="role.change")
def remove(call: Call) -> None:
    """Take somebody out of a conference."""
    registration.remove_person(call.db, call.actor, call.path["conference_id"], call.path["person_id"])


@ENDPOINTS.command(
    "invitation.create",
    "POST",
    f"{ONE}/invitations",
    permission="invitation.manage",
    body=InvitationDraft,
    result=NewInvitation,
    status=201,
    secret=True,
)
def invite(call: Call, body: InvitationDraft) -> NewInvitation:
    """Make an invitation link. Its token is shown now and never again."""
    return invitation.create(call.db, call.actor, call.path["conference_id"], body, id=call.key, url=call.url)


@ENDPOINTS.query("invitation.list", f"{ONE}/invitations", permission="invitation.manage", result=Invitations)
def invitations(call: Call) -> Invitations:
    """All invitation links of a conference."""
    return Invitations(invitations=programme.invitations(call.db, call.actor, call.path["conference_id"]))


@ENDPOINTS.command(
    "invitation.revoke", "DELETE", "/api/invitations/{invitation_id}", permission="invitation.manage"
)
def revoke(call: Call) -> None:
    """Close an invitation link."""
    invitation.revoke(call.db, call.actor, call.path["invitation_id"])


def flows(units: Units) -> Endpoints:
    """Looking at an invitation and taking it up: for people who may not have a login yet."""
    doors = Endpoints("conferences")

    @doors.flow(
        "invitation.look",
        "POST",
        "/api/invitations/look",
        body=LinkToken,
        result=InvitationLook,
        rate=ENTERING,
    )
    async def look(visit: Visit, body: LinkToken) -> Reply:
        """What an invitation leads to. Looking uses nothing up."""
        return Reply(await units.read(lambda db: invitation.look(db, body.token)))

    @doors.flow(
        "invitation.accept",
        "POST",
        "/api/invitations/accept",
        body=InvitationAccept,
        result=Joined,
        rate=ENTERING,
    )
    async def accept(visit: Visit, body: InvitationAccept) -> Reply:
        """Take an invitation up, as oneself or as a guest with a name."""
        done = await units.write(
            lambda db: invitation.accept(db, visit.actor, body, device=visit.device, browser=visit.browser)
        )
        me = await units.read(lambda db: people.me(db, done.person_id))
        joined = Joined(me=me, conference_id=done.conference_id, session_id=done.session_id, team_id=done.team_id)
        return Reply(joined, login_token=done.login_token)

    return doors
