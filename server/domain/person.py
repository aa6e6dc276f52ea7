"""Who somebody is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

from models.person import Login, Person
from server.domain.permissions import Role, TeamRole
from server.domain.text import Name, fold_email
from server.domain.view import Fact, View
from server.domain.zone import Instant, Locale, Zone

LONGEST_EMAIL = 254  # RFC 5321, erratum 1690
_NOT_IN_ADDRESSES = frozenset('()<>[]:;,\\"')  # RFC 5322 3.2.3: only within quotes, which nobody's address needs


@dataclass(frozen=True)
class Actor:
    """The person behind a request, as proved by one login."""

    person_id: UUID
    login_id: UUID
    name: str
    guest: bool
    may_create: bool
    locale: str


def _email(address: str) -> str:
    folded = fold_email(address)
    name, at, host = folded.rpartition("@")
    if any(letter.isspace() for letter in folded):
        raise PydanticCustomError("email_space", "a blank in it")
    if not at or not name:
        raise PydanticCustomError("email_at", "no name before an @")
    if "." not in host.strip(".") or ".." in host or host.startswith("."):
        raise PydanticCustomError("email_host", "no host with a dot behind the @")
    if not all(letter.isprintable() for letter in folded) or _NOT_IN_ADDRESSES & set(folded) or "@" in name:
        raise PydanticCustomError("email_sign", "a sign that no address holds")
    if len(folded) > LONGEST_EMAIL:  # folding makes some letters many
        raise PydanticCustomError("string_too_long", "too long")
    return folded


Email = Annotated[str, StringConstraints(max_length=LONGEST_EMAIL), AfterValidator(_email)]
Password = Annotated[str, StringConstraints(min_length=8, max_length=200)]
Token = Annotated[str, StringConstraints(min_length=16, max_length=128)]


class PersonView(View):
    id: UUID
    name: str


class PeopleFound(View):
    people: list[PersonView]


class OwnPerson(View):
    """What only the person sees of themselves."""

    id: UUID
    name: str
    email: str | None
    locale: Locale
    zone: str | None
    guest: bool
    may_create: bool


class ConferenceOfMine(View):
    """`titles` are those in other languages; `speaks`: the programme tells of oneself there, or is about to."""

    id: UUID
    title: str
    titles: dict[str, str]
    role: Role
    speaks: bool


class TeamOfMine(View):
    id: UUID
    title: str
    role: TeamRole
    conference_id: UUID
    board_id: UUID | None


class Me(View):
    person: OwnPerson
    conferences: list[ConferenceOfMine]
    teams: list[TeamOfMine]


class LoginView(View):
    id: UUID
    device: str
    created_at: Instant
    seen_at: Instant
    current: bool


class Logins(View):
    logins: list[LoginView]


class SignUp(View):
    name: Name
    email: Email
    password: Password
    locale: Locale = "ar"
    zone: Zone | None = None


class SignIn(View):
    email: Email
    password: Annotated[str, StringConstraints(max_length=200)]


class FirstOrganiser(View):
    token: Token
    name: Name
    email: Email
    password: Password
    locale: Locale = "ar"
    zone: Zone | None = None


class MailLink(View):
    email: Email


class LinkToken(View):
    token: Token


class ChangeMe(View):
    name: Name | None = None
    locale: Locale | None = None
    zone: Zone | None = None


class OneTimeLinkView(View):
    url: str
    expires_at: Instant


class SetupState(View):
    open: bool


class AccessChanged(Fact, name="access.changed", channels=("access",)):
    """Internal: ask again what these people and logins may hear (design 4, Rights decide channels).

    `owners` are what media calls somebody's connections: a person, or `person/login`, or `person/key`.
    """

    person_ids: list[UUID]
    login_ids: list[UUID]
    owners: list[str]
    reason: str


def owner_of(person_id: UUID, way: UUID) -> str:
    """What media is told of who sends or watches: the person, and the login or stream key they came by."""
    return f"{person_id}/{way}"


def view(person: Person) -> PersonView:
    return PersonView(id=person.id, name=person.name)


def actor_view(actor: Actor) -> PersonView:
    """The actor as others see them: their login was read in the same unit, so nothing need be loaded."""
    return PersonView(id=actor.person_id, name=actor.name)


def own_view(person: Person) -> OwnPerson:
    return OwnPerson.model_validate({name: getattr(person, name) for name in OwnPerson.model_fields})


def login_view(login: Login, *, current: bool) -> LoginView:
    return LoginView(
        id=login.id, device=login.device, created_at=login.created_at, seen_at=login.seen_at, current=current
    )
