"""From a live session to a file on its page: what is begun, finished, given out, and removed."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from urllib.parse import urljoin
from uuid import UUID

import pytest
from sqlmodel import Session, select
from starlette.requests import Request

from models.base import now
from models.database import Database
from models.recording import Recording
from server.actions import ban, registration, session
from server.api.rates import READING
from server.api.runner import Runner
from server.domain.errors import NotFound
from server.domain.moderation import BanWish
from server.domain.recording import TIDY_AFTER
from server.domain.registration import Decide, FormChange, HolderWish, RegistrationDraft
from server.domain.session import SessionChange
from server.jobs.apart import apart
from server.jobs.recordings import RecordingKeeper
from server.queries import recording as queries
from server.routes.recordings import Recorded
from tests.media.talks import Speaker, Talk
from tests.support.app import Server
from tests.support.client import JSON
from tests.support.people import World, newcomer, settle

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
    async with server.browser(world["attendee"].token) as browser, server.browser() as nobody:
        whole = await browser.http.get(shown["url"])
        part = await browser.http.get(shown["url"], headers={"Range": "bytes=0-3"})
        assert (await nobody.http.get(shown["url"])).status_code == 401
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
    assert (track["source"], track["at_ms"]) == ("camera", pytest.approx(0, abs=500))
    assert (track["label"], down.headers["content-disposition"]) == ("one", 'attachment; filename="track1.mkv"')
    async with server.browser(world["moderator"].token) as moderator:
        assert (await moderator.ask("GET", f"/api/recordings/{row.id}/files")).status_code == 403
        assert (await moderator.http.get(track["url"])).status_code == 403
    stranger = await newcomer(server.db, world, "stranger", None)
    async with server.browser(stranger.token) as browser:
        for path in (f"/api/recordings/{row.id}/files", f"/api/sessions/{world.session}/recordings"):
            assert (await browser.ask("GET", path)).status_code == 404
        assert (await browser.ask("DELETE", f"/api/recordings/{row.id}")).status_code == 404


async def test_long_recording_does_not_make_the_next_one_wait(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(database_url)
    world = await settle(database)
    begun, both = list[str](), asyncio.Event()

    async def files(folder: Path) -> list[JSON]:
        begun.append(folder.name)
        if len(begun) == 2:
            both.set()
        await asyncio.wait_for(both.wait(), 20)
        return []

    def unit(db: Session) -> None:
        for folder in "ab":
            db.add(Recording(session_id=world.session, folder=folder, state="finishing", ended_at=now()))

    await database.write(unit)
    keeper = RecordingKeeper(database, tmp_path)
    monkeypatch.setattr(keeper, "_files", files)
    await keeper.look()
    assert sorted(begun) == ["a", "b"]


async def test_work_on_what_strangers_sent_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MULTAQA_MEDIA_SECRET", "secret")
    process = await apart("timeit", "-n1", "-r1", "import os; print(*os.environ)")
    told, _ = await process.communicate()
    assert b"PATH" in told
    assert b"MULTAQA" not in told


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
    async with server.browser(world["attendee"].token) as viewer, server.browser() as cache:
        door = await viewer.http.get(f"/recorded/{row.folder}/live.m3u8")
        assert (door.headers["content-type"], door.headers["cache-control"]) == (
            "application/vnd.apple.mpegurl",
            "private, no-store",
        )
        pictures, sound = [f"/recorded/{row.folder}/{line}" for line in door.text.split() if "m3u8" in line]
        playlist = await cache.http.get(pictures)
        assert playlist.headers["cache-control"] == "public, max-age=1"
        plain = await cache.http.get(pictures, headers={"Accept-Encoding": "identity"})
        assert [told.headers.get("content-encoding") for told in (playlist, plain)] == ["gzip", None]
        assert [told.headers["vary"] for told in (playlist, plain)] == ["Accept-Encoding"] * 2
        assert playlist.text == plain.text
        piece = await cache.http.get(urljoin(pictures, "v1.m4s"))
        assert piece.headers["cache-control"] == "public, max-age=86400, immutable"
        alone = await viewer.http.get(f"/recorded/{row.folder}/live.m3u8?sound")
        assert [f"/recorded/{row.folder}/{line}" for line in alone.text.split() if "m3u8" in line] == [sound]

        await server.db.write(lambda db: let_time_pass(db, row.id))
        await keeper(server).look()
        while (folder / "v1.m4s").exists():  # noqa: ASYNC110
            await asyncio.sleep(0.05)

        assert (await cache.http.get(urljoin(pictures, "v1.m4s"))).status_code == 404
        assert (await viewer.http.get(f"/recorded/{row.folder}/programme.mp4")).status_code == 200


async def test_who_is_banned_gets_nothing_more_of_what_is_on_air(server: Server, world: World) -> None:
    """What they know leads nowhere from then on; those who may watch are led to the new address."""
    await go(server, world, "live")
    (row,) = await rows(server, world)
    await write_talk(server, row.folder, kept=False)
    door = f"/recorded/{row.folder}/live.m3u8"
    someone = await newcomer(server.db, world, "someone", "attendee")
    async with server.browser(someone.token) as banned, server.browser(world["attendee"].token) as viewer:
        known = urljoin(door, first_playlist((await banned.http.get(door)).text))
        assert (await banned.http.get(known)).status_code == 200

        moderator = world["moderator"].actor
        await server.db.write(lambda db: ban.impose(db, moderator, world.conference, someone.id, BanWish()))

        while (await banned.http.get(known)).status_code != 404:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        assert (await banned.http.get(urljoin(known, "v1.m4s"))).status_code == 404
        assert (await banned.http.get(door)).status_code == 403
        moved = urljoin(door, first_playlist((await viewer.http.get(door)).text))
        assert moved != known
        assert (await viewer.http.get(urljoin(moved, "v1.m4s"))).status_code == 200


async def test_who_gives_up_their_place_sends_nobody_else_to_another_address(server: Server, world: World) -> None:
    await go(server, world, "live")
    organiser = world["organiser"].actor

    def come(db: Session) -> registration.Entry:
        registration.change_form(db, organiser, world.conference, FormChange(mode="open"))
        draft = RegistrationDraft(ref=str(world.conference), name="ضيفة")
        return registration.register(db, None, draft, device="x")

    came = await server.db.write(come)
    assert came.row is not None
    wish = Decide(ids=[came.row.id], decision="revoke")
    ticket = (await rows(server, world))[0].ticket

    for do in ("cancel", "again", "cancel"):
        again = HolderWish(token=came.token, do=do)
        await server.db.write(lambda db, again=again: registration.act(db, None, again))  # type: ignore[misc]
    assert (await rows(server, world))[0].ticket == ticket

    await server.db.write(lambda db: registration.decide(db, organiser, world.conference, wish))
    assert (await rows(server, world))[0].ticket != ticket


async def test_made_up_addresses_cost_no_look_into_the_database(tmp_path: Path) -> None:
    class Counted:
        reads = 0

        async def read(self, _: Any) -> str:
            self.reads += 1
            await asyncio.sleep(0)
            return "ticket"

    units, folder = Counted(), "f" * 32
    recorded = Recorded(cast(Any, units), cast(Runner, None), tmp_path)
    asked = {"folder": folder, "ticket": "ticket", "name": "v1.m4s"}
    scope = {"type": "http", "method": "GET", "headers": [], "query_string": b"", "path_params": asked}
    request = Request(scope)
    with pytest.raises(NotFound):
        await recorded.piece(request)
    assert units.reads == 0

    (tmp_path / "recordings" / folder).mkdir(parents=True)
    (tmp_path / "recordings" / folder / "v1.m4s").write_bytes(b"moof")
    given = await asyncio.gather(*(recorded.piece(request) for _ in range(20)))
    assert ({one.status_code for one in given}, units.reads) == ({200}, 1)

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await given[0](scope | {"asgi": {"spec_version": "2.4"}}, cast(Any, None), send)
    assert b"".join(message.get("body", b"") for message in sent) == b"moof"
    assert recorded.sent_bytes == len(b"moof")  # the line must have room for it


async def test_doors_to_recordings_are_counted_by_login(server: Server, world: World) -> None:
    someone, other = [await newcomer(server.db, world, name, "attendee") for name in ("someone", "other")]
    who = hashlib.sha256(someone.token.encode()).hexdigest()
    for _ in range(int(READING.limit.partition("/")[0])):
        server.assembled.limiter.hit(READING, who)
    async with server.browser(someone.token) as often, server.browser(other.token) as once:
        for name in ("live.m3u8", "programme.mp4"):
            path = f"/recorded/{'f' * 32}/{name}"
            assert (await often.http.get(path)).status_code == 429
            assert (await once.http.get(path)).status_code == 404


def first_playlist(text: str) -> str:
    return next(line for line in text.split() if line.endswith(".m3u8"))


@pytest.mark.parametrize(
    "path",
    [
        "x/live.m3u8",
        "{folder}/programme.m3u8",
        "{folder}/v1.m4s",
        "{folder}/not-its-ticket/v1.m4s",
        "{folder}/{ticket}/index.jsonl",
        "{folder}/{ticket}/track1.mkv",
        "../secrets/x.mp4",
        "{folder}/index.jsonl",
        "{folder}/.lock",
        "{folder}/..%2f..%2fx.mp4",
        "{folder}/",
    ],
)
async def test_nothing_but_the_files_is_given_out(server: Server, world: World, path: str) -> None:
    row, _ = await recorded_session(server, world)
    async with server.browser(world["organiser"].token) as organiser:
        answer = await organiser.http.get(f"/recorded/{path.format(folder=row.folder, ticket=row.ticket)}")
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
