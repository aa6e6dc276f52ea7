"""Keeping stages and media of one mind: what is wished goes there, what is so comes back.

The database holds what is wished (a session's state), media holds what is. Every server process follows
media's events and hands each to one action that writes only what is newer, so that it does not matter
which process hears it first.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import structlog

from models.database import Database, Unavailable
from models.publication import Publication
from server.actions import stage
from server.actions.stage import RoomState
from server.domain.errors import Fault
from server.domain.session import SessionChanged
from server.domain.stage import RoomWish, StageDirected
from server.domain.viewing import StageSpeaking
from server.live.media import MediaClient
from server.queries import stage as stages
from server.queries import watching
from server.queries.channels import backstage_channel, behind_channel, session_channel

Say = Callable[[str, str, dict[str, Any]], None]
Audience = Callable[[str], int]

BACK_AGAIN_S = 0.5
COUNT_EVERY_S = 3.0
LOOK_EVERY_S = 5.0
ACCOUNT_EVERY_S = 1.0
GONE = RoomWish(revision=2**31, open=False, on_air=(), muted=())
"""For the room of a session that is no more: nothing newer will ever be wished of it."""
log = structlog.get_logger()


class StageFollower:
    """Follows one media process for as long as it is started."""

    def __init__(
        self,
        database: Database,
        media: MediaClient,
        *,
        say: Say,
        audience: Audience,
        besides: Callable[[], int] = lambda: 0,
    ) -> None:
        """`say` tells this process's own listeners of a channel: every process hears media by itself.

        `audience` knows how many people hear a channel, on all processes; `besides`, how many bytes this process
        has sent to those who watch by HTTP.
        """
        self._database = database
        self._media = media
        self._say = say
        self._audience = audience
        self._besides = besides
        self._behind: dict[UUID, int] = {}  # how many watch some seconds behind, as written
        self._tasks: set[asyncio.Task[None]] = set()
        self._written: dict[UUID, RoomState] = {}
        self._counted: dict[UUID, RoomState] = {}  # only its viewers changed; written a little later
        self._wished: dict[tuple[UUID, bool], int] = {}  # what media was told last: of a session, of its desk
        self._untold: set[UUID] = set()  # wishes media did not hear
        self._undropped: set[str] = set()
        self._look_at = time.monotonic() + LOOK_EVERY_S
        self.connected = asyncio.Event()

    def start(self) -> None:
        self._spawn(self._follow())
        self._spawn(self._account())

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def notice(self, publications: Sequence[Publication]) -> None:
        """See a commit of this process: a session that moved, or its desk, changes what media should hold.

        The version tells whether it did: what media itself told comes by here too.
        """
        for one in publications:
            desk = one.name == StageDirected.name
            if not one.channel.startswith("session:") or not (desk or one.name == SessionChanged.name):
                continue
            told = one.data["desk" if desk else "session"]
            id = UUID(told["session_id" if desk else "id"])
            if told["version"] > self._wished.get((id, desk), 0):
                self._wished[id, desk] = told["version"]
                self._spawn(self._wish(id))

    async def drop(self, owners: Sequence[str]) -> None:
        """End what these send and watch; browsers that still may come back by themselves."""
        try:
            await self._media.drop(owners)
        except Fault:
            log.warning("media.drop_waits", count=len(owners))
            self._undropped.update(owners)

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _follow(self) -> None:
        while True:
            try:
                async for event in self._media.events():
                    await self._heard(event)
            except (Fault, Unavailable) as error:
                log.info("media.link_lost", reason=type(error).__name__)
            except Exception:
                # Whatever media said, the next whole state puts things right; a stage never stays unfollowed.
                log.exception("media.not_understood")
            self.connected.clear()
            await asyncio.sleep(BACK_AGAIN_S)

    async def _account(self) -> None:
        """Media keeps what leaves below what the line bears; what leaves by HTTP it must be told."""
        told = self._besides()
        while True:
            await asyncio.sleep(ACCOUNT_EVERY_S)
            sent = self._besides()
            if sent != told:
                with contextlib.suppress(Fault):  # media is away, and with it what the line is kept free for
                    await self._media.besides(sent - told)
                told = sent

    async def _heard(self, event: dict[str, Any]) -> None:
        if event["type"] == "state":
            await self._whole(event)
        elif event["type"] == "room":
            await self._changed(_room(event["room"], event["instance"], event["revision"]))
        elif event["type"] == "speaking":
            told, room = _speaking(event), UUID(event["room"])
            channel = backstage_channel(room) if event.get("feed") == "backstage" else session_channel(room)
            self._say(channel, StageSpeaking.name, told.model_dump(mode="json"))
        # The link beats only while there is nothing else to say.
        if event["type"] == "beat" or time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + LOOK_EVERY_S
            await self._say_again()
            await self._count_behind()

    async def _count_behind(self) -> None:
        """Media knows nothing of those who watch by HTTP: their pages hear a channel of their own."""
        deserted = []
        for session_id, state in list(self._written.items()):
            count = self._audience(behind_channel(session_id))
            if count != self._behind.get(session_id):  # at first nobody knows what an earlier process wrote
                await self._database.write(partial(stage.count_behind, session_id=session_id, count=count))
                self._behind[session_id] = count
            if not (count or state.publishers or state.viewers or state.programme):
                deserted.append(session_id)
        if deserted:
            open_ones = await self._database.read(stage.open_sessions)
            for session_id in set(deserted).difference(open_ones):
                self._written.pop(session_id, None)
                self._behind.pop(session_id, None)

    async def _changed(self, state: RoomState) -> None:
        """Who sends is told at once; how many watch, at most every few seconds.

        Each telling goes to everybody: told one by one, a thousand people who join would cost a million.
        """
        known = self._written.get(state.session_id)
        if known is None or (known.publishers, known.programme) != (state.publishers, state.programme):
            await self._write(state)
        else:
            waiting = state.session_id in self._counted
            self._counted[state.session_id] = state
            if not waiting:
                self._spawn(self._count_later(state.session_id))

    async def _count_later(self, session_id: UUID) -> None:
        await asyncio.sleep(COUNT_EVERY_S)
        state = self._counted.pop(session_id, None)
        if state is None:
            return
        with contextlib.suppress(Unavailable):  # the next change counts them again
            await self._write(state)

    async def _write(self, state: RoomState) -> None:
        self._counted.pop(state.session_id, None)
        self._written[state.session_id] = state
        await self._database.write(lambda db: stage.observe(db, state))

    async def _whole(self, event: dict[str, Any]) -> None:
        """The link is new: note what media holds, then say all that is wished again."""
        rooms = [_room(room, event["instance"], event["revision"]) for room in event["rooms"]]
        self._written.clear()
        for state in rooms:
            await self._write(state)
        known = [state.session_id for state in rooms]
        await self._database.write(lambda db: stage.forget_others(db, event["instance"], known))
        open_ones = await self._database.read(stage.open_sessions)
        for session_id in {*known, *open_ones}:
            await self._wish(session_id)
        await self._say_again()
        await self._drop_lost()
        self.connected.set()

    async def _drop_lost(self) -> None:
        """Rights were taken away while nobody told media (a server that died just then): drop them now."""
        for room, ways in (await self._media.owners()).items():
            lost = await self._database.read(partial(watching.lost, session_id=UUID(room), ways=ways))
            if lost:
                log.info("media.lost_rights", room=room, count=len(lost))
                await self._media.drop(sorted(lost), [room])

    async def _say_again(self) -> None:
        """What media did not take at its time: a stage that has ended must not stay open, nor anybody on it."""
        for session_id in list(self._untold):
            await self._wish(session_id)
        if self._undropped:
            owners, self._undropped = self._undropped, set()
            await self.drop(sorted(owners))

    async def _wish(self, session_id: UUID) -> None:
        """Say the whole wish as it is now, whatever it was when somebody changed it."""
        try:
            wish = await self._database.read(lambda db: stages.wish(db, session_id))
            await self._media.wish(str(session_id), wish or GONE)
        except (Fault, Unavailable) as fault:
            log.info("media.wish_waits", reason=type(fault).__name__)
            self._untold.add(session_id)
        else:
            self._untold.discard(session_id)
            if wish is None or not wish.open:
                for desk in (False, True):
                    self._wished.pop((session_id, desk), None)


def _room(room: dict[str, Any], instance: str, revision: int) -> RoomState:
    publishers = [
        {
            "id": one["id"],
            "person_id": _person(one["owner"]),
            "label": one["label"],
            "kind": one.get("kind", "camera"),
            "audio": one["audio"],
            "video": one["video"],
            "on_air": one["on_air"],
            "slot": one["slot"],
            "backstage_slot": one.get("backstage_slot"),
            "codec": one["codec"],
        }
        for one in room["publishers"]
        if one["connected"]
    ]
    return RoomState(
        session_id=UUID(room["room"]),
        instance=instance,
        revision=room.get("revision", revision),
        publishers=publishers,
        viewers=room["viewers"]["air"],
        programme=room.get("programme"),
    )


def _person(owner: str) -> str | None:
    """Whose it is (`person/way in`); a prepared film is nobody's."""
    name = owner.partition("/")[0]
    return None if name.startswith("film:") else name


def _speaking(event: dict[str, Any]) -> StageSpeaking:
    speaking = [
        {"publisher": one["publisher"], "person_id": _person(one["owner"]), "slot": one["slot"]}
        for one in event["speaking"]
    ]
    return StageSpeaking.model_validate({"main": event["main"], "speaking": speaking})
