"""The socket of an assembled server: across nodes, through cuts, and only as long as rights last."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from sqlmodel import Session, select

from models.base import now
from models.person import Login, Person
from tests.support.app import Server, serving
from tests.support.client import JSON, Browser, Ear
from tests.support.people import World, log_in, say, settle
from tests.support.services import Backend

pytestmark = pytest.mark.asyncio(loop_scope="module")

WITHIN_S = 20.0  # design 4 says 5 s; on a loaded machine a test says whether it ends, not how soon


@pytest_asyncio.fixture(loop_scope="module")
async def nodes(backend: Backend, tmp_path: Path) -> AsyncIterator[tuple[Server, Server]]:
    """Two processes' worth of server on one installation; on SQLite there is only one."""
    async with serving(backend, tmp_path / "one", node="n1") as one:
        if backend.redis_url is None:
            yield one, one
            return
        async with serving(backend, tmp_path / "two", node="n2") as two:
            yield one, two


async def test_everybody_hears_each_other_wherever_they_are(nodes: tuple[Server, Server]) -> None:
    here, there = nodes
    world = await settle(here.db)
    messages = f"/api/sessions/{world.session}/messages"
    async with (
        here.browser(world["attendee"].token) as one,
        there.browser(world["guest"].token) as two,
        one.socket() as first,
        two.socket() as second,
    ):
        ears = (first, second)
        for ear in ears:
            await ear.subscribe(world.channel)
        said = [(await browser.post(messages, {"text": "سلام"}))["id"] for browser in (one, two) * 10]
        for ear in ears:
            await ear.until(lambda ear=ear: len(ear.heard[world.channel]) == 20)  # type: ignore[misc]
            assert [heard["data"]["message"]["id"] for heard in ear.heard[world.channel]] == said
            await ear.until(lambda ear=ear: any(one["data"].get("count") == 2 for one in ear.signals))  # type: ignore[misc]


async def test_what_one_node_committed_silently_is_found_by_the_head_check(nodes: tuple[Server, Server]) -> None:
    """As after a crash between commit and telling: nobody told, everybody hears."""
    here, _ = nodes
    world = await settle(here.db)
    async with here.browser(world["guest"].token) as me, me.socket() as ear:
        await ear.subscribe(world.channel)
        id = await say(here.db, world)
        told = await ear.publication(world.channel, "message.posted")
        assert told["message"]["id"] == str(id)


async def test_who_was_cut_off_has_every_message_once_and_in_order(nodes: tuple[Server, Server]) -> None:
    here, there = nodes
    world = await settle(here.db)
    messages = f"/api/sessions/{world.session}/messages"
    async with here.browser(world["attendee"].token) as author, here.browser(world["guest"].token) as me:
        chat = await me.get(f"/api/sessions/{world.session}/chat")
        seen: list[JSON] = []
        position = chat["position"]
        said: list[str] = []

        async def talk(number: int) -> None:
            for _ in range(number):
                said.append((await author.post(messages, {"text": f"{len(said)}"}))["id"])

        for place in (here, there, here):
            await talk(7)  # while away
            async with place.browser(me.token) as browser, browser.socket() as ear:
                assert (await ear.subscribe(world.channel, position))["recovered"]
                await talk(5)  # while listening
                await ear.until(lambda ear=ear: len(ear.heard[world.channel]) == 12)  # type: ignore[misc]
                seen += ear.heard[world.channel]
                position = {"offset": seen[-1]["offset"], "id": seen[-1]["id"]}
                ear.cut()
                await ear.end()
    assert [one["data"]["message"]["id"] for one in seen] == said
    assert [one["offset"] for one in seen] == list(range(seen[0]["offset"], seen[0]["offset"] + len(said)))


async def test_position_of_another_history_is_not_recovered(nodes: tuple[Server, Server]) -> None:
    here, _ = nodes
    world = await settle(here.db)
    await say(here.db, world)
    async with here.browser(world["guest"].token) as me, me.socket() as ear:
        other = {"offset": 1, "id": "01a1fd3b-23a3-765b-98f7-000000000000"}
        reply = await ear.subscribe(world.channel, other)
        assert (reply["recovered"], reply["publications"]) == (False, [])


@asynccontextmanager
async def hearing(server: Server, token: str, *channels: str) -> AsyncIterator[tuple[Browser, Ear]]:
    async with server.browser(token) as browser, browser.socket() as ear:
        for channel in channels:
            assert "recovered" in await ear.subscribe(channel), channel
        yield browser, ear


async def test_removed_person_hears_nothing_more_on_any_node(nodes: tuple[Server, Server]) -> None:
    here, there = nodes
    world = await settle(here.db)
    channels = (world.channel, f"conference:{world.conference}", f"team:{world.team}", f"board:{world.board}")
    async with (
        here.browser(world["organiser"].token) as organiser,
        hearing(there, world["member"].token, *channels) as (_, ear),
    ):
        await organiser.delete(f"/api/conferences/{world.conference}/people/{world['member'].id}")
        async with asyncio.timeout(WITHIN_S):
            for channel in channels:
                assert await ear.gone(channel) == "access.lost"
        for channel in channels:
            assert (await ear.subscribe(channel))["error"]["code"] == "channel.refused"
        assert ear.closed is None


async def test_demoted_moderator_loses_the_desk_and_keeps_the_hall(nodes: tuple[Server, Server]) -> None:
    here, there = nodes
    world = await settle(here.db)
    desk = f"{world.channel}:moderation"
    async with (
        here.browser(world["organiser"].token) as organiser,
        hearing(there, world["moderator"].token, world.channel, desk) as (me, ear),
    ):
        path = f"/api/conferences/{world.conference}/people/{world['moderator'].id}/role"
        await organiser.put(path, {"role": "attendee"})
        assert await asyncio.wait_for(ear.gone(desk), WITHIN_S) == "access.lost"
        assert (await ear.subscribe(desk))["error"]["code"] == "channel.refused"
        assert (await me.ask("GET", f"/api/sessions/{world.session}/questions/queue")).status_code == 403
        await organiser.post(f"/api/sessions/{world.session}/messages", {"text": "سلام"})
        await ear.publication(world.channel, "message.posted")
        await organiser.put(path, {"role": "moderator"})
        assert "recovered" in await ear.subscribe(desk)


async def test_member_taken_out_of_a_team_loses_its_board(nodes: tuple[Server, Server]) -> None:
    here, there = nodes
    world = await settle(here.db)
    board = f"board:{world.board}"
    async with (
        here.browser(world["lead"].token) as lead,
        hearing(there, world["member"].token, board, world.channel) as (_, ear),
    ):
        await lead.delete(f"/api/teams/{world.team}/members/{world['member'].id}")
        assert await asyncio.wait_for(ear.gone(board), WITHIN_S) == "access.lost"
        assert world.channel not in ear.lost


@pytest.mark.parametrize("how", ["sign out", "from another device"])
async def test_ended_login_closes_its_connections_only(nodes: tuple[Server, Server], how: str) -> None:
    here, there = nodes
    world = await settle(here.db)
    someone = world["attendee"]
    other = await here.db.write(lambda db: another_login(db, world))
    async with (
        here.browser(other) as elsewhere,
        hearing(there, someone.token, world.channel) as (me, ear),
        hearing(there, other, world.channel) as (_, still),
    ):
        if how == "sign out":
            await me.post("/api/sign-out")
        else:
            await elsewhere.delete(f"/api/logins/{someone.actor.login_id}")
        assert await asyncio.wait_for(ear.end(), WITHIN_S) == (3500, "login.needed")
        await elsewhere.post(f"/api/sessions/{world.session}/messages", {"text": "ما زلت هنا"})
        await still.publication(world.channel, "message.posted")
        assert still.closed is None


def another_login(db: Session, world: World) -> str:
    return log_in(db, db.get_one(Person, world["attendee"].id)).token


async def test_new_name_reaches_open_connections(nodes: tuple[Server, Server]) -> None:
    here, there = nodes
    world = await settle(here.db)
    async with (
        hearing(there, world["attendee"].token, world.channel) as (me, mine),
        hearing(here, world["guest"].token, world.channel) as (_, ear),
    ):
        await me.patch("/api/me", {"name": "اسم جديد"})

        def told() -> bool:
            return any(
                person["name"] == "اسم جديد"
                for one in ear.signals
                if one["name"] == "typing"
                for person in one["data"]["people"]
            )

        async with asyncio.timeout(WITHIN_S):
            while not told():
                heard = len(ear.signals)
                await mine.request("signal", channel=world.channel, name="typing", data={})
                await ear.until(lambda heard=heard: len(ear.signals) > heard)  # type: ignore[misc]


async def test_login_that_was_never_there_is_told_to_stay_away(nodes: tuple[Server, Server]) -> None:
    here, _ = nodes
    world = await settle(here.db)

    def end(db: Session) -> None:
        db.delete(db.get_one(Login, world["guest"].actor.login_id))

    await here.db.write(end)
    async with here.browser(world["guest"].token) as me, me.socket() as ear:
        assert await ear.end() == (3500, "login.needed")


async def test_login_that_connects_is_noted_as_in_use(own_server: Server) -> None:
    world = await settle(own_server.db)
    long_ago = now() - timedelta(days=2)

    def age(db: Session) -> None:
        for login in db.exec(select(Login)):
            login.seen_at = long_ago

    await own_server.db.write(age)
    async with own_server.browser(world["attendee"].token) as me, me.socket() as ear:
        await ear.subscribe(world.channel)
        logins = (await me.get("/api/logins"))["logins"]
        assert [one["current"] for one in logins if one["seen_at"] > long_ago.isoformat()] == [True]
