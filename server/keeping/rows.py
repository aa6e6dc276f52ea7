"""Rows as every database and every archive tells them alike, and the sum over them.

A cell is JSON's own: null, true, a number or a string. Two databases hold the same rows when each table's lines,
in the order of its key, have the same sum.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

Cell: TypeAlias = bool | int | float | str | None
Row: TypeAlias = Sequence[Cell]
Batches: TypeAlias = AsyncGenerator[Sequence[Row], None]  # whoever stops midway closes it
Kind: TypeAlias = Literal["uuid", "time", "date", "json", "text", "integer", "number", "boolean"]
Codec: TypeAlias = Callable[[Any], Any]
BATCH = 40  # rows in memory at a time: the longest messages make that some megabytes


@dataclass(frozen=True)
class Column:
    name: str
    kind: Kind


@dataclass(frozen=True)
class Shape:
    """A table: its columns by name, and the key that orders its rows."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]


@dataclass(frozen=True)
class Content:
    """How many rows, and the sum over their lines."""

    rows: int
    sha256: str


class Sum:
    """Counts rows and sums their lines as they pass by."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._rows = 0

    def add(self, lines: bytes, rows: int) -> None:
        self._hash.update(lines)
        self._rows += rows

    @property
    def content(self) -> Content:
        return Content(self._rows, self._hash.hexdigest())


def to_lines(rows: Sequence[Row]) -> bytes:
    """One JSON array a line, in UTF-8, so that Arabic stays readable."""
    return "".join([f"{_LINE.encode(row)}\n" for row in rows]).encode()


def from_line(line: bytes) -> list[Cell]:
    cells = json.loads(line)
    if not isinstance(cells, list):
        raise ValueError("a line that is not a row")
    return cells


_LINE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def told(shape: Shape, codecs: Mapping[Kind, Codec]) -> Callable[[Sequence[Any]], list[Any]]:
    """A function that takes a row through its columns' codecs; None stays None. ValueError: not such a row."""
    found = [codecs.get(column.kind) for column in shape.columns]

    def tell(row: Sequence[Any]) -> list[Any]:
        pairs = zip(found, row, strict=True)
        try:
            return [cell if codec is None or cell is None else codec(cell) for codec, cell in pairs]
        except (TypeError, AttributeError) as error:
            raise ValueError(f"a row does not fit: {error}") from error

    return tell


def time_text(moment: datetime) -> str:
    """In UTC with six decimals, whatever the database keeps."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


# How SQLite keeps a cell (SQLAlchemy's spelling) and how we tell it: no zone, no dashes, no booleans.
FROM_SQLITE: Mapping[Kind, Codec] = {
    "uuid": lambda text: str(UUID(text)),
    "time": lambda text: time_text(datetime.fromisoformat(text)),
    "boolean": bool,
}
TO_SQLITE: Mapping[Kind, Codec] = {
    "uuid": lambda text: text.replace("-", ""),
    "time": lambda text: text.removesuffix("Z").replace("T", " "),
    "boolean": int,
}
# PostgreSQL's driver hands over Python objects; JSON is asked for as the text that was stored.
FROM_POSTGRESQL: Mapping[Kind, Codec] = {"uuid": str, "time": time_text, "date": date.isoformat}
TO_POSTGRESQL: Mapping[Kind, Codec] = {
    "uuid": UUID,
    "time": datetime.fromisoformat,
    "date": date.fromisoformat,
}
