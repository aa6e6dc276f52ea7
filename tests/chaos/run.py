"""One run: people talk, faults strike, all is healed, everybody catches up, everything is compared."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from uuid import UUID

from sqlmodel import Session, col, select

from models.conversation import Message
from models.person import Command
from models.publication import Channel, Publication
from tests.chaos import checker
from tests.chaos.history import JSON, Stored, StoredMessage, Told
from tests.chaos.line import Line
from tests.chaos.listeners import Listener, Lost, Numbers, load
from tests.chaos.nemesis import Nemesis
from tests.chaos.people import Crowd, gather
from tests.chaos.place import Kind, Place, placed
from tests.chaos.report import Report
from tests.chaos.writers import BOARD_SHARE, Writer

CATCH_UP_S = 90.0


@dataclass(frozen=True)
class Plan:
    """How much of everything."""

    kind: Kind
    operations: int
    faults: int
    people: int
    sessions: int
    boards: int
    listeners: int  # of each channel
    think_s: float
    lasts: float = 1.0
    board_share: float = BOARD_SHARE
    seed: int = 1
    only: tuple[str, ...] = ()  # names of faults, when not all


async def run(plan: Plan, *, tell: Callable[[str], None]) -> Report:
    """Raises nothing for a broken promise: they are all in the report."""
    report = Report(plan.kind, plan.seed)
    began = time.monotonic()
    async with placed(plan.kind) as place:
        crowd = await place.database.write(
            lambda db: gather(db, people=plan.people, sessions=plan.sessions, boards=plan.boards)
        )
        await place.start()
        talk = Talk(plan, place, crowd, tell)
        await talk.go(report)
    report.seconds = round(time.monotonic() - began, 1)
    return report


class Talk:
    """Everybody and everything of one run."""

    def __init__(self, plan: Plan, place: Place, crowd: Crowd, tell: Callable[[str], None]) -> None:
        self._plan = plan
        self._place = place
        self._tell = tell
        self._lines: list[Line] = []
        self._numbers = Numbers()
        self._over = False
        chance = random.Random(plan.seed)
        self._channels = [
            *(f"session:{id}" for id in crowd.sessions),
            *(f"board:{board.id}" for board in crowd.boards),
        ]
        self._writers = [
            Writer(
                someone,
                crowd,
                self._line(someone.token),
                random.Random(f"{plan.seed} {number}"),
                think_s=plan.think_s,
                board_share=plan.board_share,
            )
            for number, someone in enumerate(crowd.people)
        ]
        tokens = [someone.token for someone in crowd.people]
        self._listeners = [
            self._listener(f"listener {number} of {channel}", channel, chance.choice(tokens), direct=number == 0)
            for channel in self._channels
            for number in range(plan.listeners)
        ]
        self._fresh = self._line(tokens[0])
        self._nemesis = Nemesis(place, self._listeners, chance, lasts=plan.lasts)
        self._chance = chance

    def _line(self, token: str) -> Line:
        headers = {"Host": "127.0.0.1", "Origin": self._place.origin, "Cookie": f"login={token}"}
        line = Line("127.0.0.1", self._place.front.port, headers)
        self._lines.append(line)
        return line

    def _listener(self, name: str, channel: str, token: str, *, direct: bool) -> Listener:
        port = self._place.installation.port if direct else self._place.front.port
        origin, line = self._place.origin, self._line(token)
        return Listener(name, channel, port, origin, token, line, self._numbers, direct=direct)

    @property
    def done(self) -> int:
        return sum(len(writer.operations) for writer in self._writers)

    async def go(self, report: Report) -> None:
        following = [asyncio.create_task(listener.follow()) for listener in self._listeners]
        talking = [asyncio.create_task(writer.talk(lambda: not self._over)) for writer in self._writers]
        try:
            await self._strike_all()
            await self._until(self._plan.operations)
            self._over = True
            await asyncio.gather(*talking)
            self._tell("healed; everybody catches up")
            stored = await self._stored()
            await self._caught_up(stored)
        finally:
            self._over = True
            for task in (*following, *talking):
                task.cancel()
            await asyncio.gather(*following, *talking, return_exceptions=True)
            for line in self._lines:
                line.close()
        self._sum_up(report, stored)

    async def _strike_all(self) -> None:
        """All faults in turn, in an order of chance, spread over the operations."""
        faults = [
            fault for fault in self._nemesis.faults() if not self._plan.only or fault.name in self._plan.only
        ]
        for number in range(self._plan.faults):
            if number % len(faults) == 0:
                self._chance.shuffle(faults)
            await self._until(self._plan.operations * (number + 1) // (self._plan.faults + 2))
            fault = faults[number % len(faults)]
            self._tell(f"{self.done:6} operations; fault {number + 1}: {fault.name}")
            await self._nemesis.strike(fault)

    async def _until(self, operations: int) -> None:
        while self.done < operations:  # noqa: ASYNC110 - a hundred writers tell nobody
            await asyncio.sleep(0.1)

    async def _stored(self) -> Stored:
        rows = await self._place.database.read(lambda db: read_stored(db, self._channels))
        return Stored(*rows, snapshots={channel: await self._snapshot(channel) for channel in self._channels})

    async def _snapshot(self, channel: str) -> JSON:
        async with asyncio.timeout(CATCH_UP_S):
            while True:
                try:
                    return await load(self._fresh, channel)
                except (OSError, TimeoutError, Lost):
                    await asyncio.sleep(0.5)

    async def _caught_up(self, stored: Stored) -> None:
        """Wait until every listener has heard the last; the checker says who has not."""
        deadline = time.monotonic() + CATCH_UP_S
        while time.monotonic() < deadline:
            behind = [one for one in self._listeners if one.offset < stored.heads[one.heard.channel][0]]
            if not behind:
                return
            await asyncio.sleep(0.1)

    def _sum_up(self, report: Report, stored: Stored) -> None:
        operations = [one for writer in self._writers for one in writer.operations]
        report.count(operations, self._nemesis.struck)
        report.left_out = [] if self._place.clock_turns else ["clock jump: libfaketime is not installed"]
        report.publications = sum(len(told) for told in stored.publications.values())
        report.links = asdict(self._numbers)
        report.crashes = sum(len(writer.crashes) for writer in self._writers)
        found = checker.violations(operations, stored, [listener.heard for listener in self._listeners])
        found += [error for listener in self._listeners for error in listener.errors]
        found += [f"the server crashed: {text}" for writer in self._writers for text in writer.crashes]
        report.violations = found


Rows = tuple[
    dict[str, list[Told]],
    dict[str, tuple[int, str | None]],
    dict[UUID, StoredMessage],
    dict[tuple[UUID, UUID], tuple[int, JSON]],
]


def read_stored(db: Session, channels: list[str]) -> Rows:
    """All that is kept of these channels, in one snapshot."""
    publications: dict[str, list[Told]] = {channel: [] for channel in channels}
    wanted = select(Publication).where(col(Publication.channel).in_(channels)).order_by(col(Publication.offset))
    for row in db.exec(wanted):
        publications[row.channel].append(Told(row.offset, str(row.id), row.name, row.data))
    heads = {
        row.name: (row.head, str(row.head_id) if row.head_id else None)
        for row in db.exec(select(Channel).where(col(Channel.name).in_(channels)))
    }
    messages = {
        row.id: StoredMessage(row.session_id, row.person_id, row.text, row.place)
        for row in db.exec(select(Message))
        if row.session_id is not None
    }
    commands = {
        (row.person_id, row.key): (row.status, json.loads(row.answer) if row.answer else {})
        for row in db.exec(select(Command))
    }
    return publications, heads, messages, commands
