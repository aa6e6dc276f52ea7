"""Cards: edits by field, undoing, claims, checklists, comments, files, search, and what strangers see."""

from __future__ import annotations

import io
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from PIL import Image
from sqlmodel import Session, col, select

from models.base import new_id, now
from models.card import Card, CardComment
from models.card_work import CardClaim
from models.publication import Publication
from server.actions import file, work
from server.domain.comment import SHOWN
from tests.support.app import Server
from tests.support.client import JSON, Browser
from tests.support.people import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


def refused(answer: httpx.Response, status: int, code: str) -> JSON:
    told: JSON = answer.json()
    assert (answer.status_code, told["code"]) == (status, code), told
    return told


async def opened(me: Browser, world: World) -> JSON:
    return await me.get(f"/api/cards/{world.card}")


async def test_different_fields_merge_and_of_one_field_nothing_is_lost(server: Server, world: World) -> None:
    path = f"/api/cards/{world.card}"
    async with server.browser(world["lead"].token) as huda, server.browser(world["member"].token) as sami:
        await huda.patch(path, {"title": {"base": 0, "value": "عنوان هدى"}})
        due = {"base": 0, "value": {"day": "2027-03-01"}}
        both = await sami.patch(path, {"description": {"base": 0, "value": "وصف سامي"}, "due": due})
        assert (both["title"], both["described"], both["due"]) == (
            "عنوان هدى",
            True,
            {"day": "2027-03-01", "at": None},
        )
        edit = {"title": {"base": 0, "value": "عنوان سامي"}, "skill": {"base": 0, "value": "كتابة"}}
        told = refused(await sami.ask("PATCH", path, edit), 409, "card.clash")
        assert len(told["clashes"]) == 1
        clash = told["clashes"][0]
        assert (clash["field"], clash["base"], clash["theirs"], clash["yours"], clash["version"]) == (
            "title",
            "بطاقة",
            "عنوان هدى",
            "عنوان سامي",
            1,
        )
        assert clash["by"]["name"] == "lead"
        card = (await opened(sami, world))["card"]
        assert (card["title"], card["skill"]) == ("عنوان هدى", "")  # nothing half done
        same = await sami.patch(path, {"title": {"base": 0, "value": "عنوان هدى"}})
        assert same["version"] == card["version"]  # both wanted the same
        moved = await sami.post(f"{path}/move", {"column_id": str(world.columns[1])})
        assert moved["column_id"] == str(world.columns[1])
        again = await sami.patch(path, {"title": {"base": 1, "value": "عنوان سامي"}})
        assert (again["title"], again["fields"]["title"]) == ("عنوان سامي", 2)
        history = (await sami.get(f"{path}/history"))["changes"]
        assert [(one["field"], one["before"], one["after"]) for one in history if one["field"] == "title"] == [
            ("title", "عنوان هدى", "عنوان سامي"),
            ("title", "بطاقة", "عنوان هدى"),
        ]


async def test_changes_of_a_description_that_do_not_meet_are_joined(server: Server, world: World) -> None:
    path = f"/api/cards/{world.card}"
    async with server.browser(world["lead"].token) as huda, server.browser(world["member"].token) as sami:
        await huda.patch(path, {"description": {"base": 0, "value": "أولًا.\nثانيًا.\nثالثًا.\n"}})
        await huda.patch(path, {"description": {"base": 1, "value": "أولًا: القاعة.\nثانيًا.\nثالثًا.\n"}})
        joined = await sami.patch(path, {"description": {"base": 1, "value": "أولًا.\nثانيًا.\nثالثًا: الشاي.\n"}})
        assert joined["fields"]["description"] == 3
        assert (await opened(sami, world))["description"] == "أولًا: القاعة.\nثانيًا.\nثالثًا: الشاي."
        met = {"description": {"base": 1, "value": "أولًا: الغرفة.\nثانيًا.\nثالثًا.\n"}}
        clash = refused(await sami.ask("PATCH", path, met), 409, "card.clash")["clashes"][0]
        assert clash["theirs"] == "أولًا: القاعة.\nثانيًا.\nثالثًا: الشاي."


async def test_a_command_sent_again_is_done_once(server: Server, world: World) -> None:
    async with server.browser(world["member"].token) as me:
        key = new_id()
        made = [
            await me.post(
                f"/api/boards/{world.board}/cards", {"column_id": str(world.columns[0]), "title": "مرة"}, key=key
            )
            for _ in range(2)
        ]
        assert made[0] == made[1]
        assert UUID(made[0]["id"]) == key
        content = b"notes of the day"
        files = [await me.http.post(f"/api/cards/{key}/files/notes.txt", content=content) for _ in range(2)]
        assert files[0].json()["id"] == files[1].json()["id"]
        assert (await me.get(f"/api/cards/{key}"))["card"]["attachments"] == 1


async def test_full_and_archived_columns_take_no_card(server: Server, world: World) -> None:
    first, second, third = (str(id) for id in world.columns)
    async with server.browser(world["lead"].token) as me:
        await me.patch(f"/api/columns/{second}", {"hard_limit": 1})
        draft = {"column_id": second, "title": "أولى"}
        one = await me.post(f"/api/boards/{world.board}/cards", draft)
        move = f"/api/cards/{world.card}/move"
        refused(await me.ask("POST", move, {"column_id": second}), 409, "column.full")
        refused(await me.ask("POST", f"/api/boards/{world.board}/cards", draft), 409, "column.full")
        await me.post(f"/api/cards/{one['id']}/move", {"column_id": second})  # within it is no more
        await me.post(f"/api/cards/{one['id']}/archive", {})
        await me.post(move, {"column_id": second})
        refused(await me.ask("POST", f"/api/cards/{one['id']}/archive", {"on": False}), 409, "column.full")
        refused(await me.ask("POST", f"/api/cards/{one['id']}/move", {"column_id": first}), 409, "card.archived")
        refused(await me.ask("POST", f"/api/columns/{second}/archive", {}), 409, "column.not_empty")
        await me.post(f"/api/columns/{second}/archive", {"cards": True})
        refused(await me.ask("POST", move, {"column_id": second}), 409, "column.archived")
        back = await me.post(f"/api/columns/{second}/archive", {"on": False})
        columns = (await me.get(f"/api/boards/{world.board}"))["board"]["columns"]
        assert [column["id"] for column in columns] == [first, third, second]
        # What was put away with its column comes back to the first open one.
        await me.post(f"/api/columns/{second}/archive", {"cards": True})
        places = [
            await me.post(f"/api/cards/{id}/archive", {"on": False, "before": before})
            for id, before in ((str(world.card), one["id"]), (one["id"], str(world.card)))
        ]
        assert [place["column_id"] for place in places] == [first, first]
        assert places[1]["rank"] < places[0]["rank"]  # to where it was wished
        assert (await me.get(f"/api/boards/{world.board}/cards?archived=1"))["cards"] == []
        await me.post(f"/api/columns/{second}/archive", {"on": False, "before": third, "after": first})
        columns = (await me.get(f"/api/boards/{world.board}"))["board"]["columns"]
        assert [column["id"] for column in columns] == [first, second, third]
        assert not back["archived"]
        await me.patch(f"/api/boards/{world.board}", {"archived": True})
        refused(await me.ask("POST", move, {"column_id": first}), 409, "board.archived")


async def test_ones_own_steps_are_undone_and_done_again(server: Server, world: World) -> None:
    board, card = f"/api/boards/{world.board}", f"/api/cards/{world.card}"
    async with server.browser(world["lead"].token) as huda, server.browser(world["member"].token) as sami:
        other = await sami.post(f"{board}/cards", {"column_id": str(world.columns[0]), "title": "جارة"})
        await huda.post(f"{card}/move", {"column_id": str(world.columns[1])})
        await huda.patch(card, {"title": {"base": 0, "value": "جديد"}})
        await huda.post(f"{card}/people", {"person_id": str(world["member"].id)})
        await huda.post(f"{card}/archive", {})
        left = [await huda.post(f"{board}/undo") for _ in range(4)]
        assert [one["undo"] for one in left] == [3, 2, 1, 0]
        now_ = left[-1]["cards"][0]
        assert (now_["title"], now_["people"], now_["archived"]) == ("بطاقة", [], False)
        assert now_["column_id"] == str(world.columns[0])
        assert now_["rank"] < other["rank"]  # where it was: before its neighbour
        refused(await huda.ask("POST", f"{board}/undo"), 409, "undo.nothing")
        again = [await huda.post(f"{board}/redo") for _ in range(2)][-1]["cards"][0]
        assert (again["title"], again["column_id"]) == ("جديد", str(world.columns[1]))
        await sami.patch(card, {"title": {"base": again["fields"]["title"], "value": "لسامي"}})
        told = refused(await huda.ask("POST", f"{board}/undo"), 409, "undo.changed_since")
        assert "member" in told["detail"]
        await sami.post(f"{board}/undo")
        assert (await huda.post(f"{board}/undo"))["cards"][0]["title"] == "بطاقة"
        assert (await huda.get(f"{board}/mine"))["redo"] == 3
        await huda.patch(card, {"skill": {"base": 0, "value": "تصميم"}})
        refused(await huda.ask("POST", f"{board}/redo"), 409, "redo.nothing")  # a new change clears it
        await sami.patch(card, {"skill": {"base": 1, "value": "كتابة"}})
        told = refused(await huda.ask("POST", f"{board}/undo"), 409, "undo.changed_since")
        past = {"past": told["step"]}  # what is refused does not hold what was done before it
        assert (await huda.post(f"{board}/undo", past))["cards"][0]["column_id"] == str(world.columns[0])
        refused(await huda.ask("POST", f"{board}/undo", past), 409, "undo.nothing")


async def test_work_is_claimed_and_a_second_person_looks_at_it(server: Server, world: World) -> None:
    path = f"/api/cards/{world.card}/work"

    async with server.browser(world["lead"].token) as lead, server.browser(world["member"].token) as me:
        refused(await me.ask("POST", path, {"act": "take"}), 409, "work.off")
        await lead.patch(f"/api/boards/{world.board}", {"review": True})
        taken = await me.post(path, {"act": "take"})
        assert (taken["state"], taken["worker"]["name"]) == ("claimed", "member")
        refused(await lead.ask("POST", path, {"act": "take"}), 409, "work.taken")
        refused(await lead.ask("POST", path, {"act": "submit"}), 403, "work.not_yours")
        await me.post(path, {"act": "submit", "note": "المسودة في الوصف"})
        refused(await me.ask("POST", path, {"act": "accept"}), 403, "review.own")
        refused(await lead.ask("POST", path, {"act": "return"}), 422, "review.note")
        await lead.post(path, {"act": "return", "note": "ينقص المصدر"})
        await me.post(path, {"act": "take"})
        await me.post(path, {"act": "submit"})
        done = await lead.post(path, {"act": "accept"})
        assert (done["state"], done["lease_until"], done["done_at"] is not None) == ("accepted", None, True)
        shown = await opened(me, world)
        assert [(one["end"], one["note"]) for one in shown["claims"]] == [
            ("submitted", "المسودة في الوصف"),
            ("submitted", ""),
        ]
        assert [one["accepted"] for one in shown["reviews"]] == [False, True]


async def test_a_claim_lives_as_long_as_its_worker_does(server: Server, world: World) -> None:
    path = f"/api/cards/{world.card}"

    def age(db: Session, by: timedelta) -> None:
        db.get_one(Card, world.card).lease_until = now() + by

    def state(db: Session) -> tuple[str, bool]:
        card = db.get_one(Card, world.card)
        return card.state, card.warned

    async with server.browser(world["lead"].token) as lead, server.browser(world["member"].token) as me:
        await lead.patch(f"/api/boards/{world.board}", {"review": True, "lease_minutes": 600})
        await me.post(f"{path}/work", {"act": "take"})
        await server.db.write(lambda db: age(db, timedelta(minutes=90)))
        await server.db.write(work.look_after_leases)
        assert await server.db.read(state) == ("claimed", True)
        kinds = [one["kind"] for one in (await me.get("/api/me/notifications"))["notifications"]]
        assert kinds.count("claim_ending") == 1
        await me.post(f"{path}/comments", {"text": "ما زلت أعمل"})  # any sign of life
        assert await server.db.read(state) == ("claimed", False)
        await server.db.write(lambda db: age(db, timedelta(seconds=-1)))
        await server.db.write(work.look_after_leases)
        assert await server.db.read(state) == ("open", False)
        claims = (await opened(me, world))["claims"]
        assert [one["end"] for one in claims] == ["lapsed"]
        refused(await me.ask("POST", f"{path}/work", {"act": "submit"}), 409, "work.state")
        await me.post(f"{path}/work", {"act": "take"})
        await me.post(f"{path}/work", {"act": "hand_back", "note": "لن أستطيع هذا الأسبوع"})
        rows = await server.db.read(
            lambda db: db.exec(select(CardClaim.how).where(col(CardClaim.card_id) == world.card)).all()
        )
        assert sorted(rows) == ["handed_back", "lapsed"]


async def test_lines_of_a_checklist(server: Server, world: World) -> None:
    items = f"/api/cards/{world.card}/items"
    async with server.browser(world["member"].token) as me, server.browser(world["lead"].token) as other:
        a, b, c = [await me.post(items, {"text": text, "checklist": "قبل النشر"}) for text in "abc"]
        await me.post(f"/api/items/{c['id']}/move", {"before": a["id"]})
        await other.patch(f"/api/items/{a['id']}", {"done": True})
        mine = {"text": {"base": a["version"], "value": "A"}}
        await me.patch(f"/api/items/{a['id']}", mine)  # a tick meanwhile is no clash
        edit = {"text": {"base": a["version"], "value": "غيره"}}
        told = refused(await other.ask("PATCH", f"/api/items/{a['id']}", edit), 409, "item.clash")
        assert (told["clashes"][0]["base"], told["clashes"][0]["theirs"]) == ("a", "A")
        assert told["clashes"][0]["by"]["id"] == str(world["member"].id)
        made = await me.post(f"/api/items/{b['id']}/card", {})
        assert made["title"] == "b"
        await me.delete(f"/api/items/{c['id']}")
        shown = await opened(me, world)
        assert [(one["text"], one["done_at"] is not None) for one in shown["items"]] == [("A", True), ("b", False)]
        assert shown["items"][1]["made"] == made["id"]
        assert (shown["card"]["items"], shown["card"]["items_done"]) == (2, 1)
        await me.post(f"/api/boards/{world.board}/undo")
        assert [one["text"] for one in (await opened(me, world))["items"]] == ["A", "b", "c"]


async def test_a_deleted_comment_is_in_no_publication(server: Server, world: World) -> None:
    path = f"/api/cards/{world.card}/comments"
    async with server.browser(world["lead"].token) as lead, server.browser(world["member"].token) as me:
        await lead.post(f"/api/cards/{world.card}/watch", {"on": True})
        wish = {"text": "كلام لا يبقى", "mentions": [str(world["lead"].id), str(world["attendee"].id)]}
        said = await me.post(path, wish)
        assert [one["name"] for one in said["mentions"]] == ["lead"]  # nobody from outside the team
        news = (await lead.get("/api/me/notifications"))["notifications"]
        told = [(one["kind"], one["data"]["text"]) for one in news if one["kind"].startswith("card_")]
        assert told == [("card_mention", "كلام لا يبقى")]
        await me.patch(f"/api/comments/{said['id']}", {"text": "كلام لا يبقى أيضًا"})
        refused(await lead.ask("PATCH", f"/api/comments/{said['id']}", {"text": "x"}), 403, "not_allowed")
        await lead.delete(f"/api/comments/{said['id']}")
        shown = await opened(me, world)
        assert [(one["text"], one["deleted"]) for one in shown["comments"]] == [("", True)]
        assert shown["card"]["comments"] == 0
        stored = await server.db.read(lambda db: [str(row.data) for row in db.exec(select(Publication))])
        assert not [one for one in stored if "كلام لا يبقى" in one]
        # Who is named only when the words are changed is told, too.
        later = await me.post(path, {"text": "من يراجع؟"})
        wish = {"text": "من يراجع؟ @lead", "mentions": [str(world["lead"].id)]}
        assert [one["name"] for one in (await me.patch(f"/api/comments/{later['id']}", wish))["mentions"]] == [
            "lead"
        ]
        news = (await lead.get("/api/me/notifications"))["notifications"]
        assert (news[0]["kind"], news[0]["data"]["text"]) == ("card_mention", "من يراجع؟ @lead")
        # What was said long before is read page by page.
        await server.db.write(lambda db: talked(db, world, places=range(3, SHOWN + 4)))
        shown = (await opened(me, world))["comments"]
        page = await me.get(f"{path}?before={shown[0]['place']}")
        assert [one["place"] for one in page["comments"] + shown] == list(range(1, SHOWN + 4))
        assert (page["more"], (await me.get(f"{path}?before={SHOWN + 3}"))["more"]) == (False, True)


def talked(db: Session, world: World, places: range) -> None:
    for place in places:
        row = CardComment(id=new_id(), card_id=world.card, person_id=world["lead"].id, place=place, text="كلام")
        db.add(row)


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (1600, 900), "teal").save(out, "PNG")
    return out.getvalue()


async def test_a_file_is_what_its_bytes_say(server: Server, world: World) -> None:
    path = f"/api/cards/{world.card}/files"
    refused_files = {
        "page.txt": b"<html><script>alert(1)</script>",
        "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "program.pdf": b"MZ\x90\x00\x03\x00\x00",
        "run.sh": b"#!/bin/sh\nrm -rf /",
    }
    async with server.browser(world["member"].token) as me, server.browser(world["attendee"].token) as outsider:
        for name, content in refused_files.items():
            refused(await me.http.post(f"{path}/{name}", content=content), 422, "file.kind")
        told = (await me.http.post(f"{path}/photo.html", content=picture())).json()
        assert (told["kind"], told["name"]) == ("picture", "photo.html.png")
        got = await me.http.get(told["url"])
        assert (got.content, got.headers["content-type"]) == (picture(), "application/octet-stream")
        assert got.headers["content-disposition"].startswith("attachment;")
        assert (got.headers["x-content-type-options"], "sandbox" in got.headers["content-security-policy"]) == (
            "nosniff",
            True,
        )
        small = await me.http.get(told["preview"])
        assert Image.open(io.BytesIO(small.content)).size == (960, 540)
        for url in (told["url"], told["preview"]):
            assert (await outsider.http.get(url)).status_code == 404
        cover = {"cover": {"base": 0, "value": told["id"]}}
        assert (await me.patch(f"/api/cards/{world.card}", cover))["cover"] == told["id"]
        await me.delete(f"/api/attachments/{told['id']}")
        card = (await opened(me, world))["card"]
        assert (card["cover"], card["attachments"]) == (None, 0)
        assert [needed for _, needed in await server.db.read(file.doomed)] == [False, False]
        url = {"url": "javascript:alert(1)"}
        assert (await me.ask("POST", f"/api/cards/{world.card}/urls", url)).status_code == 422


async def test_cards_are_found_however_they_are_spelled(server: Server, world: World) -> None:
    board = f"/api/boards/{world.board}"
    async with server.browser(world["member"].token) as me:
        label = await me.post(f"{board}/labels", {"name": "عاجل"})
        draft = {
            "column_id": str(world.columns[0]),
            "title": "تَرجمةُ الدليل إلى الإنجليزيّة",
            "labels": [label["id"]],
        }
        one = await me.post(f"{board}/cards", {**draft, "people": [str(world["member"].id)]})
        yesterday = (now() - timedelta(days=2)).date().isoformat()
        late = await me.post(f"{board}/cards", {**draft, "labels": [], "title": "x", "due": {"day": yesterday}})

        async def found(query: str) -> list[str]:
            return [card["id"] for card in (await me.get(f"{board}/cards?{query}"))["cards"]]

        assert await found("q=الانجليزيه ترجمه") == [one["id"]]
        assert await found(f"q=%23{one['number']}") == [one["id"]]
        assert await found(f"q=%23{'٢' if one['number'] == 2 else one['number']}") == [one["id"]]
        assert await found(f"label={label['id']}&person=me") == [one["id"]]
        assert await found("person=none") == [late["id"], str(world.card)]
        assert await found("due=overdue") == [late["id"]]
        assert await found("archived=1") == []
        await me.post(f"/api/cards/{late['id']}/archive", {})
        assert await found("archived=1") == [late["id"]]
        refused(await me.ask("GET", f"{board}/cards?due=never"), 422, "input.unusable")


async def test_strangers_see_a_board_by_its_link_and_no_names(server: Server, world: World) -> None:
    board = f"/api/boards/{world.board}"
    async with (
        server.browser(world["lead"].token) as lead,
        server.browser(world["member"].token) as me,
        server.browser() as nobody,
    ):
        await me.post(f"/api/cards/{world.card}/people", {"person_id": str(world["member"].id)})
        await lead.post(f"/api/cards/{world.card}/people", {"person_id": str(world["lead"].id)})
        path = (await lead.patch(board, {"public": True}))["public_path"]
        public = f"/api/public/boards/{path.rpartition('/')[2]}"
        assert [one["people"] for one in (await nobody.get(public))["cards"]] == [[]]
        await me.post(f"{board}/named", {"on": True})
        assert [one["people"] for one in (await nobody.get(public))["cards"]] == [["member"]]
        page = await nobody.http.get(path)
        assert "noindex" in page.headers["x-robots-tag"]
        await lead.patch(board, {"public": False})
        assert (await nobody.http.get(public)).status_code == 404
        assert (await lead.patch(board, {"public": True}))["public_path"] != path


async def test_a_board_from_a_template_and_its_copy(server: Server, world: World) -> None:
    async with server.browser(world["lead"].token) as me:
        wish = {"title": "ترجمة", "template": "translation", "locale": "ar"}
        made = await me.post(f"/api/teams/{world.team}/boards", wish)
        copied = await me.post(f"/api/boards/{made['id']}/copy", {"title": "نسخة", "cards": True})
        one, two = [(await me.get(f"/api/boards/{ref['id']}"))["board"] for ref in (made, copied)]
        assert (made["review"], copied["review"]) == (True, True)
        for name in ("columns", "labels", "cards"):
            key = "name" if name == "labels" else "title"
            assert [row[key] for row in one[name]] == [row[key] for row in two[name]] != []
        names = {label["id"]: label["name"] for label in two["labels"]}
        assert [[names[id] for id in card["labels"]] for card in two["cards"]] == [
            ["إنجليزي ← عربي"],
            ["مسرد المصطلحات"],
        ]
        assert len((await me.get(f"/api/teams/{world.team}"))["team"]["boards"]) == 3


async def test_what_somebody_does_is_said_in_passing(server: Server, world: World) -> None:
    channel = f"board:{world.board}"
    async with (
        server.browser(world["lead"].token) as huda,
        server.browser(world["member"].token) as sami,
        huda.socket() as ear,
        sami.socket() as mouth,
    ):
        await ear.subscribe(channel)
        await mouth.subscribe(channel)
        wish = {"doing": "editing", "card_id": str(world.card), "field": "description"}
        assert "ok" in await mouth.request("signal", channel=channel, name="working", data=wish)
        nonsense = {"doing": "shouting"}
        assert "error" in await mouth.request("signal", channel=channel, name="working", data=nonsense)
        me = str(world["member"].id)

        def heard() -> list[JSON]:
            return [one["data"]["at"][me] for one in ear.signals if one["name"] == "working"]

        await ear.until(lambda: bool(heard()))
        assert (heard()[0]["name"], heard()[0]["field"]) == ("member", "description")
        await ear.until(lambda: any(one["name"] == "presence" for one in ear.signals))
