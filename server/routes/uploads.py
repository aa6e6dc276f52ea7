"""Files people bring: a programme as a sheet, speakers' pictures, files of cards. And what anybody may read."""

from __future__ import annotations

import asyncio
import json
import sys

from server import xlsx
from server.actions import attachment, board_import, programme, sheet
from server.api.endpoint import Endpoints, Reply, Visit
from server.api.rates import ENTERING
from server.api.runner import Units
from server.domain import board_import as board_import_file
from server.domain import board_sheet, file_kind, pretalx
from server.domain.attachment import FILE_BYTES, LONGEST_NAME, AttachmentView
from server.domain.board import PublicBoard
from server.domain.board_import import IMPORT_BYTES, Found, ImportView
from server.domain.errors import BadInput
from server.domain.person import Actor
from server.domain.programme import SpeakerView
from server.domain.programme_sheet import (
    MOST_ROWS,
    SHEET_BYTES,
    SheetView,
    Table,
    checked,
    decoded,
    read_lines,
    table_of,
)
from server.domain.public import PublicProgramme
from server.files import Files
from server.pictures import ENDING, PICTURE_BYTES, NoPicture, preview, square, without_place
from server.queries import boards, public, scope

CONFERENCE = "/api/conferences/{conference_id}"
READ_S = 20.0
ZIP = b"PK\x03\x04"


def endpoints(units: Units, files: Files) -> Endpoints:
    """The doors for files; each asks for the right before it opens anything."""
    doors = Endpoints("uploads")
    reading = asyncio.Semaphore(2)  # children at a time, each up to 768 MB for a moment

    @doors.upload(
        "sheet.read",
        f"{CONFERENCE}/sheets",
        permission="programme.import",
        most_bytes=SHEET_BYTES,
        result=SheetView,
        status=201,
    )
    async def read_sheet(visit: Visit, actor: Actor, content: bytes) -> Reply:
        """Read a sheet: CSV, XLSX or pretalx's schedule.json. It is kept for a day."""
        conference_id = visit.path["conference_id"]
        await units.read(lambda db: scope.of_conference(db, actor, conference_id, "programme.import")[1])
        async with reading:
            table = await _table(content)
        return Reply(await units.write(lambda db: sheet.keep(db, actor, conference_id, table)), 201)

    @doors.upload(
        "import.read",
        "/api/teams/{team_id}/imports/{name}",
        permission="board.manage",
        most_bytes=IMPORT_BYTES,
        result=ImportView,
        status=201,
    )
    async def read_board(visit: Visit, actor: Actor, content: bytes) -> Reply:
        """Read a board: Trello's JSON, our own, or cards as CSV or XLSX. It is kept for a day."""
        team_id, name = visit.path["team_id"], visit.words["name"]
        zone = await units.read(lambda db: board_import.zone_of(db, actor, team_id))
        async with reading:
            found = await _board(content, locale=actor.locale, zone=zone)
            packed = await asyncio.to_thread(board_import.pack, found, name=board_sheet.titled(name))
        return Reply(await units.write(lambda db: board_import.keep(db, actor, team_id, packed)), 201)

    @doors.upload(
        "picture.put",
        f"{CONFERENCE}/speakers/{{person_id}}/picture",
        permission="profile.change",
        most_bytes=PICTURE_BYTES,
        result=SpeakerView,
    )
    async def put_picture(visit: Visit, actor: Actor, content: bytes) -> Reply:
        """A speaker's picture: JPEG, PNG, WebP or GIF. It is drawn anew, without where and when it was taken."""
        conference_id, person_id = visit.path["conference_id"], visit.path["person_id"]
        await units.read(lambda db: programme.check_profile(db, actor, conference_id, person_id))
        try:
            async with reading:
                drawn = await asyncio.to_thread(square, content)
        except NoPicture:
            raise BadInput("picture.unusable") from None
        name = await files.put(drawn, ENDING)
        return Reply(
            await units.write(lambda db: programme.set_picture(db, actor, conference_id, person_id, name))
        )

    @doors.upload(
        "attachment.add",
        "/api/cards/{card_id}/files/{name}",
        permission="card.change",
        most_bytes=FILE_BYTES,
        result=AttachmentView,
        status=201,
    )
    async def attach(visit: Visit, actor: Actor, content: bytes) -> Reply:
        """A file for a card. Its kind is told by its bytes; what a browser could run is refused."""
        card_id = visit.path["card_id"]
        await units.read(lambda db: attachment.check(db, actor, card_id, size=len(content)))
        async with reading:
            kind = await asyncio.to_thread(file_kind.told, content, visit.words["name"])
            if kind is None:
                raise BadInput("file.kind")
            drawn = None
            if kind.kind == "picture":
                drawn = await asyncio.to_thread(_preview, content)
                content = await asyncio.to_thread(without_place, content)
        file = attachment.Stored(
            kind=kind.kind,
            name=file_kind.shown_name(visit.words["name"], kind, most=LONGEST_NAME),
            stored=await files.put(content, kind.ending),
            preview=await files.put(drawn, ENDING) if drawn else None,
            size=len(content),
        )
        return Reply(await units.write(lambda db: attachment.add(db, actor, card_id, file)), 201)

    @doors.flow("public_board.show", "GET", "/api/public/boards/{token}", result=PublicBoard, rate=ENTERING)
    async def show_board(visit: Visit) -> Reply:
        """A board, for whoever has its link: nobody's name but of those who agreed."""
        return Reply(await units.read(lambda db: boards.public(db, visit.words["token"])))

    @doors.flow("public.show", "GET", "/api/public/{slug}", result=PublicProgramme)
    async def show_public(visit: Visit) -> Reply:
        """A public programme, for anybody."""
        return Reply(await units.read(lambda db: public.show(db, visit.words["slug"])))

    return doors


def _preview(content: bytes) -> bytes:
    try:
        return preview(content)
    except NoPicture:
        raise BadInput("picture.unusable") from None


async def _board(content: bytes, *, locale: str, zone: str) -> Found | Table:
    """A board, or the table that somebody has to say the meaning of."""
    if content.startswith(ZIP):
        return table_of(await _workbook(content, most_rows=board_sheet.MOST_ROWS), most_rows=board_sheet.MOST_ROWS)
    if board_import_file.is_json(content):
        return await asyncio.to_thread(board_import_file.read, content, locale=locale, zone=zone)
    return await asyncio.to_thread(_lines, content)


def _lines(content: bytes) -> Table:
    if b"\0" in content and not content.startswith((b"\xff\xfe", b"\xfe\xff")):  # no text but UTF-16 has any
        raise BadInput("import.unreadable")
    return read_lines(decoded(content), most_rows=board_sheet.MOST_ROWS)


async def _table(content: bytes) -> Table:
    """What the bytes are decides how they are read, not what they were called."""
    if content.startswith(ZIP):
        return table_of(await _workbook(content))
    text = decoded(content)
    if text.lstrip().startswith("{"):
        return checked(await asyncio.to_thread(pretalx.read, text))
    return await asyncio.to_thread(read_lines, text)


async def _workbook(content: bytes, *, most_rows: int = MOST_ROWS) -> list[list[str]]:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", xlsx.__file__),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(READ_S):
            out, _ = await child.communicate(content)
    except TimeoutError:
        raise BadInput("sheet.too_large", limit=most_rows) from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    code = child.returncode or 0
    if code == 0:
        return [[str(cell) for cell in row] for row in json.loads(out)]
    too_large = code == xlsx.TOO_LARGE or code < 0
    if too_large:
        raise BadInput("sheet.too_large", limit=most_rows)
    raise BadInput("sheet.no_workbook")
