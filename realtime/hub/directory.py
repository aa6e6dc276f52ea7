"""Which channels this node has open: opened by the first who asks, closed some time after the last has left."""

from collections.abc import Callable, Iterator
from functools import partial

from realtime.hub.channel import Channel
from realtime.hub.context import Context, logger
from realtime.hub.envelope import GarbageError, ToldSignal, unpack
from realtime.hub.ports import Frame
from realtime.hub.positions import Positions


class Directory:
    def __init__(
        self, context: Context, positions: Positions, *, on_signal: Callable[[Channel, ToldSignal], None]
    ) -> None:
        self._context = context
        self._positions = positions
        self._on_signal = on_signal
        self._channels: dict[str, Channel] = {}

    def __iter__(self) -> Iterator[Channel]:
        return iter(list(self._channels.values()))

    def __len__(self) -> int:
        return len(self._channels)

    def get(self, name: str) -> Channel | None:
        return self._channels.get(name)

    def open(self, name: str) -> Channel:
        """The channel, listening from now on; its head may not be known yet (`started`)."""
        channel = self._channels.get(name)
        if channel is None:
            channel = self._channels[name] = Channel(name, self._context)
            self._context.numbers.channels += 1
            self._context.spawn(self._start(channel))
        return channel

    async def _start(self, channel: Channel) -> None:
        """Listen first, then ask for the head: nothing falls between the two."""
        listener = partial(self._heard, channel)
        try:
            channel.unlisten = await self._context.broker.listen(channel.name, listener)
        except Exception:
            logger.exception("the broker does not listen; the head check delivers %s", channel.name)
        if self._channels.get(channel.name) is not channel:
            await self._unlisten(channel)
            return
        await self._positions.start(channel)

    def _heard(self, channel: Channel, data: bytes) -> None:
        try:
            message = unpack(channel.name, data)
        except GarbageError:
            self._context.numbers.broker_garbage += 1
            return
        if isinstance(message, Frame):
            self._positions.offer(channel, message)
        elif message.node != self._context.node:
            self._on_signal(channel, message)

    def sweep(self, now: float) -> None:
        """Close what nobody has used for a while; until then its log answers those who come back."""
        for channel in self:
            if channel.used:
                channel.idle_since = None
            elif channel.idle_since is None:
                channel.idle_since = now
            elif now - channel.idle_since >= self._context.limits.linger_s:
                self._close(channel)

    def _close(self, channel: Channel) -> None:
        del self._channels[channel.name]
        self._context.numbers.channels -= 1
        self._context.spawn(self._unlisten(channel))

    async def _unlisten(self, channel: Channel) -> None:
        stop, channel.unlisten = channel.unlisten, None
        if stop is not None:
            await stop()
