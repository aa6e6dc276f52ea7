"""Polls: one answer a person, sums told seldom and never wrong, results kept back until they may be seen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from models.base import new_id
from models.poll import Poll
from server.actions import poll, tally
from server.domain import poll as rules
from server.domain import polls
from server.domain.poll import Counts, PollDraft
from server.domain.polls.kind import Choice, Counted, Kind
from server.domain.view import View
from tests.support.app import Server
from tests.support.client import JSON, Browser
from tests.support.people import World, draft_poll, newcomer

pytestmark = pytest.mark.asyncio(loop_scope="module")

DAYS: JSON = {
    "options": [{"id": "a", "text": "السبت"}, {"id": "b", "text": "الأحد"}, {"id": "c", "text": "Monday"}]
}


async def opened(server: Server, world: World, kind: str, settings: JSON | None = None, **more: Any) -> str:
    draft = PollDraft(kind=kind, text="متى؟", settings=settings or {}, **more)
    moderator = world["moderator"].actor

    def unit(db: Any) -> UUID:
        id = poll.create(db, moderator, world.session, draft, id=new_id()).id
        poll.move(db, moderator, id, "open")
        return id

    return str(await server.db.write(unit))


async def answered(browser: Browser, id: str, answer: JSON) -> int:
    return (await browser.ask("PUT", f"/api/polls/{id}/answer", {"answer": answer})).status_code


async def sums(browser: Browser, world: World, *, desk: bool = False) -> dict[str, int] | None:
    path = f"/api/sessions/{world.session}/polls"
    (one,) = (await browser.get(f"{path}/desk" if desk else path))["polls"]
    return None if one["sums"] is None else {row["key"]: row["count"] for row in one["sums"]}


@pytest.mark.parametrize(
    ("kind", "settings", "good", "bad"),
    [
        ("single", DAYS, {"option": "a"}, [{"option": "x"}, {"option": ["a", "b"]}, {"options": ["a"]}, {}]),
        ("multiple", DAYS | {"most": 2}, {"options": ["a", "c"]}, [{"options": ["a", "b", "c"]}, {"options": []}]),
        ("rating", {"highest": 5}, {"mark": 5}, [{"mark": 6}, {"mark": 0}, {"mark": "five"}]),
        (
            "words",
            {"most": 2},
            {"words": ["ثقة"]},
            [{"words": ["أ", "ب", "ج"]}, {"words": ["\u200f"]}, {"words": []}],
        ),
    ],
)
async def test_what_a_poll_does_not_offer_is_not_taken(
    server: Server, world: World, kind: str, settings: JSON, good: JSON, bad: Sequence[JSON]
) -> None:
    id = await opened(server, world, kind, settings)
    async with server.browser(world["guest"].token) as me:
        assert [await answered(me, id, one) for one in bad] == [422] * len(bad)
        assert await answered(me, id, good) == 200
        assert (await me.get(f"/api/sessions/{world.session}/mine"))["answers"] == [
            {"poll_id": id, "answer": good}
        ]


async def test_fifty_equal_answers_and_two_devices_count_once(server: Server, world: World) -> None:
    id = await opened(server, world, "single", DAYS)
    async with server.browser(world["guest"].token) as me, me.socket() as ear:
        await ear.subscribe(world.channel)
        assert set(await asyncio.gather(*(answered(me, id, {"option": "a"}) for _ in range(50)))) == {200}
        told = await ear.publication(world.channel, "poll.tallied", poll_id=id)
        assert (told["voters"], [row["count"] for row in told["sums"]]) == (1, [1, 0, 0])
        both = await asyncio.gather(*(answered(me, id, {"option": one}) for one in ("b", "c", "b", "c")))
        assert set(both) == {200}
        counted = await sums(me, world)
        assert counted is not None
        assert sum(counted.values()) == 1


async def test_answer_that_may_not_change_stays(server: Server, world: World) -> None:
    id = await opened(server, world, "single", DAYS, may_change=False)
    async with server.browser(world["guest"].token) as me:
        first = await asyncio.gather(*(answered(me, id, {"option": one}) for one in "abcabc"))
        assert sorted(set(first)) == [200, 409]
        counted = await sums(me, world)
        assert counted is not None
        assert sorted(counted.values()) == [0, 0, 1]


async def test_results_are_kept_back_until_it_closes(server: Server, world: World) -> None:
    id = await opened(server, world, "single", DAYS, results="after_close")
    hidden = f"{world.channel}:moderation"
    async with (
        server.browser(world["guest"].token) as me,
        server.browser(world["moderator"].token) as moderator,
        me.socket() as hall,
        moderator.socket() as desk,
    ):
        await hall.subscribe(world.channel)
        await desk.subscribe(hidden)
        await answered(me, id, {"option": "b"})
        public = await hall.publication(world.channel, "poll.tallied", poll_id=id)
        assert (public["voters"], public["sums"]) == (1, None)
        seen = await desk.publication(hidden, "poll.tallied", poll_id=id)
        assert [row["count"] for row in seen["sums"]] == [0, 1, 0]
        assert (await sums(me, world), await sums(moderator, world, desk=True)) == (None, {"a": 0, "b": 1, "c": 0})
        await moderator.post(f"/api/polls/{id}/close")
        closed = await hall.publication(world.channel, "poll.closed")
        assert [row["count"] for row in closed["poll"]["sums"]] == [0, 1, 0]
        assert await answered(me, id, {"option": "a"}) == 409
        await moderator.post(f"/api/polls/{id}/open")
        assert await answered(me, id, {"option": "a"}) == 200
        changed = await moderator.ask("PATCH", f"/api/polls/{id}", {"text": "شيء آخر"})
        assert (changed.status_code, changed.json()["code"]) == (409, "poll.not_draft")


async def test_closing_counts_every_answer_that_was_taken(server: Server, world: World) -> None:
    id = await opened(server, world, "single", DAYS)
    voters = [await newcomer(server.db, world, f"voter {number}") for number in range(12)]

    async def vote(token: str) -> int:
        async with server.browser(token) as browser:
            return await answered(browser, id, {"option": "a"})

    async with server.browser(world["moderator"].token) as moderator:
        closing = asyncio.create_task(moderator.post(f"/api/polls/{id}/close"))
        taken = (await asyncio.gather(*(vote(one.token) for one in voters))).count(200)
        assert (await closing)["voters"] == taken
        assert await sums(moderator, world) == {"a": taken, "b": 0, "c": 0}


async def test_spellings_are_one_word_and_a_hidden_one_is_gone(server: Server, world: World) -> None:
    id = str(await draft_poll(server.db, world, words=("مَرونة", "مرونه", "كلمة سيئة")))
    async with server.browser(world["guest"].token) as me, server.browser(world["moderator"].token) as moderator:
        assert await sums(me, world) == {"مرونه": 2, "كلمه سييه": 1}
        for _ in range(2):
            await moderator.post(f"/api/polls/{id}/hide", {"key": "كلمه سييه"})
        assert await sums(me, world) == {"مرونه": 2}
        assert await sums(moderator, world, desk=True) == {"مرونه": 2, "كلمه سييه": 1}
        await moderator.post(f"/api/polls/{id}/hide", {"key": "كلمه سييه", "hidden": False})
        assert await sums(me, world) == {"مرونه": 2, "كلمه سييه": 1}


async def test_what_no_chat_takes_no_cloud_takes(server: Server, world: World) -> None:
    id = await draft_poll(server.db, world, words=("مرونة",))
    here = f"/api/conferences/{world.conference}"
    async with (
        server.browser(world["guest"].token) as me,
        server.browser(world["organiser"].token) as organiser,
    ):
        words = [{"text": "سيئة", "whole": True}]
        await organiser.patch(f"{here}/chat-rules", {"words": words})
        path = f"/api/polls/{id}/answer"
        answer = await me.ask("PUT", path, {"answer": {"words": ["طيّبة", "كلمة سيئة"]}})
        assert (answer.status_code, answer.json()["code"]) == (403, "word.refused")
        await organiser.post(f"{here}/people/{world['guest'].id}/silence", {})
        answer = await me.ask("PUT", path, {"answer": {"words": ["طيّبة"]}})
        assert (answer.status_code, answer.json()["code"]) == (403, "silenced")


async def test_desk_sees_every_word_that_everybody_sees() -> None:
    counted = tuple(Counted(f"{number:02}", 100 - number) for number in range(70))
    cloud = Poll(session_id=new_id(), kind="words", text="?", settings={}, hidden=["00", "01"], state="open")
    seen, desk = (
        rules.sums(cloud, Counts(voters=70, counted=counted, tally=1), desk=desk) or [] for desk in (False, True)
    )
    assert ([one.key for one in seen][-1], len(seen)) == ("61", 60)
    assert [one.key for one in desk] == [*(one.key for one in seen), "00", "01"]


async def test_sums_are_told_at_most_twice_a_second_however_many_answer(server: Server, world: World) -> None:
    """By the times that the server itself wrote on what it told."""
    id = await opened(server, world, "rating")
    voters = [await newcomer(server.db, world, f"voter {number}") for number in range(24)]

    async def vote(token: str, mark: int) -> None:
        async with server.browser(token) as browser:
            await answered(browser, id, {"mark": mark})

    async with server.browser(world["guest"].token) as me, me.socket() as ear:
        await ear.subscribe(world.channel)
        for group in range(0, len(voters), 4):
            some = voters[group : group + 4]
            await asyncio.gather(*(vote(one.token, 1 + at) for at, one in enumerate(some)))
        await ear.publication(world.channel, "poll.tallied", poll_id=id, voters=24)
    told = [one for one in ear.heard[world.channel] if one["name"] == "poll.tallied"]
    times = [datetime.fromisoformat(one["at"]) for one in told]
    assert all((later - earlier).total_seconds() >= 0.45 for earlier, later in pairwise(times))
    assert [row["count"] for row in told[-1]["data"]["sums"]] == [6, 6, 6, 6, 0]


class Sides(View):
    sides: int = 2


class Side(View):
    side: int


class Coin(Kind[Sides, Side]):
    """A kind that nobody wrote into the server: all it needs is itself."""

    name = "coin"
    settings = Sides
    answer = Side

    def choices(self, settings: Sides, answer: Side) -> list[Choice]:
        return [Choice(str(answer.side % settings.sides))]

    def sums(self, settings: Sides, counted: Sequence[Counted]) -> list[Counted]:
        return list(counted)


@pytest.fixture
def coin() -> Iterator[None]:
    polls.register(Coin())
    yield
    polls.KINDS.pop("coin", None)


async def test_new_kind_is_one_class(server: Server, world: World, coin: None) -> None:
    path = f"/api/sessions/{world.session}/polls"
    async with server.browser(world["moderator"].token) as moderator:
        refused = await moderator.ask("POST", path, {"kind": "dice", "text": "x", "settings": {}})
        assert (refused.status_code, set(refused.json()["fields"])) == (422, {"kind"})
        refused = await moderator.ask("POST", path, {"kind": "coin", "text": "x", "settings": {"edges": 1}})
        assert (refused.status_code, set(refused.json()["fields"])) == (422, {"settings"})
        made = await moderator.post(path, {"kind": "coin", "text": "وجه أم ظهر؟", "settings": {}})
        await moderator.post(f"/api/polls/{made['id']}/open")
        assert await answered(moderator, made["id"], {"side": 3}) == 200
        assert await sums(moderator, world) == {"1": 1}
        # A later server without that kind still shows what was counted.
        polls.KINDS.pop("coin")
        assert await sums(moderator, world) == {"1": 1}
        assert await answered(moderator, made["id"], {"side": 2}) == 422


@pytest.mark.parametrize("kind", ["single", "multiple"])
async def test_options_that_read_alike_are_refused_by_name(server: Server, world: World, kind: str) -> None:
    path = f"/api/sessions/{world.session}/polls"
    texts = ("نعم", "مَرونة", " مرونه ")
    alike = {"options": [{"id": f"o{at}", "text": text} for at, text in enumerate(texts)]}
    async with server.browser(world["moderator"].token) as me:
        refused = await me.ask("POST", path, {"kind": kind, "text": "x", "settings": alike})
        assert (refused.status_code, refused.json()["code"]) == (422, "poll.same_options")
        assert "“مَرونة” and “مرونه”" in refused.json()["detail"]
        made = await me.post(path, {"kind": kind, "text": "x", "settings": {"options": alike["options"][:2]}})
        again = await me.ask("PATCH", f"/api/polls/{made['id']}", {"settings": alike})
        assert again.json()["code"] == "poll.same_options"


async def test_sum_that_a_crash_left_untold_is_told(server: Server, world: World) -> None:
    id = UUID(await opened(server, world, "rating"))
    async with server.browser(world["guest"].token) as me, me.socket() as ear:
        await ear.subscribe(world.channel)
        # Written beside the running server, which has not seen it and tells nothing by itself.
        await server.db.write(lambda db: poll.answer(db, world["guest"].actor, id, {"mark": 4}))
        await server.db.write(tally.tell)
        assert (await ear.publication(world.channel, "poll.tallied", poll_id=str(id)))["voters"] == 1
