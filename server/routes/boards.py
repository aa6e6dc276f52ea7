"""Boards, their columns and labels."""

from __future__ import annotations

from server.actions import board, card_undo, column, label
from server.api.endpoint import Call, Endpoints
from server.domain.board import (
    Beside,
    BoardChange,
    BoardCopy,
    BoardDraft,
    BoardMine,
    BoardRef,
    BoardSnapshot,
    ColumnArchive,
    ColumnChange,
    ColumnDraft,
    ColumnView,
    LabelChange,
    LabelDraft,
    LabelView,
    OnWish,
    Templates,
    TemplateView,
)
from server.domain.card import CardsFound
from server.domain.card_history import Changes, Undone, UndoWish
from server.queries import boards, card_history, card_search
from server.templates import NAMES, template

ENDPOINTS = Endpoints("boards")
BOARD = "/api/boards/{board_id}"
COLUMN = "/api/columns/{column_id}"
LABEL = "/api/labels/{label_id}"


@ENDPOINTS.query("template.list", "/api/board-templates", permission=None, result=Templates)
def templates(call: Call) -> Templates:
    """What a new board may begin with, in one's own language."""
    found = [(name, template(name, call.actor.locale)) for name in NAMES]
    return Templates(
        templates=[
            TemplateView.model_validate(
                {
                    "key": name,
                    "title": one.title,
                    "about": one.about,
                    "columns": [column.title for column in one.columns],
                    "labels": [label.name for label in one.labels],
                }
            )
            for name, one in found
        ]
    )


@ENDPOINTS.command(
    "board.create",
    "POST",
    "/api/teams/{team_id}/boards",
    permission="board.manage",
    body=BoardDraft,
    result=BoardRef,
    status=201,
)
def create(call: Call, body: BoardDraft) -> BoardRef:
    """Make a board from a template."""
    return board.create(call.db, call.actor, call.path["team_id"], body, id=call.key)


@ENDPOINTS.query("board.show", BOARD, permission="board.show", result=BoardSnapshot, parameters=("first",))
def show(call: Call) -> BoardSnapshot:
    """A board with its columns and cards, and the position they belong to. `first`: so many of each column."""
    first = card_search.optional_number("first", call.query.get("first"))
    return boards.snapshot(call.db, call.actor, call.path["board_id"], first=first)


@ENDPOINTS.query("board.mine", f"{BOARD}/mine", permission="board.show", result=BoardMine)
def mine(call: Call) -> BoardMine:
    """What one watches on a board, may do there, and can undo."""
    return boards.mine(call.db, call.actor, call.path["board_id"])


@ENDPOINTS.command("board.change", "PATCH", BOARD, permission="board.manage", body=BoardChange, result=BoardRef)
def change(call: Call, body: BoardChange) -> BoardRef:
    """Rename a board, change how it works, put it away, or open it to whoever has the link."""
    return board.change(call.db, call.actor, call.path["board_id"], body)


@ENDPOINTS.command(
    "board.copy",
    "POST",
    f"{BOARD}/copy",
    permission="board.manage",
    body=BoardCopy,
    result=BoardRef,
    status=201,
)
def copy(call: Call, body: BoardCopy) -> BoardRef:
    """Make a board like this one, with its cards or without."""
    return board.copy(call.db, call.actor, call.path["board_id"], body, id=call.key)


@ENDPOINTS.query(
    "board.search",
    f"{BOARD}/cards",
    permission="board.show",
    result=CardsFound,
    parameters=card_search.PARAMETERS,
)
def search(call: Call) -> CardsFound:
    """Cards with these words, labels, people, days; the newest first. Spellings of one Arabic word are one."""
    return card_search.search(call.db, call.actor, call.path["board_id"], call.query)


@ENDPOINTS.query(
    "board.history", f"{BOARD}/history", permission="board.show", result=Changes, parameters=("before",)
)
def history(call: Call) -> Changes:
    """What was changed on a board, the newest first."""
    before = card_search.optional_number("before", call.query.get("before"))
    return card_history.of_board(call.db, call.actor, call.path["board_id"], before=before)


@ENDPOINTS.command("board.undo", "POST", f"{BOARD}/undo", permission="card.change", body=UndoWish, result=Undone)
def undo(call: Call, body: UndoWish) -> Undone:
    """Undo one's own last step on the board. A refusal names the `step`, so that it can be left."""
    return card_undo.undo(call.db, call.actor, call.path["board_id"], body, step=call.key)


@ENDPOINTS.command("board.redo", "POST", f"{BOARD}/redo", permission="card.change", body=UndoWish, result=Undone)
def redo(call: Call, body: UndoWish) -> Undone:
    """Do again what one undid last."""
    return card_undo.redo(call.db, call.actor, call.path["board_id"], body, step=call.key)


@ENDPOINTS.command("board.name", "POST", f"{BOARD}/named", permission="board.show", body=OnWish)
def name(call: Call, body: OnWish) -> None:
    """Agree to be named on the board's public page, or no longer."""
    board.name(call.db, call.actor, call.path["board_id"], on=body.on)


@ENDPOINTS.command(
    "column.create",
    "POST",
    f"{BOARD}/columns",
    permission="column.change",
    body=ColumnDraft,
    result=ColumnView,
    status=201,
)
def create_column(call: Call, body: ColumnDraft) -> ColumnView:
    """Put a new column beside another, or at the end."""
    return column.create(call.db, call.actor, call.path["board_id"], body, id=call.key)


@ENDPOINTS.command(
    "column.change", "PATCH", COLUMN, permission="column.change", body=ColumnChange, result=ColumnView
)
def change_column(call: Call, body: ColumnChange) -> ColumnView:
    """Change a column's name, colour or limits."""
    return column.change(call.db, call.actor, call.path["column_id"], body)


@ENDPOINTS.command(
    "column.move", "POST", f"{COLUMN}/move", permission="column.change", body=Beside, result=ColumnView
)
def move_column(call: Call, body: Beside) -> ColumnView:
    """Move a column before or after another, or to the end."""
    return column.move(call.db, call.actor, call.path["column_id"], body)


@ENDPOINTS.command(
    "column.archive",
    "POST",
    f"{COLUMN}/archive",
    permission="column.archive",
    body=ColumnArchive,
    result=ColumnView,
)
def archive_column(call: Call, body: ColumnArchive) -> ColumnView:
    """Put a column away, empty or with its cards, or bring it back."""
    return column.archive(call.db, call.actor, call.path["column_id"], body)


@ENDPOINTS.command(
    "label.create",
    "POST",
    f"{BOARD}/labels",
    permission="label.change",
    body=LabelDraft,
    result=LabelView,
    status=201,
)
def create_label(call: Call, body: LabelDraft) -> LabelView:
    """Add a label to a board."""
    return label.create(call.db, call.actor, call.path["board_id"], body, id=call.key)


@ENDPOINTS.command("label.change", "PATCH", LABEL, permission="label.change", body=LabelChange, result=LabelView)
def change_label(call: Call, body: LabelChange) -> LabelView:
    """Change a label's name or colour."""
    return label.change(call.db, call.actor, call.path["label_id"], body)


@ENDPOINTS.command("label.remove", "DELETE", LABEL, permission="label.change")
def remove_label(call: Call) -> None:
    """Take a label away, from all cards too."""
    label.remove(call.db, call.actor, call.path["label_id"])
