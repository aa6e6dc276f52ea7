"""Boards that come from elsewhere: looked at, then made. The file itself comes by `uploads`."""

from __future__ import annotations

from server.actions import board_import
from server.api.endpoint import Call, Endpoints
from server.domain.board_import import ImportDone, ImportPreview, ImportWish

ENDPOINTS = Endpoints("imports")
IMPORT = "/api/imports/{import_id}"


@ENDPOINTS.command(
    "import.preview",
    "POST",
    f"{IMPORT}/preview",
    permission="board.manage",
    body=ImportWish,
    result=ImportPreview,
)
def preview(call: Call, body: ImportWish) -> ImportPreview:
    """What an import would do; changes nothing."""
    return board_import.preview(call.db, call.actor, call.path["import_id"], body)


@ENDPOINTS.command(
    "import.make",
    "POST",
    f"{IMPORT}/board",
    permission="board.manage",
    body=ImportWish,
    result=ImportDone,
    status=201,
)
def make(call: Call, body: ImportWish) -> ImportDone:
    """Make a board of a file, or fill one: every card, or nothing."""
    return board_import.bring(call.db, call.actor, call.path["import_id"], body, id=call.key)
