"""A conference: its frame, its people's roles, and the invitations that bring them in."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from models.conference import Conference, Invitation
from server.domain.errors import BadInput
from server.domain.permissions import Role
from server.domain.person import ConferenceOfMine, Me, PersonView, Token
from server.domain.programme import HallView, SpeakerView, TrackView
from server.domain.session import SessionView
from server.domain.text import Name, OptionalProse, Title
from server.domain.translation import Translations, Words
from server.domain.view import Fact, Position, View
from server.domain.zone import Instant, Locale, Zone

# The public page's address: what can be read aloud and typed, in one script.
Slug = Annotated[str, StringConstraints(min_length=3, max_length=60, pattern="^[a-z0-9]+(-[a-z0-9]+)*$")]


class ConferenceView(View):
    id: UUID
    title: str
    description: str
    locale: Locale
    zone: str
    starts_on: date | None
    ends_on: date | None
    translations: dict[str, Words]
    public: bool
    slug: str | None
    version: int


class ConferenceDraft(View):
    title: Title
    description: OptionalProse = ""
    locale: Locale = "ar"
    zone: Zone
    starts_on: date | None = None
    ends_on: date | None = None


class ConferenceChange(View):
    title: Title | None = None
    description: OptionalProse | None = None
    locale: Locale | None = None
    zone: Zone | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    translations: Translations | None = None
    public: bool | None = None
    slug: Slug | None = None


class Conferences(View):
    conferences: list[ConferenceOfMine]


class ConferenceSnapshot(View):
    """The same for all who may see it, so that it can be cached by its position."""

    position: Position
    conference: ConferenceView
    sessions: list[SessionView]
    halls: list[HallView]
    tracks: list[TrackView]
    speakers: list[SpeakerView]


class TeamLite(View):
    id: UUID
    title: str
    board_id: UUID | None
    member: bool


class ConferenceMine(View):
    role: Role
    may: list[str]
    teams: list[TeamLite]
    saved: list[UUID]


class ChecklistItem(View):
    name: Literal["session", "hall", "speaker", "profile", "public", "guests", "team", "stage_tried"]
    done: bool


class Checklist(View):
    items: list[ChecklistItem]


class Participant(View):
    person: PersonView
    role: Role
    guest: bool
    joined_at: Instant


class People(View):
    people: list[Participant]


class RoleChange(View):
    role: Role


class InvitationDraft(View):
    role: Role
    session_id: UUID | None = None
    team_id: UUID | None = None
    uses: Annotated[int, Field(ge=1, le=10_000)] | None = None
    days: Annotated[int, Field(ge=1, le=365)] = 30


class InvitationView(View):
    id: UUID
    conference_id: UUID
    role: Role
    session_id: UUID | None
    team_id: UUID | None
    uses: int
    uses_left: int | None
    expires_at: Instant
    revoked_at: Instant | None
    created_at: Instant


class Invitations(View):
    invitations: list[InvitationView]


class NewInvitation(View):
    """The only time the token is seen: afterwards the server knows just its hash."""

    invitation: InvitationView
    url: str
    token: str


class InvitedConference(View):
    """`titles`, here and below: those in other languages."""

    id: UUID
    title: str
    titles: dict[str, str]
    locale: Locale


class InvitedSession(View):
    id: UUID
    title: str
    titles: dict[str, str]


class InvitationLook(View):
    conference: InvitedConference
    role: Role
    session: InvitedSession | None


class InvitationAccept(View):
    token: Token
    name: Name | None = None
    locale: Locale = "ar"
    zone: Zone | None = None


class Joined(View):
    me: Me
    conference_id: UUID
    session_id: UUID | None
    team_id: UUID | None


class ConferenceChanged(Fact, name="conference.changed", channels=("conference",)):
    conference: ConferenceView


class PeopleChanged(Fact, name="people.changed", channels=("conference",)):
    count: int


class PersonRenamed(Fact, name="person.renamed", channels=("conference",)):
    """Who speaks or works in the conference has a new name; attendees' names are not told to everybody."""

    person: PersonView


class RoleChanged(Fact, name="role.changed", channels=("person",)):
    conference_id: UUID
    role: Role | None


def check_public(conference: Conference) -> None:
    """A public page needs an address."""
    if conference.public and not conference.slug:
        raise BadInput("conference.slug_missing", fields={"slug": "conference.slug_missing"})


def view(conference: Conference) -> ConferenceView:
    return ConferenceView.model_validate({name: getattr(conference, name) for name in ConferenceView.model_fields})


def invitation_view(invitation: Invitation) -> InvitationView:
    left = None if invitation.most_uses is None else invitation.most_uses - invitation.uses
    named = {name: getattr(invitation, name) for name in InvitationView.model_fields if name != "uses_left"}
    return InvitationView.model_validate({**named, "uses_left": left})


def usable(invitation: Invitation, *, at: datetime) -> bool:
    """Whether the link still opens: not revoked, not expired, uses left."""
    used_up = invitation.most_uses is not None and invitation.uses >= invitation.most_uses
    return invitation.revoked_at is None and invitation.expires_at > at and not used_up


def check_dates(starts_on: date | None, ends_on: date | None) -> None:
    if starts_on is not None and ends_on is not None and ends_on < starts_on:
        raise BadInput("conference.dates", fields={"ends_on": "conference.dates"})


# A person who holds a role is never lowered by opening a link for a lesser one.
_RANK = {"organiser": 3, "moderator": 2, "speaker": 1, "attendee": 0}


def higher(held: str | None, offered: str) -> str:
    return offered if held is None or _RANK[offered] > _RANK[held] else held
