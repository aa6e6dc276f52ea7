"""A programme beside its sessions: halls, tracks and their colours, speakers, what people saved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from models.person import Person
from models.programme import CalendarFeed, Hall, SpeakerProfile, Track
from server.domain.address import Links
from server.domain.person import PersonView
from server.domain.person import view as person_view
from server.domain.session import SessionView
from server.domain.text import Name, OptionalProse, ShortLine, Title
from server.domain.translation import MOST
from server.domain.view import Fact, View
from server.domain.zone import Instant, Moment

# Colours by name: the page knows a light and a dark value of each that hold 4.5:1 (web/src/styles).
Colour = Literal["teal", "blue", "violet", "rose", "amber", "green", "brick", "slate"]
COLOURS: tuple[Colour, ...] = ("teal", "amber", "violet", "rose", "blue", "green", "brick", "slate")
MOST_HALLS = 40
MOST_SHIFTED = 300  # sessions of one hall on one day
PICTURES = "/files/"


class HallView(View):
    id: UUID
    name: str
    rank: int
    version: int


class HallDraft(View):
    name: Name


class TrackView(View):
    id: UUID
    name: str
    colour: Colour
    rank: int
    version: int


class TrackDraft(View):
    name: Name
    colour: Colour | None = None


class HallChange(View):
    name: Name | None = None
    rank: Annotated[int, Field(ge=0, le=MOST_HALLS)] | None = None


class TrackChange(View):
    name: Name | None = None
    colour: Colour | None = None
    rank: Annotated[int, Field(ge=0, le=MOST_HALLS)] | None = None


class Bio(View):
    headline: ShortLine = ""
    bio: OptionalProse = ""


def _codes(bios: dict[str, Bio]) -> dict[str, Bio]:
    if not all(code.isascii() and code.isalpha() and code.islower() and len(code) <= 3 for code in bios):
        raise ValueError("no language")
    return bios


Bios = Annotated[dict[str, Bio], Field(max_length=MOST), AfterValidator(_codes)]


class SpeakerView(View):
    """What the conference tells of a speaker. `picture` is an address on this server, `links` lead elsewhere."""

    person: PersonView
    headline: str
    bio: str
    translations: dict[str, Bio]
    links: list[str]
    picture: str | None
    version: int


class ProfileChange(View):
    headline: ShortLine | None = None
    bio: OptionalProse | None = None
    translations: Bios | None = None
    links: Links | None = None


class NewSpeaker(View):
    """A speaker without an account yet; a sign-in link makes them the same person."""

    name: Name
    headline: ShortLine = ""
    bio: OptionalProse = ""


class FeedDraft(View):
    content: Literal["saved", "all"]


class FeedView(View):
    id: UUID
    content: Literal["saved", "all", "work"]
    created_at: Instant


class Feeds(View):
    feeds: list[FeedView]


class NewFeed(View):
    """The only time the address is seen."""

    feed: FeedView
    url: str


class Times(View):
    starts_at: Moment
    ends_at: Moment


class ShiftDraft(View):
    """A session runs late: it and what follows it in its hall on the same day.

    `seen`: the plan that was looked at, each session's times to be. Who changed the programme meanwhile made
    another plan of the same minutes, and that one nobody has agreed to.
    """

    session_id: UUID
    minutes: Annotated[int, Field(ge=-240, le=240)]
    eat_breaks: bool = False
    seen: Annotated[dict[UUID, Times], Field(max_length=MOST_SHIFTED)] | None = None


class Shift(View):
    session_id: UUID
    starts_at: Instant
    ends_at: Instant
    was_starts_at: Instant
    was_ends_at: Instant
    version: int


class Shifts(View):
    """What a shift does. `saved` counts the people who saved any of these sessions."""

    hall: str
    minutes: int
    shifts: list[Shift]
    saved: int


class CloneDraft(View):
    """The same programme on other days. Without `starts_on` the days stay as they are."""

    title: Title
    starts_on: date | None = None
    speakers: bool = False


class HallChanged(Fact, name="hall.changed", channels=("conference",)):
    hall: HallView


class HallRemoved(Fact, name="hall.removed", channels=("conference",)):
    hall_id: UUID


class TrackChanged(Fact, name="track.changed", channels=("conference",)):
    track: TrackView


class TrackRemoved(Fact, name="track.removed", channels=("conference",)):
    track_id: UUID


class SpeakerChanged(Fact, name="speaker.changed", channels=("conference",)):
    speaker: SpeakerView


class SpeakerRemoved(Fact, name="speaker.removed", channels=("conference",)):
    person_id: UUID


class ProgrammeChanged(Fact, name="programme.changed", channels=("conference",)):
    """Many sessions at once, each whole."""

    sessions: list[SessionView]


class SessionShifted(Fact, name="session.shifted", channels=("conference",)):
    """A hall runs late: one fact for every page, with the times only."""

    hall: str
    minutes: int
    shifts: list[Shift]


class BookmarkChanged(Fact, name="bookmark.changed", channels=("person",)):
    session_id: UUID
    conference_id: UUID
    saved: bool


def hall_view(hall: Hall) -> HallView:
    return HallView(id=hall.id, name=hall.name, rank=hall.rank, version=hall.version)


def track_view(track: Track) -> TrackView:
    named: Mapping[str, Any] = {name: getattr(track, name) for name in TrackView.model_fields}
    return TrackView.model_validate(named)


def speaker_view(profile: SpeakerProfile, person: Person) -> SpeakerView:
    return SpeakerView(
        person=person_view(person),
        headline=profile.headline,
        bio=profile.bio,
        translations=profile.translations,
        links=profile.links,
        picture=PICTURES + profile.picture if profile.picture else None,
        version=profile.version,
    )


def feed_view(feed: CalendarFeed) -> FeedView:
    return FeedView.model_validate({name: getattr(feed, name) for name in FeedView.model_fields})
