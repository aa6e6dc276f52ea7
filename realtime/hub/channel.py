"""One channel on one node: its log, who listens, and the pump that writes what is new to all of them.

Order on every connection is offset order. Live connections have no cursor: a pass writes the same bytes, encoded
once, to all of them, and to those with compression the same bytes, compressed once. A connection that cannot take
more becomes lagging with a cursor into the log, and is live again after one write when its buffer has drained.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from realtime.hub.context import Context, logger
from realtime.hub.deflate import squeeze_frame
from realtime.hub.frames import Close
from realtime.hub.log import ChannelLog, Entry, join_squeezed, join_wires
from realtime.hub.ports import START, Frame, Position, Stop

Follower = Callable[[Frame], None]


class Receiver(Protocol):
    """What a channel needs of a connection."""

    ready: bool  # open, and its transport takes more
    open: bool
    deflates: bool  # reads compressed frames
    write: Callable[[bytes], None]
    lagging: set["Channel"]

    def close(self, code: Close, reason: str = "") -> None: ...


class _Nobody:
    """Stands in a running pass for a connection that unsubscribed meanwhile."""

    ready = False
    open = False
    deflates = False

    def __init__(self) -> None:
        self.write: Callable[[bytes], None] = lambda data: None
        self.lagging: set[Channel] = set()

    def close(self, code: Close, reason: str = "") -> None: ...


_NOBODY: Receiver = _Nobody()


class Channel:
    __slots__ = (
        "_context",
        "_data",
        "_entries",
        "_erased",
        "_last_pass",
        "_pass_from",
        "_rate",
        "_rate_at",
        "_roster",
        "_said",
        "_scheduled",
        "_signals",
        "_squeezed",
        "_turn",
        "followers",
        "held",
        "idle_since",
        "interest",
        "lagging",
        "live",
        "log",
        "name",
        "sent",
        "started",
        "unlisten",
    )

    def __init__(self, name: str, context: Context) -> None:
        self.name = name
        self._context = context
        self.log = self._empty_log(START)
        self.sent = 0  # offset up to which every live connection has, or is just getting, everything
        self.live: dict[Receiver, None] = {}
        self.lagging: dict[Receiver, int] = {}
        self.followers: list[Follower] = []
        self.held: dict[int, Frame] = {}  # publications that came before their predecessors
        self.started: asyncio.Event | None = asyncio.Event()  # None once the head is known
        self.unlisten: Stop | None = None
        self.interest = 0  # subscribers on their way in
        self.idle_since: float | None = None
        self._erased = 0  # up to here History was changed: to be forgotten once it is sent
        self._scheduled = False
        self._signals: list[bytes] = []
        self._roster: list[Receiver] = []
        # The running pass: what it writes, from which publications and signals
        self._data = b""
        self._squeezed = b""
        self._entries: list[Entry] = []
        self._said: list[bytes] = []
        self._pass_from = 0
        self._last_pass = 0.0
        self._turn = 0
        self._rate = 0.0
        self._rate_at = 0.0

    def _empty_log(self, head: Position) -> ChannelLog:
        limits = self._context.limits
        return ChannelLog(head, max_frames=limits.log_frames, max_bytes=limits.log_bytes)

    @property
    def head(self) -> Position:
        return self.log.head

    @property
    def used(self) -> bool:
        return bool(self.live or self.lagging or self.followers or self.interest)

    def begin(self, head: Position) -> None:
        """Take a head from History as the place from which this node knows everything."""
        self.log = self._empty_log(head)
        self._erased = 0
        self.sent = head.offset
        self.held = {offset: frame for offset, frame in self.held.items() if offset > head.offset}
        if self.started is not None:
            self.started.set()
            self.started = None

    # What is new

    def append(self, frame: Frame) -> None:
        """Take the next publication; followers have it at once, connections in the next pass."""
        self.log.append(frame)
        if self._context.erases(frame):
            self._erased = frame.offset - 1
        self._context.numbers.publications += 1
        for follower in self.followers:
            _tell(follower, frame)
        self._count()
        self._wake()

    def push(self, signal: bytes) -> None:
        """Write a signal to whoever is live in the next pass; it is neither kept nor repeated."""
        self._signals.append(signal)
        self._context.numbers.signals += 1
        self._wake()

    # Who listens

    def join(self, connection: Receiver) -> None:
        """Make a connection live; it must have been sent everything up to `sent`."""
        self.live[connection] = None
        self.idle_since = None

    def leave(self, connection: Receiver) -> None:
        """Nothing of this channel is written to the connection after this."""
        if self.lagging.pop(connection, None) is not None:
            connection.lagging.discard(self)
            self._context.numbers.lagging -= 1
        elif self.live.pop(connection, self) is None and connection.open and connection in self._roster:
            self._roster[self._roster.index(connection)] = _NOBODY

    def catch_up(self, connection: Receiver) -> None:
        """Write in one go what a lagging connection missed, and make it live again."""
        cursor = self.lagging.pop(connection)
        connection.lagging.discard(self)
        self._context.numbers.lagging -= 1
        if cursor < self.log.base.offset:
            connection.close(Close.SLOW)
            return
        self.live[connection] = None
        if cursor < self.sent:
            self._context.numbers.deliveries += self.sent - cursor
            missed = self.log.between(cursor, self.sent)
            connection.write(self._join_squeezed(missed) if connection.deflates else join_wires(missed))

    def behind(self, connection: Receiver) -> int | None:
        """Bytes a lagging connection still has to get from this channel; None once the log no longer has them."""
        cursor = self.lagging[connection]
        return None if cursor < self.log.base.offset else self.log.bytes_after(cursor, self.sent)

    # The pump

    def _wake(self) -> None:
        if self._scheduled:
            return
        if not self.live:
            self._nobody_listens()
            return
        self._scheduled = True
        loop = asyncio.get_running_loop()
        wait = self._window() - (self._context.clock() - self._last_pass)
        if wait <= 0:
            loop.call_soon(self._begin_pass)
        else:
            loop.call_later(wait, self._begin_pass)

    def _nobody_listens(self) -> None:
        self._signals.clear()
        self.sent = self.head.offset
        self._trim()

    def _begin_pass(self) -> None:
        """Take all that is new since the last pass, for all who are live now."""
        self._pass_from = self.sent
        self.sent = self.head.offset
        self._last_pass = self._context.clock()
        self._entries = self.log.between(self._pass_from, self.sent)
        self._said, self._signals = self._signals, []
        self._data = join_wires(self._entries) + b"".join(self._said)
        roster = list(self.live)
        # Nobody is always last.
        self._turn = (self._turn + self._context.limits.slice) % max(1, len(roster))
        self._roster = roster[self._turn :] + roster[: self._turn]
        self._context.numbers.passes += 1
        self._context.numbers.deliveries += len(roster) * (self.sent - self._pass_from)
        self._slice(0)

    def _slice(self, at: int) -> None:
        """Write to one slice of the roster, then let the loop serve others before the next."""
        data = self._data
        end = at + self._context.limits.slice
        for connection in self._roster[at:end]:
            if connection.ready:
                try:
                    connection.write(data if not connection.deflates else self._squeezed or self._squeeze())
                except Exception:
                    logger.exception("a transport refused a write")
                    connection.close(Close.SLOW)
            elif connection.open:
                self._lag(connection)
        if end < len(self._roster):
            asyncio.get_running_loop().call_soon(self._slice, end)
        else:
            self._end_pass()

    def _squeeze(self) -> bytes:
        """Compress what this pass writes, when the first of its connections wants it so."""
        at_least = self._context.limits.deflate_from
        said = [squeeze_frame(signal, at_least=at_least) for signal in self._said]
        self._squeezed = self._join_squeezed(self._entries) + b"".join(said)
        return self._squeezed

    def _join_squeezed(self, entries: list[Entry]) -> bytes:
        return join_squeezed(entries, at_least=self._context.limits.deflate_from)

    def _lag(self, connection: Receiver) -> None:
        """From here on this connection reads the log by its own cursor."""
        del self.live[connection]
        self._context.numbers.lagging += 1
        self._context.numbers.deliveries -= self.sent - self._pass_from
        self.lagging[connection] = self._pass_from
        connection.lagging.add(self)

    def _end_pass(self) -> None:
        self._roster, self._entries, self._said = [], [], []
        self._data = self._squeezed = b""
        self._scheduled = False
        self._trim()
        if self._signals or self.sent < self.head.offset:
            self._wake()

    def _trim(self) -> None:
        if self._erased and self.sent >= self._erased:
            self.log.forget(self._erased)
            self._erased = 0
        self.log.trim(keep_after=self.sent)

    def _count(self) -> None:
        """Keep the number of publications in about the last second."""
        now = self._context.clock()
        self._rate = self._rate * max(0.0, 1.0 - (now - self._rate_at)) + 1.0
        self._rate_at = now

    def _window(self) -> float:
        """Seconds between two passes: none in calm times, up to the full window under load."""
        limits = self._context.limits
        if self._rate <= limits.window_from_rate or len(self.live) < limits.window_listeners:
            return 0.0
        load = (self._rate - limits.window_from_rate) / (limits.window_full_rate - limits.window_from_rate)
        return limits.window_s * min(1.0, load)


def _tell(follower: Follower, frame: Frame) -> None:
    try:
        follower(frame)
    except Exception:
        logger.exception("a follower of %s failed", frame.channel)
