"""From the wish to hear a channel to being live on it, and out again."""

import asyncio

from realtime.hub.channel import Channel
from realtime.hub.connection import Connection, Subscription
from realtime.hub.context import Context, logger
from realtime.hub.deflate import frame_round
from realtime.hub.directory import Directory
from realtime.hub.frames import (
    Close,
    Subscribe,
    reply_error,
    reply_not_recovered,
    reply_recovered,
    unsubscribed,
)
from realtime.hub.ports import START, Position
from realtime.hub.presence import Presence
from realtime.hub.recovery import NOTHING, Body, Recovery
from realtime.hub.wire import header

_ONE_WRITE = 16 << 10  # below this copying a reply together is cheaper than a second write


class Subscribing:
    def __init__(self, context: Context, directory: Directory, recovery: Recovery, presence: Presence) -> None:
        self._context = context
        self._directory = directory
        self._recovery = recovery
        self._presence = presence

    def begin(self, connection: Connection, request: Subscribe) -> None:
        """Take a subscribe; to subscribe again replaces what was there."""
        name = request.channel
        self.end(connection, name)
        if len(connection.subscriptions) >= self._context.limits.subscriptions:
            connection.close(Close.LIMIT, "subscriptions")
            return
        subscription = connection.subscriptions[name] = Subscription(name)
        self._context.spawn(self._answer(connection, subscription, request))

    def end(self, connection: Connection, name: str) -> bool:
        """Stop hearing a channel at once; whether there was something to stop."""
        subscription = connection.subscriptions.pop(name, None)
        if subscription is None:
            return False
        if subscription.channel is not None:
            subscription.channel.leave(connection)
            self._presence.left(name, connection.peer)
            self._context.numbers.subscriptions -= 1
        return True

    def take_away(self, connection: Connection, name: str, code: str) -> None:
        """End a subscription the peer did not give up, and say so."""
        if self.end(connection, name):
            self._context.numbers.unsubscribed += 1
            connection.send(unsubscribed(channel=name, code=code))

    async def _answer(self, connection: Connection, subscription: Subscription, request: Subscribe) -> None:
        """Exactly one reply, whatever happens."""
        try:
            async with asyncio.timeout(self._context.limits.subscribe_s):
                refusal = await self._join(connection, subscription, request)
        except Exception as fault:
            self._context.numbers.gate_faults += 1
            logger.warning("could not subscribe to %s: %r", request.channel, fault)
            refusal = "server.busy"
        if refusal is None:
            return
        if _current(connection, subscription):
            del connection.subscriptions[subscription.name]
        connection.send(reply_error(request.id, code=refusal, message=SENTENCES[refusal]))

    async def _join(self, connection: Connection, subscription: Subscription, request: Subscribe) -> str | None:
        """The code of the refusal, or None after the join."""
        position = _position(request)
        while True:
            rights = connection.rights
            if not await self._context.gate.may_subscribe(connection.peer, request.channel):
                return "channel.refused"
            if not _current(connection, subscription):
                return "subscription.replaced"
            channel = self._directory.open(request.channel)
            channel.interest += 1
            try:
                recovered = await self._reach(channel, position)
            finally:
                channel.interest -= 1
            if not _current(connection, subscription):
                return "subscription.replaced"
            if connection.rights == rights:  # else rights changed meanwhile: ask again
                self._enter(connection, subscription, channel, request.id, position, recovered)
                return None

    async def _reach(self, channel: Channel, position: Position | None) -> bool:
        if channel.started is not None:
            await channel.started.wait()
        return position is None or await self._recovery.reach(channel, position)

    def _enter(
        self,
        connection: Connection,
        subscription: Subscription,
        channel: Channel,
        id: int,
        position: Position | None,
        recovered: bool,
    ) -> None:
        """Join between two passes: up to `sent` it is in the reply, after that in later passes."""
        subscription.channel = channel
        channel.join(connection)
        self._context.numbers.subscriptions += 1
        newest = channel.log.position_at(channel.sent) or START
        if not recovered:
            connection.send(reply_not_recovered(id, newest, self._jitter(channel)))
        elif position is None:
            self._recovered(connection, id, newest, NOTHING)
        elif position.offset > newest.offset:
            self._recovered(connection, id, position, NOTHING)  # it already has what the next pass will repeat
        else:
            self._recovered(connection, id, newest, self._recovery.body(channel, position))
        present = self._presence.joined(channel.name, connection.peer)
        if present:
            connection.write(present)

    def _recovered(self, connection: Connection, id: int, position: Position, body: Body) -> None:
        """Bytes that many share are neither copied nor compressed for each of them."""
        before, after = reply_recovered(id, position)
        if connection.deflates and len(body.plain) >= self._context.limits.deflate_from:
            parts = frame_round(before, body.squeezed(), after)
        else:
            parts = [header(len(before) + len(body.plain) + len(after)) + before, body.plain, after]
        if len(parts[1]) < _ONE_WRITE:
            parts = [b"".join(parts)]
        for part in parts:
            connection.write(part)

    def _jitter(self, channel: Channel) -> int:
        """Milliseconds over which those who must load anew should spread: one for each of them."""
        return min(self._context.limits.jitter_ms_max, len(channel.live))


def _current(connection: Connection, subscription: Subscription) -> bool:
    return connection.open and connection.subscriptions.get(subscription.name) is subscription


def _position(request: Subscribe) -> Position | None:
    if request.position is None:
        return None
    return Position(request.position.offset, request.position.id)


SENTENCES = {
    "channel.refused": "This channel is not open to you.",
    "subscription.replaced": "A later request took the place of this one.",
    "server.busy": "The server could not answer in time. Try again.",
}
