"""Reading sheets and running late, without a server: pure rules on made-up input."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.base import new_id
from server.domain import pretalx
from server.domain.cells import Unreadable, day_of, kind_of, language_of, minutes_of, names_of, time_of
from server.domain.errors import BadInput
from server.domain.programme_sheet import DELIMITERS, decoded, guess, plan, read_lines, table_of
from server.domain.shift import SHORTEST_BREAK, Slot, shifted

ARABIC = """م;العنوان;التاريخ;من;إلى;القاعة;المسار;اللغة;المتحدثون;الوصف
١;افتتاح الملتقى;٢٥/٣/٢٠٢٧;٩:٠٠ ص;١٠:٠٠ ص;القاعة الكبرى;القيادة;عربي;هدى العلي، سامر حدّاد;كلمة ترحيب
٢;ورشة: الكتابة;25 مارس 2027;14:30;3:30 م;قاعة الورش;;english;سلمى الحاج;
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1256"])
def test_arabic_sheet_is_read_in_every_encoding(encoding: str) -> None:
    # cp1256 has no Arabic-Indic digits: such a sheet was written with the others.
    text = "العنوان;التاريخ;من\nجلسة;25/3/2027;9:00 ص\n" if encoding == "cp1256" else ARABIC
    table = read_lines(decoded(text.encode(encoding)))
    first = plan(table, guess(table), zone="Asia/Riyadh", language="ar")[0]
    assert (first.values["starts_at"], first.faults) == (datetime(2027, 3, 25, 6, tzinfo=UTC), {})


def test_arabic_sheet_is_understood() -> None:
    table = read_lines(ARABIC)
    one, two = plan(table, guess(table), zone="Asia/Riyadh", language="ar")
    assert [named.name for named in one.speakers] == ["هدى العلي", "سامر حدّاد"]
    assert (one.source, two.source) == ("sheet:1", "sheet:2")
    assert (two.values["starts_at"], two.values["ends_at"]) == (
        datetime(2027, 3, 25, 11, 30, tzinfo=UTC),
        datetime(2027, 3, 25, 12, 30, tzinfo=UTC),
    )
    assert (two.values["language"], two.values["hall"]) == ("en", "قاعة الورش")


words = st.text(st.characters(categories=["L", "Nd", "P"], exclude_characters="\0"), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(words, words, words), min_size=1, max_size=6), by=st.sampled_from(DELIMITERS))
def test_any_delimiter_gives_the_same_table(rows: list[tuple[str, str, str]], by: str) -> None:
    quoted = [
        by.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in [("title", "start", "hall"), *rows]
    ]
    assert read_lines("\n".join(quoted)) == table_of([["title", "start", "hall"], *rows])


UNREADABLE = {"field.missing", "sheet.date", "sheet.time", "sheet.duration", "sheet.language"}


@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=60))
def test_no_cell_breaks_the_reader(text: str) -> None:
    codes = set()
    for read in (day_of, time_of, language_of, kind_of, names_of, lambda cell: minutes_of(cell, default=5)):
        try:
            read(text)
        except Unreadable as error:
            codes.add(str(error))
    assert codes <= UNREADABLE


@given(day=st.dates(date(2000, 1, 1), date(2100, 1, 1)), at=st.times())
def test_days_and_times_are_read_as_written(day: date, at: time) -> None:
    eastern = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
    for text in (day.isoformat(), f"{day.day}/{day.month}/{day.year}", f"{day.day}.{day.month}.{day.year}"):
        assert day_of(text)[0] == day_of(text.translate(eastern))[0] == day
    assert day_of(f"{day.month}/{day.day}/{day.year}", month_first=True)[0] == day
    shown = f"{at.hour % 12 or 12}:{at.minute:02} {'م' if at.hour >= 12 else 'ص'}"
    assert time_of(f"{at.hour}:{at.minute:02}") == time_of(shown.translate(eastern)) == time(at.hour, at.minute)


def test_pretalx_schedule_is_read() -> None:
    event = {
        "guid": "g1", "title": "Talk", "date": "2027-03-25T10:00:00+03:00", "duration": "00:45",
        "track": {"en": "Web"}, "type": "Workshop", "language": "en", "abstract": "A", "description": "B",
        "persons": [{"code": "ABC", "public_name": "Sara", "biography": "Writes."}],
    }  # fmt: skip
    days = [{"rooms": {"Main": [event]}}]
    table = pretalx.read(json.dumps({"schedule": {"conference": {"days": days}}}))
    (one,) = plan(table, guess(table), zone="UTC", language="ar")
    assert one.source == "pretalx:g1"
    assert one.values["ends_at"] - one.values["starts_at"] == timedelta(minutes=45)
    assert one.values["starts_at"] == datetime(2027, 3, 25, 7, tzinfo=UTC)
    assert (one.values["kind"], one.values["track"], one.values["description"]) == ("workshop", "Web", "A\n\nB")
    assert (one.speakers[0].name, one.speakers[0].source, one.speakers[0].bio) == ("Sara", "ABC", "Writes.")
    for broken in ("{}", '{"schedule": []}', "{" * 5000):
        with pytest.raises(BadInput):
            pretalx.read(broken)


MORNING = datetime(2027, 3, 1, 6, tzinfo=UTC)


@st.composite
def halls(draw: st.DrawFn) -> list[Slot]:
    """A hall's day: sessions one after another, with pauses and breaks, some of them over or cancelled."""
    at = MORNING
    slots: list[Slot] = []
    for _ in range(draw(st.integers(1, 7))):
        at += timedelta(minutes=draw(st.integers(0, 30)))
        length = timedelta(minutes=draw(st.integers(1, 60)))
        kind = draw(st.sampled_from(["talk", "break", "workshop"]))
        state = "scheduled" if not slots else draw(st.sampled_from(["scheduled", "scheduled", "cancelled"]))
        slots.append(Slot(new_id(), at, at + length, kind, state))
        at += length
    return slots


@settings(max_examples=150, deadline=None)
@given(slots=halls(), minutes=st.integers(1, 240), eat=st.booleans())
def test_shifted_hall_keeps_its_order_and_lengths(slots: list[Slot], minutes: int, eat: bool) -> None:
    late = timedelta(minutes=minutes)
    moved = {one.id: one for one in shifted(slots, slots[0].id, late, zone="UTC", eat_breaks=eat)}
    new = [moved.get(slot.id, slot) for slot in slots]
    for old, one in zip(slots, new, strict=True):
        assert timedelta(0) <= one.starts_at - old.starts_at <= late
        if old.kind != "break" or not eat:
            assert one.ends_at - one.starts_at == old.ends_at - old.starts_at
        else:
            assert one.ends_at - one.starts_at >= min(SHORTEST_BREAK, old.ends_at - old.starts_at)
        assert one.state == old.state
        assert one == old or old.state == "scheduled"
    running = [one for one in new if one.state == "scheduled"]
    assert all(first.ends_at <= second.starts_at for first, second in pairwise(running))
    delays = [
        one.starts_at - old.starts_at for old, one in zip(slots, new, strict=True) if old.state == "scheduled"
    ]
    assert delays == sorted(delays, reverse=True)
    if not eat:
        assert set(delays) == {late}


def test_running_session_ends_later_and_the_next_day_stays() -> None:
    def slot(hour: int, state: str) -> Slot:
        begin = MORNING + timedelta(hours=hour)
        return Slot(new_id(), begin, begin + timedelta(hours=1), "talk", state)

    running, following, tomorrow = slot(0, "live"), slot(1, "scheduled"), slot(24, "scheduled")
    moved = shifted(
        [tomorrow, following, running], running.id, timedelta(minutes=20), zone="Asia/Riyadh", eat_breaks=False
    )
    assert [(one.id, one.starts_at - MORNING, one.ends_at - MORNING) for one in moved] == [
        (running.id, timedelta(0), timedelta(minutes=80)),
        (following.id, timedelta(minutes=80), timedelta(minutes=140)),
    ]
