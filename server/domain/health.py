"""How a stage is doing while it is on: what each source sends, and how the audience is served."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from server.domain.session import Kind
from server.domain.view import View


class SourceHealth(View):
    """One connection that sends, measured where it arrives. `loss` is a share, after what was sent again.

    `keyframe_s`: from one whole picture to the next; a program that sends them seldom lets new viewers wait.
    """

    publisher: str
    person_id: UUID | None
    kind: Kind
    kbps: int
    loss: float
    keyframe_s: float | None
    silent_s: float


class AudienceHealth(View):
    """Viewers by the best picture each is sent: full, the smallest only, or none; `behind` watch by HTTP."""

    full: int
    low: int
    audio: int
    behind: int = 0


class LineHealth(View):
    """What leaves the server in megabits a second, for all stages; `most` 0 is not known."""

    sent_mbps: float
    most_mbps: float


class StageHealth(View):
    """`line` is for those who direct the stage; others hear of their own sources only."""

    sources: list[SourceHealth]
    audience: AudienceHealth
    line: LineHealth | None


def stage_health(told: Mapping[str, Any], *, of: UUID | None, most_mbps: float, behind: int = 0) -> StageHealth:
    """What media told; `of`: only this person's sources, and nothing of the line."""
    sources = [_source(one) for one in told["publishers"]]
    return StageHealth(
        sources=[one for one in sources if of is None or one.person_id == of],
        audience=AudienceHealth.model_validate({**told["viewers"], "behind": behind}),
        line=LineHealth(sent_mbps=round(told["sent_kbps"] / 1000, 1), most_mbps=most_mbps) if of is None else None,
    )


def _source(told: Mapping[str, Any]) -> SourceHealth:
    return SourceHealth(
        publisher=told["id"],
        person_id=_person(told["owner"]),
        kind=told["kind"],
        kbps=told["kbps"],
        loss=told["loss"],
        keyframe_s=told["keyframe_s"],
        silent_s=told["silent_s"],
    )


def _person(owner: str) -> UUID | None:
    """A prepared video belongs to nobody."""
    try:
        return UUID(owner.partition("/")[0])
    except ValueError:
        return None
