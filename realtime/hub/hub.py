"""The hub of one node: the one object the application starts, publishes through and routes /ws to.

Call everything on the event loop the hub was started on.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable

from starlette.websockets import WebSocket

from realtime.hub.admission import Admission, AttachableLink, handshake_of, link_of, new_id, refuse
from realtime.hub.channel import Channel, Follower
from realtime.hub.connection import Connection
from realtime.hub.context import Context, logger
from realtime.hub.crowd import Crowd
from realtime.hub.directory import Directory
from realtime.hub.envelope import Outbox, ToldSignal, pack_publication
from realtime.hub.frames import (
    SUBPROTOCOL,
    Close,
    SendSignal,
    Subscribe,
    Unsubscribe,
    hello,
    reply_done,
    reply_error,
)
from realtime.hub.limits import Limits
from realtime.hub.numbers import HubNumbers
from realtime.hub.ports import JSON, Broker, Frame, Gate, Handshake, History, Peer, Refusal, Stop
from realtime.hub.positions import Positions
from realtime.hub.presence import TOPIC, Presence
from realtime.hub.recovery import Recovery
from realtime.hub.rights import Rights, close_code
from realtime.hub.signals import Signals
from realtime.hub.subscribing import Subscribing


class Hub:
    def __init__(
        self,
        *,
        gate: Gate,
        history: History,
        broker: Broker,
        node: str,
        build: str = "",
        clock: Callable[[], float] = time.monotonic,
        limits: Limits | None = None,
        has_presence: Callable[[str], bool] = lambda channel: True,
        erases: Callable[[Frame], bool] = lambda frame: False,
    ) -> None:
        """`erases` tells publications with which earlier ones were changed in History: logs forget those."""
        self.limits = limits or Limits()
        self.clock = clock
        self._context = Context(gate, history, broker, node, build, clock, self.limits, erases)
        self.numbers: HubNumbers = self._context.numbers
        self.crowd = Crowd(self._context)
        self._outbox = Outbox(self._context)
        self._positions = Positions(self._context, on_replaced=self._replaced)
        self._directory = Directory(self._context, self._positions, on_signal=self._heard_signal)
        self._presence = Presence(self._context, self._directory, self._outbox, counted=has_presence)
        self._signals = Signals(self._context, self._directory, self._presence, self._outbox)
        self._recovery = Recovery(self._context, self._positions)
        self._subscribing = Subscribing(self._context, self._directory, self._recovery, self._presence)
        self._rights = Rights(self._context, self._subscribing)
        self._admission = Admission(self._context)
        self._on_lost: dict[str, list[Callable[[], None]]] = {}
        self._stop_presence: Stop | None = None
        self._stopping = False

    # For the application

    async def start(self) -> None:
        """Start the broker and the clockwork; raises what the broker's start raises."""
        broker = self._context.broker
        broker.on_gap(self.check_soon)
        await broker.start()
        self._stop_presence = await broker.listen(TOPIC, self._presence.heard)
        self._context.spawn(self._outbox.run())
        self._context.spawn(self._every(self.limits.tick_s, self._second))
        self._context.spawn(self._check_forever())

    async def stop(self) -> None:
        """Send everyone away with 1012, then stop all work and the broker."""
        self.send_away()
        if self._stop_presence is not None:
            await self._stop_presence()
        await self._context.stop()
        await self._context.broker.stop()

    def send_away(self) -> None:
        """Close every connection with 1012; they come back spread out, to whichever node is there."""
        self._stopping = True
        for connection in self.crowd:
            connection.restarting()

    @property
    def degraded(self) -> bool:
        """True while news from other nodes come late (by the head check), because the broker is down."""
        return self._context.broker.degraded

    def publish(self, frames: Iterable[Frame]) -> None:
        """Deliver what was just committed: here at once, elsewhere by the broker. Never blocks, never raises."""
        for frame in frames:
            channel = self._directory.get(frame.channel)
            if channel is not None:
                self._positions.offer(channel, frame)
            self._outbox.put(frame.channel, pack_publication(frame))

    def tell_here(self, channel: str, name: str, data: JSON) -> None:
        """Say to this node's own listeners at once; the newest stands. For what every node learns by itself."""
        self._signals.tell_here(channel, name, data)

    def signal(self, channel: str, name: str, data: JSON) -> None:
        """Say something that is never stored to all who hear a channel now, on every node."""
        self._signals.say(channel, name, data)

    def drop(self, person_ids: Collection[str] = (), login_ids: Collection[str] = ()) -> None:
        """Ask the Gate again for everyone named, and take away what is no longer allowed.

        Ends within a few seconds: a subscription with `unsubscribed`, a connection with the Refusal's close code,
        and with 1012 when the Gate does not answer.
        """
        self._rights.review(self.crowd.named(frozenset(person_ids), frozenset(login_ids)))

    def drop_all(self) -> None:
        """Ask the Gate again for everybody: for when it is no longer known whose rights changed."""
        self._rights.review(self.crowd)

    def audience(self, channel: str) -> int:
        """How many people hear a channel, on all nodes as far as told."""
        opened = self._directory.get(channel)
        return self._presence.people(channel) if opened is None else self._presence.audience(opened)

    async def listen_internal(
        self, channel: str, callback: Follower, *, on_lost: Callable[[], None] | None = None
    ) -> Stop:
        """Follow a channel from its present head, every publication once and in order.

        Waits until the head is known. `on_lost` is called when history was replaced or publications can no longer
        be had: whatever the follower concluded from them has to be looked up anew.
        """
        opened = self._directory.open(channel)
        opened.interest += 1
        try:
            if opened.started is not None:
                await opened.started.wait()
        finally:
            opened.interest -= 1
        opened.followers.append(callback)
        if on_lost is not None:
            self._on_lost.setdefault(channel, []).append(on_lost)

        async def stop() -> None:
            opened.followers.remove(callback)
            if on_lost is not None:
                self._on_lost[channel].remove(on_lost)

        return stop

    # The /ws endpoint

    async def route(self, websocket: WebSocket) -> None:
        """A Starlette endpoint: admit, accept, hand over. The ASGI call ends here; the socket lives on."""
        link = link_of(websocket)
        handshake = handshake_of(websocket)
        self._admission.arrive(handshake.address)
        connection = None
        try:
            connection = await self._receive(websocket, handshake, link)
        finally:
            if connection is None:
                self._admission.depart(handshake.address)
        if connection is not None:
            link.attach(connection)

    async def _receive(
        self, websocket: WebSocket, handshake: Handshake, link: AttachableLink
    ) -> Connection | None:
        """A greeted connection, or None after a refusal."""
        reviews = self._rights.reviews
        verdict = await self._verdict(websocket, handshake)
        if isinstance(verdict, Refusal):
            self.numbers.refused += 1
            await refuse(websocket, verdict, reason=self.crowd.retry_reason())
            return None
        await websocket.accept(subprotocol=SUBPROTOCOL)
        connection = Connection(
            id=new_id(), hub=self, link=link, handshake=handshake, peer=verdict, deflates=link.deflates
        )
        self.enter(connection)
        greeting = hello(connection=connection.id, build=self._context.build, beat=round(self.limits.beat_s))
        connection.send(greeting)
        if self._rights.reviews != reviews:
            self._rights.review([connection])
        return connection

    async def _verdict(self, websocket: WebSocket, handshake: Handshake) -> Peer | Refusal:
        verdict = await self._admission.verdict(handshake)
        if isinstance(verdict, Refusal):
            return verdict
        if self._stopping:
            return Refusal("server.restart", "This node is going away.", Close.RESTART)
        if SUBPROTOCOL not in websocket.scope["subprotocols"]:
            return Refusal("protocol.subprotocol", f"Speak {SUBPROTOCOL}.", Close.PROTOCOL)
        return verdict

    def enter(self, connection: Connection) -> None:
        self.crowd.add(connection)
        self._admission.enter(connection)

    # For connections

    def subscribe(self, connection: Connection, request: Subscribe) -> None:
        self._subscribing.begin(connection, request)

    def unsubscribe(self, connection: Connection, request: Unsubscribe) -> None:
        self._subscribing.end(connection, request.channel)
        connection.send(reply_done(request.id))

    def take_signal(self, connection: Connection, request: SendSignal) -> None:
        subscription = connection.subscriptions.get(request.channel)
        if subscription is None or subscription.channel is None:
            connection.send(
                reply_error(request.id, code="channel.not_subscribed", message="Subscribe to it first.")
            )
            return
        self._context.spawn(self._ask_signal(connection, request))

    async def _ask_signal(self, connection: Connection, request: SendSignal) -> None:
        try:
            verdict = await self._context.gate.signal(connection.peer, request.channel, request.name, request.data)
        except Exception as fault:
            self.numbers.gate_faults += 1
            logger.warning("the gate failed on a signal: %r", fault)
            verdict = Refusal("server.busy", "The server could not answer. Try again.")
        if not isinstance(verdict, Refusal):
            self._signals.say(request.channel, request.name, verdict)
            connection.send(reply_done(request.id))
        elif verdict.close is None:
            connection.send(reply_error(request.id, code=verdict.code, message=verdict.message))
        else:
            connection.close(close_code(verdict), verdict.code)

    def left(self, connection: Connection) -> None:
        """Forget a connection: it is closing or gone."""
        for name in list(connection.subscriptions):
            self._subscribing.end(connection, name)
        self.crowd.remove(connection)
        self._admission.leave(connection)

    # The clockwork

    async def _every(self, seconds: float, work: Callable[[float], None]) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                work(self.clock())
            except Exception:
                logger.exception("the clockwork failed")

    def _second(self, now: float) -> None:
        self.crowd.tick(now)
        self._presence.tick(now)
        self._signals.sweep(now)
        self._directory.sweep(now)
        self._recovery.forget_bodies()

    async def _check_forever(self) -> None:
        while True:
            await asyncio.sleep(self.limits.head_check_s)
            await self._check()

    async def _check(self) -> None:
        try:
            await self._positions.check(self._directory)
        except Exception:
            logger.exception("the head check failed")

    def check_soon(self) -> None:
        """Run the head check now: publications may have been lost."""
        self._context.spawn(self._check())

    def _heard_signal(self, channel: Channel, told: ToldSignal) -> None:
        self._signals.heard(channel, told)

    def _replaced(self, channel: Channel) -> None:
        for connection in [*channel.live, *channel.lagging]:
            connection.close(Close.POSITION_LOST)
        for lost in self._on_lost.get(channel.name, ()):
            lost()
