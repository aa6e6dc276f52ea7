"""Sums that this process changed are told by it, at most every half second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from uuid import UUID

import structlog
from sqlmodel import Session

from models.database import Database, Unavailable
from models.publication import Publication
from server.domain.message import SignChanged
from server.domain.poll import PollAnswered
from server.domain.question import VoteChanged

EVERY_S = 0.5
# What makes a sum due, and where it names whose.
_SUBJECTS = {VoteChanged.name: "question_id", PollAnswered.name: "poll_id"}
log = structlog.get_logger()


def voted(one: Publication) -> UUID | None:
    return UUID(one.data[field]) if (field := _SUBJECTS.get(one.name)) else None


def signed(one: Publication) -> UUID | None:
    return UUID(one.data["message_id"]) if one.name == SignChanged.name else None


class Tallies:
    """Collects what was voted on or signed. What a crash leaves untold, a job tells (`server.jobs`)."""

    def __init__(
        self,
        database: Database,
        tell: Callable[[Session, Collection[UUID]], int],
        changed: Callable[[Publication], UUID | None],
    ) -> None:
        self._database = database
        self._tell_sums = tell
        self._subject = changed
        self._changed: set[UUID] = set()
        self._telling: asyncio.Task[None] | None = None

    def notice(self, publications: Sequence[Publication]) -> None:
        """See a commit of this process; votes in it make their sums due."""
        found = {subject for one in publications if (subject := self._subject(one)) is not None}
        self._changed |= found
        if found and (self._telling is None or self._telling.done()):
            self._telling = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        while self._changed:
            await asyncio.sleep(EVERY_S)
            due, self._changed = self._changed, set()
            try:
                await self._database.write(lambda db, due=due: self._tell_sums(db, due))  # type: ignore[misc]
            except Unavailable:
                log.warning("tally.untold", count=len(due))

    async def stop(self) -> None:
        """Tell what is due and end."""
        if self._telling is not None:
            await self._telling
