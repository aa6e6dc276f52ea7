"""What a person brings to teams: languages, time, skills; and what teams keep of who comes and looks."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, Index
from sqlmodel import Field

from models.base import Table, key, moment, reference


class VolunteerProfile(Table, table=True):
    """One person's, for all teams. `shown` names what team-mates may see; the zone is the person's own."""

    __tablename__ = "volunteer_profile"

    person_id: UUID = reference("person.id", primary=True)
    languages: list[str] = Field(default_factory=list, sa_type=JSON)
    amount: int | None = None
    per: str = Field(default="week", max_length=8)  # hours a week, or days a month
    shown: list[str] = Field(default_factory=list, sa_type=JSON)
    changed_at: datetime = moment()


class PersonSkill(Table, table=True):
    """A skill somebody has or is learning. `folded` is the one form of all its spellings."""

    __tablename__ = "person_skill"
    __table_args__ = (Index("ix_person_skill_folded", "folded"),)

    person_id: UUID = reference("person.id", primary=True)
    folded: str = Field(max_length=60, primary_key=True)
    name: str = Field(max_length=60)
    level: str = Field(max_length=8)  # have or learning


class TeamCall(Table, table=True):
    """The session a team came from: its audience was asked who wants to work on this."""

    __tablename__ = "team_call"

    team_id: UUID = reference("team.id", primary=True)
    session_id: UUID = reference("conference_session.id")


class TeamWish(Table, table=True):
    """Somebody asks to be let into a team."""

    __tablename__ = "team_wish"

    team_id: UUID = reference("team.id", primary=True)
    person_id: UUID = Field(foreign_key="person.id", ondelete="CASCADE", primary_key=True, index=True)
    note: str = Field(default="", max_length=500)
    created_at: datetime = moment()


class TeamVisit(Table, table=True):
    """When somebody last said that they have seen what is new in a team."""

    __tablename__ = "team_visit"

    team_id: UUID = reference("team.id", primary=True)
    person_id: UUID = Field(foreign_key="person.id", ondelete="CASCADE", primary_key=True, index=True)
    seen_at: datetime = moment()


class StageCard(Table, table=True):
    """A card that a session's audience is shown, so that they may take it."""

    __tablename__ = "stage_card"

    session_id: UUID = reference("conference_session.id", primary=True)
    card_id: UUID = Field(foreign_key="card.id", ondelete="CASCADE", primary_key=True, index=True)
    shown_at: datetime = moment()


class WorkFeed(Table, table=True):
    """A calendar address with the due cards of one person. Only its token's hash is kept."""

    __tablename__ = "work_feed"

    id: UUID = key()
    person_id: UUID = reference("person.id")
    token_hash: str = Field(max_length=64, unique=True)
    created_at: datetime = moment()
    revoked_at: datetime | None = moment(nullable=True)


class DueEntry(Table, table=True):
    """What calendars were told of one person's due card; it stays, as cancelled, when it is theirs no more."""

    __tablename__ = "due_entry"

    person_id: UUID = reference("person.id", primary=True)
    card_id: UUID = Field(primary_key=True)
    title: str = Field(max_length=300)
    board_id: UUID
    due_on: str | None = Field(default=None, max_length=10)  # a day, in whatever zone its person is
    due_at: datetime | None = moment(nullable=True)
    cancelled: bool = False
    sequence: int = 0
    changed_at: datetime = moment()


class BoardImport(Table, table=True):
    """A board somebody brought from elsewhere, read and waiting to be imported; forgotten after a day."""

    __tablename__ = "board_import"

    id: UUID = key()
    team_id: UUID = reference("team.id")
    person_id: UUID = reference("person.id")
    kind: str = Field(max_length=8)  # trello or csv
    title: str = Field(max_length=120)
    plan: dict[str, object] = Field(default_factory=dict, sa_type=JSON)
    created_at: datetime = moment()


class ImportedRow(Table, table=True):
    """What a team has brought in before, by the name it has where it came from."""

    __tablename__ = "imported_row"

    team_id: UUID = reference("team.id", primary=True)
    source: str = Field(max_length=120, primary_key=True)
    row_id: UUID
