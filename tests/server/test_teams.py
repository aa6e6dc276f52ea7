"""People and their teams: profiles, the ways in, the team's chat and its own stage."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from urllib.parse import quote
from uuid import UUID

import pytest
from sqlmodel import Session

from models.team import Team
from server.actions import conference, team
from server.domain.volunteer import AWAKE, folded, overlap
from server.queries import stage
from server.queries.teams import belongings
from tests.support.app import Server
from tests.support.client import JSON, Browser, Refused
from tests.support.people import World, enrol, newcomer

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROFILE: JSON = {
    "languages": ["ar", "en"],
    "amount": 3,
    "per": "week",
    "zone": "Africa/Tunis",
    "skills": [{"name": "الترجمة", "level": "learning"}, {"name": "التَّرجمه", "level": "have"}],
    "shown": ["skills", "zone"],
}


async def joining(server: Server, world: World, way: str) -> None:
    def unit(db: Session) -> None:
        db.get_one(Team, world.team).joining = way

    await server.db.write(unit)


async def test_profile_is_kept_once_for_all_spellings_and_shown_as_wished(server: Server, world: World) -> None:
    async with server.browser(world["member"].token) as me, server.browser(world["lead"].token) as lead:
        assert (await me.get("/api/me/volunteer"))["made"] is False
        kept = await me.ask("PUT", "/api/me/volunteer", PROFILE)
        assert kept.json()["skills"] == [{"name": "التَّرجمه", "level": "have"}]
        assert (await me.get("/api/me"))["person"]["zone"] == "Africa/Tunis"
        # Whoever writes it another way later takes the spelling that is there.
        wish = {"skills": [{"name": "الترجمة", "level": "have"}, {"name": "تصميم", "level": "learning"}]}
        own = await lead.put("/api/me/volunteer", wish)
        assert [one["name"] for one in own["skills"]] == ["التَّرجمه", "تصميم"]
        assert "التَّرجمه" in (await me.get("/api/me/skills"))["skills"]
        people = await lead.get(f"/api/teams/{world.team}/people")
        shown = next(one for one in people["mates"] if one["person"]["name"] == "member")
        assert (shown["zone"], shown["languages"], shown["amount"]) == ("Africa/Tunis", [], None)
        assert people["overlap"]["zones"] == 2
        assert len(people["overlap"]["hours"]) == 24


@pytest.mark.parametrize(
    "broken",
    [
        {"languages": ["klingon"]},
        {"zone": "Mars/Base"},
        {"amount": 0},
        {"skills": [{"name": "\u200f", "level": "have"}]},
        {"skills": [{"name": "x", "level": "guru"}]},
        {"skills": [{"name": str(number), "level": "have"} for number in range(31)]},
        {"shown": ["password"]},
    ],
)
async def test_profile_that_is_none_changes_nothing(server: Server, world: World, broken: JSON) -> None:
    async with server.browser(world["member"].token) as me:
        answer = await me.ask("PUT", "/api/me/volunteer", broken)
        assert answer.status_code == 422
        assert {name.split(".")[0] for name in answer.json()["fields"]} == {*broken}
        assert (await me.get("/api/me/volunteer"))["made"] is False


async def test_skills_fold_and_zones_overlap() -> None:
    assert folded("إدارةُ المحتوى") == folded("اداره المحتوي")
    at = datetime(2027, 3, 1, 5, 40, tzinfo=UTC)
    found = overlap(["Asia/Amman", "America/New_York"], at)
    assert (found.hours[0], found.zones) == (at.replace(minute=0), 2)
    both = [hour.hour for hour, awake in zip(found.hours, found.awake, strict=True) if awake == 2]
    # Awake from 8 to 22: in Amman 5 to 19 UTC, in New York 13 to 3.
    assert both == [13, 14, 15, 16, 17, 18]
    assert len(AWAKE) == 14


async def test_an_open_door_lets_in_at_once(server: Server, world: World) -> None:
    someone = await newcomer(server.db, world, "salma")
    path = f"/api/teams/{world.team}"
    async with server.browser(someone.token) as me, me.socket() as ear:
        assert (await me.ask("POST", f"{path}/join", {})).status_code == 404  # by invitation: not there at all
        await joining(server, world, "open")
        doors = (await me.get(f"/api/conferences/{world.conference}/teams/open"))["teams"]
        assert [(one["joining"], one["members"], one["member"]) for one in doors] == [("open", 2, False)]
        await ear.subscribe(f"person:{someone.id}")
        assert (await me.post(f"{path}/join", {}))["member"] is True
        assert (await me.post(f"{path}/join", {}))["member"] is True
        await ear.publication(f"person:{someone.id}", "membership.changed", role="member")
        assert len((await me.get(path))["team"]["members"]) == 3


async def test_by_request_the_leads_decide(server: Server, world: World) -> None:
    await joining(server, world, "request")
    path = f"/api/teams/{world.team}"
    people = [await newcomer(server.db, world, name) for name in ("salma", "rami")]
    async with server.browser(world["lead"].token) as lead, lead.socket() as ear:
        await ear.subscribe(f"team:{world.team}")
        for someone in people:
            async with server.browser(someone.token) as me:
                assert (await me.post(f"{path}/join", {"note": "أترجم"}))["member"] is False
                assert (await me.get(f"{path}/door"))["asked"] is True
                assert (await me.ask("GET", path)).status_code == 404
            told = await ear.publication(f"team:{world.team}", "wishes.changed")
            assert told == {"team_id": str(world.team)}  # who asked is for the leads alone
        wishes = (await lead.get(f"{path}/wishes"))["wishes"]
        assert [(one["person"]["name"], one["note"]) for one in wishes] == [("salma", "أترجم"), ("rami", "أترجم")]
        news = (await lead.get("/api/me/notifications"))["notifications"]
        assert [one["kind"] for one in news][:2] == ["team_wish", "team_wish"]
        await lead.post(f"{path}/wishes/{people[0].id}", {"accept": True})
        await lead.post(f"{path}/wishes/{people[1].id}", {"accept": False})
        assert (await lead.get(f"{path}/wishes"))["wishes"] == []
        assert (await lead.ask("POST", f"{path}/wishes/{people[1].id}", {"accept": True})).status_code == 404
    async with server.browser(people[0].token) as me:
        assert (await me.get(path))["team"]["title"] == "فريق"
        assert [one["kind"] for one in (await me.get("/api/me/notifications"))["notifications"]] == ["team_added"]


async def test_a_card_of_a_team_by_request_is_asked_for_with_the_way_in(server: Server, world: World) -> None:
    await joining(server, world, "request")
    path = f"/api/teams/{world.team}"
    people = [await newcomer(server.db, world, name) for name in ("salma", "rami")]
    async with server.browser(world["lead"].token) as lead:
        draft = {"column_id": str(world.columns[0]), "title": "ترجمة الدليل", "seats": 2}
        card = await lead.post(f"/api/boards/{world.board}/cards", draft)
        await lead.post(f"/api/cards/{card['id']}/people", {"person_id": str(world["lead"].id)})
        inner = await lead.post(f"/api/boards/{world.board}/cards", {**draft, "title": "داخلية", "seats": None})
        for someone in people:
            async with server.browser(someone.token) as me:

                async def open_tasks(me: Browser = me) -> list[JSON]:
                    found = (await me.get("/api/me/open-tasks"))["tasks"]
                    return [one for one in found if one["team_id"] == str(world.team)]

                # It is seen, with a seat, but not who has the other one; taking it needs the leads.
                (task,) = await open_tasks()
                assert (task["ask"], task["asked"], task["free"], task["card"]["people"]) == (True, False, 1, [])
                assert (await me.ask("POST", f"/api/cards/{card['id']}/take")).status_code == 404
                unwanted = await me.ask("POST", f"{path}/join", {"card_id": inner["id"]})
                assert unwanted.status_code == 404
                assert (await me.post(f"{path}/join", {"card_id": card["id"]}))["member"] is False
                assert [one["asked"] for one in await open_tasks()] == [True]
        wishes = (await lead.get(f"{path}/wishes"))["wishes"]
        assert [one["card"]["title"] for one in wishes] == ["ترجمة الدليل"] * 2
        for someone in people:
            await lead.post(f"{path}/wishes/{someone.id}", {"accept": True})
        # The first one has the seat; for the second none was left, and they are in all the same.
        seated = [one["name"] for one in (await lead.get(f"/api/cards/{card['id']}"))["card"]["people"]]
        assert seated == ["lead", "salma"]
    async with server.browser(people[1].token) as me:
        # Their first look asks what they bring, once.
        assert (await me.get(f"{path}/news"))["ask"] is True
        await me.post(f"{path}/seen")
        assert (await me.get(f"{path}/news"))["ask"] is False


async def test_a_team_begins_in_a_session(server: Server, world: World) -> None:
    async with server.browser(world["speaker"].token) as speaker, server.browser(world["guest"].token) as guest:
        draft = {"title": "ترجمة الدليل", "joining": "open", "welcome": "أهلًا بكم"}
        made = await speaker.post(f"/api/sessions/{world.session}/teams", draft)
        assert made["session_id"] == str(world.session)
        assert (await guest.post(f"/api/teams/{made['id']}/join", {}))["member"] is True
        inside = (await guest.get(f"/api/teams/{made['id']}"))["team"]
        assert (inside["welcome"], len(inside["members"])) == ("أهلًا بكم", 2)


async def test_the_teams_chat_answers_names_and_comes_back(server: Server, world: World) -> None:
    async with server.browser(world["lead"].token) as lead, server.browser(world["member"].token) as member:
        talk = (await lead.get(f"/api/teams/{world.team}"))["team"]["conversation_id"]
        path, channel = f"/api/conversations/{talk}", f"conversation:{talk}"
        before = (await member.get(f"{path}/chat"))["position"]
        named = [str(world["member"].id), str(world["attendee"].id)]
        said = await lead.post(f"{path}/messages", {"text": "@member @attendee تعالوا", "mentions": named})
        assert [one["name"] for one in said["mentions"]] == ["member"]  # the other is not of the team
        answer = {"text": "حاضر", "parent_id": said["id"]}
        async with member.socket() as ear:
            await ear.subscribe(channel, before)  # what was said while away
            assert (await ear.publication(channel, "message.posted"))["message"]["id"] == said["id"]
            await member.post(f"{path}/messages", answer)
            await ear.until(lambda: len(ear.heard[channel]) == 2)
        news = (await member.get("/api/me/notifications"))["notifications"]
        assert (news[0]["kind"], news[0]["link"]) == ("mention", f"/t/{world.team}#chat")
        assert (await lead.get("/api/me/notifications"))["notifications"][0]["kind"] == "reply"
        told = await lead.get(f"/api/teams/{world.team}/news")
        assert (told["messages"], [one["name"] for one in told["people"]]) == (1, ["member"])
        await lead.post(f"/api/teams/{world.team}/seen")
        told = await lead.get(f"/api/teams/{world.team}/news")
        assert (told["messages"], told["people"], told["cards"]) == (0, [], 0)


async def test_a_meeting_is_the_teams_alone(server: Server, world: World) -> None:
    path = f"/api/teams/{world.team}"
    async with (
        server.browser(world["lead"].token) as lead,
        server.browser(world["member"].token) as member,
        server.browser(world["moderator"].token) as outsider,
        server.browser(world["organiser"].token) as organiser,
    ):
        made = await asyncio.gather(*(one.post(f"{path}/meeting") for one in (lead, member, lead, member)))
        assert len({one["id"] for one in made}) == 1
        id = made[0]["id"]
        assert (made[0]["state"], made[0]["team_id"]) == ("live", str(world.team))
        assert {one["name"] for one in made[0]["speakers"]} == {"lead", "member"}
        assert (await lead.get(path))["team"]["meeting"] == id
        # In no programme, for nobody else, and not to be planned.
        for reader in (lead, organiser):
            shown = await reader.get(f"/api/conferences/{world.conference}")
            assert id not in {one["id"] for one in shown["sessions"]}
        assert (await outsider.ask("GET", f"/api/sessions/{id}")).status_code == 404
        with pytest.raises(Refused):
            await organiser.delete(f"/api/sessions/{id}")
        assert "stage.publish" in (await member.get(f"/api/sessions/{id}/mine"))["may"]
        # Who comes into the team meanwhile comes in, who leaves it is out.
        await lead.put(f"{path}/members/{world['attendee'].id}", {"role": "member"})
        await member.delete(f"{path}/members/{world['member'].id}")
        assert (await member.ask("GET", f"/api/sessions/{id}")).status_code == 404
        async with server.browser(world["attendee"].token) as late:
            await late.post(f"/api/sessions/{id}/state", {"state": "ended"})
        assert (await lead.get(path))["team"]["meeting"] is None
        assert (await lead.post(f"{path}/meeting"))["id"] != id
    assert (await server.db.read(lambda db: belongings(db, world.team))).meeting is not None


async def test_all_of_a_meeting_are_on_air_whoever_comes_first(server: Server, world: World) -> None:
    """A session keeps its six places for those it names; to a meeting all come as equals."""

    def come(db: Session) -> None:
        for number in range(8):
            somebody = enrol(db, f"{number}")
            conference.grant(db, world.conference, somebody.id, "attendee")
            team.add_member(db, world["organiser"].actor, world.team, somebody.id, "member")

    await server.db.write(come)
    async with server.browser(world["lead"].token) as lead:
        id = (await lead.post(f"/api/teams/{world.team}/meeting"))["id"]
    wish = await server.db.read(lambda db: stage.wish(db, UUID(id)))
    assert wish is not None
    assert len(wish.on_air) == 10


async def test_a_teams_work_is_seen_from_its_page(server: Server, world: World) -> None:
    """What was done, the files, the days, and what is new since one was here."""
    team, card = f"/api/teams/{world.team}", f"/api/cards/{world.card}"
    async with server.browser(world["lead"].token) as lead, server.browser(world["member"].token) as me:
        await me.post(f"{team}/seen")
        done = await lead.post(f"/api/boards/{world.board}/columns", {"title": "تمّ", "done": True})
        await lead.patch(
            card, {"title": {"base": 0, "value": "عنوان"}, "due": {"base": 0, "value": {"day": "2027-03-01"}}}
        )
        await lead.post(f"{card}/comments", {"text": "قريبًا", "mentions": []})
        await lead.post(f"{card}/urls", {"url": "https://example.org/x", "name": "المرجع"})
        await lead.post(f"{card}/move", {"column_id": done["id"]})
        told = await me.get(f"{team}/activity")
        fields = [one["field"] for one in told["deeds"]]
        assert (fields[0], set(fields[:5])) == ("place", {"place", "attachment", "comment", "title", "due"})
        assert {one["by"]["name"] for one in told["deeds"][:5]} == {"lead"}
        first = told["deeds"][0]
        older = await me.get(f"{team}/activity?before={quote(first['at'])},{first['id']}")
        assert older["deeds"] == told["deeds"][1:]
        assert (await me.get(f"{team}/activity?before={quote(first['at'])}"))["deeds"][-1] == told["deeds"][-1]
        found = (await me.get(f"{team}/files"))["files"]
        assert [(one["file"]["name"], one["title"]) for one in found] == [("المرجع", "عنوان")]
        due = await me.get(f"{team}/due?from=2027-02-20&to=2027-03-31")
        assert [one["card"]["title"] for one in due["tasks"]] == ["عنوان"]
        assert (await me.get(f"{team}/due?from=2027-03-02&to=2027-03-31"))["tasks"] == []
        assert (await me.get(f"{team}/news"))["done"] == 1
        for bad in (
            "due?from=x",
            "due?from=2027-01-01&to=2028-01-01",
            "files?before=soon",
            "activity?before=2027-01-01",
            "due?from=9999-12-31",
            "due?from=0001-01-01",
            "files?before=" + quote("0001-01-01T00:00:00+23:00"),
            "files?before=2027-01-01T00:00:00Z,x",
        ):
            assert (await me.ask("GET", f"{team}/{bad}")).status_code == 422
    async with server.browser(world["guest"].token) as stranger:
        for part in ("activity", "files", "due"):
            assert (await stranger.ask("GET", f"{team}/{part}")).status_code == 404
