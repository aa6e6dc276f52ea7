"""A film through its life: brought in parts, made ready or refused, put on air, over by itself, deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import Session

from models.base import new_id, now
from models.conference import ConferenceSession
from models.film import Film
from server.actions import film, rehearsal, session
from server.actions.stage import RoomState, observe
from server.domain.film import BROUGHT, FORGOTTEN_AFTER
from server.domain.session import SessionChange
from server.queries import programme
from server.queries import stage as stages
from server.routes import films
from tests.media.test_films import brought
from tests.support.app import Server
from tests.support.client import JSON, Browser, Refused
from tests.support.people import World, filmed

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def until(server: Server, done: Callable[[Session], bool]) -> None:
    while not await server.db.read(done):  # noqa: ASYNC110
        await asyncio.sleep(0.05)


async def bring(me: Browser, world: World, content: bytes, *, name: str = "كلمة", speaks: bool = False) -> UUID:
    """In two parts, the second after somebody asked how far it got."""
    draft = {"name": name, "bytes": len(content), "speaks": speaks}
    made = await me.post(f"/api/sessions/{world.session}/films", draft)
    path = f"/api/films/{made['id']}"
    half = len(content) // 2
    assert (await me.http.post(f"{path}/parts/0", content=content[:half])).status_code == 200
    known = await me.get(path)
    assert (known["state"], known["received"]) == ("uploading", half)
    assert (await me.http.post(f"{path}/parts/{half}", content=content[half:])).json()["state"] == "waiting"
    return UUID(made["id"])


async def desk(me: Browser, world: World) -> JSON:
    told: JSON = (await me.get(f"/api/sessions/{world.session}/stage"))["desk"]
    return told


async def test_film_is_brought_made_ready_shown_and_deleted(server: Server, world: World, tmp_path: Path) -> None:
    content = brought(tmp_path / "film.mkv", seconds=1).read_bytes()
    async with server.browser(world["speaker"].token) as me:
        id = await bring(me, world, content, speaks=True)
        await until(server, lambda db: db.get_one(Film, id).state == "ready")
        (told,) = (await desk(me, world))["films"]
        assert (told["duration_ms"], told["width"], told["height"], told["sound"]) == (1_000, 322, 242, True)
        preview = await me.http.get(told["url"], headers={"Range": "bytes=0-99"})
        assert (preview.status_code, preview.headers["content-type"]) == (206, "video/mp4")
        air = f"/api/sessions/{world.session}/films/{id}/air"
        with pytest.raises(Refused, match=r"film\.not_live"):
            await me.put(air)
        await server.db.write(lambda db: session.move(db, world["organiser"].actor, world.session, "live"))
        await me.put(air)
        wish = await server.db.read(lambda db: stages.wish(db, world.session))
        assert wish is not None
        (shown,) = wish.films
        owner = f"{world['speaker'].id}/film:{id}"
        assert (shown.owner, shown.label, shown.kind) == (owner, world["speaker"].name, "obs")
        assert str(world["speaker"].id) in wish.on_air
        folder = server.settings.data_dir / "films" / shown.folder
        await until(server, lambda db: db.get_one(Film, id).shown_in is None)  # it is over
        assert not (await server.db.read(lambda db: stages.wish(db, world.session))).films  # type: ignore[union-attr]
        await me.delete(f"/api/films/{id}")
        await until(server, lambda db: db.get(Film, id) is None)
        assert not folder.exists()
        assert (await desk(me, world))["films"] == []


async def test_what_cannot_be_used_says_why(server: Server, world: World) -> None:
    async with server.browser(world["moderator"].token) as me:
        id = await bring(me, world, b"#EXTM3U\n#EXTINF:9,\nfile:///etc/passwd\n", name="film.mp4")
        await until(server, lambda db: db.get_one(Film, id).state == "refused")
        (told,) = (await desk(me, world))["films"]
        assert (told["state"], told["fault"], told["url"]) == ("refused", "unreadable", None)


async def test_parts_come_in_order_and_within_bounds(server: Server, world: World) -> None:
    async with server.browser(world["organiser"].token) as me:
        films = f"/api/sessions/{world.session}/films"
        with pytest.raises(Refused, match=r"film\.too_large"):
            await me.post(films, {"name": "x", "bytes": 3 << 30})
        path = f"/api/films/{(await me.post(films, {'name': 'x', 'bytes': 10}))['id']}/parts"
        refused = [await me.http.post(f"{path}/{one}", content=b"12345") for one in ("5", "9" * 13, "-1", "x")]
        assert [answer.status_code for answer in refused] == [409, 404, 404, 404]
        assert (await me.http.post(f"{path}/0", content=bytes(11))).json()["code"] == "film.out_of_order"
        assert (await me.http.post(f"{path}/0", content=bytes((4 << 20) + 1))).status_code == 413


async def test_part_that_comes_late_and_twice_leaves_what_came_after_it(tmp_path: Path) -> None:
    for start, part in ((0, b"one"), (3, b"two"), (0, b"one"), (3, b"two"), (6, b"end"), (3, b"two")):
        await asyncio.to_thread(films.put, tmp_path, start, part)
    assert (tmp_path / BROUGHT).read_bytes() == b"onetwoend"


async def test_rehearsal_shows_the_films_of_what_it_rehearses(server: Server, world: World) -> None:
    organiser = world["organiser"].actor

    def unit(db: Session) -> tuple[int, int, str]:
        id = filmed(db, world)
        film.take_off_air(db, organiser, world.session, id)
        twin = rehearsal.begin(db, organiser, world.session, id=new_id())
        db.flush()
        session.move(db, organiser, twin.id, "live")
        film.put_on_air(db, organiser, twin.id, id)
        there, here = (stages.wish(db, one) for one in (twin.id, world.session))
        assert there is not None
        assert here is not None
        assert there.on_air[-1] == f"film:{id}"
        desk_here = stages.desk(db, db.get_one(ConferenceSession, world.session))
        return len(there.films), len(here.films), str(desk_here.films[0].on_air_since)

    assert await server.db.write(unit) == (1, 0, "None")


async def test_stage_that_closes_or_speaks_another_codec_shows_no_film(server: Server, world: World) -> None:
    organiser = world["organiser"].actor

    def unit(db: Session) -> None:
        session.move(db, organiser, world.session, "live")
        id = filmed(db, world)
        session.move(db, organiser, world.session, "backstage")
        assert db.get_one(Film, id).shown_in is None
        session.move(db, organiser, world.session, "live")
        session.change(db, organiser, world.session, SessionChange(codec="VP9"))

    await server.db.write(unit)
    async with server.browser(world["organiser"].token) as me:
        (told,) = (await desk(me, world))["films"]
        air = f"/api/sessions/{world.session}/films/{told['id']}/air"
        with pytest.raises(Refused, match=r"film\.codec_differs"):
            await me.put(air)

        def vp8(db: Session) -> None:
            """Nobody chose a codec; somebody on air can send VP8 only."""
            session.change(db, organiser, world.session, SessionChange(codec=""))
            sent: JSON = {"id": "p1", "person_id": str(world["speaker"].id), "label": "", "kind": "camera"}
            sent |= {"audio": True, "video": True, "on_air": True, "slot": 0, "codec": "VP8"}
            observe(db, RoomState(world.session, "1", 1, publishers=[sent], viewers=0))

        await server.db.write(vp8)
        with pytest.raises(Refused, match=r"film\.codec_differs"):
            await me.put(air)
        await server.db.write(lambda db: observe(db, RoomState(world.session, "1", 2, publishers=[], viewers=0)))
        await me.put(air)


async def test_film_on_air_is_nobodys_to_viewers(server: Server, world: World) -> None:
    """It has a name, and no person."""

    def unit(db: Session) -> None:
        id = filmed(db, world)
        session.move(db, world["organiser"].actor, world.session, "live")
        told: JSON = {"id": f"film-{id}", "person_id": None, "label": "كلمة", "kind": "video", "audio": True}
        told |= {"video": True, "on_air": True, "slot": 0, "backstage_slot": 0, "codec": "H264"}
        observe(db, RoomState(world.session, "1", 1, publishers=[told], viewers=0))
        (seen,) = programme.stage_view(db, db.get_one(ConferenceSession, world.session)).publishers
        assert (seen.person, seen.label, seen.kind) == (None, "كلمة", "video")
        stages.desk(db, db.get_one(ConferenceSession, world.session))

    await server.db.write(unit)


async def test_what_never_came_to_the_end_is_forgotten(server: Server, world: World) -> None:
    def unit(db: Session) -> UUID:
        id = filmed(db, world, here=False)
        db.get_one(Film, id).changed_at = now() - FORGOTTEN_AFTER - timedelta(minutes=1)
        return id

    id = await server.db.write(unit)
    await until(server, lambda db: db.get(Film, id) is None)
