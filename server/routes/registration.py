"""Registration: the public page, the personal link, and the organiser's list."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session

from models.conference import Conference
from models.registration import Registration
from server.actions import registration
from server.api.endpoint import Call, Endpoints, Reply, Visit
from server.api.rates import ENTERING, REGISTERING
from server.api.runner import Units
from server.domain.registration import (
    Decide,
    Decided,
    FormChange,
    FormRef,
    FormView,
    HandedLink,
    Holder,
    HolderChange,
    HolderWish,
    Pass,
    PersonalLink,
    PublicForm,
    Registered,
    RegistrationDraft,
    Registrations,
    Sheet,
)
from server.queries import people, registrations, scope

ONE = "/api/conferences/{conference_id}"
MANAGE = "registration.manage"


def endpoints(*, mail: bool) -> Endpoints:
    """What the organiser does. `mail`: whether this server sends any."""
    doors = Endpoints("registration")

    @doors.query("registration.form", f"{ONE}/registration", permission=MANAGE, result=FormView)
    def form(call: Call) -> FormView:
        """How one comes into a conference."""
        return registrations.settings(call.db, call.actor, call.path["conference_id"], mail=mail)

    @doors.command(
        "registration.set", "PATCH", f"{ONE}/registration", permission=MANAGE, body=FormChange, result=FormView
    )
    def change(call: Call, body: FormChange) -> FormView:
        """Open or close registration, set the seats, ask questions."""
        return registration.change_form(call.db, call.actor, call.path["conference_id"], body, mail=mail)

    @doors.query(
        "registration.list",
        f"{ONE}/registrations",
        permission=MANAGE,
        result=Registrations,
        parameters=("q", "state", "after"),
    )
    def listed(call: Call) -> Registrations:
        """Everybody who registered: searched, filtered, a page at a time, with the numbers of each state."""
        return registrations.listed(call.db, call.actor, call.path["conference_id"], call.query)

    @doors.query("registration.export", f"{ONE}/registrations/sheet", permission=MANAGE, result=Sheet)
    def sheet(call: Call) -> Sheet:
        """Everybody who registered, as CSV."""
        return registrations.sheet(call.db, call.actor, call.path["conference_id"])

    @doors.command(
        "registration.decide",
        "POST",
        f"{ONE}/registrations/decide",
        permission=MANAGE,
        body=Decide,
        result=Decided,
    )
    def decide(call: Call, body: Decide) -> Decided:
        """Approve, refuse or revoke several at once."""
        return registration.decide(call.db, call.actor, call.path["conference_id"], body)

    @doors.command(
        "registration.hand",
        "POST",
        "/api/registrations/{registration_id}/link",
        permission=MANAGE,
        result=HandedLink,
        secret=True,
    )
    def hand(call: Call) -> HandedLink:
        """A new personal link for somebody who lost theirs, mailed where that is possible."""
        _, token, mailed = registration.hand_link(call.db, call.actor, call.path["registration_id"])
        return HandedLink(link=_link(call.url, token) if token else None, mailed=mailed and mail)

    return doors


def flows(units: Units, *, url: str, mail: bool) -> Endpoints:
    """The public page and the personal link: for people who may not have a login."""
    doors = Endpoints("registration")

    def shown(db: Session, row: Registration, *, me: UUID | None = None) -> Pass:
        held_in = scope.load(db, Conference, row.conference_id)
        return Pass(
            registration=registrations.own(db, row),
            me=people.me(db, me) if me else None,
            calendar=registrations.calendar(held_in, url=url),
        )

    @doors.flow(
        "registration.look", "POST", "/api/registration/look", body=FormRef, result=PublicForm, rate=ENTERING
    )
    async def look(visit: Visit, body: FormRef) -> Reply:
        """The registration page of a conference."""
        return Reply(await units.read(lambda db: registrations.public(db, visit.actor, body.ref, mail=mail)))

    @doors.flow(
        "registration.register",
        "POST",
        "/api/registration",
        body=RegistrationDraft,
        result=Registered,
        rate=REGISTERING,
    )
    async def register(visit: Visit, body: RegistrationDraft) -> Reply:
        """Ask for a place in a conference."""

        def unit(db: Session) -> tuple[Registered, str | None]:
            done = registration.register(
                db, visit.actor, body, device=visit.device, browser=visit.browser, mail=mail
            )
            db.flush()
            if done.row is None:
                return Registered(outcome="sent"), None
            answer = Registered(
                outcome="here",
                registration=registrations.own(db, done.row),
                link=_link(url, done.token) if done.token else None,
                me=people.me(db, done.row.person_id),
            )
            return answer, done.login_token

        answer, login = await units.write(unit)
        return Reply(answer, login_token=login)

    @doors.flow("pass.look", "POST", "/api/pass/look", body=Holder, result=Pass, rate=ENTERING)
    async def look_at_pass(visit: Visit, body: Holder) -> Reply:
        """One's registration, by its link or signed in. Looking uses nothing up and signs nobody in."""
        return Reply(
            await units.read(lambda db: shown(db, registration.held(db, visit.actor, body))),
        )

    @doors.flow("pass.enter", "POST", "/api/pass/enter", body=Holder, result=Pass, rate=ENTERING)
    async def enter(visit: Visit, body: Holder) -> Reply:
        """Be oneself on this device, by the personal link."""

        def unit(db: Session) -> tuple[Pass, str | None]:
            row, login = registration.enter(db, body, device=visit.device, browser=visit.browser)
            db.flush()
            return shown(db, row, me=row.person_id), login

        answer, login = await units.write(unit)
        return Reply(answer, login_token=login)

    @doors.flow("pass.link", "POST", "/api/pass/link", body=Holder, result=PersonalLink, rate=REGISTERING)
    async def rotate(visit: Visit, body: Holder) -> Reply:
        """A new personal link; the older ones end."""
        token = await units.write(lambda db: registration.rotate(db, visit.actor, body)[1])
        return Reply(_link(url, token))

    @doors.flow("pass.change", "POST", "/api/pass/change", body=HolderChange, result=Pass, rate=REGISTERING)
    async def change(visit: Visit, body: HolderChange) -> Reply:
        """Change one's answers."""
        return Reply(await units.write(lambda db: shown(db, registration.change(db, visit.actor, body))))

    @doors.flow("pass.act", "POST", "/api/pass/act", body=HolderWish, result=Pass, rate=REGISTERING)
    async def act(visit: Visit, body: HolderWish) -> Reply:
        """Take an offered seat, give one's place up, or ask for one again."""

        def unit(db: Session) -> Pass:
            row = registration.act(db, visit.actor, body)
            db.flush()
            return shown(db, row)

        return Reply(await units.write(unit))

    return doors


def _link(url: str, token: str) -> PersonalLink:
    return registrations.link(f"{url}/pass#{token}")
