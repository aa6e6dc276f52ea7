"""From a live session to a file on its page: what is begun, finished, given out, and removed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import Session, select

from models.base import now
from models.recording import Recording
from server.actions import session
from server.domain.recording import TIDY_AFTER
from server.domain.session import SessionChange
from server.jobs.recordings import RecordingKeeper
from server.queries import recording as queries
from tests.media.talks import Speaker, Talk
from tests.support.app import Server
from tests.support.client import JSON
from tests.support.people import World, newcomer

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def go(server: Server, world: World, state: str, *, record: bool | None = None) -> None:
    def unit(db: Session) -> None:
        organiser = world["organiser"].actor
        if record is not None:
            session.change(db, organiser, world.session, SessionChange(record=record))
        session.move(db, organiser, world.session, state)

    await server.db.write(unit)


async def rows(server: Server, world: World) -> list[Recording]:
    def unit(db: Session) -> list[Recording]:
        return list(db.exec(select(Recording).where(Recording.session_id == world.session)))

    return await server.db.read(unit)


async def write_talk(server: Server, folder: str, *, kept: bool, seconds: int = 4) -> Path:
    """What a recorder would have written of a short talk."""

    def run() -> None:
        talk = Talk(server.settings.data_dir / "recordings")
        talk.open(kept=kept, folder=folder)
        talk.run(Speaker("one", shade=60, hz=440), seconds=seconds, of=12)
        talk.end()

    await asyncio.to_thread(run)
    return server.settings.data_dir / "recordings" / folder


def keeper(server: Server) -> RecordingKeeper:
    return RecordingKeeper(server.db, server.settings.data_dir)


async def recorded_session(server: Server, world: World) -> tuple[Recording, Path]:
    """A session that was recorded, is over, and has its files."""
    await go(server, world, "live", record=True)
    (row,) = await rows(server, world)
    folder = await write_talk(server, row.folder, kept=True)
    await go(server, world, "ended")
    await keeper(server).look()
    await until(server, lambda db: bool(db.get_one(Recording, row.id).files))
    return (await rows(server, world))[0], folder


async def until(server: Server, done: Callable[[Session], bool]) -> None:
    """Wait for a row: the server's own keeper may have taken the work before the test's."""
    while not await server.db.read(done):  # noqa: ASYNC110
        await asyncio.sleep(0.05)


async def listed(server: Server, world: World, who: str = "attendee") -> list[JSON]:
    async with server.browser(world[who].token) as browser:
        found: list[JSON] = (await browser.get(f"/api/sessions/{world.session}/recordings"))["recordings"]
        return found


async def test_recorded_session_has_its_file_on_its_page(server: Server, world: World) -> None:
    row, _ = await recorded_session(server, world)

    (shown,) = await listed(server, world)

    assert (shown["state"], shown["type"], shown["size"]) == ("ready", "video/mp4", row.size)
    assert shown["duration_ms"] == pytest.approx(4_000, abs=300)
    async with server.browser() as nobody:  # a video element and any cache come without a cookie
        whole = await nobody.http.get(shown["url"])
        part = await nobody.http.get(shown["url"], headers={"Range": "bytes=0-3"})
        assert (whole.status_code, whole.headers["content-type"]) == (200, "video/mp4")
        assert (part.status_code, part.content) == (206, whole.content[:4])
        assert whole.headers["cache-control"] == "private, no-cache"


async def test_organiser_gets_each_speakers_track_and_nobody_else(server: Server, world: World) -> None:
    row, _ = await recorded_session(server, world)
    async with server.browser(world["organiser"].token) as organiser:
        files = (await organiser.get(f"/api/recordings/{row.id}/files"))["files"]
        track = next(file for file in files if file["kind"] == "track")
        down = await organiser.http.get(track["url"] + "?download")
    assert [file["kind"] for file in files] == ["programme", "track"]
    assert (track["label"], down.headers["content-disposition"]) == ("one", 'attachment; filename="track1.mkv"')
    async with server.browser(world["moderator"].token) as moderator:
        assert (await moderator.ask("GET", f"/api/recordings/{row.id}/files")).status_code == 403
    stranger = await newcomer(server.db, world, "stranger", None)
    async with server.browser(stranger.token) as browser:
        for path in (f"/api/recordings/{row.id}/files", f"/api/sessions/{world.session}/recordings"):
            assert (await browser.ask("GET", path)).status_code == 404
        assert (await browser.ask("DELETE", f"/api/recordings/{row.id}")).status_code == 404


async def test_deleted_recording_takes_its_files_along(server: Server, world: World) -> None:
    row, folder = await recorded_session(server, world)
    (shown,) = await listed(server, world)
    async with server.browser(world["organiser"].token) as organiser:
        await organiser.delete(f"/api/recordings/{row.id}")
        await keeper(server).look()
        while folder.exists():  # noqa: ASYNC110 - the server's own keeper may be at it
            await asyncio.sleep(0.05)
        assert (await organiser.http.get(shown["url"])).status_code == 404
        assert (await organiser.ask("DELETE", f"/api/recordings/{row.id}")).status_code == 404
    assert await listed(server, world) == []


async def test_session_that_was_not_to_be_recorded_leaves_nothing(server: Server, world: World) -> None:
    await go(server, world, "live")
    (row,) = await rows(server, world)
    folder = await write_talk(server, row.folder, kept=False)
    assert (await server.db.read(lambda db: queries.writing(db, world.session))) is not None
    await go(server, world, "ended")
    await keeper(server).look()

    assert await listed(server, world) == []

    await server.db.write(lambda db: let_time_pass(db, row.id))
    await keeper(server).look()
    await until(server, lambda db: db.get(Recording, row.id) is None)
    assert not folder.exists()


def let_time_pass(db: Session, id: UUID) -> None:
    row = db.get_one(Recording, id)
    row.tidy_at = now() - TIDY_AFTER


async def test_pieces_go_when_nobody_watches_behind_any_more(server: Server, world: World) -> None:
    row, folder = await recorded_session(server, world)
    async with server.browser() as nobody:
        address = f"/recorded/{row.folder}"
        playlist = await nobody.http.get(f"{address}/live.m3u8")
        piece = await nobody.http.get(f"{address}/v1.m4s")
        assert (playlist.headers["content-type"], playlist.headers["cache-control"]) == (
            "application/vnd.apple.mpegurl",
            "public, max-age=1",
        )
        assert piece.headers["cache-control"] == "public, max-age=86400, immutable"

        await server.db.write(lambda db: let_time_pass(db, row.id))
        await keeper(server).look()
        while (folder / "v1.m4s").exists():  # noqa: ASYNC110
            await asyncio.sleep(0.05)

        assert (await nobody.http.get(f"{address}/v1.m4s")).status_code == 404
        assert (await nobody.http.get(f"{address}/programme.mp4")).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "x/live.m3u8",
        "../secrets/x.mp4",
        "{folder}/index.jsonl",
        "{folder}/.lock",
        "{folder}/..%2f..%2fx.mp4",
        "{folder}/",
    ],
)
async def test_nothing_but_the_files_is_given_out(server: Server, world: World, path: str) -> None:
    row, _ = await recorded_session(server, world)
    async with server.browser() as nobody:
        answer = await nobody.http.get(f"/recorded/{path.format(folder=row.folder)}")
    assert answer.status_code == 404


async def test_break_goes_on_in_its_recording_and_a_second_run_in_another(server: Server, world: World) -> None:
    await go(server, world, "live", record=True)
    await go(server, world, "backstage")
    assert await server.db.read(lambda db: queries.writing(db, world.session)) is None
    await go(server, world, "live")
    assert len(await rows(server, world)) == 1
    await go(server, world, "ended")
    await go(server, world, "backstage")
    await go(server, world, "live")
    assert len(await rows(server, world)) == 2
