"""All connections of this node: their beats, those too slow, and when to come back after an end."""

from collections.abc import Collection, Iterator

from realtime.hub.connection import Connection
from realtime.hub.context import Context
from realtime.hub.frames import BEAT, Close
from realtime.hub.wheel import Wheel
from realtime.hub.wire import frame_text

_BEAT = frame_text(BEAT)


class Crowd:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._limits = context.limits
        self._members: set[Connection] = set()
        self._wheel: Wheel[Connection] = Wheel(max(1, round(self._limits.beat_s / self._limits.tick_s)))
        self._size_before = 0  # a moment ago: while all are being sent away, the size falls
        self.slow: set[Connection] = set()

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._members))

    def __len__(self) -> int:
        return len(self._members)

    def add(self, connection: Connection) -> None:
        self._members.add(connection)
        connection.beat_slot = self._wheel.add(connection)
        self._context.numbers.opened += 1
        self._context.numbers.connections += 1

    def remove(self, connection: Connection) -> None:
        self._members.discard(connection)
        self._wheel.remove(connection, connection.beat_slot)
        self.slow.discard(connection)
        self._context.numbers.connections -= 1
        self._context.numbers.closed += 1

    def named(self, persons: Collection[str], logins: Collection[str]) -> list[Connection]:
        """The connections of these people, and those of these logins."""
        return [one for one in self if one.peer.person_id in persons or one.peer.login_id in logins]

    def tick(self, now: float) -> None:
        """Beat for those whose turn it is, and end those who are idle or too slow."""
        self._size_before = len(self._members)
        for connection in self._wheel.tick():
            self._beat(connection)
        for connection in list(self.slow):
            if connection.too_slow(now):
                connection.close(Close.SLOW)

    def _beat(self, connection: Connection) -> None:
        if connection.beats_unanswered >= self._limits.beats_missed:
            connection.close(Close.IDLE)
            return
        connection.beats_unanswered += 1
        if connection.ready:
            connection.write(_BEAT)

    def retry_reason(self) -> str:
        """When to come back, for close codes that want it: the larger the crowd, the wider the spread."""
        size = max(self._size_before, len(self._members))
        spread = self._limits.retry_ms_min + int(self._limits.retry_ms_per_connection * size)
        return f"retry=0-{min(self._limits.retry_ms_max, spread)}"

    def count_close(self, code: Close) -> None:
        name = f"closed_{_CLOSED_AS[code]}"
        numbers = self._context.numbers
        setattr(numbers, name, getattr(numbers, name) + 1)


_CLOSED_AS = {
    Close.RESTART: "restart",
    Close.SLOW: "slow",
    Close.IDLE: "idle",
    Close.POSITION_LOST: "position",
    Close.LOGIN_ENDED: "login",
    Close.NOT_ALLOWED: "refused",
    Close.PROTOCOL: "protocol",
    Close.LIMIT: "limit",
}
