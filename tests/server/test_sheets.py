"""Sheets become the programme: however they are written, whole or not at all, as often as one likes."""

from __future__ import annotations

import asyncio
import io
import zipfile
from datetime import datetime

import pytest

from models.base import new_id
from server.domain.programme_sheet import Mapped
from tests.support.app import Server
from tests.support.client import JSON, Browser
from tests.support.people import World, newcomer

pytestmark = pytest.mark.asyncio(loop_scope="module")

ARABIC = """م;العنوان;التاريخ;من;إلى;القاعة;المسار;اللغة;المتحدثون;الوصف
١;افتتاح الملتقى;٢٥/٣/٢٠٢٧;٩:٠٠ ص;١٠:٠٠ ص;القاعة الكبرى;القيادة;عربي;هدى العلي، سامر حدّاد;كلمة ترحيب
٢;ورشة: الكتابة;25 مارس 2027;14:30;3:30 م;قاعة الورش;;english;سلمى الحاج;
"""


async def bring(me: Browser, world: World, text: str | bytes) -> JSON:
    content = text.encode() if isinstance(text, str) else text
    answer = await me.http.post(f"/api/conferences/{world.conference}/sheets", content=content)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def patient(me: Browser, path: str, body: JSON) -> JSON:
    """Ask as our pages do: who waited too long for the others asks again, with the same key."""
    key = new_id()
    for _ in range(20):
        answer = await me.ask("POST", path, body, key=key)
        if answer.status_code != 503:
            break
        await asyncio.sleep(0.1)
    return dict(answer.json())


async def test_same_sheet_fifty_times_at_once_acts_once(server: Server, world: World) -> None:
    async with server.browser(world["organiser"].token) as me:
        sheet = await bring(me, world, ARABIC)
        path, before = f"/api/sheets/{sheet['id']}", await me.get(f"/api/conferences/{world.conference}")
        seen = await me.post(f"{path}/preview", sheet["guess"])
        assert (seen["new"], seen["wrong"], seen["speakers"]) == (2, 0, ["هدى العلي", "سامر حدّاد", "سلمى الحاج"])
        done = await asyncio.gather(*(patient(me, f"{path}/import", sheet["guess"]) for _ in range(50)))
        assert sorted(one["new"] for one in done) == [0] * 49 + [2]
        after = await me.get(f"/api/conferences/{world.conference}")
        assert len(after["sessions"]) == len(before["sessions"]) + 2
        assert sorted(one["name"] for one in after["halls"]) == ["القاعة الكبرى", "قاعة الورش"]
        assert len(after["speakers"]) == 3
        # Another hour and another spelling of the hall: one row changes, nothing is made anew.
        again = await bring(me, world, ARABIC.replace("٩:٠٠", "٨:٣٠").replace("القاعة الكبرى", "القاعه الكبرى"))
        seen = await me.post(f"/api/sheets/{again['id']}/preview", again["guess"])
        assert [(one["becomes"], one["changes"]) for one in seen["rows"]] == [
            ("changed", ["starts_at"]),
            ("same", []),
        ]


async def test_who_speaks_here_is_known_whatever_their_role(server: Server, world: World) -> None:
    async with server.browser(world["organiser"].token) as me:
        person = world["attendee"].id
        await me.put(f"/api/sessions/{world.session}/speakers/{person}")
        await me.put(f"/api/conferences/{world.conference}/people/{person}/role", {"role": "attendee"})
        sheet = await bring(me, world, "title,start,speakers\nA talk,2027-03-01 10:00,Attendee; guest\n")
        seen = await me.post(f"/api/sheets/{sheet['id']}/preview", sheet["guess"])
        assert seen["speakers"] == ["guest"]


async def test_what_a_sheet_has_no_column_for_stays(server: Server, world: World) -> None:
    async with server.browser(world["organiser"].token) as me:
        here = f"/api/conferences/{world.conference}"
        first = await bring(me, world, ARABIC)
        await me.post(f"/api/sheets/{first['id']}/import", first["guess"])

        async def opening() -> JSON:
            rows = (await me.get(here))["sessions"]
            return next(one for one in rows if one["title"] == "افتتاح الملتقى")

        words = {
            "en": {"title": "Opening", "description": "Welcome"},
            "fr": {"title": "Ouverture", "description": ""},
        }
        times = {"starts_at": "2027-03-25T06:00:00Z", "ends_at": "2027-03-25T07:30:00Z"}
        id = (await opening())["id"]
        was = await me.patch(f"/api/sessions/{id}", {"translations": words, "kind": "keynote", **times})
        for text, changes in (
            ("م;القاعة\n١;القاعة الكبرى\n", []),
            ("م;title en\n١;Opening\n", []),
            ("م;القاعة;title en\n١;قاعة أخرى;The opening\n", ["hall", "translations"]),
        ):
            sheet = await bring(me, world, text)
            (row,) = (await me.post(f"/api/sheets/{sheet['id']}/preview", sheet["guess"]))["rows"]
            assert (row["faults"], row["changes"]) == ({}, changes)
            await me.post(f"/api/sheets/{sheet['id']}/import", sheet["guess"])
        words["en"]["title"] = "The opening"
        now_ = await opening()
        assert now_ == was | {"hall": "قاعة أخرى", "translations": words, "version": now_["version"]}
        later = await bring(me, world, "م;التاريخ;من\n١;٢٥/٣/٢٠٢٧;١١:٠٠ ص\n")  # it keeps its length
        await me.post(f"/api/sheets/{later['id']}/import", later["guess"])
        moved = await opening()
        lasts = [
            datetime.fromisoformat(one["ends_at"]) - datetime.fromisoformat(one["starts_at"])
            for one in (was, moved)
        ]
        assert (lasts[0] == lasts[1], moved["starts_at"] != was["starts_at"]) == (True, True)


async def test_one_wrong_row_keeps_all_out(server: Server, world: World) -> None:
    async with server.browser(world["organiser"].token) as me:
        sheet = await bring(me, world, "title,start\nGood,2027-03-01 10:00\nBad,some day\n")
        path, before = f"/api/sheets/{sheet['id']}", await me.get(f"/api/conferences/{world.conference}")
        seen = await me.post(f"{path}/preview", sheet["guess"])
        assert [(one["becomes"], one["faults"]) for one in seen["rows"]] == [
            ("new", {}),
            ("wrong", {"start": "sheet.date"}),
        ]
        answer = await me.ask("POST", f"{path}/import", sheet["guess"])
        assert (answer.status_code, answer.json()["code"]) == (422, "sheet.wrong_rows")
        assert await me.get(f"/api/conferences/{world.conference}") == before
        assert [one["cells"] for one in seen["rows"]] == [[], ["Bad", "some day"]]
        done = await me.post(f"{path}/import", sheet["guess"] | {"good_only": True})
        assert done == {"new": 1, "changed": 0, "same": 0, "left": 1}
        titles = {one["title"] for one in (await me.get(f"/api/conferences/{world.conference}"))["sessions"]}
        assert titles == {one["title"] for one in before["sessions"]} | {"Good"}


async def test_what_is_in_two_places_or_off_the_days_is_warned_of(server: Server, world: World) -> None:
    day, hall = f"/api/conferences/{world.conference}", "القاعة الكبرى"
    async with server.browser(world["organiser"].token) as me:
        await me.patch(day, {"starts_on": "2027-03-01", "ends_on": "2027-03-01", "zone": "Asia/Riyadh"})
        there = await bring(me, world, f"title,start,end,hall\nThere,2027-03-01 9:00,10:00,{hall}\n")
        await me.post(f"/api/sheets/{there['id']}/import", there["guess"])
        sheet = await bring(
            me,
            world,
            "title,start,end,hall,speakers\n"
            "A,2027-03-01 9:30,10:30,القاعه الكبرى,هدى\n"
            f"B,2027-03-01 10:30,11:00,{hall},هُدى\n"
            "C,2027-03-01 10:45,11:15,,هدى\n"
            "D,2027-03-02 0:15,1:00,,\n",
        )
        path = f"/api/sheets/{sheet['id']}"
        rows = (await me.post(f"{path}/preview", sheet["guess"]))["rows"]
        told = [[(one["code"], one["title"]) for one in row["warnings"]] for row in rows]
        assert told == [
            [("hall_taken", "There")],
            [("speaker_taken", "C")],
            [("speaker_taken", "B")],
            [("outside_days", "")],
        ]
        assert (await me.post(f"{path}/import", sheet["guess"]))["new"] == 4  # none of it is refused


async def test_an_evening_may_end_tomorrow(server: Server, world: World) -> None:
    text = "title,date,start,end\nسهرة,2027-03-01,11:00 م,1:00 ص\nx,2027-03-01,10:00,09:00\n"
    async with server.browser(world["organiser"].token) as me:
        sheet = await bring(me, world, text)
        night, slip = (await me.post(f"/api/sheets/{sheet['id']}/preview", sheet["guess"]))["rows"]
    assert (night["faults"], slip["faults"]) == ({}, {"end": "session.times"})


async def test_attendee_called_like_a_speaker_does_not_become_one(server: Server, world: World) -> None:
    liar = await newcomer(server.db, world, "سلمى الحاج")
    async with server.browser(world["organiser"].token) as me, server.browser(liar.token) as other:
        sheet = await bring(me, world, ARABIC)
        await me.post(f"/api/sheets/{sheet['id']}/import", sheet["guess"])
        assert (await other.get(f"/api/conferences/{world.conference}/mine"))["role"] == "attendee"


async def test_export_comes_back_as_it_was_and_runs_nothing(server: Server, world: World) -> None:
    async with server.browser(world["organiser"].token) as me:
        times = {"starts_at": "2027-03-01T22:30:00Z", "ends_at": "2027-03-01T23:30:00Z"}
        await me.post(f"/api/conferences/{world.conference}/sessions", {"title": "=HYPERLINK(1)", **times})
        text = (await me.http.get(f"/api/conferences/{world.conference}/programme.csv")).text
        assert "'=HYPERLINK" in text
        sheet = await bring(me, world, text.replace("'=HYPERLINK", "=HYPERLINK"))
        seen = await me.post(f"/api/sheets/{sheet['id']}/preview", sheet["guess"])
        assert [(one["becomes"], one["changes"]) for one in seen["rows"] if one["becomes"] != "same"] == []


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def relations(kind: str, target: str) -> str:
    one = f'<Relationship Id="r1" Type="{OFFICE}/{kind}" Target="{target}"/>'
    return f'<Relationships xmlns="{PACKAGE}/relationships">{one}</Relationships>'


def workbook(rows: list[list[str]], *, padding: int = 0) -> bytes:
    """A small XLSX by hand: ECMA-376 part 1, with inline strings."""
    lines = ["".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in row) for row in rows]
    data = "".join(f"<row>{line}</row>" for line in lines) + " " * padding
    sheet = '<sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets>'
    kinds = '<Default Extension="xml" ContentType="application/xml"/>'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">{kinds}</Types>',
        "_rels/.rels": relations("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{sheet}</workbook>',
        "xl/_rels/workbook.xml.rels": relations("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{data}</sheetData></worksheet>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, '<?xml version="1.0"?>' + text)
    return out.getvalue()


async def test_workbook_is_read_and_a_bomb_is_not(server: Server, world: World) -> None:
    rows = [["العنوان", "البداية"], ["جلسة", "2027-03-01 10:00"]]
    async with server.browser(world["organiser"].token) as me:
        sheet = await bring(me, world, workbook(rows))
        assert (sheet["columns"], sheet["rows"]) == (rows[0], rows[1:])
        path = f"/api/conferences/{world.conference}/sheets"
        bomb = workbook(rows, padding=50_000_000)
        assert len(bomb) < 100_000
        for content, code in (
            (bomb, "sheet.too_large"),
            (b"PK\x03\x04nothing", "sheet.no_workbook"),
            (b"", "sheet.empty"),
        ):
            answer = await me.http.post(path, content=content)
            assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert (await me.http.post(path, content=b"x" * (2 * 1024 * 1024 + 1))).status_code == 413


async def test_somebody_elses_sheet_is_not_there(server: Server, world: World) -> None:
    async with server.browser(world["organiser"].token) as me, server.browser(world["moderator"].token) as other:
        sheet = await bring(me, world, ARABIC)
        mapped = Mapped(columns={}).model_dump()
        await me.put(
            f"/api/conferences/{world.conference}/people/{world['moderator'].id}/role", {"role": "organiser"}
        )
        assert (await other.ask("POST", f"/api/sheets/{sheet['id']}/preview", mapped)).status_code == 404
