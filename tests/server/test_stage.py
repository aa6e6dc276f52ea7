"""Stages and media of one mind, whatever either of them misses. Media is played by the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, cast
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text
from sqlmodel import Session, col, select

from models.base import new_id, now
from models.conference import ConferenceSession
from models.database import Database
from models.notification import Notification
from models.person import Login
from models.publication import Publication
from models.recording import Recording
from models.stage import Stage
from models.tables import METADATA
from server.actions import conference, digest, message, question, rehearsal, session, stage, standing
from server.actions.stage import RoomState
from server.domain.errors import Away, Conflict, NotFound
from server.domain.person import owner_of
from server.domain.session import SessionChange
from server.domain.stage import DeskView, RoomWish, StandingChange
from server.live.media import MediaClient
from server.live.stage import Audience, Say, StageFollower
from server.queries import programme, scope
from server.queries import stage as stages
from tests.support.people import World, newcomer, settle
from tests.support.services import PostgresServer

JSON = dict[str, Any]
BEAT: JSON = {"type": "beat"}


class Media:
    """A media process by its link: says what it is told to say, notes what it is wished."""

    def __init__(self) -> None:
        self.away = False
        self.open: dict[str, bool] = {}
        self.wished: dict[str, RoomWish] = {}
        self.dropped: list[str] = []
        self.connected: dict[str, dict[str, list[str]]] = {}
        self.refused = 0
        self.sent_besides = 0
        self._says: asyncio.Queue[JSON] = asyncio.Queue()
        self._asked = asyncio.Condition()

    async def say(self, event: JSON) -> None:
        """Returns once all that follows from it was done."""
        self._says.put_nowait(event)
        async with asyncio.timeout(20):
            await self._says.join()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20), self._asked:
            await self._asked.wait_for(condition)

    async def events(self) -> AsyncIterator[JSON]:
        while True:
            yield await self._says.get()
            self._says.task_done()

    async def wish(self, room: str, wish: RoomWish) -> None:
        async with self._answering():
            self.open[room] = wish.open
            self.wished[room] = wish

    async def drop(self, owners: Collection[str], rooms: Collection[str] | None = None) -> None:
        async with self._answering():
            self.dropped += owners

    async def besides(self, count: int) -> None:
        async with self._answering():
            self.sent_besides += count

    async def owners(self) -> dict[str, dict[str, list[str]]]:
        async with self._answering():
            return self.connected

    @asynccontextmanager
    async def _answering(self) -> AsyncIterator[None]:
        async with self._asked:
            self._asked.notify_all()
            if self.away:
                self.refused += 1
                raise Away("away.media")
            yield


@asynccontextmanager
async def following(
    database: Database,
    media: Media,
    *,
    say: Say = lambda channel, name, data: None,
    audience: Audience = lambda channel: 0,
    besides: Callable[[], int] = lambda: 0,
) -> AsyncIterator[StageFollower]:
    """A follower that hears what this handle of the database commits."""
    follower = StageFollower(database, cast(MediaClient, media), say=say, audience=audience, besides=besides)
    database.listener = follower.notice
    follower.start()
    yield follower
    await follower.stop()
    await database.close()


def whole(*rooms: JSON, instance: str = "1") -> JSON:
    return {"type": "state", "instance": instance, "revision": 1, "rooms": list(rooms)}


def room(session_id: UUID, *publishers: JSON) -> JSON:
    viewers = {"air": 0, "backstage": 0}
    return {"room": str(session_id), "revision": 1, "publishers": list(publishers), "viewers": viewers}


def move(world: World, to: str) -> Callable[[Session], object]:
    return lambda db: session.move(db, world["organiser"].actor, world.session, to)


async def test_stage_that_ended_unheard_is_closed_when_the_link_is_back(database_url: str) -> None:
    database, media = Database(database_url), Media()
    world = await settle(database)
    for to in ("live", "ended"):
        await database.write(move(world, to))
    async with following(database, media):
        await media.say(whole(room(world.session)))
    assert media.open == {str(world.session): False}


async def test_who_speaks_is_said_to_those_who_listen_and_stored_nowhere(database_url: str) -> None:
    database, media = Database(database_url), Media()
    world = await settle(database)
    said: list[tuple[str, str, JSON]] = []
    async with following(database, media, say=lambda *told: said.append(told)):
        await media.say(whole())
        speaking = [{"publisher": "p1", "owner": f"{world['speaker'].id}/login", "slot": 2}]
        event = {
            "type": "speaking",
            "instance": "1",
            "room": str(world.session),
            "main": "p1",
            "speaking": speaking,
        }
        await media.say(event)
        await media.say(event | {"feed": "backstage"})  # the audience does not hear them
        await media.say(BEAT)
    told = {"publisher": "p1", "person_id": str(world["speaker"].id), "slot": 2}
    heard = "stage.speaking", {"main": "p1", "speaking": [told]}
    assert said == [(f"session:{world.session}", *heard), (f"session:{world.session}:backstage", *heard)]


async def test_who_watches_some_seconds_behind_is_among_the_viewers(database_url: str) -> None:
    database, media = Database(database_url), Media()
    world = await settle(database)
    behind = {f"session:{world.session}:behind": 3}

    def viewers(db: Session) -> int:
        return programme.stage_view(db, db.get_one(ConferenceSession, world.session)).viewers

    sent = iter((100, 100, 250, 400))
    async with following(
        database,
        media,
        audience=lambda channel: behind.get(channel, 0),
        besides=lambda: next(sent, 400),
    ):
        await database.write(move(world, "live"))
        await media.say(whole(room(world.session)))
        await media.say(BEAT)
        assert await database.read(viewers) == 3
        behind.clear()
        await media.say(BEAT)
        assert await database.read(viewers) == 0
        behind[f"session:{world.session}:behind"] = 2
        await media.say(BEAT)
        await media.until(lambda: media.sent_besides == 300)  # since this process began to tell
    # They left while the server was started anew: the next process counts nobody, and says so.
    database, media = Database(database_url), Media()
    assert await database.read(viewers) == 2
    async with following(database, media):
        await media.say(whole(room(world.session)))
        await media.say(BEAT)
        assert await database.read(viewers) == 0


async def test_stage_that_is_over_is_forgotten(database_url: str) -> None:
    database, media = Database(database_url), Media()
    world = await settle(database)
    async with following(database, media) as follower:
        await database.write(move(world, "live"))
        await media.say(whole(room(world.session)))
        await media.say(BEAT)
        assert world.session in follower._written  # empty, but open
        await database.write(move(world, "ended"))
        await media.until(lambda: media.open == {str(world.session): False})
        await media.say(BEAT)
        assert (follower._written, follower._behind, follower._wished) == ({}, {}, {})


async def test_wish_that_media_did_not_take_is_said_again_until_it_does(database_url: str) -> None:
    database, media = Database(database_url), Media()
    world = await settle(database)
    name = str(world.session)
    async with following(database, media):
        await media.say(whole())
        await database.write(move(world, "live"))
        await media.until(lambda: media.open == {name: True})
        media.away = True
        await database.write(move(world, "ended"))
        await media.until(lambda: media.refused == 1)
        await media.say(BEAT)
        media.away = False
        await media.say(BEAT)
        assert (media.open, media.refused) == ({name: False}, 2)
        media.open.clear()
        await media.say(BEAT)
        assert media.open == {}


async def test_desk_says_who_is_on_air_and_media_hears_it_whole(database_url: str) -> None:
    database, media = Database(database_url), Media()
    world = await settle(database)
    name, organiser = str(world.session), world["organiser"].actor
    speaker, moderator, guest = (world[who].id for who in ("speaker", "moderator", "attendee"))

    def direct(person: UUID, **wish: Any) -> Callable[[Session], object]:
        return lambda db: standing.direct(db, organiser, world.session, person, StandingChange(**wish))

    def told(*on_air: UUID, muted: UUID | None = None) -> Callable[[], bool]:
        wished = tuple(sorted(map(str, on_air))), (str(muted),) if muted else ()
        return lambda: (media.wished[name].on_air, media.wished[name].muted) == wished

    async with following(database, media):
        await media.say(whole())
        await database.write(move(world, "live"))
        await media.until(lambda: name in media.wished and told(speaker)())
        await database.write(direct(moderator, on_air=True))
        await media.until(told(speaker, moderator))
        await database.write(lambda db: standing.bring(db, organiser, world.session, guest))
        await database.write(direct(speaker, on_air=False, muted=True))
        await media.until(told(moderator, guest, muted=speaker))
        await database.write(move(world, "ended"))
        await media.until(told())


async def test_six_at_most_are_on_air_and_who_has_not_come_keeps_no_place(database_url: str) -> None:
    database = Database(database_url)
    world = await settle(database)
    organiser, guest = world["organiser"].actor, world["attendee"].id
    first = world["speaker"].id
    eight = [first, *[(await newcomer(database, world, f"Z{at}", "speaker")).id for at in range(7)]]

    def put_on(person: UUID, *, on: bool = True) -> Callable[[Session], object]:
        return lambda db: standing.direct(db, organiser, world.session, person, StandingChange(on_air=on))

    async def on_air(*people: UUID) -> None:
        def told(db: Session) -> tuple[set[str], set[UUID]]:
            wish, desk = stages.wish(db, world.session), desk_of(db, world)
            return set(wish.on_air if wish else ()), {one.person.id for one in desk.people if one.on_air}

        assert await database.read(told) == ({str(one) for one in people}, set(people))

    for person in eight[1:]:
        await database.write(
            partial(session.add_speaker, actor=organiser, session_id=world.session, person_id=person)
        )
    await database.write(move(world, "live"))
    order = await database.read(lambda db: [one.person.id for one in desk_of(db, world).people])
    await on_air(*order[:6])
    # All six come: there is no place for a seventh, whom the desk or the audience sends.
    await database.write(lambda db: stage.observe(db, on_air_now(world, order[:6])))
    for seventh in (put_on(order[6]), lambda db: standing.bring(db, organiser, world.session, guest)):
        with pytest.raises(Conflict, match=r"stage\.air_full"):
            await database.write(seventh)
    # Nobody comes on air unawares because somebody went.
    await database.write(put_on(order[0], on=False))
    await on_air(*order[1:6])
    await database.write(put_on(order[6]))
    await on_air(*order[1:7])
    # One left: the eighth takes the place.
    await database.write(lambda db: stage.observe(db, on_air_now(world, order[2:7], revision=2)))
    await database.write(put_on(order[7]))
    await on_air(*order[2:8])
    await database.close()


async def test_crew_that_speaks_by_itself_finds_six_places(database_url: str) -> None:
    """No speaker is named: whoever of the crew sends is on air, in the order of their coming."""
    database = Database(database_url)
    world = await settle(database)
    organiser, speaker = world["organiser"].actor, world["speaker"].id
    crew = [(await newcomer(database, world, f"Z{at}", "moderator")).id for at in range(7)]
    await database.write(lambda db: session.remove_speaker(db, organiser, world.session, speaker))
    await database.write(move(world, "live"))

    def unit(db: Session) -> list[set[UUID]]:
        told = []
        for revision, here in enumerate((crew[:5], crew, crew[1:]), 1):
            stage.observe(db, on_air_now(world, here, revision=revision))
            told.append({one.person.id for one in desk_of(db, world).people if one.on_air})
            wish = stages.wish(db, world.session)
            assert wish is not None
            assert {str(one) for one in crew} <= set(wish.on_air)  # media gives the places, and no more than six
            if here is crew:
                with pytest.raises(Conflict, match=r"stage\.air_full"):
                    standing.direct(db, organiser, world.session, crew[6], StandingChange(on_air=True))
        return told

    assert await database.write(unit) == [set(crew[:5]), set(crew[:6]), set(crew[1:])]
    await database.close()


async def test_what_was_on_air_ends_and_is_not_called_off_in_a_break(database_url: str) -> None:
    database = Database(database_url)
    world = await settle(database)
    organiser = world["organiser"].actor
    for to in ("live", "backstage"):
        await database.write(move(world, to))
    for refused in (move(world, "scheduled"), lambda db: session.cancel(db, organiser, world.session, "")):
        with pytest.raises(Conflict, match=r"session\.move_refused"):
            await database.write(refused)
    await database.write(move(world, "ended"))
    (written,) = await database.read(lambda db: db.exec(select(Recording)).all())
    assert written.state == "finishing"
    await database.close()


async def test_guest_of_a_stage_may_send_until_it_ends(database_url: str) -> None:
    database = Database(database_url)
    world = await settle(database)
    organiser, guest = world["organiser"].actor, world["attendee"].actor

    def doors(db: Session) -> list[bool]:
        here = scope.of_session(db, guest, world.session, "session.show")[1]
        return [here.may(right) for right in ("stage.publish", "stage.backstage", "stage.direct", "session.move")]

    await database.write(move(world, "live"))
    await database.write(lambda db: standing.bring(db, organiser, world.session, guest.person_id))
    assert await database.read(doors) == [True, True, False, False]
    await database.write(move(world, "ended"))
    assert await database.read(doors) == [False] * 4
    await database.close()


@pytest.mark.parametrize("ended_by", ["erased", "end", "cancelled"])
async def test_rehearsal_is_for_the_stage_alone_and_leaves_no_trace(database_url: str, ended_by: str) -> None:
    database = Database(database_url)
    world = await settle(database)
    organiser, speaker = world["organiser"].actor, world["speaker"].actor
    begin = await database.write(lambda db: rehearsal.begin(db, organiser, world.session, id=new_id()))
    again = await database.write(lambda db: rehearsal.begin(db, speaker, world.session, id=new_id()))
    assert (again.id, again.state, again.speakers) == (begin.id, "backstage", begin.speakers)
    for outside in ("attendee", "other_speaker"):
        actor = world[outside].actor
        with pytest.raises(NotFound):
            await database.read(partial(scope.of_session, actor=actor, id=begin.id, permission="chat.show"))
    plan = await database.read(lambda db: programme.conference_snapshot(db, organiser, world.conference))
    assert begin.id not in [one.id for one in plan.sessions]
    words, said, told = "كلمة سرّ البروفة", new_id(), (speaker.person_id,)
    await database.write(lambda db: message.post(db, organiser, begin.id, words, id=said, mentions=told))
    await database.write(lambda db: message.post(db, speaker, begin.id, words, id=new_id(), parent_id=said))
    await database.write(lambda db: question.ask(db, speaker, begin.id, words, id=new_id()))

    def mail_all(db: Session) -> int:
        notices = db.exec(select(Notification)).all()
        assert {row.kind for row in notices if "سرّ البروفة" in str(row.data)} == {"mention", "reply"}
        for row in notices:
            row.mail_due = now()
        return digest.mail_due(db)

    assert await database.write(mail_all) == 0
    end = {
        "erased": lambda db: rehearsal.end(db, organiser, world.session),
        "end": lambda db: session.move(db, organiser, begin.id, "ended"),
        "cancelled": lambda db: session.cancel(db, organiser, world.session, ""),
    }
    await database.write(end[ended_by])
    traces = await database.read(lambda db: [row for row in everything(db) if "سرّ البروفة" in row])
    assert traces == []
    desk = await database.read(lambda db: stages.desk(db, db.get_one(ConferenceSession, world.session)))
    assert desk.rehearsal_id is None
    plan = await database.read(lambda db: programme.conference_snapshot(db, organiser, world.conference))
    left = "cancelled" if ended_by == "cancelled" else "scheduled"
    assert [one.state for one in plan.sessions if one.id == world.session] == [left]
    await database.close()


async def test_rehearsal_of_a_recorded_session_is_never_written_and_ends_with_going_live(
    database_url: str,
) -> None:
    database = Database(database_url)
    world = await settle(database)
    organiser = world["organiser"].actor

    def rehearse(db: Session) -> UUID:
        session.change(db, organiser, world.session, SessionChange(record=True))
        twin = rehearsal.begin(db, organiser, world.session, id=new_id())
        assert not twin.record  # nobody is asked to agree, nobody reads that they are recorded
        db.flush()
        session.move(db, organiser, twin.id, "live")
        # Not even when somebody switches it on there: neither kept nor for late comers.
        session.change(db, organiser, twin.id, SessionChange(record=True))
        wish = stages.wish(db, twin.id)
        assert wish is not None
        assert (wish.open, wish.programme) == (True, None)
        return twin.id

    twin = await database.write(rehearse)
    assert await database.read(lambda db: db.exec(select(Recording)).all()) == []
    await database.write(move(world, "live"))
    assert await database.read(lambda db: stages.wish(db, twin)) is None
    told = await database.read(lambda db: stages.wish(db, world.session))
    assert told is not None
    assert told.programme is not None
    await database.close()


def everything(db: Session) -> list[str]:
    return [str(row) for table in METADATA.sorted_tables for row in db.connection().execute(table.select())]


async def test_person_whom_media_did_not_drop_is_dropped_later_and_once(database_url: str) -> None:
    database, media = Database(database_url), Media()
    async with following(database, media) as follower:
        media.away = True
        await follower.drop(["somebody"])
        media.away = False
        await media.say(BEAT)
        await media.say(BEAT)
    assert media.dropped == ["somebody"]


async def test_new_media_process_knows_only_what_it_says(database_url: str) -> None:
    database, media = Database(database_url), Media()
    world = await settle(database)
    await database.write(move(world, "live"))
    await database.write(lambda db: stage.observe(db, on_air(world)))
    async with following(database, media):
        await media.say(whole(instance="2"))
        assert await database.read(lambda db: db.get_one(Stage, world.session).publishers) == []


async def test_publisher_seen_while_the_session_goes_live_is_told(
    postgres_server: PostgresServer, postgres_template: str
) -> None:
    """On SQLite one waits for the other anyhow."""
    name = postgres_server.create(template=postgres_template)
    database = Database(postgres_server.url(name))
    world = await settle(database)
    moving = await asyncpg.connect(postgres_server.url(name))
    async with moving.transaction():
        await moving.execute("UPDATE conference_session SET state = 'live' WHERE id = $1", world.session)
        observing = asyncio.create_task(database.write(lambda db: stage.observe(db, on_air(world))))
        while not observing.done() and not await database.read(waits):
            pass  # the question itself gives the other its turn
    await observing
    told = await database.read(lambda db: stages_told(db, world))
    await moving.close()
    await database.close()
    postgres_server.drop(name)
    assert [len(one["publishers"]) for one in told] == [1]


def waits(db: Session) -> bool:
    locked = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return bool(db.connection().execute(text(locked)).scalar_one())


def on_air(world: World) -> RoomState:
    return on_air_now(world, [world["speaker"].id])


def on_air_now(world: World, people: Collection[UUID], *, revision: int = 1) -> RoomState:
    publishers = [
        {
            "id": f"p{at}",
            "person_id": str(person),
            "label": "camera",
            "audio": True,
            "video": True,
            "on_air": True,
            "slot": at,
            "backstage_slot": at,
            "codec": "H264",
        }
        for at, person in enumerate(people)
    ]
    return RoomState(world.session, "1", revision, publishers=publishers, viewers=0)


def desk_of(db: Session, world: World) -> DeskView:
    return stages.desk(db, db.get_one(ConferenceSession, world.session))


def stages_told(db: Session, world: World) -> list[JSON]:
    rows = db.exec(
        select(Publication)
        .where(col(Publication.channel) == world.channel, col(Publication.name) == "stage.changed")
        .order_by(col(Publication.offset))
    )
    return [row.data["stage"] for row in rows]


async def test_rights_lost_while_nobody_told_media_are_found_when_the_link_is_new(database_url: str) -> None:
    """A server that died between the commit and its call: the next one compares."""
    database, media = Database(database_url), Media()
    world = await settle(database)

    def owner(name: str, db: Session) -> str:
        return owner_of(world[name].id, db.exec(select(Login.id).where(Login.person_id == world[name].id)).one())

    names = ("attendee", "guest", "speaker", "moderator")
    owners = await database.read(lambda db: {name: owner(name, db) for name in names})
    key = await database.write(
        lambda db: session.create_stream_key(db, world["speaker"].actor, world.session, id=new_id(), url="")
    )
    obs = owner_of(world["speaker"].id, key.id)

    def change(db: Session) -> None:
        role = conference.held(db, world.conference, world["guest"].id)
        assert role is not None
        db.delete(role)
        db.delete(db.get_one(Login, UUID(owners["moderator"].partition("/")[2])))
        session.revoke_stream_key(db, world["speaker"].actor, key.id)

    await database.write(change)
    media.connected[str(world.session)] = {
        "air": [owners["attendee"], owners["guest"], owners["moderator"]],
        "backstage": [owners["attendee"], owners["speaker"]],
        "sending": [owners["speaker"], obs, "film:an id"],
    }
    async with following(database, media):
        await media.say(whole())
        lost = {owners["guest"], owners["moderator"], owners["attendee"], obs}
        assert set(media.dropped) == lost  # the attendee only for what is backstage: browsers come back
