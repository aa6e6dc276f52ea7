"""Hands, reactions, claims, the speakers' line, and what the audience may do."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from server.queries import audience as reads
from tests.support.app import Server
from tests.support.client import Ear
from tests.support.people import World, newcomer

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_hands_are_a_queue_and_calling_once_brings_on_stage(server: Server, world: World) -> None:
    session = f"/api/sessions/{world.session}"
    async with (
        server.browser(world["guest"].token) as first,
        server.browser(world["attendee"].token) as second,
        server.browser(world["moderator"].token) as moderator,
        first.socket() as mine,
    ):
        await mine.subscribe(f"person:{world['guest'].id}")
        for someone in (first, second):
            await asyncio.gather(*(someone.put(f"{session}/hand") for _ in range(5)))
        queue = (await moderator.get(f"{session}/hands"))["hands"]
        assert [hand["person"]["name"] for hand in queue] == ["guest", "attendee"]
        path = f"{session}/hands/{world['guest'].id}"
        called = await asyncio.gather(*(moderator.post(f"{path}/call") for _ in range(5)))
        assert {one["called"] for one in called} == {True}
        await mine.publication(f"person:{world['guest'].id}", "stage.invited", invited=True)
        told = [one["name"] for one in mine.heard[f"person:{world['guest'].id}"]]
        assert (told.count("hand.raised"), told.count("hand.called")) == (1, 1)
        await first.delete(f"{session}/stage/{world['guest'].id}/guest")  # heard: the hand goes down with that
        assert [hand["person"]["name"] for hand in (await moderator.get(f"{session}/hands"))["hands"]] == [
            "attendee"
        ]


async def test_a_hand_knows_its_place(server: Server, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the first page, while others come and go, and again for a page that loads later."""
    monkeypatch.setattr(reads, "PLACES_TOLD", 2)
    session, own = f"/api/sessions/{world.session}", f"person:{world['guest'].id}"
    async with (
        server.browser(world["attendee"].token) as first,
        server.browser(world["member"].token) as second,
        server.browser(world["guest"].token) as me,
        server.browser(world["moderator"].token) as moderator,
        me.socket() as ear,
    ):
        await ear.subscribe(own)
        for someone in (first, second, me):
            await someone.put(f"{session}/hand")
            await someone.put(f"{session}/hand")
        await ear.publication(own, "hand.moved", place=None)
        assert (await second.get(f"{session}/mine"))["place"] == 2
        assert (await me.get(f"{session}/mine"))["place"] is None
        await first.delete(f"{session}/hands/{world['attendee'].id}")
        await ear.publication(own, "hand.moved", place=2)
        for _ in range(2):
            await moderator.post(f"{session}/hands/{world['member'].id}/call")
        await ear.publication(own, "hand.moved", place=1)
        await second.delete(f"{session}/hands/{world['member'].id}")
        mine = await me.get(f"{session}/mine")
        assert (mine["place"], mine["hand"]["called"]) == (1, False)
        await moderator.post(f"{session}/hands/{world['guest'].id}/call")
        await ear.publication(own, "hand.called")
        assert (await me.get(f"{session}/mine"))["place"] is None
        places = [one["data"]["place"] for one in ear.heard[own] if one["name"] == "hand.moved"]
        assert places == [None, 2, 1]


async def test_closed_doors_stay_closed_and_what_came_in_stays(server: Server, world: World) -> None:
    session = f"/api/sessions/{world.session}"
    async with (
        server.browser(world["guest"].token) as early,
        server.browser(world["attendee"].token) as late,
        server.browser(world["moderator"].token) as moderator,
    ):
        await early.put(f"{session}/hand")
        await moderator.patch(f"{session}/interaction", {"hands_open": False, "questions_open": False})
        for method, path, body, code in (
            ("PUT", "hand", None, "hands.closed"),
            ("POST", "questions", {"text": "لماذا؟"}, "questions.closed"),
        ):
            answer = await late.ask(method, f"{session}/{path}", body)
            assert (answer.status_code, answer.json()["code"]) == (409, code)
        await early.put(f"{session}/hand")
        assert len((await moderator.get(f"{session}/hands"))["hands"]) == 1


async def test_reactions_are_summed_and_nothing_else_passes(server: Server, world: World) -> None:
    people = [await newcomer(server.db, world, f"someone {number}") for number in range(8)]
    async with server.browser(world["guest"].token) as me, me.socket() as ear:
        await ear.subscribe(world.channel)
        for bad in (
            {},
            {"sums": {"bomb": 1}},
            {"sums": {"clap": 11}},
            {"sums": {"clap": -1}},
            {"sums": {"clap": True}},
        ):
            assert (await said(ear, world.channel, "reaction", bad))["code"] == "signal.refused", bad

        async def clap(token: str) -> None:
            async with server.browser(token) as browser, browser.socket() as own:
                await own.subscribe(world.channel)
                for _ in range(2):
                    assert await said(own, world.channel, "reaction", {"sums": {"clap": 3, "heart": 1}}) == {}

        await asyncio.gather(*(clap(one.token) for one in people))
        await ear.until(lambda: summed(ear) == {"clap": 48, "heart": 16})
        frames = [one for one in ear.signals if one["name"] == "reaction"]
        assert len(frames) < 16  # as many as were sent; the wait for them is the hub's own test


async def test_closed_reactions_are_refused(server: Server, world: World) -> None:
    async with server.browser(world["moderator"].token) as moderator, moderator.socket() as ear:
        await moderator.patch(f"/api/sessions/{world.session}/interaction", {"reactions_open": False})
        await ear.subscribe(world.channel)
        refused = await said(ear, world.channel, "reaction", {"sums": {"clap": 1}})
        assert refused["code"] == "signal.refused"


async def test_moderators_see_who_has_what_in_hand(server: Server, world: World) -> None:
    desk = f"{world.channel}:moderation"
    item = f"question:{world.session}"
    async with (
        server.browser(world["moderator"].token) as one,
        server.browser(world["organiser"].token) as two,
        one.socket() as mine,
        two.socket() as theirs,
    ):
        await mine.subscribe(desk)
        await theirs.subscribe(desk)
        assert (await said(mine, desk, "claim", {"item": "x" * 300}))["code"] == "signal.refused"
        await said(mine, desk, "claim", {"item": item})
        await theirs.until(lambda: any(signal["name"] == "claim" for signal in theirs.signals))
        (claim,) = [signal["data"] for signal in theirs.signals if signal["name"] == "claim"]
        assert claim == {"claims": {item: {"id": str(world["moderator"].id), "name": "moderator"}}}


async def test_line_is_for_those_who_speak(server: Server, world: World) -> None:
    backstage, path = f"{world.channel}:backstage", f"/api/sessions/{world.session}/line"
    async with (
        server.browser(world["speaker"].token) as speaker,
        server.browser(world["moderator"].token) as moderator,
        server.browser(world["guest"].token) as guest,
        speaker.socket() as ear,
    ):
        await ear.subscribe(backstage)
        await moderator.put(path, {"text": "  دقيقتان  "})
        assert (await ear.publication(backstage, "line.said"))["line"]["text"] == "دقيقتان"
        assert (await speaker.get(path))["line"]["text"] == "دقيقتان"
        assert (await guest.ask("GET", path)).status_code == 403


async def said(ear: Ear, channel: str, name: str, data: dict[str, Any]) -> dict[str, Any]:
    """Say a signal; `ok` or the error."""
    reply = await ear.request("signal", channel=channel, name=name, data=data)
    return dict(reply["error"] if "error" in reply else reply["ok"])


def summed(ear: Ear) -> dict[str, int]:
    total: dict[str, int] = {}
    for one in ear.signals:
        if one["name"] == "reaction":
            for name, count in one["data"]["sums"].items():
                total[name] = total.get(name, 0) + count
    return total
