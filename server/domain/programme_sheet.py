"""A programme that comes as a sheet: a table of texts, columns guessed by their headers, rows read into plans.

What cannot be read is told row by row and field by field; nothing is guessed silently that changes a time.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from server.domain.cells import (
    Unreadable,
    day_of,
    kind_of,
    language_of,
    minutes_of,
    moment_of,
    names_of,
    time_of,
)
from server.domain.errors import BadInput
from server.domain.programme_clash import RowWarning
from server.domain.text import clean, clean_line, fold, seen
from server.domain.view import View
from server.domain.zone import Instant

SHEET_BYTES = 2 * 1024 * 1024
MOST_ROWS = 1000
MOST_COLUMNS = 60
MOST_CELL = 8000
DEFAULT_MINUTES = 60
OVERNIGHT = timedelta(hours=12)  # from 23:00 to 01:00 is tomorrow, from 10:00 to 09:00 a slip
TIMES = ("date", "start", "end", "duration")
DELIMITERS = (",", ";", "\t", "|")

Column = Literal[
    "id",
    "title",
    "date",
    "start",
    "end",
    "duration",
    "hall",
    "track",
    "kind",
    "language",
    "speakers",
    "description",
    "title_ar",
    "title_en",
    "description_ar",
    "description_en",
]

# Headers as people write them. The first that fits wins, so the more special ones stand first.
HEADERS: Mapping[str, str] = {
    "title_en": "title en, title (en), english title, العنوان بالإنجليزية, العنوان (en)",
    "title_ar": "title ar, title (ar), arabic title, العنوان بالعربية",
    "description_en": "description en, description (en), الوصف بالإنجليزية",
    "description_ar": "description ar, description (ar), الوصف بالعربية",
    "id": "id, code, guid, uid, المعرف, الرقم, رقم الجلسة, الرمز, م, #, no",
    "title": "title, session, talk, topic, name, العنوان, عنوان الجلسة, الجلسة, الموضوع, المحاضرة",
    "date": "date, day, التاريخ, اليوم, تاريخ الجلسة",
    "start": "start, starts, starts at, start time, from, time, البداية, وقت البداية, تبدأ, من, الوقت, الساعة",
    "end": "end, ends, ends at, end time, to, until, النهاية, وقت النهاية, تنتهي, إلى",
    "duration": "duration, length, minutes, min, المدة, مدة الجلسة, الدقائق, المدة بالدقائق",
    "hall": "hall, room, stage, place, location, venue, القاعة, المكان, المسرح, الغرفة",
    "track": "track, theme, stream, المسار, المحور",
    "kind": "kind, type, format, session type, النوع, نوع الجلسة",
    "language": "language, lang, اللغة, لغة الجلسة",
    "speakers": "speakers, speaker, presenter, presenters, by, المتحدثون, المتحدثين, المتحدث, المتحدثة, المحاضر",
    "description": "description, abstract, summary, about, details, الوصف, وصف الجلسة, نبذة, الملخص, التفاصيل",
}


class Mapped(View):
    """Which column holds what, by number from 0; and how dates like 3/4 are read."""

    columns: dict[str, int] = Field(max_length=20)
    month_first: bool = False


class SheetView(View):
    """A sheet as it was read. `guess` says which column seems to hold what; `rows` shows the first few."""

    id: UUID
    kind: Literal["sheet", "pretalx"]
    columns: list[str]
    rows: list[list[str]]
    count: int
    guess: Mapped


class RowPreview(View):
    """What would become of one row. `changes` names what differs, `faults` what is wrong, by column; `cells` is a
    wrong row as it came, so that it can be put right elsewhere."""

    row: int
    becomes: Literal["new", "changed", "same", "wrong"]
    title: str
    hall: str
    starts_at: Instant | None
    ends_at: Instant | None
    speakers: list[str]
    changes: list[str]
    faults: dict[str, str]
    warnings: list[RowWarning]
    cells: list[str]


class Bringing(Mapped):
    """All rows or none; with `good_only` those that can be read, while the others stay out."""

    good_only: bool = False


class SheetPreview(View):
    rows: list[RowPreview]
    new: int
    changed: int
    same: int
    wrong: int
    halls: list[str]
    tracks: list[str]
    speakers: list[str]


class Imported(View):
    """What was done. `left` are the rows that stayed out, where that was asked for."""

    new: int
    changed: int
    same: int
    left: int


@dataclass(frozen=True)
class Table:
    kind: Literal["sheet", "pretalx"]
    columns: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Named:
    """A speaker as a sheet names one."""

    name: str
    source: str | None = None
    bio: str = ""


@dataclass(frozen=True)
class Planned:
    """One row read: a session's values as they would be stored, and what is wrong by field.

    A sheet tells only what it has columns for: `told` names those values, `words` holds the translations as far
    as they are told, `missing` is what is wrong only where the session is new.
    """

    row: int
    source: str
    values: dict[str, Any]
    speakers: list[Named]
    faults: dict[str, str] = field(default_factory=dict)
    told: frozenset[str] = frozenset()
    words: dict[str, dict[str, str]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def anew(self) -> Planned:
        """The row as a session that is not there yet: what nobody tells is as by default."""
        values = self.values | {"translations": _translated({}, self.words)}
        return replace(self, values=values, faults=self.missing | self.faults)

    def onto(self, there: Mapping[str, Any]) -> Planned:
        """The row as the session it is already: what the sheet does not tell stays as it stands."""
        values = {name: value if name in self.told else there[name] for name, value in self.values.items()}
        values["translations"] = _translated(there["translations"], self.words)
        if "ends_at" not in self.told and self.values["starts_at"] is not None and "starts_at" in self.told:
            values["ends_at"] = values["starts_at"] + (there["ends_at"] - there["starts_at"])
        return replace(self, values=values)


def read_lines(text: str, *, most_rows: int = MOST_ROWS) -> Table:
    """A pasted or uploaded text: lines with any usual delimiter. Raises BadInput."""
    return table_of(_cut(text, _delimiter(text)), most_rows=most_rows)


def _cut(text: str, delimiter: str) -> list[list[str]]:
    """Lines may end as on any system; what is no text of lines at all (a picture) is refused."""
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        raise BadInput("sheet.no_workbook") from None


def table_of(lines: Sequence[Sequence[str]], *, most_rows: int = MOST_ROWS) -> Table:
    """The first line that is not empty is the header."""
    full = [[clean(cell)[:MOST_CELL] for cell in line] for line in lines if any(cell.strip() for cell in line)]
    if len(full) < 2:
        raise BadInput("sheet.empty")
    header = [clean_line(name) for name in full[0]]
    width = len(header)
    rows = [[*line[:width], *[""] * (width - len(line))] for line in full[1:]]
    return checked(Table("sheet", header, rows), most_rows=most_rows)


def checked(table: Table, *, most_rows: int = MOST_ROWS) -> Table:
    if not table.rows:
        raise BadInput("sheet.empty")
    if len(table.rows) > most_rows or len(table.columns) > MOST_COLUMNS:
        raise BadInput("sheet.too_large", limit=most_rows)
    return table


def decoded(raw: bytes) -> str:
    """UTF-8 with or without its mark, UTF-16 as Excel writes it, else Windows' Arabic."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1256", "replace")


def _delimiter(text: str) -> str:
    """The one that cuts the first lines into most columns, the same number each."""
    head = "\n".join(text.splitlines()[:20])

    def score(delimiter: str) -> tuple[int, int]:
        widths = [len(line) for line in _cut(head, delimiter) if line]
        common = max(set(widths), key=widths.count) if widths else 0
        return (widths.count(common) * common if common > 1 else 0, common)

    return max(DELIMITERS, key=score)


def guess(table: Table, headers: Mapping[str, str] = HEADERS) -> Mapped:
    """Columns by their headers, each taken once."""
    folded = [fold(name).replace("_", " ").strip(" :*") for name in table.columns]
    found: dict[str, int] = {}
    for column, names in headers.items():
        wanted = [fold(name) for name in names.split(",")]
        at = next((place for name in wanted for place, own in enumerate(folded) if own == name), None)
        if at is not None and at not in found.values():
            found[column] = at
    return Mapped(columns=found)


def plan(table: Table, mapped: Mapped, *, zone: str, language: str) -> list[Planned]:
    """Every row read in the conference's zone. Without an id a row goes by its title and its turn."""
    seen_titles: dict[str, int] = {}
    return [
        _row(number, cells, table.kind, mapped, zone=zone, language=language, seen_titles=seen_titles)
        for number, cells in enumerate(table.rows, start=1)
    ]


def _row(
    number: int,
    cells: Sequence[str],
    kind: str,
    mapped: Mapped,
    *,
    zone: str,
    language: str,
    seen_titles: dict[str, int],
) -> Planned:
    there = {name for name, at in mapped.columns.items() if 0 <= at < len(cells)}

    def cell(column: Column) -> str:
        return cells[mapped.columns[column]] if column in there else ""

    faults: dict[str, str] = {}
    missing = {} if "title" in there else {"title": "field.missing"}
    title = _line(cell("title"), 200, "title", faults, needed="title" in there)
    timed = not there.isdisjoint(TIMES)
    times = _times(cell, zone, mapped.month_first, faults if timed else missing)
    values: dict[str, Any] = {
        "title": title,
        "description": clean(cell("description"))[:4000],
        "hall": _line(cell("hall"), 80, "hall", faults),
        "track": _line(cell("track"), 80, "track", faults),
        "kind": kind_of(cell("kind")),
        "language": _language(cell("language"), language, faults),
        "translations": {},
        **times,
    }
    told = there & values.keys() | ({"starts_at"} if timed else set())
    if not there.isdisjoint(("end", "duration")):
        told.add("ends_at")
    return Planned(
        row=number,
        source=_source(kind, clean_line(cell("id")), title, seen_titles),
        values=values,
        speakers=_speakers(kind, cell("speakers"), faults),
        faults=faults,
        told=frozenset(told),
        words=_words(cell, there, faults),
        missing=missing,
    )


def _source(kind: str, id: str, title: str, seen_titles: dict[str, int]) -> str:
    if id:
        return f"{kind}:{fold(id)}"[:120]
    name = fold(title)[:90]
    seen_titles[name] = seen_titles.get(name, 0) + 1
    again = f":{seen_titles[name]}" if seen_titles[name] > 1 else ""
    return f"title:{name}{again}"


def _line(text: str, most: int, column: str, faults: dict[str, str], *, needed: bool = False) -> str:
    line = clean_line(text)
    if needed and not seen(line):
        faults[column] = "field.missing"
    if len(line) > most:
        faults[column] = "field.too_long"
    return line[:most]


def _language(text: str, default: str, faults: dict[str, str]) -> str:
    try:
        return language_of(text) or default
    except Unreadable as error:
        faults["language"] = str(error)
        return default


def _words(cell: Any, there: Container[str], faults: dict[str, str]) -> dict[str, dict[str, str]]:
    """By language what the sheet has columns for."""
    found: dict[str, dict[str, str]] = {"ar": {}, "en": {}}
    for code, words in found.items():
        if (column := f"title_{code}") in there:
            words["title"] = _line(cell(column), 200, column, faults)
        if (column := f"description_{code}") in there:
            words["description"] = clean(cell(column))[:4000]
    return {code: words for code, words in found.items() if words}


def _translated(known: Mapping[str, Any], told: Mapping[str, dict[str, str]]) -> dict[str, Any]:
    """What is translated already, with what is told laid over it. Without a title it is no translation."""
    found = dict(known)
    for code, words in told.items():
        whole = {"title": "", "description": ""} | found.pop(code, {}) | words
        if whole["title"]:
            found[code] = whole
    return found


def _times(cell: Any, zone: str, month_first: bool, faults: dict[str, str]) -> dict[str, Any]:
    """The beginning from a date and a time or from one cell with both; the end from a time or a duration."""
    try:
        column = "date" if cell("date") else "start"
        day, inside = day_of(cell(column), month_first=month_first)
        column = "start"
        began = inside if column == "start" and not cell("date") else time_of(cell("start") or cell("date"))
        starts_at = moment_of(day, began, zone)
        column = "end" if cell("end") else "duration"
        if cell("end"):
            last, until = _end_day(cell("end"), day, month_first), time_of(cell("end"))
            ends_at = moment_of(last, until, zone)
            if last == day and starts_at - ends_at >= OVERNIGHT:
                ends_at = moment_of(day + timedelta(days=1), until, zone)
        else:
            ends_at = starts_at + minutes_of(cell("duration"), default=DEFAULT_MINUTES)
    except Unreadable as error:
        faults[column] = str(error)
        return {"starts_at": None, "ends_at": None}
    if ends_at <= starts_at:
        faults["end"] = "session.times"
    return {"starts_at": starts_at, "ends_at": ends_at}


def _end_day(text: str, day: Any, month_first: bool) -> Any:
    """An end may bring its own date, as in "2027-03-01 10:30"."""
    try:
        return day_of(text, month_first=month_first)[0]
    except Unreadable:
        return day


def _speakers(kind: str, text: str, faults: dict[str, str]) -> list[Named]:
    named = (
        [Named(one["name"], one["source"], one["bio"]) for one in json.loads(text)]
        if kind == "pretalx" and text
        else [Named(name) for name in names_of(text)]
    )
    if len(named) > 20:
        faults["speakers"] = "sheet.many_speakers"
    if any(len(one.name) > 80 for one in named):
        faults["speakers"] = "field.too_long"
    return [Named(one.name[:80], one.source, one.bio) for one in named[:20]]
