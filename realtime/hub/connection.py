"""One connection: what its peer asks for, and when it has to go."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from realtime.hub.frames import (
    BadFrameError,
    BeatAnswer,
    Close,
    SendSignal,
    Subscribe,
    Unsubscribe,
    parse_client_frame,
)
from realtime.hub.limits import Bucket
from realtime.hub.ports import Handshake, Peer
from realtime.hub.wire import frame_text

if TYPE_CHECKING:
    from realtime.hub.channel import Channel
    from realtime.hub.hub import Hub


class Link(Protocol):
    """The socket under a connection, as far as the hub knows it."""

    @property
    def write(self) -> Callable[[bytes], None]: ...

    def close(self, code: int, reason: str) -> None:
        """Send a close frame, then end the socket; nothing is written after it."""

    def unsent(self) -> int:
        """Bytes waiting in our own buffer."""


class Subscription:
    """A wish to hear a channel; `channel` is set once it is joined."""

    __slots__ = ("channel", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.channel: Channel | None = None


class Connection:
    __slots__ = (
        "_bucket",
        "_hub",
        "_link",
        "_stalled_since",
        "_unsent",
        "beat_slot",
        "beats_unanswered",
        "behind_since",
        "deflates",
        "handshake",
        "id",
        "lagging",
        "open",
        "peer",
        "ready",
        "rights",
        "subscriptions",
        "write",
    )

    def __init__(
        self, *, id: str, hub: "Hub", link: Link, handshake: Handshake, peer: Peer, deflates: bool = False
    ) -> None:
        """`deflates` when the peer agreed to compression without context between messages."""
        self.id = id
        self._hub = hub
        self._link = link
        self.write = link.write
        self.handshake = handshake
        self.peer = peer
        self.deflates = deflates
        self.open = True
        self.ready = True
        self.rights = 0  # raised whenever the Gate has to be asked again
        self.subscriptions: dict[str, Subscription] = {}
        self.lagging: set[Channel] = set()
        self.beat_slot = 0
        self.beats_unanswered = 0
        self.behind_since: float | None = None
        self._stalled_since = 0.0
        self._unsent = 0
        self._bucket = Bucket(hub.limits.rate_burst, hub.clock())

    def send(self, payload: bytes) -> None:
        """Write one message for this connection alone; dropped once it is closing."""
        if self.open:
            self.write(frame_text(payload))

    # From the link

    def received(self, data: bytes | None) -> None:
        """Take one whole text message; None stands for a binary one, which this protocol does not have."""
        if not self.open:
            return
        if not self._may_talk():
            return
        self.beats_unanswered = 0
        try:
            if data is None:
                raise BadFrameError
            frame = parse_client_frame(data)
        except BadFrameError:
            self.close(Close.PROTOCOL, "frame")
            return
        match frame:
            case Subscribe():
                self._hub.subscribe(self, frame)
            case Unsubscribe():
                self._hub.unsubscribe(self, frame)
            case SendSignal():
                self._hub.take_signal(self, frame)
            case BeatAnswer():
                pass

    def controlled(self) -> bool:
        """A ping or pong arrived: they count like messages. Whether to answer."""
        return self.open and self._may_talk()

    def _may_talk(self) -> bool:
        """Whether the peer keeps to its rate and reads what it asked for; else it is sent away."""
        limits = self._hub.limits
        if not self._bucket.take(self._hub.clock(), rate=limits.rate_per_s, burst=limits.rate_burst):
            self.close(Close.LIMIT, "rate")
            return False
        if not self.ready and self._link.unsent() > limits.behind_bytes:
            self.close(Close.SLOW)  # asks for more without reading what it got
            return False
        return True

    def paused(self) -> None:
        """The transport's buffer is full: the next pass makes this connection lag."""
        if not self.open:
            return
        self.ready = False
        self.behind_since = self._stalled_since = self._hub.clock()
        self._unsent = self._link.unsent()
        self._hub.crowd.slow.add(self)

    def resumed(self) -> None:
        """The buffer has drained: catch up channel by channel, as far as it takes."""
        if not self.open:
            return
        self.ready = True
        self.behind_since = None
        self._hub.crowd.slow.discard(self)
        for channel in list(self.lagging):
            channel.catch_up(self)
            if not self.ready:
                return

    def lost(self) -> None:
        """The socket is gone."""
        self._leave()

    def restarting(self) -> None:
        """This node stops; the peer finds another one, or this one again."""
        self.close(Close.RESTART)

    # Going

    def close(self, code: Close, reason: str = "") -> None:
        if not self.open:
            return
        if code.comes_back:
            reason = self._hub.crowd.retry_reason()
        self._hub.crowd.count_close(code)
        self._leave()
        self._link.close(code, reason)

    def _leave(self) -> None:
        if self.open:
            self.open = self.ready = False
            self._hub.left(self)

    def too_slow(self, now: float) -> bool:
        """Whether it stalled, fell too far behind, or drips on for too long."""
        limits = self._hub.limits
        if self.behind_since is None:
            return False
        unsent = self._link.unsent()
        if unsent < self._unsent:
            self._stalled_since = now
        self._unsent = unsent
        behind = [channel.behind(self) for channel in self.lagging]
        return (
            now - self._stalled_since > limits.stall_s
            or now - self.behind_since > limits.behind_s
            or None in behind
            or sum(size or 0 for size in behind) > limits.behind_bytes
        )
