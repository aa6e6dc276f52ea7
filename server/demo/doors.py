"""The example's door: be one of six people with one click. Declared in demo mode only."""

from __future__ import annotations

from sqlmodel import Session

from models.person import Person
from server.actions import person
from server.api.endpoint import Endpoints, Reply, Visit
from server.api.runner import Units
from server.demo.people import CONFERENCE, LIVE_SESSION, NEXT_SESSION, PERSONAS, TEAM, Persona
from server.domain.person import Me
from server.domain.view import View
from server.queries import boards, people, scope


class DemoSignIn(View):
    persona: Persona


class DemoEntered(Me):
    """Oneself, and the page where this person has something to do."""

    landing: str


def flows(units: Units) -> Endpoints:
    doors = Endpoints("demo")

    @doors.flow("demo.sign_in", "POST", "/api/demo/sign-in", body=DemoSignIn, result=DemoEntered)
    async def sign_in(visit: Visit, body: DemoSignIn) -> Reply:
        """Be one of the example's people, in the language the visitor reads."""
        token = await units.write(lambda db: _enter(db, body.persona, visit))
        entered = await units.read(lambda db: _entered(db, body.persona))
        return Reply(entered, login_token=token)

    return doors


def _enter(db: Session, persona: str, visit: Visit) -> str:
    someone = scope.load(db, Person, PERSONAS[persona].id, lock=True)
    someone.locale = visit.locale  # the page must not change its language under the visitor's hand
    return person.sign_in(db, someone.id, device=visit.device, browser=visit.browser)


def _entered(db: Session, persona: str) -> DemoEntered:
    me = people.me(db, PERSONAS[persona].id)
    return DemoEntered(**dict(me), landing=_landing(db, persona))


def _landing(db: Session, persona: str) -> str:
    if persona in {"team_lead", "volunteer"}:
        return f"/b/{boards.first_open(db, TEAM)}"
    return {
        "organiser": f"/c/{CONFERENCE}",
        "moderator": f"/s/{LIVE_SESSION}/desk",
        "speaker": f"/s/{NEXT_SESSION}/studio",
        "attendee": f"/s/{LIVE_SESSION}",
    }[persona]
