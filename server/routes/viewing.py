"""How many can watch, known before a session; and how the stage is doing while it is on."""

from __future__ import annotations

from sqlmodel import Session

from models.stage import Stage
from server.api.endpoint import Call, Endpoints, Reply, Visit
from server.api.rates import Rate
from server.api.runner import Units
from server.domain.errors import LoginNeeded
from server.domain.health import StageHealth, stage_health
from server.domain.viewing import CapacityView, capacity
from server.live.media import MediaClient
from server.queries import scope

LOOKING = Rate("looking", "60/minute")


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


def flows(units: Units, media: MediaClient, *, uplink_mbps: float) -> Endpoints:
    """Asked every few seconds while a panel is open: media is asked, so it is no query of the database alone."""
    group = Endpoints("viewing")

    @group.flow("stage.health", "GET", "/api/sessions/{session_id}/stage/health", result=StageHealth, rate=LOOKING)
    async def look(visit: Visit) -> Reply:
        """How the stage is doing; who does not direct it hears of their own sources only."""
        actor, session_id = visit.actor, visit.path["session_id"]
        if actor is None:
            raise LoginNeeded("login.needed")

        def unit(db: Session) -> tuple[bool, int]:
            _, here = scope.of_session(db, actor, session_id, "stage.backstage")
            stage = db.get(Stage, session_id)
            return here.may("stage.direct"), stage.behind if stage is not None else 0

        directs, behind = await units.read(unit)
        told = await media.health(str(session_id))
        of = None if directs else actor.person_id
        return Reply(stage_health(told, of=of, most_mbps=uplink_mbps, behind=behind))

    return group
