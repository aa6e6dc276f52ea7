"""A session of the programme, and the states its stage goes through."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import StringConstraints

from models.conference import ConferenceSession
from models.person import Person
from models.stage import Stage
from server.domain.errors import BadInput, Conflict
from server.domain.person import PersonView
from server.domain.person import view as person_view
from server.domain.text import OptionalLine, OptionalProse, Title
from server.domain.view import Fact, Position, View
from server.domain.zone import Locale, Moment

Kind = Literal["camera", "screen", "obs", "video"]
State = Literal["scheduled", "backstage", "live", "ended"]

# A talk that ended may be opened again: somebody pressed the button too early.
MOVES: dict[str, frozenset[str]] = {
    "scheduled": frozenset({"backstage", "live"}),
    "backstage": frozenset({"scheduled", "live", "ended"}),
    "live": frozenset({"backstage", "ended"}),
    "ended": frozenset({"backstage"}),
}
OPEN = frozenset({"backstage", "live"})


Card = Annotated[str, StringConstraints(strip_whitespace=True, max_length=400)]


class SessionView(View):
    id: UUID
    conference_id: UUID
    title: str
    description: str
    hall: str
    language: Locale
    starts_at: datetime
    ends_at: datetime
    state: State
    speakers: list[PersonView]
    live_since: datetime | None
    card_ar: str
    card_en: str
    back_at: datetime | None
    rehearsal_of: UUID | None
    version: int


class SessionDraft(View):
    title: Title
    description: OptionalProse = ""
    hall: OptionalLine = ""
    language: Locale = "ar"
    starts_at: Moment
    ends_at: Moment


class SessionChange(View):
    title: Title | None = None
    description: OptionalProse | None = None
    hall: OptionalLine | None = None
    language: Locale | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None


class WaitingCard(View):
    """What viewers read while nobody is on air, in either language; `back_at` ends a break."""

    card_ar: Card = ""
    card_en: Card = ""
    back_at: Moment | None = None


class SessionMove(View):
    state: State


class PublisherView(View):
    """Somebody who sends. `slot` is the pair of audio and video sections that viewers hear them in.

    On air without a slot: a newer source of the same person stands in their place.
    """

    id: str
    person: PersonView | None
    label: str
    kind: Kind = "camera"
    audio: bool
    video: bool
    on_air: bool
    slot: int | None
    codec: str | None


class StageView(View):
    session_id: UUID
    live: bool
    publishers: list[PublisherView]
    viewers: int
    revision: int


class SessionSnapshot(View):
    position: Position
    session: SessionView
    stage: StageView


class IceServer(View):
    urls: list[str]
    username: str | None = None
    credential: str | None = None


class StreamKeyView(View):
    id: UUID
    session_id: UUID
    created_at: datetime


class StreamKeys(View):
    keys: list[StreamKeyView]


class NewStreamKey(View):
    """The only time the key is seen."""

    id: UUID
    key: str
    url: str


class SessionChanged(Fact, name="session.changed", channels=("session", "conference")):
    session: SessionView


class SessionCreated(Fact, name="session.created", channels=("conference",)):
    session: SessionView


class RehearsalForgotten(
    Fact, name="rehearsal.forgotten", channels=("session", "session:moderation", "session:backstage", "person")
):
    """Stands where something was told of a rehearsal that is over."""


class StageChanged(Fact, name="stage.changed", channels=("session",)):
    stage: StageView


def view(session: ConferenceSession, speakers: Sequence[Person]) -> SessionView:
    named = {name: getattr(session, name) for name in SessionView.model_fields if name != "speakers"}
    return SessionView.model_validate({**named, "speakers": [person_view(person) for person in speakers]})


def stage_view(session: ConferenceSession, stage: Stage | None, people: dict[UUID, Person]) -> StageView:
    """What everybody may know of a stage: while it is not live, who is backstage is nobody's business."""
    live = session.state == "live"
    told = stage.publishers if stage is not None and live else []
    return StageView(
        session_id=session.id,
        live=live,
        publishers=[publisher_view(item, people) for item in told if item["on_air"]],
        viewers=stage.viewers if stage is not None and live else 0,
        revision=stage.revision if stage is not None else 0,
    )


def backstage_view(stage: Stage | None, people: dict[UUID, Person]) -> list[PublisherView]:
    """Everybody who sends, with their places in the backstage feed: for those who may meet there."""
    told = stage.publishers if stage is not None else []
    return [publisher_view({**item, "slot": item.get("backstage_slot")}, people) for item in told]


def publisher_view(item: dict[str, Any], people: dict[UUID, Person]) -> PublisherView:
    person = people.get(UUID(item["person_id"])) if item.get("person_id") else None
    shown = {name: item[name] for name in PublisherView.model_fields if name in item}
    return PublisherView.model_validate({**shown, "person": person_view(person) if person else None})


def check_times(starts_at: datetime, ends_at: datetime) -> None:
    if ends_at <= starts_at:
        raise BadInput("session.times", fields={"ends_at": "session.times"})


def check_move(state: str, to: str) -> None:
    if to not in MOVES[state]:
        raise Conflict("session.move_refused", state=state, to=to)
