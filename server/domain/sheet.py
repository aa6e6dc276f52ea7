"""Sheets for spreadsheet programs, which must not take people's words for formulas (OWASP ASVS 5.0, 1.2.10)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # Excel reads the full-width ones too
BOM = "\ufeff"  # without it Excel reads Arabic as Latin letters


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    """Rows as CSV (RFC 4180) that opens as text everywhere."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    for row in rows:
        writer.writerow([plain(cell) for cell in row])
    return BOM + out.getvalue()


def plain(cell: str) -> str:
    """A cell no program runs: an apostrophe makes a formula text."""
    return f"'{cell}" if cell.lstrip(" \u00a0").startswith(_FORMULA) else cell


def unquoted(cell: str) -> str:
    """A cell as it was before `plain` made it text."""
    return cell[1:] if cell.startswith("'") and cell[1:].lstrip(" \u00a0").startswith(_FORMULA) else cell
