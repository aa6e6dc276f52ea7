"""Coming back: what a subscriber with a position missed, from the log, else from History, else honestly not.

There is no buffer per subscriber: the channel's log already keeps everything from the moment the channel was
opened, so it is enough to reach back to the position and then to join between two passes.
"""

import asyncio
from enum import Enum, auto

from realtime.hub.channel import Channel
from realtime.hub.context import Context, logger
from realtime.hub.deflate import squeeze_part
from realtime.hub.frames import join_publications
from realtime.hub.ports import Gone, Position
from realtime.hub.positions import Positions, continues

_BODIES_KEPT = 8


class Reach(Enum):
    """How the log of a channel stands to a position."""

    CONTINUES = auto()  # everything after the position is in the log
    NEVER = auto()  # not this history, or too far back
    EARLIER = auto()  # History must be read backwards from the log
    AHEAD = auto()  # the client knows more than this node: look at History


class Body:
    """What a reply replays; compressed when the first connection wants it so, and then for all who missed it."""

    __slots__ = ("_squeezed", "plain")

    def __init__(self, plain: bytes) -> None:
        self.plain = plain
        self._squeezed: bytes | None = None

    def squeezed(self) -> bytes:
        if self._squeezed is None:
            self._squeezed = squeeze_part(self.plain)
        return self._squeezed


NOTHING = Body(b"")


class Recovery:
    def __init__(self, context: Context, positions: Positions) -> None:
        self._context = context
        self._positions = positions
        self._waiting: dict[Channel, dict[Position, asyncio.Future[bool]]] = {}
        self._bodies: dict[tuple[str, Position, int], Body] = {}

    async def reach(self, channel: Channel, position: Position) -> bool:
        """Whether the log continues from the position, after reading History as far as needed.

        Nothing is awaited between a True answer and the return, so the caller can join at once. Raises what
        History raised.
        """
        numbers = self._context.numbers
        read = verified = False
        while True:
            found = self._look(channel, position)
            if found is Reach.CONTINUES:
                numbers.recovered_from_history += read
                numbers.recovered_from_log += not read
                return True
            if found is Reach.AHEAD and not verified:
                verified = True
                await self._positions.verify(channel)
            elif found is Reach.EARLIER and await self._read_back(channel, position):
                read = True
            else:
                numbers.recovered_not += 1
                return False

    def body(self, channel: Channel, after: Position) -> "Body":
        """The publications up to the running pass, joined once for all who missed the same."""
        key = (channel.name, after, channel.sent)
        body = self._bodies.get(key)
        if body is None:
            body = Body(join_publications(channel.log.payloads(after.offset, channel.sent)))
            while len(self._bodies) >= _BODIES_KEPT:
                del self._bodies[next(iter(self._bodies))]
            self._bodies[key] = body
        return body

    def forget_bodies(self) -> None:
        self._bodies.clear()

    def _look(self, channel: Channel, position: Position) -> Reach:
        log = channel.log
        if position.offset > log.head.offset:
            return Reach.AHEAD
        if log.head.offset - position.offset > self._context.limits.recovery_frames:
            return Reach.NEVER
        if position.offset < log.base.offset:
            return Reach.EARLIER
        if log.position_at(position.offset) != position:
            return Reach.NEVER
        too_much = log.bytes_after(position.offset) > self._context.limits.recovery_bytes
        return Reach.NEVER if too_much else Reach.CONTINUES

    # Reading backwards, one reading per channel at a time

    async def _read_back(self, channel: Channel, position: Position) -> bool:
        """True when it is worth looking again, False when History does not lead from there to our log."""
        waiting = self._waiting.get(channel)
        if waiting is None:
            waiting = self._waiting[channel] = {}
            self._context.spawn(self._work(channel, waiting))
        future = waiting.get(position)
        if future is None:
            future = waiting[position] = asyncio.get_running_loop().create_future()
        return await asyncio.shield(future)

    async def _work(self, channel: Channel, waiting: dict[Position, asyncio.Future[bool]]) -> None:
        """Read for the earliest position first: that usually answers all the others."""
        try:
            await asyncio.sleep(0)
            while waiting:
                position = min(waiting, key=lambda position: position.offset)
                future = waiting.pop(position)
                try:
                    future.set_result(await self._fetch(channel, position))
                except Exception as fault:
                    future.set_exception(fault)
                    future.exception()  # nobody may be waiting any more
                self._answer(channel, waiting)
        finally:
            del self._waiting[channel]
            for future in waiting.values():
                future.cancel()

    def _answer(self, channel: Channel, waiting: dict[Position, asyncio.Future[bool]]) -> None:
        for position in [position for position in waiting if position.offset >= channel.log.base.offset]:
            waiting.pop(position).set_result(True)

    async def _fetch(self, channel: Channel, position: Position) -> bool:
        """Put what stands between the position and the log before the log."""
        base = channel.log.base
        missing = base.offset - position.offset
        self._context.numbers.history_reads += 1
        async with asyncio.timeout(self._context.limits.history_s):
            page = await self._context.history.since(channel.name, position, missing)
        if channel.log.base != base:
            return True  # trimmed or begun anew meanwhile: look again
        if isinstance(page, Gone) or not continues(position, page):
            return False
        if len(page) != missing or page[-1].position != base:
            logger.warning("history of %s does not lead to our log", channel.name)
            return False
        channel.log.prepend(position, page)
        return True
