"""Cards as a sheet: a table whose columns somebody maps becomes a board file, and a board file becomes a table.

The headers are those people write in Arabic and English, and those that other boards' exports bring. Days and
times are read as the programme's sheet reads them (`cells`), by the conference's clock.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from server.domain.board_file import BoardFile, FileCard, FileColumn, FileItem, FileLabel
from server.domain.card import LONGEST_DESCRIPTION, Due
from server.domain.cells import Unreadable, day_of, language_of, minutes_of, moment_of, names_of
from server.domain.checklist import MOST_ITEMS
from server.domain.programme_sheet import Mapped, Table
from server.domain.sheet import csv_text, unquoted
from server.domain.text import ascii_digits, clean, clean_line, fold, seen

MOST_ROWS = 5_000

# The first that fits wins.
HEADERS: Mapping[str, str] = {
    "id": "id, card id, key, issue key, code, المعرف, معرف البطاقة, الرمز, no, #, م, الرقم",
    "title": "title, card, card name, card title, name, task, task name, summary, subject, "
    "العنوان, عنوان البطاقة, البطاقة, المهمة, اسم المهمة, الاسم",
    "column": "column, list, list name, status, stage, state, bucket, section, bucket name, "
    "العمود, القائمة, الحالة, المرحلة",
    "labels": "labels, label, tags, tag, categories, category, الوسوم, الوسم, التصنيفات, التصنيف, الملصقات",
    "people": "people, members, member, assignee, assignees, assigned to, owner, responsible, "
    "الأشخاص, المكلفون, المكلف, المسؤول, المسؤولون, الأعضاء, مسندة إلى",
    "start": "start, start date, starts, from, البداية, تاريخ البداية, البدء, تاريخ البدء",
    "due": "due, due date, deadline, due on, end date, "
    "الموعد, الموعد النهائي, تاريخ الاستحقاق, الاستحقاق, تاريخ التسليم, النهاية",
    "size": "minutes, size, estimate, duration, effort, الدقائق, المدة بالدقائق, المدة, الحجم, الوقت المقدر",
    "skill": "skill, المهارة",
    "language": "language, lang, اللغة",
    "checklist": "checklist, checklist items, subtasks, items, قائمة التحقق, قائمة الخطوات, قائمة المهام, البنود",
    "description": "description, card description, notes, details, about, "
    "الوصف, وصف البطاقة, ملاحظات, الملاحظات, التفاصيل",
    "done": "done, completed, finished, تمت, منجزة, مكتملة",
    "archived": "archived, closed, مؤرشفة",
}
_YES = frozenset(map(fold, ("yes", "y", "true", "1", "x", "✓", "✔", "☑", "نعم", "تم", "صح", "منجز", "منجزة")))
_TICKED = re.compile(r"^\s*(?:[-*]\s*)?\[( |x|X|✓)?\]\s*")
_LONGEST_TAG = 16  # that a card keeps
_TAG = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}")
_FIRST = {"ar": "المهام", "en": "Tasks"}
_DONE = frozenset(fold(word) for word in ("done", "completed", "finished", "تم", "منجز", "مكتمل", "منجزة", "أنجز"))


@dataclass(frozen=True)
class RowFault:
    """What is wrong in a row, counted from 1 below the header."""

    row: int
    field: str
    code: str


@dataclass(frozen=True)
class Sheet:
    file: BoardFile
    faults: list[RowFault]


def read(table: Table, mapped: Mapped, *, title: str, locale: str, zone: str) -> Sheet:
    """Every row a card, in the order of the rows; columns and labels are those that the cells name."""
    reading = _Reading(table, mapped, locale, zone)
    cards = [card for number, row in enumerate(table.rows, start=1) if (card := reading.card(number, row))]
    columns = [
        FileColumn(id=id, title=name, done=fold(name) in _DONE) for id, name in reading.columns.items()
    ] or [FileColumn(id="first", title=_FIRST.get(locale, "Tasks"))]
    labels = [FileLabel(id=id, name=name) for id, name in reading.labels.items()]
    return Sheet(BoardFile(title=title, columns=columns, labels=labels, cards=cards), reading.faults)


class _Reading:
    def __init__(self, table: Table, mapped: Mapped, locale: str, zone: str) -> None:
        self._mapped = mapped
        self._locale = locale
        self._zone = zone
        self._ids: dict[str, int] = {}
        self.columns: dict[str, str] = {}
        self.labels: dict[str, str] = {}
        self.faults: list[RowFault] = []

    def card(self, number: int, row: Sequence[str]) -> FileCard | None:
        before = len(self.faults)

        def cell(field: str) -> str:
            at = self._mapped.columns.get(field)
            return unquoted(row[at]) if at is not None and 0 <= at < len(row) else ""

        def wrong(field: str, code: str) -> None:
            self.faults.append(RowFault(number, field, code))

        title = clean_line(cell("title"))
        if not seen(title):
            wrong("title", "field.missing")
        column = self._named(self.columns, clean_line(cell("column")) or _FIRST.get(self._locale, "Tasks"), 120)
        labels = [self._named(self.labels, name, 40) for name in _list(cell("labels"))]
        people = [name[:80] for name in _list(cell("people"))]
        values: dict[str, object] = {}
        readers = {"start": self._day, "due": self._due, "size": _minutes, "language": _language}
        for field in ("start", "due", "size", "language"):
            try:
                values[field] = readers[field](cell(field)) if cell(field).strip() else None
            except Unreadable as error:
                wrong(field, str(error))
        for field, text, most in (
            ("title", title, 300),
            ("description", clean(cell("description")), LONGEST_DESCRIPTION),
            ("skill", clean_line(cell("skill")), 80),
        ):
            if len(text) > most:
                wrong(field, "field.too_long")
        items = _items(cell("checklist"))
        if len(items) > MOST_ITEMS:
            wrong("checklist", "field.too_long")
        id = self._id(clean_line(cell("id")), title)
        if id is None:
            wrong("id", "sheet.id_twice")
        if len(self.faults) > before:
            return None
        moment = datetime.now(UTC)
        return FileCard.model_validate(  # every limit of it was looked at above
            {
                "id": id,
                "column": column,
                "title": title,
                "description": clean(cell("description")),
                "labels": list(dict.fromkeys(labels)),
                "people": people,
                "start_day": values["start"],
                "due": values["due"],
                "size_minutes": values["size"],
                "skill": clean_line(cell("skill")) if seen(cell("skill")) else "",
                "language": values["language"] or "",
                "items": items,
                "done_at": moment if _yes(cell("done")) else None,
                "archived_at": moment if _yes(cell("archived")) else None,
            }
        )

    def _named(self, known: dict[str, str], name: str, most: int) -> str:
        """The id of a column or label: however a name is spelled, it is one."""
        id = fold(name)[:80] or "-"
        known.setdefault(id, name[:most].strip() if seen(name[:most]) else "-")
        return id

    def _id(self, given: str, title: str) -> str | None:
        """What a row goes by: its own id, else its title and its turn; None for an id that comes twice."""
        name = fold(given or title)[:80]
        self._ids[name] = self._ids.get(name, 0) + 1
        if given:
            return f"csv:{name}" if self._ids[name] == 1 else None
        return f"csv-title:{name}:{self._ids[name]}"

    def _day(self, text: str) -> date:
        return day_of(text, month_first=self._mapped.month_first)[0]

    def _due(self, text: str) -> Due:
        """A day alone ends where its person lives; with a time it is a moment."""
        day, at = day_of(text, month_first=self._mapped.month_first)
        return Due(day=day) if at is None else Due(at=moment_of(day, at, self._zone))


def titled(file_name: str) -> str:
    """What a board is called that comes from a file of this name."""
    line = clean_line(file_name)
    title = (line.rpartition(".")[0] or line)[:120].strip()
    return title if seen(title) else "CSV"


def _minutes(text: str) -> int:
    plain = ascii_digits(clean_line(text))
    minutes = int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 6 else _told(text)
    if not 0 < minutes <= 60_000:
        raise Unreadable("sheet.duration")
    return max(5, minutes)


def _told(text: str) -> int:
    return int(minutes_of(text, default=0).total_seconds() // 60)


def _language(text: str) -> str | None:
    """A language by its tag or its name."""
    tag = text.strip()
    return tag if len(tag) <= _LONGEST_TAG and _TAG.fullmatch(tag) else language_of(text)


def _list(text: str) -> list[str]:
    """Names divided by semicolons, which may then hold commas; else by commas, bars or lines."""
    parts = re.split(r"[;؛]", text) if re.search(r"[;؛]", text) else names_of(text)
    return [name for part in parts if seen(name := clean_line(part))]


def _yes(text: str) -> bool:
    return fold(text) in _YES


def _items(text: str) -> list[FileItem]:
    found = []
    lines = text.split("\n") if "\n" in text or _TICKED.match(text) else re.split(r"[;؛|]", text)
    for line in lines:
        ticked = _TICKED.match(line)
        words = clean_line(line[ticked.end() :] if ticked else line)[:500]
        if seen(words):
            found.append(FileItem(text=words, done=bool(ticked and ticked[1] and ticked[1] != " ")))
    return found


WORDS: Mapping[str, Mapping[str, str]] = {  # the header of an export; the import knows every one of them
    "ar": {
        "number": "رقم البطاقة",
        "title": "العنوان",
        "column": "العمود",
        "labels": "التصنيفات",
        "people": "الأشخاص",
        "start": "البداية",
        "due": "الموعد",
        "done": "منجزة",
        "size": "الدقائق",
        "skill": "المهارة",
        "language": "اللغة",
        "checklist": "قائمة الخطوات",
        "description": "الوصف",
        "archived": "مؤرشفة",
        "comments": "التعليقات",
        "created": "أُنشئت",
        "url": "الرابط",
        "id": "المعرف",
        "yes": "نعم",
    },
    "en": {
        "number": "Card number",
        "title": "Title",
        "column": "Column",
        "labels": "Labels",
        "people": "People",
        "start": "Start",
        "due": "Due",
        "done": "Done",
        "size": "Minutes",
        "skill": "Skill",
        "language": "Language",
        "checklist": "Checklist",
        "description": "Description",
        "archived": "Archived",
        "comments": "Comments",
        "created": "Created",
        "url": "Address",
        "id": "ID",
        "yes": "yes",
    },
}


def cards_csv(file: BoardFile, *, locale: str, zone: str, url: str) -> str:
    """A board's cards as CSV that no spreadsheet takes for formulas, and that the import reads back."""
    words = WORDS.get(locale, WORDS["en"])
    columns = {one.id: one.title for one in file.columns}
    labels = {one.id: one.name for one in file.labels}
    fields = [name for name in words if name != "yes"]
    clock = ZoneInfo(zone)

    def cells(card: FileCard) -> list[str]:
        due = card.due
        told = {
            "number": str(card.number or ""),
            "title": card.title,
            "column": columns[card.column],
            "labels": "; ".join(labels[id] for id in card.labels),
            "people": "; ".join(card.people),
            "start": card.start_day.isoformat() if card.start_day else "",
            "due": (due.day.isoformat() if due.day else _clock(due.at, clock)) if due else "",
            "done": words["yes"] if card.done_at else "",
            "size": str(card.size_minutes or ""),
            "skill": card.skill,
            "language": card.language,
            "checklist": "\n".join(f"[{'x' if item.done else ' '}] {item.text}" for item in card.items),
            "description": card.description,
            "archived": words["yes"] if card.archived_at else "",
            "comments": str(len(card.comments) or ""),
            "created": _clock(card.created_at, clock),
            "url": f"{url}?card={card.id}",
            "id": card.id,
        }
        return [told[name] for name in fields]

    return csv_text([[words[name] for name in fields], *(cells(card) for card in file.cards)])


def _clock(at: datetime | None, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M") if at else ""
