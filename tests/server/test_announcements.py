"""Announcements reach those they are for, and nobody else; and go when they are taken back."""

from __future__ import annotations

import pytest
from sqlmodel import Session, col, select

from models.announcement import Announcement
from models.publication import Publication
from server.actions import announcement
from server.domain.view import FACTS
from tests.support.app import Server
from tests.support.client import JSON, Browser
from tests.support.people import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def announce(browser: Browser, world: World, text: str, **more: object) -> JSON:
    path = f"/api/conferences/{world.conference}/announcements"
    return await browser.post(path, {"texts": {"ar": text}, **more})


async def seen(browser: Browser, world: World) -> tuple[list[str], list[str]]:
    """What this person may read: told to all, and told to them."""
    path = f"/api/conferences/{world.conference}/announcements"
    lists = [(await browser.get(one))["announcements"] for one in (path, f"{path}/mine")]
    return [row["texts"]["ar"] for row in lists[0]], [row["texts"]["ar"] for row in lists[1]]


async def test_crew_announcement_is_told_to_the_crew_alone(server: Server, world: World) -> None:
    async with (
        server.browser(world["moderator"].token) as maker,
        server.browser(world["speaker"].token) as speaker,
        server.browser(world["attendee"].token) as attendee,
        attendee.socket() as ear,
        speaker.socket() as other_ear,
    ):
        own, shared = f"person:{world['attendee'].id}", f"conference:{world.conference}"
        await ear.subscribe(own)
        await ear.subscribe(shared)
        await other_ear.subscribe(f"person:{world['speaker'].id}")
        await announce(maker, world, "إلى المتحدثين", role="speaker")
        await announce(maker, world, "إلى الجميع", minutes=5)
        await ear.publication(shared, "announcement.made")
        await other_ear.publication(f"person:{world['speaker'].id}", "announcement.made")
        told = await other_ear.publication(f"person:{world['speaker'].id}", "notification.told")
        assert told["notification"]["kind"] == "announcement"
        assert [one["data"]["announcement"]["texts"]["ar"] for one in ear.heard[shared]] == ["إلى الجميع"]
        assert ear.heard[own] == []
        assert await seen(speaker, world) == (["إلى الجميع"], ["إلى المتحدثين"])
        assert await seen(attendee, world) == (["إلى الجميع"], [])


async def test_who_announces_sees_how_many_put_it_away(server: Server, world: World) -> None:
    async with (
        server.browser(world["organiser"].token) as maker,
        server.browser(world["speaker"].token) as reader,
    ):
        made = await announce(maker, world, "إلى المتحدثين", role="speaker")
        await reader.put(f"/api/announcements/{made['id']}/read")
        path = f"/api/conferences/{world.conference}/announcements/readers"
        counted = {one["announcement_id"]: one for one in (await maker.get(path))["readers"]}
        assert counted[made["id"]] == {"announcement_id": made["id"], "people": 1, "of": 2}


async def test_everybody_finds_it_among_their_notifications(
    server: Server, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In everybody's language, once; not where it is switched off; and it goes when it is withdrawn."""
    monkeypatch.setattr(announcement, "AT_ONCE", 2)
    names = ("organiser", "moderator", "speaker", "attendee", "guest")

    async def all_rounds() -> None:
        """By the server's own job or from here, whoever comes first; those of other tests, too."""
        while await server.db.read(lambda db: db.exec(select(Announcement).where(Announcement.telling)).first()):
            await server.db.write(announcement.ring)

    async def bells() -> dict[str, list[str]]:
        """What each would read, once all rounds were made."""
        await all_rounds()
        found = {}
        for name in names:
            async with server.browser(world[name].token) as browser:
                rows = (await browser.get("/api/me/notifications"))["notifications"]
                found[name] = [row["data"]["text"] for row in rows if row["kind"] == "announcement"]
        return found

    async with (
        server.browser(world["organiser"].token) as maker,
        server.browser(world["attendee"].token) as attendee,
        server.browser(world["guest"].token) as guest,
        attendee.socket() as ear,
    ):
        channel = f"person:{world['attendee'].id}"
        await ear.subscribe(channel)
        await attendee.patch("/api/me", {"locale": "en"})
        off = {"ways": [{"kind": "announcement", "way": "off"}]}
        await guest.patch("/api/me/mail-habits", off)
        path = f"/api/conferences/{world.conference}/announcements"
        made = await maker.post(path, {"texts": {"ar": "استراحة", "en": "A break"}})
        await all_rounds()
        told = await ear.publication(channel, "notification.told")
        assert told["notification"]["data"]["text"] == "A break"
        expected = {
            "organiser": [],
            "moderator": ["استراحة"],
            "speaker": ["استراحة"],
            "attendee": ["A break"],
            "guest": [],
        }
        assert await bells() == expected
        assert await bells() == expected
        await announce(maker, world, "إلى الحضور", role="attendee")
        await announce(maker, world, "في القاعة", session_id=str(world.session))
        now = await bells()
        assert (now["attendee"], now["moderator"]) == (["إلى الحضور", "A break"], ["إلى الحضور", "استراحة"])
        assert now["speaker"] == ["استراحة"]
        await maker.delete(f"/api/announcements/{made['id']}")
        now = await bells()
        assert [now[name][-1] for name in ("moderator", "speaker", "attendee")] == ["…"] * 3

    def words(db: Session) -> list[Publication]:
        rows = db.exec(select(Publication).where(col(Publication.name) == "notification.told"))
        return [row for row in rows if "A break" in str(row.data) or "استراحة" in str(row.data)]

    assert await server.db.read(words) == []


async def test_put_away_once_is_put_away_on_all_devices(server: Server, world: World) -> None:
    async with (
        server.browser(world["organiser"].token) as maker,
        server.browser(world["attendee"].token) as attendee,
        attendee.socket() as ear,
    ):
        channel = f"person:{world['attendee'].id}"
        await ear.subscribe(channel)
        made = await announce(maker, world, "الاستراحة الآن", session_id=str(world.session))
        for _ in range(2):
            await attendee.put(f"/api/announcements/{made['id']}/read")
        await ear.publication(channel, "announcement.read", announcement_id=made["id"])
        mine = await attendee.get(f"/api/conferences/{world.conference}/announcements/mine")
        assert mine["read"] == [made["id"]]
        assert [one["name"] for one in ear.heard[channel]] == ["announcement.read"]


async def test_withdrawn_words_are_nowhere_any_more(server: Server, world: World) -> None:
    async with server.browser(world["organiser"].token) as maker:
        for role in (None, "speaker"):
            made = await announce(maker, world, "خطأ مطبعي", **({"role": role} if role else {}))
            for _ in range(2):
                await maker.delete(f"/api/announcements/{made['id']}")
        assert await seen(maker, world) == ([], [])

    def told(db: Session) -> list[Publication]:
        names = [name for name in FACTS if name.startswith("announcement.")]
        rows = db.exec(select(Publication).where(col(Publication.name).in_(names)))
        return [row for row in rows if "خطأ مطبعي" in str(row.data)]

    assert await server.db.read(told) == []


async def test_empty_and_foreign_announcements_are_refused(server: Server, world: World) -> None:
    async with server.browser(world["organiser"].token) as maker:
        path = f"/api/conferences/{world.conference}/announcements"
        bodies: list[tuple[JSON, int]] = [
            ({"texts": {"ar": " \u200f "}}, 422),
            ({"texts": {"ar": "x"}, "role": "speaker", "session_id": str(world.session)}, 422),
            ({"texts": {"ar": "x" * 601}}, 422),
            ({"texts": {"ar": "x"}, "minutes": 0}, 422),
            ({"texts": {"ar": "x"}, "session_id": str(world.team)}, 404),
        ]
        answers = [(await maker.ask("POST", path, body)).status_code for body, _ in bodies]
    assert answers == [status for _, status in bodies]
