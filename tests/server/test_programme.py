"""Conferences, sessions and their states, teams, the check-list."""

from __future__ import annotations

import pytest
from sqlmodel import Session, col, select

from models.conference import ConferenceSession, SessionSpeaker
from models.stage import Stage
from server.domain.session import MOVES
from tests.support.app import Server
from tests.support.client import JSON, Browser, Refused
from tests.support.people import World, enrol

pytestmark = pytest.mark.asyncio(loop_scope="module")

TIMES = {"starts_at": "2027-03-01T09:00:00Z", "ends_at": "2027-03-01T10:00:00Z"}
STATES = tuple(MOVES)


async def test_conference_is_founded_with_its_maker_as_organiser(server: Server) -> None:
    maker = await server.db.write(lambda db: enrol(db, "maker", may_create=True))
    async with server.browser(maker.token) as me:
        made = await me.post(
            "/api/conferences",
            {"title": "ملتقى", "zone": "Africa/Cairo", "starts_on": "2027-03-01", "ends_on": "2027-03-02"},
        )
        shown = await me.get(f"/api/conferences/{made['id']}")
        assert (shown["conference"], shown["sessions"]) == (made, [])
        mine = await me.get(f"/api/conferences/{made['id']}/mine")
        assert (mine["role"], mine["teams"]) == ("organiser", [])
        listed = (await me.get("/api/conferences"))["conferences"]
        assert listed == [{"id": made["id"], "title": "ملتقى", "titles": {}, "role": "organiser", "speaks": False}]
        changed = await me.patch(f"/api/conferences/{made['id']}", {"ends_on": None, "title": "ملتقى ٢"})
        assert (changed["ends_on"], changed["title"], changed["version"]) == (None, "ملتقى ٢", 2)


async def test_conference_does_not_end_before_it_begins(server: Server, world: World) -> None:
    async with server.browser(world["organiser"].token) as me:
        path = f"/api/conferences/{world.conference}"
        await me.patch(path, {"starts_on": "2027-03-02", "ends_on": "2027-03-02"})
        answer = await me.ask("PATCH", path, {"ends_on": "2027-03-01"})
        assert (answer.status_code, answer.json()["code"]) == (422, "conference.dates")


async def test_checklist_ticks_itself(server: Server) -> None:
    maker = await server.db.write(lambda db: enrol(db, "maker", may_create=True))
    async with server.browser(maker.token) as me:
        id = (await me.post("/api/conferences", {"title": "ملتقى", "zone": "Asia/Amman"}))["id"]
        here = f"/api/conferences/{id}"

        async def done() -> list[str]:
            return [one["name"] for one in (await me.get(f"{here}/checklist"))["items"] if one["done"]]

        assert await done() == []
        talk = await me.post(f"{here}/sessions", {"title": "جلسة", **TIMES})
        assert await done() == ["session"]
        await me.put(f"/api/sessions/{talk['id']}/speakers/{maker.id}")
        assert await done() == ["session", "speaker"]
        await me.post(f"{here}/invitations", {"role": "attendee"})
        assert await done() == ["session", "speaker", "guests"]
        await me.post(f"{here}/teams", {"title": "فريق"})
        assert await done() == ["session", "speaker", "guests", "team"]

        def tried(db: Session) -> None:
            session = db.exec(select(ConferenceSession.id).where(col(ConferenceSession.title) == "جلسة")).all()
            db.add_all(
                [Stage(session_id=one, instance="1", revision=1) for one in session if str(one) == talk["id"]]
            )

        await server.db.write(tried)
        assert await done() == ["session", "speaker", "guests", "team", "stage_tried"]


@pytest.mark.parametrize("to", STATES)
@pytest.mark.parametrize("state", STATES)
async def test_states_move_as_the_table_says(server: Server, world: World, state: str, to: str) -> None:
    def set_state(db: Session) -> None:
        db.get_one(ConferenceSession, world.session).state = state

    await server.db.write(set_state)
    async with server.browser(world["speaker"].token) as me:
        answer = await me.ask("POST", f"/api/sessions/{world.session}/state", {"state": to})
    if to in MOVES[state] or to == state:
        assert (answer.status_code, answer.json()["state"]) == (200, to)
    else:
        assert (answer.status_code, answer.json()["code"]) == (409, "session.move_refused")


async def test_stage_goes_live_for_everybody_at_once(server: Server, world: World) -> None:
    async with (
        server.browser(world["speaker"].token) as speaker,
        server.browser(world["guest"].token) as guest,
        guest.socket() as ear,
    ):
        await ear.subscribe(world.channel)
        await speaker.post(f"/api/sessions/{world.session}/state", {"state": "live"})
        stage = (await ear.publication(world.channel, "stage.changed"))["stage"]
        assert stage["live"] is True
        shown = await guest.get(f"/api/sessions/{world.session}")
        assert (shown["stage"], shown["session"]["state"]) == (stage, "live")


async def test_speaker_is_named_and_made_one(server: Server, world: World) -> None:
    async with server.browser(world["organiser"].token) as me, server.browser(world["attendee"].token) as other:
        path = f"/api/sessions/{world.session}/speakers/{world['attendee'].id}"
        await me.put(path)
        await me.put(path)
        mine = await other.get(f"/api/sessions/{world.session}/mine")
        assert (mine["role"], mine["speaker"]) == ("speaker", True)
        assert {"stage.publish", "session.move"} <= set(mine["may"])
        await me.delete(path)
        assert (await other.get(f"/api/sessions/{world.session}/mine"))["speaker"] is False


async def test_removed_person_is_taken_out_of_everything(server: Server, world: World) -> None:
    async with server.browser(world["organiser"].token) as me:
        await me.put(f"/api/teams/{world.team}/members/{world['speaker'].id}", {"role": "member"})
        await me.delete(f"/api/conferences/{world.conference}/people/{world['speaker'].id}")
        assert (await me.get(f"/api/sessions/{world.session}"))["session"]["speakers"] == []
        assert str(world["speaker"].id) not in await names(me, f"/api/teams/{world.team}")
    rows = await server.db.read(
        lambda db: db.exec(
            select(SessionSpeaker).where(col(SessionSpeaker.person_id) == world["speaker"].id)
        ).all()
    )
    assert list(rows) == []


async def names(me: Browser, path: str) -> list[str]:
    team: JSON = (await me.get(path))["team"]
    return [member["person"]["id"] for member in team["members"]]


async def test_teams_are_there_for_their_members_and_organisers(server: Server, world: World) -> None:
    seen = {}
    for who in ("organiser", "lead", "member", "moderator", "attendee"):
        async with server.browser(world[who].token) as me:
            listed = await me.get(f"/api/conferences/{world.conference}/teams")
            mine = await me.get(f"/api/conferences/{world.conference}/mine")
            seen[who] = ([team["id"] for team in listed["teams"]], [team["member"] for team in mine["teams"]])
    here = [str(world.team)]
    assert seen == {
        "organiser": (here, [False]),
        "lead": (here, [True]),
        "member": (here, [True]),
        "moderator": ([], []),
        "attendee": ([], []),
    }


async def test_stream_keys_are_ones_own_and_shown_once(server: Server, world: World) -> None:
    path = f"/api/sessions/{world.session}/stream-keys"
    async with server.browser(world["speaker"].token) as me, server.browser(world["organiser"].token) as other:
        made = await me.post(path)
        assert made["url"] == f"{server.url}/whip/{world.session}"
        (listed,) = (await me.get(path))["keys"]
        assert set(listed) == {"id", "session_id", "created_at"}
        assert (await other.get(path))["keys"] == []
        assert (await other.ask("DELETE", f"/api/stream-keys/{made['id']}")).status_code == 404
        for _ in range(19):
            await me.post(path)
        with pytest.raises(Refused, match=r"stream_key\.too_many"):
            await me.post(path)
        await me.delete(f"/api/stream-keys/{made['id']}")
        assert made["id"] not in [key["id"] for key in (await me.get(path))["keys"]]
        await me.post(path)
