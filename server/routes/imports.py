"""Boards that come from elsewhere: looked at, then made. The file itself comes by `uploads`."""

from __future__ import annotations

from collections.abc import Callable

from server.actions import board_import
from server.actions.board_import import Opened
from server.api.endpoint import Call, Endpoints
from server.domain.board_import import ImportDone, ImportPreview, ImportWish

ENDPOINTS = Endpoints("imports")
IMPORT = "/api/imports/{import_id}"


def opening(call: Call, body: ImportWish) -> Callable[[], Opened | None]:
    return board_import.opening(call.db, call.actor, call.path["import_id"], body)


@ENDPOINTS.command(
    "import.preview",
    "POST",
    f"{IMPORT}/preview",
    permission="board.manage",
    body=ImportWish,
    result=ImportPreview,
    ahead=opening,
)
def preview(call: Call, body: ImportWish, opened: Opened | None) -> ImportPreview:
    """What an import would do; changes nothing."""
    return board_import.preview(call.db, call.actor, call.path["import_id"], body, opened)


@ENDPOINTS.command(
    "import.make",
    "POST",
    f"{IMPORT}/board",
    permission="board.manage",
    body=ImportWish,
    result=ImportDone,
    status=201,
    ahead=opening,
)
def make(call: Call, body: ImportWish, opened: Opened | None) -> ImportDone:
    """Make a board of a file, or fill one: every card, or nothing."""
    return board_import.bring(call.db, call.actor, call.path["import_id"], body, opened, id=call.key)
