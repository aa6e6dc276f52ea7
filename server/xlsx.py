"""An XLSX workbook as rows of texts, read in a child that may use little: a small file can unfold into gigabytes.

Run as a program: the workbook on standard input, its first filled sheet as JSON on standard output.
Exit code 2 means that it is no workbook, 3 that it is too large.
"""

from __future__ import annotations

import io
import json
import resource
import sys
import zipfile
from datetime import date, datetime, time, timedelta
from typing import Any

MEMORY_BYTES = 768 * 1024 * 1024
CPU_S = 10
UNFOLDED_BYTES = 40 * 1024 * 1024
PARTS = 500
MOST_ROWS = 1200
MOST_COLUMNS = 80
NO_WORKBOOK, TOO_LARGE = 2, 3


def main() -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    raw = sys.stdin.buffer.read()
    try:
        if not _fits(raw):
            return TOO_LARGE
        rows = _rows(raw)
    except MemoryError:
        return TOO_LARGE
    except Exception:  # whatever is wrong with a stranger's file, the answer is the same
        return NO_WORKBOOK
    if len(rows) > MOST_ROWS:
        return TOO_LARGE
    sys.stdout.write(json.dumps(rows, ensure_ascii=False))
    return 0


def _fits(raw: bytes) -> bool:
    """What the archive says it unfolds to; the limits of the process catch one that lies."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        parts = archive.infolist()
    return len(parts) <= PARTS and sum(part.file_size for part in parts) <= UNFOLDED_BYTES


def _rows(raw: bytes) -> list[list[str]]:
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_filelike(io.BytesIO(raw))
    for name in book.sheet_names:
        sheet = book.get_sheet_by_name(name)
        if sheet.total_height > MOST_ROWS * 10 or sheet.total_width > MOST_COLUMNS * 10:
            raise MemoryError
        rows = [[_text(cell) for cell in row[:MOST_COLUMNS]] for row in sheet.to_python(nrows=MOST_ROWS + 1)]
        if rows:
            return rows
    return []


def _text(cell: Any) -> str:
    """A cell as somebody would write it: dates and times in ISO order, whole numbers without a point."""
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d") if cell.time() == time(0) else cell.strftime("%Y-%m-%d %H:%M")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, time):
        return cell.strftime("%H:%M")
    if isinstance(cell, timedelta):
        minutes = round(cell.total_seconds() / 60)
        return f"{minutes // 60}:{minutes % 60:02}"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


if __name__ == "__main__":
    sys.exit(main())
