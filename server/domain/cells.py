"""One cell of a sheet: days, times, durations, languages and kinds as people write them in Arabic and English."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from server.domain.session import SessionKind
from server.domain.text import ascii_digits, clean_line, fold


class Unreadable(Exception):
    """A cell that cannot be read; the text is the code of the sentence that says why."""


_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_YEAR_LAST = re.compile(r"(?<!\d)(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")
_MONTH_NAMED = re.compile(r"(?<!\d)(\d{1,2})\s*(?:من\s+)?([^\W\d_]+(?:\s+[^\W\d_]+)?)[\s,،]+(\d{4})")
_TIME = re.compile(r"(?<![\d/.-])(\d{1,2})(?:[:.](\d{2}))(?:[:.]\d{2}(?:\.\d+)?)?\s*([^\W\d_]{1,10})?")
_HOUR = re.compile(r"(\d{1,2})\s*([^\W\d_]{1,10})")
_OFFSET = re.compile(r"T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$")
_AM = frozenset({"am", "a", "ص", "صباحا", "صباح"})
_PM = frozenset({"pm", "p", "م", "مساء", "ظهرا", "عصرا", "المساء"})
_MONTHS = {
    fold(name): number
    for number, names in enumerate(
        (
            "january jan يناير كانون_الثاني جانفي",
            "february feb فبراير شباط فيفري",
            "march mar مارس آذار",
            "april apr أبريل إبريل نيسان أفريل",
            "may مايو أيار ماي",
            "june jun يونيو يونيه حزيران جوان",
            "july jul يوليو يوليه تموز جويلية",
            "august aug أغسطس آب أوت",
            "september sep sept سبتمبر أيلول",
            "october oct أكتوبر تشرين_الأول",
            "november nov نوفمبر تشرين_الثاني",
            "december dec ديسمبر كانون_الأول",
        ),
        start=1,
    )
    for name in names.replace("_", "\u00a0").split(" ")
}
_LANGUAGES = {
    fold(name): code
    for code, names in {
        "ar": "ar arabic عربي عربية العربية",
        "en": "en english إنجليزي إنجليزية الإنجليزية انكليزي انكليزية",
        "fr": "fr french فرنسي فرنسية الفرنسية français",
        "tr": "tr turkish تركي تركية التركية",
        "ur": "ur urdu أردو الأردية",
        "fa": "fa persian farsi فارسي فارسية الفارسية",
        "ku": "ku kurdish كردي كردية الكردية",
        "es": "es spanish إسباني إسبانية الإسبانية español",
        "de": "de german ألماني ألمانية الألمانية deutsch",
    }.items()
    for name in names.split()
}
_KIND_WORDS: dict[SessionKind, str] = {
    "break": "break lunch coffee pause استراحة راحة غداء صلاة",
    "workshop": "workshop tutorial training ورشة تدريب",
    "panel": "panel discussion debate ندوة حوار حوارية نقاش نقاشية",
    "keynote": "keynote رئيسية",
    "lightning": "lightning short خاطفة قصيرة سريعة",
    "ceremony": "ceremony opening closing welcome افتتاح افتتاحية ختام ختامية تكريم",
    "social": "social networking meetup تعارف لقاء اجتماعي",
}
_KINDS: dict[str, SessionKind] = {
    fold(name): kind for kind, names in _KIND_WORDS.items() for name in names.split()
}
_KIND_NAMES: tuple[SessionKind, ...] = (
    *("talk", "workshop", "panel", "keynote"),
    *("lightning", "ceremony", "social", "break"),
)


def day_of(text: str, *, month_first: bool = False) -> tuple[date, time | None]:
    """The day in a cell, and the time when the cell holds one too. Days come before months unless told."""
    plain = ascii_digits(clean_line(text))
    found = _YEAR_FIRST.search(plain)
    if found:
        parts = (int(found[1]), int(found[2]), int(found[3]))
    elif found := _YEAR_LAST.search(plain):
        day, month = (2, 1) if month_first else (1, 2)
        parts = (int(found[3]), int(found[month]), int(found[day]))
    elif found := _MONTH_NAMED.search(plain):
        known = _MONTHS.get(fold(found[2])) or _MONTHS.get(fold(found[2].split()[0]))
        if known is None:
            raise Unreadable("sheet.date")
        parts = (int(found[3]), known, int(found[1]))
    else:
        raise Unreadable("sheet.date" if plain else "field.missing")
    try:
        day_found = date(*parts)
    except ValueError:
        raise Unreadable("sheet.date") from None
    if not 1970 <= day_found.year < 2200:
        raise Unreadable("sheet.date")
    rest = plain[found.end() :]
    if not re.search(r"\d", rest):
        return day_found, None
    return day_found, _time(rest.lstrip("T ،,"), plain)


def time_of(text: str) -> time:
    """The time of a cell: 9:30, 09:30:00, 9:30 PM, ٩:٣٠ ص, or the one after a date."""
    plain = ascii_digits(clean_line(text))
    for pattern in (_YEAR_FIRST, _YEAR_LAST):
        found = pattern.search(plain)
        if found:
            plain = plain[found.end() :].lstrip("T ،,")
    return _time(plain, text)


def _time(text: str, whole: str) -> time:
    found = _TIME.search(text) or _HOUR.search(text)
    if found is None:
        raise Unreadable("sheet.time" if text.strip() else "field.missing")
    hour = int(found[1])
    minute = int(found[2]) if found.re is _TIME else 0
    half = fold(found[3 if found.re is _TIME else 2] or "").strip(".")
    if half in _PM and hour < 12:
        hour += 12
    elif half in _AM and hour == 12:
        hour = 0
    offset = _OFFSET.search(ascii_digits(whole))
    try:
        zone = datetime.fromisoformat(f"2000-01-01T00:00{offset[1]}").tzinfo if offset else None
        return time(hour, minute, tzinfo=zone)
    except ValueError:
        raise Unreadable("sheet.time") from None


def moment_of(day: date, at: time | None, zone: str) -> datetime:
    """The moment a day and a clock time mean in a zone, or by the offset that the cell brought."""
    if at is None:
        raise Unreadable("sheet.time")
    there = datetime.combine(day, at.replace(tzinfo=None), tzinfo=at.tzinfo or ZoneInfo(zone))
    moment = there.astimezone(UTC)
    if not 1970 <= moment.year < 2200:  # by the clock of Greenwich it may be another year's day
        raise Unreadable("sheet.date")
    return moment


def minutes_of(text: str, *, default: int) -> timedelta:
    """45, 45 min, ٤٥ دقيقة, 1:30, 1h 30: how long it takes."""
    plain = fold(ascii_digits(clean_line(text)))
    if not plain:
        return timedelta(minutes=default)
    numbers = [int(number) for number in re.findall(r"\d{1,5}", plain)]
    if not numbers or len(numbers) > 3:
        raise Unreadable("sheet.duration")
    hours = ":" in plain or re.search(r"ساع|hour|\dh|\d h", plain) is not None
    minutes = numbers[0] * 60 + (numbers[1] if len(numbers) > 1 else 0) if hours else numbers[0]
    if not 0 < minutes <= 24 * 60:
        raise Unreadable("sheet.duration")
    return timedelta(minutes=minutes)


def language_of(text: str) -> str | None:
    """The code of a language by its code or name; None for an empty cell. Several: the first."""
    first = re.split(r"[,;/،؛&+]", clean_line(text))[0]
    folded = fold(first)
    if not folded:
        return None
    code = _LANGUAGES.get(folded) or _LANGUAGES.get(folded.split("-")[0].split("_")[0])
    if code is None:
        raise Unreadable("sheet.language")
    return code


def kind_of(text: str) -> SessionKind:
    """The kind of a session by any word that names one; a talk otherwise."""
    folded = fold(text)
    if folded in _KIND_NAMES:
        return next(kind for kind in _KIND_NAMES if kind == folded)
    words = re.findall(r"\w+", folded)
    stems = [*words, *(word.removeprefix("ال") for word in words)]
    return next((_KINDS[stem] for stem in stems if stem in _KINDS), "talk")


def names_of(text: str) -> list[str]:
    """Names in a cell, divided by commas of either script, semicolons or lines; each once."""
    parts = [clean_line(part) for part in re.split(r"[,;،؛|\n]", text)]
    return list(dict.fromkeys(part for part in parts if part))
