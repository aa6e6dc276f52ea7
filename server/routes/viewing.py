"""How many can watch: known before a session, so that nobody is surprised in it."""

from __future__ import annotations

from server.api.endpoint import Call, Endpoints
from server.domain.viewing import CapacityView, capacity
from server.queries import scope


def endpoints(*, uplink_mbps: float, media_processes: int) -> Endpoints:
    group = Endpoints("viewing")

    @group.query(
        "viewing.capacity",
        "/api/sessions/{session_id}/capacity",
        permission="session.change",
        result=CapacityView,
    )
    def show(call: Call) -> CapacityView:
        """How many viewers the server carries, at each quality, with one speaker on air."""
        scope.of_session(call.db, call.actor, call.path["session_id"], "session.change")
        return capacity(uplink_mbps, media_processes)

    return group
