"""Chat: said, changed, taken back, paged."""

from __future__ import annotations

import asyncio

import pytest
from sqlmodel import Session, col, select

from models.base import new_id
from models.publication import Publication
from tests.support.app import Server
from tests.support.client import Refused
from tests.support.people import World, say

pytestmark = pytest.mark.asyncio(loop_scope="module")


def messages_of(world: World) -> str:
    return f"/api/sessions/{world.session}/messages"


async def test_message_is_answered_published_and_in_the_snapshot(server: Server, world: World) -> None:
    async with (
        server.browser(world["attendee"].token) as me,
        server.browser(world["guest"].token) as other,
        other.socket() as ear,
    ):
        await ear.subscribe(world.channel)
        key = new_id()
        said = await me.post(messages_of(world), {"text": "  أهلًا بكم  "}, key=key)
        assert said["id"] == str(key)
        assert (said["text"], said["author"]["name"], said["version"]) == ("أهلًا بكم", "attendee", 1)
        assert (await ear.publication(world.channel, "message.posted"))["message"] == said
        chat = await other.get(f"/api/sessions/{world.session}/chat")
        assert (chat["messages"], chat["more"]) == ([said], False)
        assert chat["position"]["offset"] == ear.heard[world.channel][-1]["offset"]


async def test_own_message_is_edited_and_nobody_elses(server: Server, world: World) -> None:
    message = await say(server.db, world)
    async with server.browser(world["attendee"].token) as me, server.browser(world["moderator"].token) as other:
        edited = await me.patch(f"/api/messages/{message}", {"text": "مرحبًا بالجميع"})
        assert (edited["text"], edited["version"]) == ("مرحبًا بالجميع", 2)
        assert edited["edited_at"].endswith("Z")
        with pytest.raises(Refused) as refusal:
            await other.patch(f"/api/messages/{message}", {"text": "not mine"})
        assert (refusal.value.status, refusal.value.code) == (403, "not_allowed")


@pytest.mark.parametrize(("who", "as_whom"), [("attendee", "author"), ("moderator", "moderator")])
async def test_deleted_message_leaves_a_tombstone_and_no_words(
    server: Server, world: World, who: str, as_whom: str
) -> None:
    message = await say(server.db, world, text="ما لا ينبغي أن يقال")
    async with server.browser(world["attendee"].token) as author, server.browser(world[who].token) as me:
        await author.patch(f"/api/messages/{message}", {"text": "ولا هذا"})
        await me.delete(f"/api/messages/{message}")
        await me.delete(f"/api/messages/{message}")
        chat = await me.get(f"/api/sessions/{world.session}/chat")
        tombstone = chat["messages"][0]
        assert (tombstone["text"], tombstone["deleted"], tombstone["version"]) == ("", as_whom, 3)
        with pytest.raises(Refused) as refusal:
            await author.patch(f"/api/messages/{message}", {"text": "again"})
        assert refusal.value.status == 404
    told = await server.db.read(lambda db: publications(db, world.channel))
    of_it = [one for one in told if one.subject_id == message]
    assert [one.name for one in of_it] == ["message.posted", "message.edited", "message.deleted"]
    assert {one.data["message"]["text"] for one in of_it} == {""}


async def test_late_comer_is_not_replayed_the_words_of_a_deleted_message(server: Server, world: World) -> None:
    async with (
        server.browser(world["attendee"].token) as author,
        server.browser(world["guest"].token) as late,
        author.socket() as witness,
    ):
        await witness.subscribe(world.channel)
        position = (await late.get(f"/api/sessions/{world.session}/chat"))["position"]
        said = await author.post(messages_of(world), {"text": "اسم وعنوان"})
        await author.delete(f"/api/messages/{said['id']}")
        await witness.publication(world.channel, "message.deleted")
        async with late.socket() as ear:
            assert (await ear.subscribe(world.channel, position))["recovered"]
            assert {one["data"]["message"]["text"] for one in ear.heard[world.channel]} == {""}


async def test_deleting_a_message_leaves_what_was_told_of_other_rows(server: Server, world: World) -> None:
    """A row's id is its command's key: somebody may choose that of a session for a message."""
    async with server.browser(world["organiser"].token) as organiser:
        await organiser.patch(f"/api/sessions/{world.session}", {"title": "A new title"})
    async with server.browser(world["attendee"].token) as me:
        await me.post(messages_of(world), {"text": "hello"}, key=world.session)
        await me.delete(f"/api/messages/{world.session}")
    told = await server.db.read(lambda db: publications(db, world.channel))
    titles = [one.data["session"]["title"] for one in told if one.name == "session.changed"]
    assert titles == ["جلسة", "A new title"]


async def test_pages_back_hold_every_message_once_in_order(server: Server, world: World) -> None:
    said = [str(await say(server.db, world, text=f"رسالة {number}")) for number in range(120)]
    async with server.browser(world["guest"].token) as me:
        page = await me.get(f"/api/sessions/{world.session}/chat")
        found = [one["id"] for one in page["messages"]]
        while page["more"]:
            page = await me.get(f"{messages_of(world)}?before={found[0]}&limit=33")
            found = [one["id"] for one in page["messages"]] + found
        assert found == said


async def test_messages_sent_at_once_have_one_order_for_everybody(server: Server, world: World) -> None:
    async with server.browser(world["guest"].token) as me, me.socket() as ear:
        await ear.subscribe(world.channel)
        await asyncio.gather(
            *(me.post(messages_of(world), {"text": f"{number}"}) for number in range(40)),
        )
        await ear.until(lambda: len(ear.heard[world.channel]) == 40)
        heard = ear.heard[world.channel]
        offsets = [one["offset"] for one in heard]
        assert offsets == list(range(offsets[0], offsets[0] + 40))
        chat = await me.get(f"/api/sessions/{world.session}/chat")
        assert [one["data"]["message"]["id"] for one in heard] == [one["id"] for one in chat["messages"]]


async def test_typing_and_presence_are_told_by_what_the_login_says(server: Server, world: World) -> None:
    async with (
        server.browser(world["attendee"].token) as me,
        server.browser(world["guest"].token) as other,
        me.socket() as mine,
        other.socket() as ear,
    ):
        await mine.subscribe(world.channel)
        await ear.subscribe(world.channel)
        assert "ok" in await mine.request("signal", channel=world.channel, name="typing", data={})
        refused = await mine.request("signal", channel=world.channel, name="typing", data={"people": ["me"]})
        assert refused["error"]["code"] == "signal.refused"
        me_as_told = {"id": str(world["attendee"].id), "name": "attendee"}
        await ear.until(lambda: {"people": [me_as_told]} in [one["data"] for one in ear.signals])
        await ear.until(lambda: any(one["data"].get("count") == 2 for one in ear.signals))


def publications(db: Session, channel: str) -> list[Publication]:
    wanted = select(Publication).where(col(Publication.channel) == channel).order_by(col(Publication.offset))
    return list(db.exec(wanted))
