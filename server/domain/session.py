"""A session of the programme, and the states its stage goes through."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from models.conference import ConferenceSession
from models.person import Person
from models.stage import Stage
from server.domain.errors import BadInput, Conflict
from server.domain.person import PersonView
from server.domain.person import view as person_view
from server.domain.recording import live_address
from server.domain.text import Note, OptionalLine, OptionalProse, Title
from server.domain.translation import Language, Translations, Words
from server.domain.view import Fact, Position, View
from server.domain.zone import Instant, Moment

Kind = Literal["camera", "screen", "obs", "video"]
State = Literal["scheduled", "backstage", "live", "ended", "cancelled"]
SessionKind = Literal["talk", "workshop", "panel", "keynote", "lightning", "ceremony", "social", "break"]

# A talk that ended may be opened again: somebody pressed the button too early. Cancelling and taking it back
# are no moves of the stage: only who plans may do them (`check_cancel`).
MOVES: dict[str, frozenset[str]] = {
    "scheduled": frozenset({"backstage", "live"}),
    "backstage": frozenset({"scheduled", "live", "ended"}),
    "live": frozenset({"backstage", "ended"}),
    "ended": frozenset({"backstage"}),
    "cancelled": frozenset(),
}
OPEN = frozenset({"backstage", "live"})
MOST_KEYS = 20
"""Stream keys that one person holds for one session: more programs nobody sets up."""


Card = Annotated[str, StringConstraints(strip_whitespace=True, max_length=400)]


Codec = Literal["", "H264", "VP8", "VP9", "AV1"]
"""Of a stage's pictures; empty leaves it to the first who sends, between H264 and VP8, which play everywhere."""


class SessionView(View):
    id: UUID
    conference_id: UUID
    title: str
    description: str
    hall: str
    track: str
    kind: SessionKind
    language: str
    translations: dict[str, Words]
    starts_at: Instant
    ends_at: Instant
    state: State
    note: str
    record: bool
    speakers: list[PersonView]
    live_since: Instant | None  # since when it is on air, or last was
    card_ar: str
    card_en: str
    back_at: Instant | None
    rehearsal_of: UUID | None
    team_id: UUID | None
    codec: Codec
    version: int


class SessionDraft(View):
    title: Title
    description: OptionalProse = ""
    hall: OptionalLine = ""
    track: OptionalLine = ""
    kind: SessionKind = "talk"
    language: Language = "ar"
    translations: Translations = Field(default_factory=dict)
    record: bool = False
    starts_at: Moment
    ends_at: Moment


class SessionChange(View):
    title: Title | None = None
    description: OptionalProse | None = None
    hall: OptionalLine | None = None
    track: OptionalLine | None = None
    kind: SessionKind | None = None
    language: Language | None = None
    translations: Translations | None = None
    record: bool | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    codec: Codec | None = None


class WaitingCard(View):
    """What viewers read while nobody is on air, in either language; `back_at` ends a break."""

    card_ar: Card = ""
    card_en: Card = ""
    back_at: Moment | None = None


class SessionMove(View):
    state: State


class SessionCancel(View):
    note: Note = ""


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
    hls: str | None  # the playlist of those who watch a few seconds behind, and of late comers
    recording: bool
    recording_fault: Literal["disk_full", "write_failed"] | None


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
    created_at: Instant


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


class SessionRemoved(Fact, name="session.removed", channels=("session", "conference")):
    session_id: UUID
    version: int


class StageChanged(Fact, name="stage.changed", channels=("session",)):
    stage: StageView


def view(session: ConferenceSession, speakers: Sequence[Person]) -> SessionView:
    named = {name: getattr(session, name) for name in SessionView.model_fields if name != "speakers"}
    return SessionView.model_validate({**named, "speakers": [person_view(person) for person in speakers]})


def stage_view(
    session: ConferenceSession, stage: Stage | None, people: dict[UUID, Person], *, places: dict[str, int]
) -> StageView:
    """What everybody may know of a stage: while it is not live, who is backstage is nobody's business.

    Those on air come in the order that the desk gave them.
    """
    live = session.state == "live"
    told = stage.publishers if stage is not None and live else []
    told = sorted(told, key=lambda item: places.get(item.get("person_id") or "", 0))
    written = stage.programme if stage is not None and live else None
    return StageView(
        session_id=session.id,
        live=live,
        publishers=[publisher_view(item, people) for item in told if item["on_air"]],
        viewers=stage.viewers + stage.behind if stage is not None and live else 0,
        revision=stage.revision if stage is not None else 0,
        hls=live_address(written),
        recording=bool(written and written["recording"]),
        recording_fault=written["fault"] if written and session.record else None,
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


def check_move(state: str, to: str, *, aired: bool) -> None:
    """What was on air ends; it does not go back to not having begun."""
    if to not in MOVES[state] or (aired and to == "scheduled"):
        raise Conflict("session.move_refused", state=state, to=to)


def check_cancel(state: str, *, aired: bool) -> None:
    """What has begun is ended, not cancelled."""
    if state not in {"scheduled", "backstage", "cancelled"} or (aired and state != "cancelled"):
        raise Conflict("session.move_refused", state=state, to="cancelled")


def check_keys(held: int) -> None:
    if held >= MOST_KEYS:
        raise Conflict("stream_key.too_many", most=MOST_KEYS)


def check_removal(state: str) -> None:
    """Nobody takes a stage away from under those who watch it."""
    if state in OPEN:
        raise Conflict("session.running")
