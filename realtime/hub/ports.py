"""What the hub needs from the application, and the few words both sides share.

The hub knows connections, channels and positions. Who a connection belongs to, what it may hear and where the
stored publications are is the application's knowledge; it plugs in through these Protocols.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

JSON: TypeAlias = dict[str, Any]
Listener: TypeAlias = Callable[[bytes], None]
Stop: TypeAlias = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a channel's history: an offset and the id of the publication there (None only at offset 0)."""

    offset: int
    id: str | None


START: Final = Position(0, None)


@dataclass(frozen=True, slots=True)
class Frame:
    """One stored publication; `payload` is its JSON text exactly as every client receives it."""

    channel: str
    offset: int
    id: str
    payload: bytes

    @property
    def position(self) -> Position:
        return Position(self.offset, self.id)


@dataclass(frozen=True, slots=True)
class Gone:
    """History no longer holds what follows the asked position, or another publication stands there."""


@dataclass(frozen=True, slots=True)
class Handshake:
    """What a newcomer brought along; kept while connected, to ask the Gate again when rights change."""

    address: str
    origin: str | None
    cookie: str | None
    authorization: str | None
    language: str | None


@dataclass(frozen=True, slots=True)
class Peer:
    """Whom a connection speaks for. The hub compares the ids and shows the name; `extra` it never looks into."""

    person_id: str
    login_id: str | None
    name: str
    extra: Any = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A no. `close` is the close code to end the connection with.

    From `Gate.admit`, None means: refuse before the accept with 403 (a foreign Origin). From `Gate.signal`, None
    means: answer with an error and keep the connection.
    """

    code: str
    message: str
    close: int | None = None


class History(Protocol):
    """The stored publications. Offsets of a channel go up by one, without gaps, in commit order."""

    async def heads(self, channels: Collection[str]) -> Mapping[str, Position]:
        """The newest position of each channel; a channel left out has no publications."""

    async def since(self, channel: str, after: Position, limit: int) -> Sequence[Frame] | Gone:
        """At most `limit` publications after a position, oldest first; Gone when that position is not there."""


class Gate(Protocol):
    """Who is this, what may it hear and say."""

    async def admit(self, handshake: Handshake) -> Peer | Refusal:
        """Asked at connect, and again whenever `Hub.drop` names the peer."""

    async def may_subscribe(self, peer: Peer, channel: str) -> bool:
        """Asked at each subscribe, and again whenever `Hub.drop` names the peer."""

    async def signal(self, peer: Peer, channel: str, name: str, data: JSON) -> JSON | Refusal:
        """The data to pass on to the channel (see `signals.merge` for how many become one), or a no."""


class Broker(Protocol):
    """Carries bytes between nodes, quickly and without promise: it holds no truth and may lose anything.

    `publish` and `listen` never raise because a link is down, and never wait for one to come back.
    """

    @property
    def degraded(self) -> bool:
        """True while the link to the other nodes is down: news arrive by the head check only."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def publish(self, topic: str, payload: bytes) -> None: ...

    async def listen(self, topic: str, listener: Listener) -> Stop:
        """Call `listener` with every payload from now on, until the returned function is awaited."""

    def on_gap(self, callback: Callable[[], None]) -> None:
        """Call back whenever payloads may have been lost (a link was re-established)."""
