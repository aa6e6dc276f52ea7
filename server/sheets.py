"""What people bring as a table or a board, told by its bytes: CSV, XLSX, JSON. No loop waits for the reading."""

from __future__ import annotations

import asyncio
import json
import sys

from server import xlsx
from server.domain import board_import, board_sheet, pretalx
from server.domain.board_import import Found
from server.domain.errors import BadInput
from server.domain.programme_sheet import MOST_ROWS, Table, checked, decoded, read_lines, table_of

READ_S = 20.0
ZIP = b"PK\x03\x04"


async def board(content: bytes, *, locale: str, zone: str) -> Found | Table:
    """A board, or the table that somebody has to say the meaning of."""
    if content.startswith(ZIP):
        return table_of(await _workbook(content, most_rows=board_sheet.MOST_ROWS), most_rows=board_sheet.MOST_ROWS)
    if board_import.is_json(content):
        return await asyncio.to_thread(board_import.read, content, locale=locale, zone=zone)
    return await asyncio.to_thread(_lines, content)


def _lines(content: bytes) -> Table:
    if b"\0" in content and not content.startswith((b"\xff\xfe", b"\xfe\xff")):  # no text but UTF-16 has any
        raise BadInput("import.unreadable")
    return read_lines(decoded(content), most_rows=board_sheet.MOST_ROWS)


async def table(content: bytes) -> Table:
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
