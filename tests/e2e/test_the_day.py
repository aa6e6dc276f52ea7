"""A conference day on two server processes joined by Redis, and once more with Redis killed in the middle of it.

Most people speak to the servers as their pages do; one page on a phone is real. What a page does when a server
says that it cannot just now, they do: the same command is sent again under its key.
"""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser as Chromium
from playwright.async_api import expect
from sqlmodel import Session

from models.base import new_id
from server.actions import conference
from tests.e2e.chromium import profile
from tests.e2e.house import database, lay_out_talk
from tests.e2e.sites import Site, running
from tests.support.client import JSON, Browser
from tests.support.people import Someone, World, enrol
from tests.support.services import PostgresServer, RedisServer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(240)]

VOTERS = 300
AT_ONCE = 24
PHONE = {"width": 390, "height": 844}
SHEET = """العنوان,التاريخ,البداية,المدة,القاعة,المتحدثون
افتتاح الملتقى,٢٠٢٧-٠٣-٠١,09:00,٣٠,القاعة الكبرى,هدى
كيف نبدأ؟,2027-03-01,09:30,45,القاعة الكبرى,عمر
استراحة,2027-03-01,10:15,15,القاعة الكبرى,
"""


class Page(Browser):
    """Asks again as web/src/net/api.ts does (UNKNOWN_OUTCOME): with the same key, so that it happens once."""

    async def ask(self, method: str, path: str, body: Any = None, *, key: UUID | None = None) -> httpx.Response:
        key = key or new_id()
        for wait_s in (0.5, 1, 2, 4, 8, 8, 8):
            answered = await super().ask(method, path, body, key=key)
            if answered.status_code not in {502, 503, 504}:
                return answered
            await asyncio.sleep(wait_s)
        return answered


@dataclass
class Day:
    """Everybody's doors to both processes; people come by one of them in turn."""

    world: World
    urls: tuple[str, str]
    redis: RedisServer
    voters: list[Someone]
    stack: AsyncExitStack
    _doors: dict[tuple[UUID, int], Page] = field(default_factory=dict)

    async def door(self, who: Someone, side: int) -> Page:
        key = (who.id, side)
        if key not in self._doors:
            self._doors[key] = await self.stack.enter_async_context(Page(self.urls[side], who.token))
        return self._doors[key]

    async def me(self, name: str, side: int = 0) -> Page:
        return await self.door(self.world[name], side)


@pytest_asyncio.fixture(params=["all well", "Redis killed"], loop_scope="package")
async def day(
    request: pytest.FixtureRequest, postgres_server: PostgresServer, postgres_template: str, tmp_path: Path
) -> AsyncIterator[Day]:
    name = postgres_server.create(template=postgres_template)
    url = postgres_server.url(name)
    redis = RedisServer()
    shared = {"MULTAQA_DATABASE_URL": url, "MULTAQA_REDIS_URL": redis.url}
    media = {"MULTAQA_MEDIA_CONTROL": f"unix:{tmp_path}/media.sock"}  # nobody streams on this day
    left, right = (Site("serve", tmp_path / side, **shared, **media) for side in ("left", "right"))
    try:
        async with database(url) as db:
            world, voters = await db.write(_people)
        async with running(left, right), AsyncExitStack() as stack:
            yield Day(world, (left.url, right.url), redis, voters, stack)
    finally:
        redis.close()
        postgres_server.drop(name)


def _people(db: Session) -> tuple[World, list[Someone]]:
    world = lay_out_talk(db)
    voters = [enrol(db, f"voter {number}", guest=True) for number in range(VOTERS)]
    for voter in voters:
        conference.grant(db, world.conference, voter.id, "attendee")
    return world, voters


async def test_conference_day(day: Day, browser: Chromium, request: pytest.FixtureRequest) -> None:
    world = day.world
    await a_sheet_is_imported(day)
    await people_register(day)
    kills = "Redis" in request.node.name

    async def through(part: Coroutine[Any, Any, None], *, after_s: float = 0) -> None:
        """A part of the day, in the middle of which Redis is killed on one of the days."""
        going = asyncio.create_task(part)
        if kills:
            await asyncio.sleep(after_s)
            assert not going.done()
            await asyncio.to_thread(day.redis.restart, signal.SIGKILL)
        await going

    await through(moderators_decide_while_attendees_vote(day))
    await through(a_poll_counts_everybody_once(day), after_s=0.5)
    await through(slow_mode_holds_a_flood(day))
    await through(a_banned_person_stays_out(day))
    async with profile(browser, day.urls[1], world["guest"].token, size=PHONE) as phone:
        page = await phone.open(f"/c/{world.conference}")
        told = "تبدأ الجلسة التالية بعد خمس دقائق"
        organiser = await day.me("organiser", 0)
        await organiser.post(f"/api/conferences/{world.conference}/announcements", {"texts": {"ar": told}})
        await expect(page.get_by_text(told).first).to_be_visible(timeout=30_000)
    await a_session_runs_late(day)
    await both_processes_tell_the_same(day)


async def a_sheet_is_imported(day: Day) -> None:
    organiser = await day.me("organiser")
    answered = await organiser.http.post(
        f"/api/conferences/{day.world.conference}/sheets",
        content=SHEET.encode(),
        headers={"Content-Type": "text/csv", "Idempotency-Key": str(new_id())},
    )
    assert answered.status_code == 201, answered.text
    sheet = answered.json()
    preview = await organiser.post(f"/api/sheets/{sheet['id']}/preview", sheet["guess"])
    assert (preview["new"], preview["wrong"]) == (3, 0), preview
    done = await organiser.post(f"/api/sheets/{sheet['id']}/import", sheet["guess"])
    assert done["new"] == 3
    again = await organiser.post(f"/api/sheets/{sheet['id']}/import", sheet["guess"])
    assert (again["new"], again["changed"], again["same"]) == (0, 0, 3)


async def people_register(day: Day) -> None:
    """Two seats: the third waits, whichever process takes them in."""
    organiser = await day.me("organiser", 1)
    path = f"/api/conferences/{day.world.conference}/registration"
    await organiser.patch(path, {"mode": "open", "capacity": 2})

    async def register(number: int) -> JSON:
        async with Page(day.urls[number % 2]) as somebody:
            draft = {"ref": str(day.world.conference), "name": f"متطوّع {number}", "locale": "ar"}
            registered = await somebody.post("/api/registration", draft)
            token = registered["link"]["url"].partition("#")[2]
            async with Page(day.urls[(number + 1) % 2]) as elsewhere:
                entered = await elsewhere.post("/api/pass/enter", {"token": token})
            assert entered["me"]["person"] == registered["me"]["person"]
            return dict(registered["registration"])

    states = [one["state"] for one in await asyncio.gather(*(register(number) for number in range(3)))]
    assert sorted(states) == ["confirmed", "confirmed", "waiting_list"]


async def moderators_decide_while_attendees_vote(day: Day) -> None:
    """Two questions become one; whoever voted for either, or for both, counts once."""
    questions = f"/api/sessions/{day.world.session}/questions"
    attendee = await day.me("attendee")
    ids = [(await attendee.post(questions, {"text": text}))["id"] for text in ("متى نبدأ؟", "متى تبدأ الجلسة؟")]
    moderators = [await day.me("organiser", 0), await day.me("moderator", 1)]
    body = {"ids": ids, "to": "approved"}
    await asyncio.gather(*(one.post(f"{questions}/decide", body) for one in moderators * 5))

    async def vote(number: int, voter: Someone) -> None:
        door = await day.door(voter, number % 2)
        for id in ids if number % 3 == 0 else [ids[number % 2]]:
            answered = await door.ask("PUT", f"/api/questions/{id}/vote")
            if answered.status_code in {404, 409}:  # merged a moment ago: the page shows the one that stayed
                answered = await door.ask("PUT", f"/api/questions/{ids[0]}/vote")
            assert answered.is_success, answered.text

    voters = day.voters[:30]
    voting = [asyncio.create_task(vote(number, voter)) for number, voter in enumerate(voters)]
    await asyncio.wait(voting, return_when=asyncio.FIRST_COMPLETED)
    await moderators[1].post(f"/api/questions/{ids[1]}/merge", {"into": ids[0]})
    await asyncio.gather(*voting)
    shown = await (await day.me("guest", 1)).get(questions)
    (kept,) = [one for one in shown["questions"] if one["id"] in ids]
    assert kept["id"] == ids[0]
    assert kept["votes"] == len(voters)


async def a_poll_counts_everybody_once(day: Day) -> None:
    moderator = await day.me("moderator", 1)
    path = f"/api/sessions/{day.world.session}/polls"
    options = {"options": [{"id": "a", "text": "السبت"}, {"id": "b", "text": "الأحد"}]}
    poll = await moderator.post(path, {"kind": "single", "text": "أي يوم؟", "settings": options})
    await moderator.post(f"/api/polls/{poll['id']}/open")
    gate = asyncio.Semaphore(AT_ONCE)

    async def answer(number: int, voter: Someone) -> None:
        async with gate:
            for side in (0, 1) if number % 10 == 0 else (number % 2,):
                door = await day.door(voter, side)
                await door.put(f"/api/polls/{poll['id']}/answer", {"answer": {"option": "ab"[number % 2]}})

    await asyncio.gather(*(answer(number, voter) for number, voter in enumerate(day.voters)))
    await moderator.post(f"/api/polls/{poll['id']}/close")
    for side in (0, 1):
        (shown,) = (await (await day.me("guest", side)).get(path))["polls"]
        assert shown["voters"] == VOTERS
        assert {one["key"]: one["count"] for one in shown["sums"]} == {"a": VOTERS // 2, "b": VOTERS // 2}


async def slow_mode_holds_a_flood(day: Day) -> None:
    session = f"/api/sessions/{day.world.session}"
    await (await day.me("moderator", 1)).patch(f"{session}/chat-rules", {"slow_s": 60})
    doors = [await day.me("attendee", side) for side in (0, 1)]
    answers = await asyncio.gather(
        *(
            doors[number % 2].ask("POST", f"{session}/messages", {"text": f"رسالة {number}"})
            for number in range(20)
        )
    )
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [201] + [429] * 19
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["code"] == "slow_mode"
    assert 0 < int(refused.headers["retry-after"]) <= 60
    await (await day.me("organiser", 0)).patch(f"{session}/chat-rules", {"slow_s": 0})


async def a_banned_person_stays_out(day: Day) -> None:
    world = day.world
    banned = day.voters[-1]
    door = await day.door(banned, 0)
    async with door.socket() as ear:
        await ear.subscribe(world.channel)
        moderator = await day.me("moderator", 1)
        await moderator.post(f"/api/conferences/{world.conference}/people/{banned.id}/ban", {"reason": "spam"})
        await ear.gone(world.channel)
    other = await day.door(banned, 1)
    await other.patch("/api/me", {"name": "اسم جديد"})
    for tab in (door, other):
        assert (await tab.ask("GET", f"/api/sessions/{world.session}/chat")).status_code in {403, 404}
        said = await tab.ask("POST", f"/api/sessions/{world.session}/messages", {"text": "عدت"})
        assert said.status_code in {403, 404}


async def a_session_runs_late(day: Day) -> None:
    """Whoever saved what follows hears of it by name."""
    organiser, attendee = await day.me("organiser", 0), await day.me("attendee", 1)
    shown = await organiser.get(f"/api/conferences/{day.world.conference}")
    found = {one["title"]: one for one in shown["sessions"]}
    opening, next_one = found["افتتاح الملتقى"], found["كيف نبدأ؟"]
    await attendee.put(f"/api/sessions/{next_one['id']}/bookmark")
    own = f"person:{day.world['attendee'].id}"
    async with attendee.socket() as ear:
        await ear.subscribe(own)
        draft = {"session_id": opening["id"], "minutes": 15}
        done = await organiser.post(f"/api/conferences/{day.world.conference}/shift", draft)
        assert done["saved"] == 1
        await ear.until(lambda: any(re.search("notif|notice", one["name"]) for one in ear.heard[own]))
    later = await attendee.get(f"/api/conferences/{day.world.conference}")
    times = {one["id"]: one["starts_at"] for one in later["sessions"]}
    assert times[next_one["id"]] > next_one["starts_at"]


async def both_processes_tell_the_same(day: Day) -> None:
    session, world = f"/api/sessions/{day.world.session}", day.world
    paths = [f"{session}/chat", f"{session}/questions", f"{session}/polls", f"/api/conferences/{world.conference}"]
    for path in paths:
        answers: list[Any] = [await (await day.me("guest", side)).get(path) for side in (0, 1)]
        assert answers[0] == answers[1], path
