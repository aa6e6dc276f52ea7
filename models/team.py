"""Teams and who belongs to them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import Field

from models.base import Table, key, moment, reference


class Team(Table, table=True):
    id: UUID = key()
    conference_id: UUID = reference("conference.id")
    title: str = Field(max_length=120)
    welcome: str = Field(default="", max_length=2000)
    joining: str = Field(default="invitation", max_length=12)  # open, request or invitation
    created_at: datetime = moment()
    version: int = 1


class Membership(Table, table=True):
    team_id: UUID = reference("team.id", primary=True)
    person_id: UUID = Field(foreign_key="person.id", ondelete="CASCADE", primary_key=True, index=True)
    role: str = Field(default="member", max_length=16)  # lead or member
    joined_at: datetime = moment()
