"""A history and a gate in memory that can be made to fail, lose and forget."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from realtime.hub.frames import Close, publication
from realtime.hub.ports import JSON, START, Frame, Gone, Handshake, Peer, Position, Refusal

_IDS = count(1)


@dataclass
class FakeHistory:
    """Stands for the database: what is appended here is committed."""

    rows: dict[str, list[Frame]] = field(default_factory=dict)
    purged: dict[str, int] = field(default_factory=dict)
    failing: bool = False
    heads_asked: int = 0
    since_asked: int = 0
    gate: asyncio.Event | None = None  # while unset, answers wait

    def commit(self, channel: str, name: str = "thing.happened", data: JSON | None = None) -> Frame:
        rows = self.rows.setdefault(channel, [])
        offset, id = len(rows) + 1, f"p{next(_IDS)}"
        payload = publication(
            channel=channel, offset=offset, id=id, name=name, at="2026-11-21T08:00:00Z", data=data or {"n": offset}
        )
        rows.append(Frame(channel, offset, id, payload))
        return rows[-1]

    def commit_many(self, channel: str, number: int) -> list[Frame]:
        return [self.commit(channel) for _ in range(number)]

    def restore(self, channel: str, keep: int) -> None:
        """As after a restored backup: the newest publications never were."""
        del self.rows[channel][keep:]

    def purge(self, channel: str, below: int) -> None:
        """Forget publications up to an offset, as age does."""
        self.purged[channel] = below

    def ids(self, channel: str) -> list[str]:
        return [frame.id for frame in self.rows.get(channel, ())]

    async def heads(self, channels: Collection[str]) -> Mapping[str, Position]:
        self.heads_asked += 1
        await self._answering()
        return {name: self.rows[name][-1].position for name in channels if self.rows.get(name)}

    async def since(self, channel: str, after: Position, limit: int) -> Sequence[Frame] | Gone:
        self.since_asked += 1
        await self._answering()
        rows = self.rows.get(channel, [])
        if after.offset < self.purged.get(channel, 0) or after.offset > len(rows):
            return Gone()
        there = START if after.offset == 0 else rows[after.offset - 1].position
        return rows[after.offset : after.offset + limit] if there == after else Gone()

    async def _answering(self) -> None:
        if self.gate is not None:
            await self.gate.wait()
        if self.failing:
            raise ConnectionError("the database is away")


@dataclass
class FakeGate:
    """Admits whoever has a cookie `name` or `name/login`; anything may be heard until it is forbidden."""

    forbidden: set[tuple[str, str]] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    failing: bool = False
    hanging: asyncio.Event | None = None
    admitted: int = 0
    on_admit: Callable[[str], None] | None = None
    on_subscribe: Callable[[str, str], None] | None = None

    async def admit(self, handshake: Handshake) -> Peer | Refusal:
        self.admitted += 1
        if self.hanging is not None:
            await self.hanging.wait()
        if self.failing:
            raise ConnectionError("the database is away")
        if handshake.origin == "https://evil.example":
            return Refusal("origin.foreign", "Not from there.")
        if not handshake.cookie:
            return Refusal("login.needed", "Sign in first.", Close.LOGIN_ENDED)
        person, _, login = handshake.cookie.partition("/")
        login = login or f"login-{person}"
        if login in self.ended:
            return Refusal("login.ended", "Sign in again.", Close.LOGIN_ENDED)
        if self.on_admit is not None:
            self.on_admit(login)
        return Peer(person_id=person, login_id=login, name=person.title())

    async def may_subscribe(self, peer: Peer, channel: str) -> bool:
        if self.failing:
            raise ConnectionError("the database is away")
        allowed = (peer.person_id, channel) not in self.forbidden
        if self.on_subscribe is not None:
            self.on_subscribe(peer.person_id, channel)
        return allowed

    async def signal(self, peer: Peer, channel: str, name: str, data: JSON) -> JSON | Refusal:
        if name == "typing":
            return {"people": [{"id": peer.person_id, "name": peer.name}]}
        if name == "clap":
            return {"claps": 1}
        if name == "evil":
            return Refusal("signal.evil", "Go away.", Close.NOT_ALLOWED)
        return Refusal("signal.unknown", "There is no such signal.")
