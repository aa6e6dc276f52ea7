"""What an organiser decides about a whole conference."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from models.settings import ConferenceSettings
from server.domain.text import Title
from server.domain.view import View
from server.domain.zone import Instant

# Long enough that somebody notices, and that a mistake is put right.
GRACE = timedelta(days=7)
TeamsBy = Literal["organiser", "crew", "everybody"]
_MAKERS: dict[str, frozenset[str]] = {
    "organiser": frozenset({"organiser"}),
    "crew": frozenset({"organiser", "moderator", "speaker"}),
    "everybody": frozenset({"organiser", "moderator", "speaker", "attendee"}),
}


class SettingsView(View):
    """`delete_at`: when the conference goes for good, unless that is taken back before."""

    teams_by: TeamsBy
    delete_at: Instant | None
    version: int


class SettingsChange(View):
    teams_by: TeamsBy | None = None


class Deletion(View):
    """The conference's title once more, so that nobody deletes the wrong one."""

    title: Title


def view(settings: ConferenceSettings) -> SettingsView:
    return SettingsView.model_validate({name: getattr(settings, name) for name in SettingsView.model_fields})


def makes_teams(settings: ConferenceSettings, roles: frozenset[str]) -> bool:
    return not _MAKERS[settings.teams_by].isdisjoint(roles)
