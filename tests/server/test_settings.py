"""A conference's settings, and letting a whole conference go."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from models.base import now
from models.conference import Conference
from models.database import Database
from models.file import DoomedFile
from models.person import Person
from models.programme import SpeakerProfile
from models.publication import Publication
from models.settings import ConferenceSettings
from server.actions import file, settings
from server.files import YOUNG_S, Files
from server.jobs.files import FileKeeper
from tests.support.app import Server
from tests.support.client import Refused
from tests.support.people import World, settle

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_organiser_says_who_makes_teams(server: Server, world: World) -> None:
    path = f"/api/conferences/{world.conference}"
    async with (
        server.browser(world["organiser"].token) as organiser,
        server.browser(world["speaker"].token) as speaker,
        server.browser(world["attendee"].token) as attendee,
    ):
        assert (await speaker.ask("POST", f"{path}/teams", {"title": "x"})).status_code == 403
        changed = await organiser.patch(f"{path}/settings", {"teams_by": "crew"})
        assert (changed["teams_by"], changed["delete_at"]) == ("crew", None)
        assert "team.create" in (await speaker.get(f"{path}/mine"))["may"]
        assert "team.create" not in (await attendee.get(f"{path}/mine"))["may"]
        await speaker.post(f"{path}/teams", {"title": "فريق المتحدثين"})
        assert (await attendee.ask("POST", f"{path}/teams", {"title": "x"})).status_code == 403


async def test_deleted_conference_stays_for_a_time_and_then_goes_whole(
    server: Server, world: World, tmp_path: Path
) -> None:
    there = await settle(server.db, "ملتقى آخر")
    path = f"/api/conferences/{world.conference}"
    async with server.browser(world["organiser"].token) as organiser:
        with pytest.raises(Refused) as refused:
            await organiser.post(f"{path}/deletion", {"title": "غيره"})
        assert refused.value.code == "conference.other_title"
        await organiser.post(f"{path}/deletion", {"title": "مُلتقى التطوع"})  # spelt otherwise, and the same
        assert (await organiser.delete(f"{path}/deletion"))["delete_at"] is None
        going = await organiser.post(f"{path}/deletion", {"title": "ملتقى التطوّع"})
        assert going["delete_at"] is not None
        assert await server.db.write(settings.delete_due) == 0  # there are days left
        await organiser.get(path)

        def over(db: Session) -> None:
            db.get_one(ConferenceSettings, world.conference).delete_at = now() - timedelta(seconds=1)

        await server.db.write(over)
        stored = Files(tmp_path)
        alone, shared = [await stored.put(content, "webp") for content in (b"one picture", b"the same twice")]

        def pictured(db: Session) -> None:
            for conference, who, name in (
                (world.conference, world["speaker"].id, alone),
                (world.conference, world["attendee"].id, shared),
                (there.conference, there["speaker"].id, shared),
            ):
                db.merge(SpeakerProfile(conference_id=conference, person_id=who, picture=name))

        await server.db.write(pictured)
        assert await server.db.write(settings.delete_due) == 1
        grow_old(stored, alone, shared)
        assert await FileKeeper(server.db, stored.remove).look() == 1
        assert (stored.path(alone), stored.path(shared) is not None) == (None, True)
        assert (await organiser.ask("GET", path)).status_code == 404
        guest, attendee = world["guest"].id, world["attendee"].id

        def left(db: Session) -> tuple[object, ...]:
            channels = [f"conference:{world.conference}", f"session:{world.session}"]
            told = db.exec(select(Publication.id).where(col(Publication.channel).in_(channels))).all()
            people = db.exec(select(Person.id).where(col(Person.id).in_([guest, attendee]))).all()
            return db.get(Conference, world.conference), list(told), list(people)

        # People with an account stay; a guest was a person of this conference alone.
        assert await server.db.read(left) == (None, [], [attendee])
    async with server.browser(there["organiser"].token) as other:
        await other.get(f"/api/conferences/{there.conference}")


def grow_old(stored: Files, *names: str) -> None:
    long_ago = time.time() - 2 * YOUNG_S
    for name in names:
        path = stored.path(name)
        assert path is not None
        os.utime(path, (long_ago, long_ago))


async def test_bytes_brought_again_outlive_a_job_that_knew_nothing_of_it(
    database_url: str, tmp_path: Path
) -> None:
    database, stored = Database(database_url), Files(tmp_path)
    name = await stored.put(b"a picture", "webp")
    grow_old(stored, name)
    await database.write(lambda db: file.doom(db, [name]))
    keeper = FileKeeper(database, stored.remove)
    assert await stored.put(b"a picture", "webp") == name  # its row comes a moment later
    assert await keeper.look() == 0
    assert stored.path(name) is not None

    def hour_over(db: Session) -> None:
        db.get_one(DoomedFile, name).at = now()

    grow_old(stored, name)
    assert await keeper.look() == 0
    await database.write(hour_over)
    assert await keeper.look() == 1
    assert stored.path(name) is None
    await database.close()
