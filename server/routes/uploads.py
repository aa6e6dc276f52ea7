"""Files people bring: a programme as a sheet, speakers' pictures, files of cards."""

from __future__ import annotations

import asyncio

from server import sheets
from server.actions import attachment, board_import, programme, sheet
from server.api.endpoint import Endpoints, Reply, Visit
from server.api.runner import Units
from server.domain import board_sheet, file_kind
from server.domain.attachment import FILE_BYTES, LONGEST_NAME, AttachmentView
from server.domain.board_import import IMPORT_BYTES, ImportView
from server.domain.errors import BadInput
from server.domain.person import Actor
from server.domain.programme import SpeakerView
from server.domain.programme_sheet import (
    SHEET_BYTES,
    SheetView,
)
from server.files import Files
from server.pictures import ENDING, PICTURE_BYTES, NoPicture, preview, square, without_place
from server.queries import scope

CONFERENCE = "/api/conferences/{conference_id}"


def endpoints(units: Units, files: Files) -> Endpoints:
    """The doors for files; each asks for the right before it opens anything."""
    doors = Endpoints("uploads")
    reading = asyncio.Semaphore(2)  # children at a time, each up to 768 MB for a moment
    _tables(doors, units, reading)
    _pictures(doors, units, files, reading)
    return doors


def _tables(doors: Endpoints, units: Units, reading: asyncio.Semaphore) -> None:
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
            table = await sheets.table(content)
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
            found = await sheets.board(content, locale=actor.locale, zone=zone)
            packed = await asyncio.to_thread(board_import.pack, found, name=board_sheet.titled(name))
        return Reply(await units.write(lambda db: board_import.keep(db, actor, team_id, packed)), 201)


def _pictures(doors: Endpoints, units: Units, files: Files, reading: asyncio.Semaphore) -> None:
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


def _preview(content: bytes) -> bytes:
    try:
        return preview(content)
    except NoPicture:
        raise BadInput("picture.unusable") from None
