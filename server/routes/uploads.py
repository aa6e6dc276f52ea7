"""Files people bring: a programme as a sheet, and speakers' pictures."""

from __future__ import annotations

import asyncio
import json
import sys

from server import xlsx
from server.actions import programme, sheet
from server.api.endpoint import Endpoints, Reply, Visit
from server.api.runner import Units
from server.domain import pretalx
from server.domain.errors import BadInput
from server.domain.person import Actor
from server.domain.programme import SpeakerView
from server.domain.programme_sheet import SHEET_BYTES, SheetView, Table, checked, decoded, read_lines, table_of
from server.domain.public import PublicProgramme
from server.files import Files
from server.pictures import ENDING, PICTURE_BYTES, NoPicture, square
from server.queries import public, scope

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

    @doors.flow("public.show", "GET", "/api/public/{slug}", result=PublicProgramme)
    async def show_public(visit: Visit) -> Reply:
        """A public programme, for anybody."""
        return Reply(await units.read(lambda db: public.show(db, visit.words["slug"])))

    return doors


async def _table(content: bytes) -> Table:
    """What the bytes are decides how they are read, not what they were called."""
    if content.startswith(ZIP):
        return table_of(await _workbook(content))
    text = decoded(content)
    if text.lstrip().startswith("{"):
        return checked(await asyncio.to_thread(pretalx.read, text))
    return await asyncio.to_thread(read_lines, text)


async def _workbook(content: bytes) -> list[list[str]]:
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
        raise BadInput("sheet.too_large") from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    code = child.returncode or 0
    if code == 0:
        return [[str(cell) for cell in row] for row in json.loads(out)]
    too_large = code == xlsx.TOO_LARGE or code < 0
    raise BadInput("sheet.too_large" if too_large else "sheet.no_workbook")
