"""Keeps every channel of a node in step with History: once per channel, whoever listens.

Publications come by the broker, which may lose, double or turn them round. Only the next offset is let through. A
later one is held for a moment and then the missing ones are read from History; every two seconds the heads of all
channels are compared, which finds what nobody told. When another publication stands where ours stood, history was
replaced (a restored backup), and everyone has to load anew.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping

from realtime.hub.channel import Channel
from realtime.hub.context import Context, logger
from realtime.hub.ports import START, Frame, Gone, Position

_PAGE = 500
_NAMES_PER_QUERY = 10_000  # asyncpg and SQLite take some 32,000 parameters


class Heads:
    """Asks History for heads: whoever asks while a query runs shares the next one.

    A mass reconnect that opens thousands of channels costs a handful of queries.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._waiting: dict[str, asyncio.Future[Position]] = {}
        self._running = False

    async def head(self, channel: str) -> Position:
        """The head as of some moment after this call; raises what History raised."""
        future = self._waiting.get(channel)
        if future is None:
            future = asyncio.get_running_loop().create_future()
            self._waiting[channel] = future
        if not self._running:
            self._running = True
            self._context.spawn(self._work())
        return await asyncio.shield(future)

    async def _work(self) -> None:
        try:
            while self._waiting:
                asked, self._waiting = self._waiting, {}
                await self._ask(asked)
        finally:
            self._running = False

    async def _ask(self, asked: dict[str, asyncio.Future[Position]]) -> None:
        try:
            heads = await self.query(asked)
        except Exception as fault:
            for future in asked.values():
                future.set_exception(fault)
                future.exception()  # nobody may be waiting any more
            return
        for channel, future in asked.items():
            future.set_result(heads.get(channel, START))

    async def query(self, channels: Collection[str]) -> Mapping[str, Position]:
        """One query, but for nodes with so many channels that a database would refuse the list."""
        names = list(channels)
        heads: dict[str, Position] = {}
        async with asyncio.timeout(self._context.limits.history_s):
            for first in range(0, len(names), _NAMES_PER_QUERY):
                heads |= await self._context.history.heads(names[first : first + _NAMES_PER_QUERY])
        return heads


class Positions:
    def __init__(self, context: Context, *, on_replaced: Callable[[Channel], None]) -> None:
        self._context = context
        self.heads = Heads(context)
        self._on_replaced = on_replaced
        self._repairs: dict[Channel, asyncio.Task[None]] = {}
        self._holding: set[Channel] = set()
        self._checking = False
        self._check_again = False

    def offer(self, channel: Channel, frame: Frame) -> None:
        """Take a publication from anywhere, in any order, any number of times."""
        if channel.started is not None:
            self._hold(channel, frame)
            return
        head = channel.head.offset
        if frame.offset <= head:
            self._compare(channel, frame)
        elif frame.offset > head + 1:
            self._hold(channel, frame)
            self._repair_later(channel)
        else:
            channel.append(frame)
            self._release(channel)

    def _hold(self, channel: Channel, frame: Frame) -> None:
        if len(channel.held) < self._context.limits.held_frames:  # the rest is read from History
            channel.held[frame.offset] = frame
            self._context.numbers.held += 1

    def _release(self, channel: Channel) -> None:
        while channel.held and (frame := channel.held.pop(channel.head.offset + 1, None)) is not None:
            channel.append(frame)

    def _compare(self, channel: Channel, frame: Frame) -> None:
        """A double is dropped; another publication at a known offset means history was replaced."""
        known = channel.log.position_at(frame.offset)
        if known is not None and known.id != frame.id:
            self._context.spawn(self._verify_quietly(channel))

    # Starting

    async def start(self, channel: Channel) -> None:
        """Find the head; tries until History answers. What the broker brings meanwhile is held."""
        pause = 0.1
        while True:
            try:
                head = await self.heads.head(channel.name)
            except Exception:
                self._context.numbers.history_faults += 1
                await asyncio.sleep(pause)
                pause = min(2.0, pause * 2)
                continue
            channel.begin(head)
            self._release(channel)
            if channel.held:
                self._repair_later(channel)
            return

    # Repairing

    def _repair_later(self, channel: Channel) -> None:
        if channel in self._holding or channel in self._repairs:
            return
        self._holding.add(channel)
        loop = asyncio.get_running_loop()
        loop.call_later(self._context.limits.hold_s, self._held_long_enough, channel, channel.head.offset)

    def _held_long_enough(self, channel: Channel, head: int) -> None:
        """Overtaking clears up by itself within the hold; what is still missing then was lost."""
        self._holding.discard(channel)
        if not channel.held:
            return
        if channel.head.offset > head:
            self._repair_later(channel)
            return
        self._context.numbers.gaps += 1
        self.repair(channel)

    def repair(self, channel: Channel) -> asyncio.Task[None]:
        """Read what follows our head from History and let it through; one reading per channel at a time."""
        task = self._repairs.get(channel)
        if task is None:
            task = self._context.spawn(self._repair(channel))
            self._repairs[channel] = task
            task.add_done_callback(lambda _: self._repairs.pop(channel, None))
        return task

    async def _repair(self, channel: Channel) -> None:
        before = set(channel.held)
        try:
            complete = await self._read_on(channel)
        except Exception as fault:
            self._context.numbers.history_faults += 1
            logger.warning("could not read the history of %s: %r", channel.name, fault)
            return  # the next head check tries again
        if not complete:
            await self._replaced(channel)
            return
        for offset in before:
            channel.held.pop(offset, None)  # not in History although older than the reading: never happened
        if channel.held:
            asyncio.get_running_loop().call_soon(self._repair_later, channel)

    async def _read_on(self, channel: Channel) -> bool:
        """False when History does not continue our log."""
        while True:
            after = channel.head
            self._context.numbers.history_reads += 1
            async with asyncio.timeout(self._context.limits.history_s):
                page = await self._context.history.since(channel.name, after, _PAGE)
            if isinstance(page, Gone) or not continues(after, page):
                return False
            for frame in page:
                if frame.offset == channel.head.offset + 1:
                    channel.append(frame)
            self._release(channel)
            if len(page) < _PAGE:
                return True

    async def _replaced(self, channel: Channel) -> None:
        """Forget the old history; whoever listened is told by `on_replaced` to come back and load anew."""
        try:
            head = await self.heads.head(channel.name)
        except Exception:
            self._context.numbers.history_faults += 1
            return  # the next head check finds it again
        self._context.numbers.histories_replaced += 1
        logger.warning("history of %s was replaced", channel.name)
        channel.held.clear()
        channel.begin(head)
        self._on_replaced(channel)

    # Checking

    async def verify(self, channel: Channel) -> None:
        """Compare one channel with History now, and wait for the repair if it is behind."""
        before = channel.head
        head = await self.heads.head(channel.name)
        await self._compare_heads(channel, before, head, wait=True)

    async def _verify_quietly(self, channel: Channel) -> None:
        try:
            await self.verify(channel)
        except Exception:
            self._context.numbers.history_faults += 1

    async def check(self, channels: Iterable[Channel]) -> None:
        """The head check: one query for all channels. A check asked for during a check follows it."""
        if self._checking:
            self._check_again = True
            return
        self._checking = True
        try:
            await self._check(list(channels))
            while self._check_again:
                self._check_again = False
                await self._check(list(channels))
        finally:
            self._checking = False

    async def _check(self, channels: Collection[Channel]) -> None:
        before = {channel: channel.head for channel in channels if channel.started is None}
        if not before:
            return
        self._context.numbers.head_checks += 1
        try:
            heads = await self.heads.query([channel.name for channel in before])
        except Exception:
            self._context.numbers.history_faults += 1
            return
        for channel, ours in before.items():
            await self._compare_heads(channel, ours, heads.get(channel.name, START), wait=False)

    async def _compare_heads(self, channel: Channel, before: Position, stored: Position, *, wait: bool) -> None:
        """`before` is our head from before the question: a stored head behind it cannot be a late answer."""
        if stored.offset > channel.head.offset:
            repair = self.repair(channel)
            if wait:
                await asyncio.shield(repair)
            return
        known = channel.log.position_at(stored.offset)
        if stored.offset < before.offset or (known is not None and known != stored):
            await self._replaced(channel)


def continues(after: Position, page: Iterable[Frame]) -> bool:
    return all(frame.offset == after.offset + index for index, frame in enumerate(page, start=1))
