"""Rights that changed: ask the Gate again for those named, and take away what it no longer allows."""

import asyncio
from collections.abc import Iterable

from realtime.hub.connection import Connection
from realtime.hub.context import Context, logger
from realtime.hub.frames import Close
from realtime.hub.ports import Refusal
from realtime.hub.subscribing import Subscribing

_AT_A_TIME = 16


class Rights:
    def __init__(self, context: Context, subscribing: Subscribing) -> None:
        self._context = context
        self._subscribing = subscribing
        self._turns = asyncio.Semaphore(_AT_A_TIME)
        self.reviews = 0  # who was at the Gate during one may have been let in by an older right

    def review(self, connections: Iterable[Connection]) -> None:
        """Ask again for these; a subscription just being made is asked for again as well."""
        self.reviews += 1
        deadline = asyncio.get_running_loop().time() + self._context.limits.access_s
        for connection in connections:
            connection.rights += 1
            self._context.spawn(self._review(connection, deadline))

    async def _review(self, connection: Connection, deadline: float) -> None:
        """If the Gate cannot be asked in time, the connection must come back and be admitted anew."""
        try:
            async with asyncio.timeout_at(deadline), self._turns:
                if connection.open:
                    await self._ask(connection)
        except Exception as fault:
            self._context.numbers.gate_faults += 1
            logger.warning("the gate did not answer, so a connection has to come back: %r", fault)
            connection.close(Close.RESTART)

    async def _ask(self, connection: Connection) -> None:
        gate = self._context.gate
        verdict = await gate.admit(connection.handshake)
        if isinstance(verdict, Refusal):
            connection.close(close_code(verdict), verdict.code)
            return
        if verdict.person_id != connection.peer.person_id:
            connection.close(Close.LOGIN_ENDED, "login.changed")
            return
        connection.peer = verdict
        joined = [name for name, subscription in connection.subscriptions.items() if subscription.channel]
        for name in joined:  # one still on its way in asks again by itself
            if not await gate.may_subscribe(verdict, name):
                self._subscribing.take_away(connection, name, "access.lost")


def close_code(refusal: Refusal) -> Close:
    """The close code of a refusal, terminal unless it says otherwise."""
    return Close.NOT_ALLOWED if refusal.close is None else Close(refusal.close)
