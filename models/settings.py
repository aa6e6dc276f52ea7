"""What an organiser decides about a whole conference. No row means the defaults."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import Field

from models.base import Table, moment, reference


class ConferenceSettings(Table, table=True):
    """Each part adds its columns here, with a default that keeps older conferences as they were."""

    __tablename__ = "conference_settings"

    conference_id: UUID = reference("conference.id", primary=True)
    teams_by: str = Field(default="organiser", max_length=16)  # organiser, crew or everybody
    delete_at: datetime | None = moment(nullable=True, index=True)
    version: int = 1
