"""What people on a board do at this moment: looking, editing, dragging. Said in passing, never stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, ValidationError

from server.domain.view import Signal, View

Doing = Literal["looking", "editing", "dragging", "away"]


class WorkingWish(View):
    """`column_id` and `before` say where a drag hovers; without `before`, at the end."""

    doing: Doing
    card_id: UUID | None = None
    field: Annotated[str, Field(max_length=24, pattern="^[a-z_]*$")] | None = None
    column_id: UUID | None = None
    before: UUID | None = None


class WorkingView(WorkingWish):
    id: UUID
    name: str


class Working(Signal, name="working"):
    """By person: what each does now. Said again every 10 s while it lasts, forgotten after 20."""

    at: dict[str, WorkingView]


def working(data: Mapping[str, Any], me: Mapping[str, str]) -> dict[str, Any] | None:
    """What the others hear of one person; None for anything else."""
    try:
        wish = WorkingWish.model_validate(data)
    except ValidationError:
        return None
    return {"at": {me["id"]: {**me, **wish.model_dump(mode="json")}}}
