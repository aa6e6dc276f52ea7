"""Signing up, in and out; the first organiser; one's own person and logins."""

from __future__ import annotations

import hashlib
from uuid import UUID

from sqlmodel import Session

from server.actions import person, registration
from server.api.endpoint import Call, Endpoints, Reply, Visit
from server.api.rates import ACCOUNT, MAILING, SIGNING_IN, Limiter
from server.api.runner import Units
from server.domain.errors import LoginNeeded
from server.domain.person import (
    ChangeMe,
    FirstOrganiser,
    LinkToken,
    Logins,
    MailLink,
    Me,
    OneTimeLinkView,
    SetupState,
    SignIn,
    SignUp,
)
from server.domain.view import View
from server.queries import people
from server.routes.passwords import Passwords

ENDPOINTS = Endpoints("account")


class Done(View):
    """Nothing more to say: for answers that must not tell known from unknown."""


@ENDPOINTS.query("me.show", "/api/me", permission=None, result=Me)
def show(call: Call) -> Me:
    """Oneself: conferences with roles, and teams."""
    return people.me(call.db, call.actor.person_id)


@ENDPOINTS.command("me.change", "PATCH", "/api/me", permission=None, body=ChangeMe, result=Me)
def change(call: Call, body: ChangeMe) -> Me:
    """Change one's name, language or time zone."""
    person.change(call.db, call.actor, body)
    call.db.flush()
    return people.me(call.db, call.actor.person_id)


@ENDPOINTS.query("login.list", "/api/logins", permission=None, result=Logins)
def logins(call: Call) -> Logins:
    """One's own devices."""
    return Logins(logins=people.logins(call.db, call.actor))


@ENDPOINTS.command("login.end", "DELETE", "/api/logins/{login_id}", permission=None)
def end(call: Call) -> None:
    """End one of one's own logins."""
    person.end_login(call.db, call.actor, call.path["login_id"])


@ENDPOINTS.command(
    "link.create",
    "POST",
    "/api/conferences/{conference_id}/people/{person_id}/sign-in-link",
    permission="link.create",
    result=OneTimeLinkView,
    status=201,
    secret=True,
)
def create_link(call: Call) -> OneTimeLinkView:
    """A link that signs one person in once, for those who have no mail."""
    return person.create_link(
        call.db, call.actor, call.path["conference_id"], call.path["person_id"], url=call.url
    )


def flows(units: Units, passwords: Passwords, limiter: Limiter) -> Endpoints:
    """The doors that make and end logins. They hash outside of any unit."""
    doors = Endpoints("account")

    async def entered(token: str, person_id: UUID) -> Reply:
        return Reply(await units.read(lambda db: people.me(db, person_id)), login_token=token)

    @doors.flow("person.sign_up", "POST", "/api/sign-up", body=SignUp, result=Done, status=202, rate=SIGNING_IN)
    async def sign_up(visit: Visit, body: SignUp) -> Reply:
        """Make an account. The answer is the same for known and unknown addresses."""
        hashed = await passwords.hash(body.password)
        await units.write(lambda db: person.sign_up(db, body, password_hash=hashed))
        return Reply(Done(), status=202)

    @doors.flow("person.sign_in", "POST", "/api/sign-in", body=SignIn, result=Me, rate=SIGNING_IN)
    async def sign_in(visit: Visit, body: SignIn) -> Reply:
        """Sign in by address and password. Counted by account and network too, known or not."""
        limiter.hit(ACCOUNT, f"{visit.network} {hashlib.sha256(body.email.encode()).hexdigest()}")
        known = await units.read(lambda db: person.password_of(db, body.email))
        if not await passwords.right(known[1] if known else None, body.password) or known is None:
            raise LoginNeeded("sign_in.refused")
        person_id = known[0]
        token = await units.write(
            lambda db: person.sign_in(db, person_id, device=visit.device, browser=visit.browser)
        )
        return await entered(token, person_id)

    @doors.flow("person.sign_out", "POST", "/api/sign-out", status=204)
    async def sign_out(visit: Visit) -> Reply:
        """End this login."""
        actor = visit.actor
        if actor is not None:
            await units.write(lambda db: person.sign_out(db, actor))
        return Reply(None, status=204, signed_out=True)

    @doors.flow("link.mail", "POST", "/api/sign-in-links", body=MailLink, result=Done, status=202, rate=SIGNING_IN)
    async def mail_link(visit: Visit, body: MailLink) -> Reply:
        """Have a sign-in link, or a registered guest's personal link, sent to an address. The answer is the
        same for known and unknown ones."""
        limiter.hit(MAILING, hashlib.sha256(body.email.encode()).hexdigest())

        def unit(db: Session) -> None:
            person.mail_link(db, body.email)
            registration.mail_links(db, body.email)

        await units.write(unit)
        return Reply(Done(), status=202)

    @doors.flow("link.redeem", "POST", "/api/sign-in-links/redeem", body=LinkToken, result=Me, rate=SIGNING_IN)
    async def redeem(visit: Visit, body: LinkToken) -> Reply:
        """Sign in by a one-time link."""
        person_id, token = await units.write(
            lambda db: person.redeem(db, body.token, device=visit.device, browser=visit.browser)
        )
        return await entered(token, person_id)

    @doors.flow("setup.show", "GET", "/api/setup", result=SetupState)
    async def setup(visit: Visit) -> Reply:
        """Whether the server still waits for its first organiser."""
        return Reply(SetupState(open=await units.read(people.setup_open)))

    @doors.flow("setup.finish", "POST", "/api/setup", body=FirstOrganiser, result=Me, rate=SIGNING_IN)
    async def finish(visit: Visit, body: FirstOrganiser) -> Reply:
        """Become the first organiser by the link the server printed at its first start."""
        hashed = await passwords.hash(body.password)

        def unit(db: Session) -> tuple[UUID, str]:
            return person.finish_setup(db, body, password_hash=hashed, device=visit.device)

        person_id, token = await units.write(unit)
        return await entered(token, person_id)

    return doors
