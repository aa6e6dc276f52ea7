"""A conference's settings, and letting it go."""

from __future__ import annotations

from server.actions import settings
from server.api.endpoint import Call, Endpoints
from server.domain.settings import Deletion, SettingsChange, SettingsView
from server.queries import settings as queries

ENDPOINTS = Endpoints("settings")
OF = "/api/conferences/{conference_id}/settings"
DELETION = "/api/conferences/{conference_id}/deletion"


@ENDPOINTS.query("settings.show", OF, permission="settings.change", result=SettingsView)
def show(call: Call) -> SettingsView:
    """What is decided about a whole conference."""
    return queries.shown(call.db, call.actor, call.path["conference_id"])


@ENDPOINTS.command(
    "settings.change", "PATCH", OF, permission="settings.change", body=SettingsChange, result=SettingsView
)
def change(call: Call, body: SettingsChange) -> SettingsView:
    """Decide about a whole conference."""
    return settings.change(call.db, call.actor, call.path["conference_id"], body)


@ENDPOINTS.command(
    "conference.delete", "POST", DELETION, permission="conference.delete", body=Deletion, result=SettingsView
)
def delete(call: Call, body: Deletion) -> SettingsView:
    """Delete a conference after a time of grace."""
    return settings.delete_later(call.db, call.actor, call.path["conference_id"], body)


@ENDPOINTS.command("conference.keep", "DELETE", DELETION, permission="conference.delete", result=SettingsView)
def keep(call: Call) -> SettingsView:
    """Take the deletion of a conference back."""
    return settings.keep(call.db, call.actor, call.path["conference_id"])
