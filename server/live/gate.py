"""Who is this, what may it hear, and what may it say in passing: the hub's questions, answered by our rules."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlmodel import Session
from starlette.requests import cookie_parser

from models.database import Database
from realtime.hub.frames import Close
from realtime.hub.ports import Handshake, Peer, Refusal
from server.actions import ledger
from server.domain.audience import claimed, taps
from server.domain.errors import Fault
from server.domain.person import Actor
from server.domain.working import working
from server.messages import preferred, sentence
from server.queries import audience, scope

REACTING_KNOWN_S = 3.0
REACTING_AT_MOST = 1000
Check = Callable[[Session, Actor, UUID], object]

# Which permission a channel asks for. `access` is for server processes alone and stands in no row here.
_RIGHTS: dict[tuple[str, str], Check] = {
    ("session", ""): lambda db, actor, id: scope.of_session(db, actor, id, "session.show"),
    ("session", "moderation"): lambda db, actor, id: scope.of_session(db, actor, id, "question.decide"),
    ("session", "backstage"): lambda db, actor, id: scope.of_session(db, actor, id, "stage.backstage"),
    ("session", "behind"): lambda db, actor, id: scope.of_session(db, actor, id, "session.show"),
    ("conference", ""): lambda db, actor, id: scope.of_conference(db, actor, id, "conference.show"),
    ("conversation", ""): lambda db, actor, id: scope.of_conversation(db, actor, id, "chat.show"),
    ("team", ""): lambda db, actor, id: scope.of_team(db, actor, id, "team.show"),
    ("board", ""): lambda db, actor, id: scope.of_board(db, actor, id, "board.show"),
}


class ConferenceGate:
    """The hub's Gate. A connection is admitted by its login cookie and asked again when rights change."""

    def __init__(self, database: Database, *, cookie: str, origins: frozenset[str]) -> None:
        self._database = database
        self._cookie = cookie
        self._origins = origins
        self._reacting: dict[UUID, tuple[float, bool]] = {}  # session: known until, whether reactions are open

    async def admit(self, handshake: Handshake) -> Peer | Refusal:
        locale = preferred(handshake.language or "")
        if handshake.origin is not None and handshake.origin not in self._origins:
            return Refusal("origin.refused", sentence(locale, "origin.refused"))
        token = cookie_parser(handshake.cookie or "").get(self._cookie)  # reads past what others set badly
        actor = await self._seen(token) if token else None
        if actor is None:
            return Refusal("login.needed", sentence(locale, "login.needed"), close=Close.LOGIN_ENDED)
        return Peer(str(actor.person_id), str(actor.login_id), actor.name, extra=actor)

    async def _seen(self, token: str) -> Actor | None:
        """Whose login this is; a device that connects is one in use."""

        def unit(db: Session) -> tuple[Actor | None, bool]:
            actor = ledger.authenticate(db, token)
            return actor, actor is not None and ledger.unseen(db, actor.login_id)

        actor, note = await self._database.read(unit)
        if actor is not None and note:
            login_id = actor.login_id
            await self._database.write(lambda db: ledger.see(db, login_id))
        return actor

    async def may_subscribe(self, peer: Peer, channel: str) -> bool:
        kind, _, rest = channel.partition(":")
        text, _, side = rest.partition(":")
        actor: Actor = peer.extra
        try:
            id = UUID(text)
        except ValueError:
            return False
        if str(id) != text:  # another spelling of the id would be another channel, on which nothing is told
            return False
        if kind == "person":
            return not side and id == actor.person_id
        check = _RIGHTS.get((kind, side))
        return check is not None and await self._database.read(lambda db: _allowed(db, check, actor, id))

    async def signal(self, peer: Peer, channel: str, name: str, data: dict[str, Any]) -> dict[str, Any] | Refusal:
        """Who says it is what the login says, whatever the browser claims."""
        actor: Actor = peer.extra
        told = await self._told(peer, channel, name, data)
        return Refusal("signal.refused", sentence(actor.locale, "signal.refused")) if told is None else told

    async def _told(self, peer: Peer, channel: str, name: str, data: dict[str, Any]) -> dict[str, Any] | None:
        """What the others hear; None for what cannot be said there. That the peer hears the channel is proved."""
        kind, _, rest = channel.partition(":")
        id, _, side = rest.partition(":")
        me = {"id": peer.person_id, "name": peer.name}
        if name == "typing" and kind in ("session", "conversation") and not data:
            return {"people": [me]}
        if name == "reaction" and (kind, side) == ("session", ""):
            sums = taps(data)
            return {"sums": sums} if sums and await self._reactions_open(UUID(id)) else None
        if name == "working" and (kind, side) == ("board", ""):
            return working(data, me)
        if name == "claim" and (kind, side) == ("session", "moderation"):
            item = claimed(data)
            return {"claims": {item: me}} if item else None
        return None

    async def _reactions_open(self, session_id: UUID) -> bool:
        """Asked of the database at most every few seconds: hundreds of reactions a second ask it."""
        now = time.monotonic()
        until, known = self._reacting.get(session_id, (0.0, False))
        if now >= until:
            known = await self._database.read(lambda db: audience.reactions_open(db, session_id))
            if len(self._reacting) >= REACTING_AT_MOST:
                self._reacting.clear()
            self._reacting[session_id] = (now + REACTING_KNOWN_S, known)
        return known


def _allowed(db: Session, check: Check, actor: Actor, id: UUID) -> bool:
    try:
        check(db, actor, id)
    except Fault:
        return False
    return True
