"""Boards come in and go out: Trello's export, sheets, our own file; whole or not at all, as often as one likes."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from icalendar import Calendar
from PIL import Image

from models.base import new_id
from server.domain import board_import, board_sheet
from server.domain.errors import BadInput
from server.domain.programme_sheet import Mapped, guess, read_lines
from server.pictures import without_place
from tests.support.app import Server
from tests.support.client import JSON, Browser
from tests.support.people import World
from tests.support.trello import COMMENT, MEMBERS, trello


async def bring(me: Browser, world: World, content: str | bytes, name: str = "board.json") -> JSON:
    path = f"/api/teams/{world.team}/imports/{name}"
    answer = await me.http.post(path, content=content.encode() if isinstance(content, str) else content)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def shown(me: Browser, board_id: str) -> JSON:
    return dict((await me.get(f"/api/boards/{board_id}"))["board"])


@pytest.mark.asyncio(loop_scope="module")
async def test_trello_board_of_500_cards_comes_whole_and_once(server: Server, world: World) -> None:
    async with server.browser(world["lead"].token) as me:
        held = await bring(me, world, json.dumps(trello(500), ensure_ascii=False))
        assert (held["kind"], held["title"], held["sheet"]) == ("trello", "ترجمة دليل المتطوع", None)
        path = f"/api/imports/{held['id']}"
        seen = await me.post(f"{path}/preview", {})
        assert (seen["new"], seen["known"], seen["archived"], seen["items"], seen["comments"]) == (
            *(500, 0, 50, 1000, 500),
        )
        assert {one["code"]: one["count"] for one in seen["warnings"]} == {"files": 500}
        member = str(world["member"].id)
        assert [(one["name"], one["guess"]) for one in seen["people"]] == [
            (MEMBERS["m1"], None),
            ("member", member),
        ]
        wish, key = {"title": "لوحة", "people": {"member": member}}, new_id()
        made = [await me.post(f"{path}/board", wish, key=key) for _ in range(2)]
        assert made[0] == made[1]
        again = await me.post(f"{path}/board", wish)  # another key, the same file
        assert (again["board"]["id"], again["new"]) == (made[0]["board"]["id"], 0)
        board = await shown(me, made[0]["board"]["id"])
        assert [(one["title"], one["done"]) for one in board["columns"]] == [
            ("المهام", False),
            ("قيد العمل", False),
            ("Done", True),
        ]
        assert len(board["cards"]) == 450
        assert {one["name"]: one["colour"] for one in board["labels"]} == {
            "أخضر": "green",
            "وسم 1": "teal",
            "وسم 2": "brick",
            "وسم 3": None,
            f"@{MEMBERS['m1']}": "slate",
        }
        first = [one for one in board["cards"] if one["column_id"] == board["columns"][1]["id"]]
        assert [one["number"] for one in first[:3]] == [499, 496, 493]  # Trello's own order and numbers
        card = await me.get(f"/api/cards/{first[0]['id']}")
        assert card["description"] == "## الوصف\n\nنص **طويل** بالعربية و English"
        assert [(one["text"], one["checklist"], one["done_at"] is not None) for one in card["items"]] == [
            ("بند 1", "قائمة الترجمة", False),
            ("بند 0", "قائمة الترجمة", True),
        ]
        (said,) = card["comments"]
        assert (said["text"], said["imported_author"], said["at"]) == (
            *(COMMENT, MEMBERS["m1"], "2026-02-01T10:00:00.123Z"),
        )
        change = await me.ask("PATCH", f"/api/comments/{said['id']}", {"text": "كلام لم تقله"})
        assert change.status_code == 403  # nobody puts words into her mouth
        assert [one["url"] for one in card["attachments"]] == ["https://trello.com/1/x.pdf"]
        assert [one["id"] for one in card["card"]["people"]] == [member]
        assert card["card"]["due"]["at"] == "2026-03-05T12:00:00.000Z"
        # The same file once more, into the board: nothing doubles, and what was changed there stays.
        await me.patch(f"/api/cards/{first[0]['id']}", {"title": {"base": 0, "value": "عنوان جديد"}})
        other = await bring(me, world, json.dumps(trello(502), ensure_ascii=False))
        seen = await me.post(f"/api/imports/{other['id']}/preview", {"board_id": board["id"]})
        assert ([one["board"]["id"] for one in seen["boards"]], seen["new"], seen["known"]) == (
            *([board["id"]], 2, 500),
        )
        done = await me.post(f"/api/imports/{other['id']}/board", {"board_id": board["id"]})
        assert (done["new"], done["known"]) == (2, 500)
        after = await shown(me, board["id"])
        assert (len(after["cards"]), len(after["columns"]), len(after["labels"])) == (452, 3, 6)
        assert "عنوان جديد" in {one["title"] for one in after["cards"]}
        history = (await me.get(f"/api/boards/{board['id']}/history"))["changes"]
        assert (history[0]["field"], history[0]["number"]) == ("created", 503)
        found: list[str] = []
        page: JSON = {"more": True, "files": []}  # all of one moment, and every one of them is come by
        while page["more"]:
            last = page["files"][-1]["file"] if page["files"] else None
            place = f"?before={last['at']},{last['id']}" if last else ""
            page = await me.get(f"/api/teams/{world.team}/files{place}")
            found += [one["file"]["id"] for one in page["files"]]
        assert len(found) == len(set(found)) == 452


@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_no_board_changes_nothing(server: Server, world: World) -> None:
    async with server.browser(world["lead"].token) as me:
        path = f"/api/teams/{world.team}/imports/board.json"
        before = (await me.get(f"/api/teams/{world.team}"))["team"]["boards"]
        lost = trello(3)
        lost["cards"][1]["idList"] = "nowhere"
        wrong = trello(3)
        wrong["cards"][2]["pos"] = "third"
        twice = trello(3)
        twice["cards"][2]["id"] = twice["cards"][1]["id"]
        for content, code, place in (
            (json.dumps(trello(3))[:-20].encode(), "import.unreadable", None),
            (b"[" * 100_000, "import.unreadable", None),
            (b'{"a": ' * 300 + b"1" + b"}" * 300, "import.unreadable", None),
            (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "import.unreadable", None),
            (b'{"boards": []}', "import.unknown", None),
            (json.dumps(lost).encode(), "import.broken", "cards[1].column"),
            (json.dumps(wrong).encode(), "import.broken", "cards[2].pos"),
            (json.dumps(twice).encode(), "import.broken", "cards[1].id"),
            (b'{"lists": [], "cards": []}', "import.empty", None),
        ):
            answer = await me.http.post(path, content=content)
            assert (answer.status_code, answer.json()["code"]) == (422, code), content[:40]
            assert place is None or place in answer.json()["detail"]
        held = await bring(me, world, json.dumps(trello(3)))
        refused = await me.ask(
            "POST", f"/api/imports/{held['id']}/board", {"people": {"member": str(world["guest"].id)}}
        )
        assert (refused.status_code, refused.json()["code"]) == (409, "assign.not_member")
        column = str(world.columns[0])
        await me.patch(f"/api/columns/{column}", {"title": "المهام", "hard_limit": 1})
        for step in ("preview", "board"):  # what is shown first is what is done
            refused = await me.ask("POST", f"/api/imports/{held['id']}/{step}", {"board_id": str(world.board)})
            assert (refused.status_code, refused.json()["code"]) == (409, "column.full")
        assert (await me.get(f"/api/teams/{world.team}"))["team"]["boards"] == before
        assert len((await shown(me, str(world.board)))["columns"]) == len(world.columns)


SHEET = """\ufeffالمهمة;القائمة;الموعد النهائي;المدة بالدقائق;المسؤول;الوسوم;الملاحظات
ترجمة الفصل الأول;قيد العمل;٢٥/٣/٢٠٢٧;٤٥;member، سلمى;ترجمة; سطر
=HYPERLINK(1);قيد العمل;٢٠٢٧-٠٣-٢٦ ٢:٣٠ م;١:٣٠;;ترجمة، عاجل;
مراجعة;تمّ;;;;;
"""


@pytest.mark.asyncio(loop_scope="module")
async def test_sheet_with_arabic_headers_and_digits_becomes_cards(server: Server, world: World) -> None:
    async with server.browser(world["lead"].token) as me:
        held = await bring(me, world, SHEET, name="خطة%20الترجمة.csv")
        assert (held["kind"], held["title"], held["sheet"]["count"]) == ("sheet", "خطة الترجمة", 3)
        path = f"/api/imports/{held['id']}"
        mapped = held["sheet"]["guess"]
        assert mapped["columns"] == {
            "title": 0,
            "column": 1,
            "due": 2,
            "size": 3,
            "people": 4,
            "labels": 5,
            "description": 6,
        }
        wrong = {**mapped, "columns": {**mapped["columns"], "due": 6}}
        seen = await me.post(f"{path}/preview", {"mapped": wrong})
        assert seen["problems"] == [{"row": 1, "field": "due", "code": "sheet.date"}]
        refused = await me.ask("POST", f"{path}/board", {"mapped": wrong})
        assert (refused.status_code, refused.json()["code"]) == (422, "import.wrong_rows")
        seen = await me.post(f"{path}/preview", {"mapped": mapped})
        assert [(one["title"], one["column"]) for one in seen["cards"]][2] == ("مراجعة", "تمّ")
        done = await me.post(f"{path}/board", {"mapped": mapped, "board_id": str(world.board)})
        assert done["new"] == 3
        cards = {one["title"]: one for one in (await shown(me, str(world.board)))["cards"]}
        first, second = cards["ترجمة الفصل الأول"], cards["=HYPERLINK(1)"]
        assert (first["due"], first["size_minutes"]) == ({"day": "2027-03-25", "at": None}, 45)
        assert (second["due"]["at"], second["size_minutes"], len(second["labels"])) == (
            *("2027-03-26T11:30:00.000Z", 90, 2),
        )
        assert cards["مراجعة"]["done_at"] is not None
        again = await bring(me, world, SHEET, name="a.csv")
        done = await me.post(f"/api/imports/{again['id']}/board", {"board_id": str(world.board)})
        assert (done["new"], done["known"]) == (0, 3)


@pytest.mark.asyncio(loop_scope="module")
async def test_export_makes_the_same_board_again(server: Server, world: World) -> None:
    here = f"/api/boards/{world.board}"
    async with server.browser(world["lead"].token) as me, server.browser(world["member"].token) as member:
        await me.post(f"{here}/labels", {"name": "وسم", "colour": "teal"})
        label = (await shown(me, str(world.board)))["labels"][0]["id"]
        draft: JSON = {"column_id": str(world.columns[1]), "title": "=1+1", "description": "نص", "labels": [label]}
        draft |= {"size_minutes": 30, "language": "sw", "due": {"day": "2027-04-01"}, "start_day": "2027-03-01"}
        one = (await me.post(f"{here}/cards", {**draft, "people": [str(world["member"].id)]}))["id"]
        await member.post(f"/api/cards/{one}/items", {"text": "بند؛ أول", "checklist": "قائمة"})
        await member.post(f"/api/cards/{one}/comments", {"text": "تعليق"})
        await member.post(f"/api/cards/{one}/links", {"other_id": str(world.card)})
        await member.post(f"/api/cards/{one}/urls", {"url": "https://example.org/", "name": "رابط"})
        told = (await member.http.get(f"{here}/board.json")).json()
        assert (told["format"], told["version"], len(told["columns"])) == ("multaqa.board", 1, 3)
        assert {one["field"] for one in told["history"]} >= {"created", "item", "link", "attachment"}
        held = await bring(me, world, json.dumps(told))
        people = {"member": str(world["member"].id)}
        made = await me.post(f"/api/imports/{held['id']}/board", {"title": "نسخة", "people": people})
        back = (await me.http.get(f"/api/boards/{made['board']['id']}/board.json")).json()
        assert same(back) == same(told)
        into = await me.post(f"/api/imports/{held['id']}/board", {"board_id": str(world.board)})
        assert (into["new"], into["known"]) == (0, len(told["cards"]))
        sheet = (await me.http.get(f"{here}/board.csv")).text
        assert sheet.startswith("\ufeff")
        rows = list(csv.DictReader(io.StringIO(sheet.removeprefix("\ufeff"))))
        assert [row["العنوان"] for row in rows if row["التصنيفات"] == "وسم"] == ["'=1+1"]
        held = await bring(me, world, sheet, name="board.csv")
        seen = await me.post(f"/api/imports/{held['id']}/preview", {"board_id": str(world.board)})
        assert (seen["new"], seen["known"], seen["wrong"]) == (0, len(told["cards"]), 0)
        table = read_lines(sheet)
        read = board_sheet.read(table, guess(table, board_sheet.HEADERS), title="x", locale="ar", zone="UTC").file
        card = next(one for one in read.cards if one.title == "=1+1")
        assert (card.language, card.size_minutes, card.people) == ("sw", 30, ["member"])
        assert [(item.text, item.done) for item in card.items] == [("بند؛ أول", False)]


def same(file: JSON) -> list[JSON]:
    """What a board that comes back shares with the one it was: all but ids, times and who brought it."""
    columns = {one["id"]: one["title"] for one in file["columns"]}
    labels = {one["id"]: one["name"] for one in file["labels"]}
    numbers = {one["id"]: one["number"] for one in file["cards"]}
    kept = ("number", "title", "description", "people", "start_day", "due", "size_minutes", "language", "items")
    return [
        {
            **{name: card[name] for name in kept},
            "column": columns[card["column"]],
            "labels": [labels[id] for id in card["labels"]],
            "comments": [(said["author"], said["at"], said["text"]) for said in card["comments"]],
            "attachments": [(one["name"], one["url"]) for one in card["attachments"]],
            "linked": bool(card["links"]) and [numbers[id] for id in card["links"]],
        }
        for card in sorted(file["cards"], key=lambda card: int(card["number"]))
    ] + [{"columns": [(one["title"], one["done"]) for one in file["columns"]]}]


@pytest.mark.asyncio(loop_scope="module")
async def test_calendar_of_ones_own_cards_keeps_up(server: Server, world: World) -> None:
    mine = {"people": [str(world["member"].id)], "column_id": str(world.columns[0])}
    async with server.browser(world["member"].token) as me, server.browser(world["lead"].token) as lead:
        cards = f"/api/boards/{world.board}/cards"
        day = await lead.post(cards, {**mine, "title": "يوم، كامل", "due": {"day": "2027-04-01"}})
        at = {"at": "2027-04-02T10:00:00Z"}
        timed = await lead.post(cards, {**mine, "title": "موعد", "due": at, "size_minutes": 60})
        await lead.post(cards, {"column_id": str(world.columns[0]), "title": "not mine", "due": at})
        feed = await me.post("/api/me/feeds")
        address = feed["url"].removeprefix(server.url)

        async def look() -> dict[str, Any]:
            async with server.browser() as program:  # a calendar has no cookie
                answer = await program.http.get(address)
            assert answer.headers["content-type"].startswith("text/calendar")
            return {str(one["UID"]): one for one in Calendar.from_ical(answer.content).walk("VEVENT")}

        seen = await look()
        assert set(seen) == {day["id"], timed["id"]}
        whole, hour = seen[day["id"]], seen[timed["id"]]
        assert (str(whole["SUMMARY"]), whole["DTSTART"].dt.isoformat(), whole["DTEND"].dt.isoformat()) == (
            *("يوم، كامل", "2027-04-01", "2027-04-02"),
        )
        assert (hour["DTSTART"].dt.isoformat(), hour["DTEND"].dt.isoformat()) == (
            *("2027-04-02T09:00:00+00:00", "2027-04-02T10:00:00+00:00"),
        )
        await lead.patch(f"/api/cards/{day['id']}", {"due": {"base": 0, "value": {"day": "2027-04-03"}}})
        moved = (await look())[day["id"]]
        assert moved["DTSTART"].dt.isoformat() == "2027-04-03"
        await lead.post(f"/api/cards/{day['id']}/archive", {})
        off = (await look())[day["id"]]
        assert str(off["STATUS"]) == "CANCELLED"
        assert int(whole["SEQUENCE"]) < int(moved["SEQUENCE"]) < int(off["SEQUENCE"])
        await lead.post(f"/api/cards/{timed['id']}/people", {"person_id": str(world["member"].id), "on": False})
        assert set(await look()) == {day["id"]}
        await lead.patch(f"/api/boards/{world.board}", {"review": True})
        await me.post(f"/api/cards/{timed['id']}/work", {"act": "take"})
        assert set(await look()) == {day["id"], timed["id"]}
        assert [one["content"] for one in (await me.get("/api/me/feeds"))["feeds"]] == ["work"]
        await me.delete(f"/api/feeds/{feed['feed']['id']}")
        assert (await me.http.get(address)).status_code == 404


KEYS = st.sampled_from(
    [
        *("name", "lists", "cards", "id", "idList", "pos", "due", "desc", "closed", "checklists", "checkItems"),
        *("idCard", "actions", "type", "data", "text", "card", "date", "labels", "color", "members", "idMembers"),
        *(
            "fullName",
            "attachments",
            "url",
            "format",
            "version",
            "title",
            "columns",
            "column",
            "items",
            "comments",
        ),
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(
        ["a", "b", "commentCard", "2026-01-01T00:00:00Z", "multaqa.board", "http://x/", "٣", "\u0000"]
    ),
)
PARTS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)
BENT = st.lists(st.tuples(st.lists(st.integers(0, 5), max_size=5), PARTS), min_size=1, max_size=3)


def bend(told: Any, way: list[int], value: Any) -> Any:
    """A copy with another value somewhere inside: along the way, each number choosing the next branch."""
    if not way or not isinstance(told, dict | list) or not told:
        return value
    if isinstance(told, list):
        at = way[0] % len(told)
        return [*told[:at], bend(told[at], way[1:], value), *told[at + 1 :]]
    key = list(told)[way[0] % len(told)]
    return {**told, key: bend(told[key], way[1:], value)}


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(BENT, st.booleans())
def test_whatever_a_board_holds_only_our_own_fault_comes_out(bent: list[Any], ours: bool) -> None:
    told: Any = trello(2)
    if ours:
        told = json.loads(
            board_import.read(json.dumps(told).encode(), locale="ar", zone="UTC").file.model_dump_json()
        )
    for way, value in bent:
        told = bend(told, way, value)
    content = json.dumps(told).encode("utf-8", "surrogatepass")
    try:
        found = board_import.read(content, locale="ar", zone="Asia/Riyadh")
    except BadInput:
        return
    assert board_import.read(found.file.model_dump_json().encode(), locale="en", zone="UTC").file == found.file


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.lists(
            st.text(max_size=20) | st.sampled_from(["=1", "٢٥/٣/٢٠٢٧", "[x] a\n[ ] b"]), min_size=1, max_size=5
        ),
        min_size=2,
        max_size=4,
    ),
    st.dictionaries(st.sampled_from(sorted(board_sheet.HEADERS)), st.integers(0, 6)),
)
def test_whatever_a_sheet_holds_is_cards_or_told(rows: list[list[str]], columns: dict[str, int]) -> None:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    try:
        table = read_lines(out.getvalue())
    except BadInput:
        return
    sheet = board_sheet.read(table, Mapped(columns=columns), title="x", locale="ar", zone="UTC")
    assert len(sheet.file.cards) + len({fault.row for fault in sheet.faults}) == len(table.rows)


@pytest.mark.parametrize(
    ("field", "cell", "code"),
    [
        ("language", "abc-12345678-12345678", "sheet.language"),
        ("due", "1970-01-01 00:30", "sheet.date"),
        ("due", "2027-01-01T10:00+25:00", "sheet.time"),
    ],
)
def test_cell_beyond_what_a_card_keeps_is_told_by_its_row(field: str, cell: str, code: str) -> None:
    table = read_lines(f"title,{field}\nx,{cell}\ny,")
    sheet = board_sheet.read(
        table, Mapped(columns={"title": 0, field: 1}), title="x", locale="ar", zone="Asia/Riyadh"
    )
    assert ([one.title for one in sheet.file.cards], sheet.faults) == (
        ["y"],
        [board_sheet.RowFault(1, field, code)],
    )


def our_file(**change: Any) -> JSON:
    card: JSON = {"id": "1", "column": "a", "title": "x"}
    return {
        "format": "multaqa.board",
        "version": 1,
        "title": "x",
        "columns": [{"id": "a", "title": "a"}],
        "cards": [{**card, **change}, *({**card, "id": f"{number}"} for number in range(2, 60))],
    }


def test_file_holds_what_a_card_may_and_a_database_can() -> None:
    def read(told: JSON) -> board_import.Found:
        return board_import.read(json.dumps(told).encode(), locale="en", zone="UTC")

    spread = our_file()
    for card in spread["cards"][1:]:
        card["links"] = ["1"]  # told at the other end, they are links of the first all the same
    for much in (our_file(links=[f"{number}" for number in range(2, 60)]), spread):
        with pytest.raises(BadInput, match="too_many_parts"):
            read(much)
    said = [{"at": "2026-01-01T00:00:00Z", "text": "x"}] * 1999
    many = our_file()
    for card in many["cards"][:26]:
        card["comments"] = said
    with pytest.raises(BadInput, match="too_many_parts"):
        read(many)
    file = read(our_file(id="1\0", attachments=[{"name": "a\u202ek\0", "url": "https://x.org/"}])).file
    assert (file.cards[0].id, file.cards[0].attachments[0].name) == ("1", "ak")
    long = trello(1)
    long["cards"][0]["desc"] = "كلمة " * 40_000
    card = board_import.read(json.dumps(long).encode(), locale="en", zone="UTC").file.cards[0]
    told = " ".join([card.description, *(said.text for said in card.comments if not said.author)])
    assert told.split() == ["كلمة"] * 40_000


@pytest.mark.asyncio(loop_scope="module")
async def test_of_one_persons_files_a_few_are_kept(server: Server, world: World) -> None:
    async with server.browser(world["lead"].token) as me:
        held = [(await bring(me, world, json.dumps(trello(1))))["id"] for _ in range(4)]
        answers = [await me.ask("POST", f"/api/imports/{id}/preview", {}) for id in held]
    assert [one.status_code for one in answers] == [404, 200, 200, 200]


def test_a_kept_picture_ends_where_it_ends() -> None:
    drawn = Image.effect_noise((64, 48), 80).convert("RGB")
    for format, more in (("JPEG", {}), ("JPEG", {"progressive": True}), ("PNG", {}), ("WEBP", {})):
        exif = Image.Exif()
        exif[0x010F] = "A camera"
        out = io.BytesIO()
        drawn.save(out, format, exif=exif, **more)
        for tail in (b"\0", out.getvalue()):  # as of a second picture, or a film
            bare = without_place(out.getvalue() + tail)
            assert b"A camera" not in bare
            with Image.open(io.BytesIO(out.getvalue())) as before, Image.open(io.BytesIO(bare)) as after:
                assert after.tobytes() == before.tobytes()


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_a_kept_picture_says_not_where_it_was_taken(format: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "A camera"
    exif.get_ifd(0x8825)[2] = (24.0, 42.0, 30.0)
    drawn = Image.effect_noise((64, 48), 80).convert("RGB")
    out = io.BytesIO()
    drawn.save(out, format, exif=exif, comment="where") if format == "JPEG" else drawn.save(out, format, exif=exif)
    raw = out.getvalue()
    bare = without_place(raw)
    assert b"A camera" in raw
    assert b"A camera" not in bare
    with Image.open(io.BytesIO(raw)) as before, Image.open(io.BytesIO(bare)) as after:
        assert after.tobytes() == before.tobytes()
        assert dict(after.getexif().get_ifd(0x8825)) == {}
        assert after.getexif().get(0x0112) == 6
    assert without_place(raw[:40]).startswith(raw[:2])  # half a picture is no fault
