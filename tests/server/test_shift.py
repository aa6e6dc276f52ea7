"""Running late: what moves, what stays, and who hears of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.base import new_id, now
from server.actions import programme, session
from server.domain.session import SessionDraft
from tests.support.app import Server
from tests.support.people import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_everybody_hears_one_fact_and_savers_a_notice(server: Server, world: World) -> None:
    """The second of two sessions of a hall moves with the first; a third, elsewhere, does not."""
    organiser, saver = world["organiser"], world["attendee"]
    start = now() + timedelta(days=3)

    def plan(name: str, hall: str, hours: int) -> SessionDraft:
        begin = start.replace(hour=6, minute=0) + timedelta(hours=hours)
        return SessionDraft(title=name, hall=hall, starts_at=begin, ends_at=begin + timedelta(hours=1))

    drafts = [plan("أولى", "القاعة", 0), plan("ثانية", "القاعه", 1), plan("بعيدة", "قاعة أخرى", 1)]
    made = await server.db.write(
        lambda db: [session.create(db, organiser.actor, world.conference, one, id=new_id()) for one in drafts]
    )
    await server.db.write(lambda db: programme.save(db, saver.actor, made[0].id, saved=True))
    await server.db.write(lambda db: programme.save(db, saver.actor, made[1].id, saved=True))
    path = f"/api/conferences/{world.conference}/shift"
    wish = {"session_id": str(made[0].id), "minutes": 15}
    async with (
        server.browser(organiser.token) as me,
        server.browser(saver.token) as page,
        page.socket() as ear,
    ):
        await ear.subscribe(f"conference:{world.conference}")
        await ear.subscribe(f"person:{saver.id}")
        seen = await me.post(f"{path}/preview", wish)
        assert ([one["session_id"] for one in seen["shifts"]], seen["saved"]) == (
            [str(made[0].id), str(made[1].id)],
            1,
        )
        assert ear.heard[f"conference:{world.conference}"] == []  # looking changes nothing
        agreed = {
            one["session_id"]: {name: one[name] for name in ("starts_at", "ends_at")} for one in seen["shifts"]
        }
        await me.post(path, wish | {"seen": agreed})
        twice = await me.ask(
            "POST", path, wish | {"seen": agreed}
        )  # another moderator, who looked at the same plan
        assert (twice.status_code, twice.json()["code"]) == (409, "shift.changed")
        told = await ear.publication(f"conference:{world.conference}", "session.shifted", minutes=15)
        assert [one["version"] for one in told["shifts"]] == [2, 2]
        assert len(ear.heard[f"conference:{world.conference}"]) == 1
        notice = await ear.publication(f"person:{saver.id}", "notification.told")
        assert notice["notification"]["kind"] == "session_shifted"
        shown = {one["id"]: one for one in (await me.get(f"/api/conferences/{world.conference}"))["sessions"]}

        async def heard() -> list[str]:
            return [one["kind"] for one in (await page.get("/api/me/notifications"))["notifications"]]

        assert await heard() == ["session_shifted"] * 2  # of each that was saved
        second = f"/api/sessions/{made[1].id}"
        begins = made[1].starts_at, made[1].ends_at
        await me.patch(second, {"starts_at": begins[0].isoformat(), "ends_at": begins[1].isoformat()})
        await me.post(path, wish)  # there, back, and there again
        assert (await heard()).count("session_shifted") == 5
        await me.post(f"{second}/cancel", {"note": ""})
        await me.delete(f"{second}/cancel")
        assert (await heard())[:2] == ["session_revived", "session_cancelled"]
        await me.delete(f"/api/conferences/{world.conference}/people/{saver.id}")
        await me.post(f"{second}/cancel", {"note": ""})
        assert (await heard())[0] == "session_revived"  # who left hears no more
    assert [shown[str(one.id)]["version"] for one in made] == [2, 2, 1]


async def test_deleted_session_comes_back_as_it_was(server: Server, world: World) -> None:
    path = f"/api/sessions/{world.session}"
    async with server.browser(world["organiser"].token) as me:
        said = await me.post(f"{path}/messages", {"text": "يبقى"})
        before = (await me.get(path))["session"]
        await me.delete(path)
        assert (await me.ask("GET", path)).status_code == 404
        listed = (await me.get(f"/api/conferences/{world.conference}"))["sessions"]
        assert before["id"] not in [one["id"] for one in listed]
        after = await me.post(f"{path}/restore")
        assert {**after, "version": 0} == {**before, "version": 0}
        assert [one["id"] for one in (await me.get(f"{path}/chat"))["messages"]] == [said["id"]]


async def test_open_stage_is_not_taken_away(server: Server, world: World) -> None:
    path = f"/api/sessions/{world.session}"
    async with server.browser(world["organiser"].token) as me:
        await me.post(f"{path}/state", {"state": "live"})
        for method, at, body in (("DELETE", path, None), ("POST", f"{path}/cancel", {"note": "x"})):
            assert (await me.ask(method, at, body)).status_code == 409


async def test_clone_has_the_programme_and_not_the_people(server: Server, world: World) -> None:
    here = f"/api/conferences/{world.conference}"
    async with server.browser(world["organiser"].token) as me:
        await me.patch(here, {"starts_on": "2027-03-27"})
        # Amman keeps its hours through the year; Berlin's clock changes in between.
        await me.patch(here, {"zone": "Europe/Berlin"})
        times = {"starts_at": "2027-03-27T09:00:00+01:00", "ends_at": "2027-03-27T10:00:00+01:00"}
        await me.post(f"{here}/sessions", {"title": "صباحية", "hall": "قاعة", "track": "مسار", **times})
        off = await me.post(f"{here}/sessions", {"title": "ملغاة", "hall": "قاعة", **times})
        await me.post(f"/api/sessions/{off['id']}/cancel", {"note": ""})
        await me.patch(here, {"translations": {"en": {"title": "Meeting", "description": "In English"}}})
        spellings = [{"text": "أحـمق"}, {"text": "احمق", "action": "refuse"}]
        rules = await me.patch(f"{here}/chat-rules", {"slow_s": 15, "words": spellings})
        assert [(one["text"], one["action"]) for one in rules["words"]] == [("أحـمق", "refuse")]
        words = {"ar": "من أين؟", "en": ""}
        asked = {"id": "q1", "kind": "line", "words": words, "required": False, "choices": []}
        await me.patch(f"{here}/registration", {"mode": "open", "capacity": 30, "questions": [asked]})
        made = await me.post(f"{here}/clone", {"title": "مرة أخرى", "starts_on": "2027-03-29", "speakers": True})
        shown = await me.get(f"/api/conferences/{made['id']}")
        assert "ملغاة" not in [one["title"] for one in shown["sessions"]]
        morning = next(one for one in shown["sessions"] if one["title"] == "صباحية")
        assert (morning["starts_at"], morning["hall"], morning["state"]) == (
            "2027-03-29T07:00:00.000Z",
            "قاعة",
            "scheduled",
        )
        assert [one["name"] for one in shown["halls"] + shown["tracks"]] == ["قاعة", "مسار"]
        there = f"/api/conferences/{made['id']}"
        assert shown["conference"]["translations"]["en"]["description"] == "In English"
        form = await me.get(f"{there}/registration")
        assert (form["mode"], form["capacity"], form["questions"][0]["words"]) == ("closed", 30, words)
        assert (await me.get(f"{there}/chat-rules"))["slow_s"] == 15
        people = (await me.get(f"/api/conferences/{made['id']}/people"))["people"]
        old = {one["person"]["id"] for one in (await me.get(f"{here}/people"))["people"]}
        assert [one["role"] for one in people if one["person"]["id"] in old] == ["organiser"]
        assert sorted(one["role"] for one in people) == ["organiser", "speaker", "speaker"]
