"""Commands carry a key: sent twice they act once."""

from __future__ import annotations

import asyncio

import pytest
from sqlmodel import Session, col, func, select

from models.base import new_id
from models.conference import Conference
from models.conversation import Message
from models.person import Command, Person
from models.publication import Channel
from tests.support.app import Server
from tests.support.people import World, log_in

pytestmark = pytest.mark.asyncio(loop_scope="module")


def counts(db: Session, world: World) -> tuple[int, int]:
    """Messages in the session, and the head of its channel."""
    messages = select(func.count()).select_from(Message).where(col(Message.session_id) == world.session)
    channel = db.get(Channel, world.channel)
    return db.exec(messages).one(), channel.head if channel else 0


async def test_same_key_and_body_gets_the_same_answer_and_acts_once(server: Server, world: World) -> None:
    path, key = f"/api/sessions/{world.session}/messages", new_id()
    _, head = await server.db.read(lambda db: counts(db, world))
    async with server.browser(world["attendee"].token) as me:
        first = await me.ask("POST", path, {"text": "مرة"}, key=key)
        again = await me.ask("POST", path, {"text": "مرة"}, key=key)
    assert (first.status_code, first.text) == (again.status_code, again.text)
    assert first.json()["id"] == str(key)
    assert await server.db.read(lambda db: counts(db, world)) == (1, head + 1)


async def test_key_with_another_body_or_path_is_refused(server: Server, world: World) -> None:
    path, key = f"/api/sessions/{world.session}/messages", new_id()
    async with server.browser(world["attendee"].token) as me:
        await me.post(path, {"text": "مرة"}, key=key)
        other_path = f"/api/sessions/{world.other_session}/messages"
        for where, text in ((path, "غيرها"), (other_path, "مرة")):
            answer = await me.ask("POST", where, {"text": text}, key=key)
            assert (answer.status_code, answer.json()["code"]) == (422, "key.reused")


async def test_twenty_requests_with_one_key_act_once(server: Server, world: World) -> None:
    path, key = f"/api/sessions/{world.session}/messages", new_id()
    async with server.browser(world["attendee"].token) as me:
        answers = await asyncio.gather(*(me.ask("POST", path, {"text": "معًا"}, key=key) for _ in range(20)))
    assert {(answer.status_code, answer.text) for answer in answers} == {(201, answers[0].text)}
    messages, _ = await server.db.read(lambda db: counts(db, world))
    assert messages == 1


async def test_failed_command_leaves_no_trace_and_may_be_sent_again(server: Server, world: World) -> None:
    path, key = f"/api/conferences/{world.conference}", new_id()
    async with server.browser(world["attendee"].token) as me:
        assert (await me.ask("PATCH", path, {"title": "x"}, key=key)).status_code == 403
        assert await server.db.read(lambda db: db.get(Command, (world["attendee"].id, key))) is None
        assert (await me.ask("PATCH", path, {"title": "y"}, key=key)).status_code == 403
    title = await server.db.read(lambda db: db.get_one(Conference, world.conference).title)
    assert title == "ملتقى التطوّع"


async def test_two_people_may_choose_one_key_but_not_one_row(server: Server, world: World) -> None:
    path, key = f"/api/sessions/{world.session}/messages", new_id()
    async with server.browser(world["attendee"].token) as me, server.browser(world["guest"].token) as other:
        await me.post(path, {"text": "أنا"}, key=key)
        answer = await other.ask("POST", path, {"text": "أنا"}, key=key)
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        await other.post(f"/api/sessions/{world.session}/questions", {"text": "وأنا؟"}, key=key)


async def test_answer_with_a_secret_comes_again_to_the_same_login_only(server: Server, world: World) -> None:
    path, key = f"/api/conferences/{world.conference}/invitations", new_id()
    organiser = world["organiser"]
    other = await server.db.write(lambda db: log_in(db, db.get_one(Person, organiser.id)))
    async with server.browser(organiser.token) as me, server.browser(other.token) as elsewhere:
        made = await me.post(path, {"role": "attendee"}, key=key)
        assert await me.post(path, {"role": "attendee"}, key=key) == made
        answer = await elsewhere.ask("POST", path, {"role": "attendee"}, key=key)
        assert (answer.status_code, answer.json()["code"]) == (409, "answer.elsewhere")
        assert len((await me.get(path))["invitations"]) == 1


async def test_key_must_be_a_uuid(server: Server, world: World) -> None:
    async with server.browser(world["attendee"].token) as me:
        answer = await me.http.patch("/api/me", json={"locale": "ar"}, headers={"Idempotency-Key": "mine"})
        assert (answer.status_code, answer.json()["code"]) == (400, "key.malformed")
        answer = await me.http.patch("/api/me", json={"locale": "ar"})
        assert answer.status_code == 200
