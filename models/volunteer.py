"""What a person brings to teams: languages, time, skills; and what teams keep of who comes and looks."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, Index
from sqlmodel import Field

from models.base import Table, moment, reference


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
    """Somebody asks to be let into a team; `card_id` is the work they would come for."""

    __tablename__ = "team_wish"

    team_id: UUID = reference("team.id", primary=True)
    person_id: UUID = Field(foreign_key="person.id", ondelete="CASCADE", primary_key=True, index=True)
    note: str = Field(default="", max_length=500)
    card_id: UUID | None = Field(default=None, foreign_key="card.id", ondelete="SET NULL")
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
