"""What a person brings to teams: languages, time, skills, and what of it team-mates may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints

from models.person import Person
from models.volunteer import PersonSkill, VolunteerProfile
from server.domain.permissions import TeamRole
from server.domain.person import PersonView
from server.domain.person import view as person_view
from server.domain.text import ascii_digits, checked, clean_line, fold
from server.domain.translation import Language
from server.domain.view import View
from server.domain.zone import Instant, Zone

Level = Literal["have", "learning"]
Shown = Literal["languages", "time", "skills", "zone"]
Per = Literal["week", "month"]
MOST_SKILLS = 30
AWAKE = range(8, 22)  # by one's own clock: when a meeting hurts nobody

SkillName = Annotated[str, StringConstraints(max_length=60), checked(clean_line, most=60)]
SHOWN: tuple[Shown, ...] = ("languages", "time", "skills", "zone")


class SkillView(View):
    name: SkillName
    level: Level


def _once(skills: tuple[SkillView, ...]) -> tuple[SkillView, ...]:
    """One spelling of each: the first; what one has counts before what one learns."""
    found: dict[str, SkillView] = {}
    for one in sorted(skills, key=lambda skill: skill.level != "have"):
        found.setdefault(folded(one.name), one)
    return tuple(found.values())


class ProfileWish(View):
    """`amount` hours a week, or days a month. `zone` is the person's own clock, everywhere."""

    languages: Annotated[tuple[Language, ...], Field(max_length=12)] = ()
    amount: Annotated[int, Field(ge=1, le=60)] | None = None
    per: Per = "week"
    zone: Zone | None = None
    skills: Annotated[tuple[SkillView, ...], Field(max_length=MOST_SKILLS), AfterValidator(_once)] = ()
    shown: Annotated[tuple[Shown, ...], Field(max_length=len(SHOWN))] = SHOWN


class ProfileView(View):
    """`made`: it was filled in once, and need not be asked for."""

    made: bool
    languages: list[str]
    amount: int | None
    per: Per
    zone: str | None
    skills: list[SkillView]
    shown: list[Shown]


class Suggestions(View):
    """What others of one's conferences wrote down, the usual ones first."""

    skills: list[str]


class MateView(View):
    """A member as team-mates see them: only what they chose to show."""

    person: PersonView
    role: TeamRole
    languages: list[str]
    amount: int | None
    per: Per
    zone: str | None
    skills: list[SkillView]


class Overlap(View):
    """Hours of the coming day, in UTC, and how many of those who told their zone are awake in each."""

    hours: list[Instant]
    awake: list[int]
    zones: int


class Mates(View):
    mates: list[MateView]
    overlap: Overlap


def folded(skill: str) -> str:
    """The form in which spellings of one skill are equal."""
    return ascii_digits(fold(skill))[:60]


def profile_view(row: VolunteerProfile | None, skills: Sequence[PersonSkill], person: Person) -> ProfileView:
    return ProfileView(
        made=row is not None,
        languages=list(row.languages) if row else [],
        amount=row.amount if row else None,
        per="month" if row and row.per == "month" else "week",
        zone=person.zone,
        skills=[skill_view(one) for one in skills],
        shown=[one for one in SHOWN if row is None or one in row.shown],
    )


def skill_view(row: PersonSkill) -> SkillView:
    return SkillView(name=row.name, level="have" if row.level == "have" else "learning")


def mate_view(
    person: Person, role: TeamRole, row: VolunteerProfile | None, skills: Sequence[PersonSkill]
) -> MateView:
    shown = set(row.shown) if row else set()
    return MateView(
        person=person_view(person),
        role=role,
        languages=list(row.languages) if row and "languages" in shown else [],
        amount=row.amount if row and "time" in shown else None,
        per="month" if row and row.per == "month" else "week",
        zone=person.zone if "zone" in shown else None,
        skills=[skill_view(one) for one in skills] if "skills" in shown else [],
    )


def overlap(zones: Sequence[str], at: datetime) -> Overlap:
    """When, in the 24 hours from the last full one on, people of these zones are awake."""
    first = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    hours = [first + timedelta(hours=step) for step in range(24)]
    clocks = [ZoneInfo(zone) for zone in zones]
    awake = [sum(hour.astimezone(clock).hour in AWAKE for clock in clocks) for hour in hours]
    return Overlap(hours=hours, awake=awake, zones=len(clocks))


def merged(names: Sequence[str], known: Mapping[str, str]) -> dict[str, str]:
    """Skills by their folded form, each in the spelling that is known already, else as written."""
    found: dict[str, str] = {}
    for name in names:
        key = folded(name)
        found.setdefault(key, known.get(key, name))
    return found


class TeamNews(View):
    """What happened in a team since somebody last looked. Without `since` they never did.

    `ask`: a member looks for the first time, and what they bring to teams is not known.
    """

    since: Instant | None
    messages: int
    people: list[PersonView]
    cards: int
    done: int
    meeting: UUID | None
    ask: bool
