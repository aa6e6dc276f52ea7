"""The media process without its doors: rooms, peers, and the few things done regularly."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict
from functools import partial
from typing import Any

import ifaddr

from .admission import Admission
from .errors import not_found, stage_closed
from .events import Events
from .films.source import Film
from .health import health
from .peer import Network, Peer
from .port import SharedPort
from .probe import Probe, Probes
from .publisher import Publisher
from .quality import Mode
from .recorder.link import RecorderLink
from .room import FEEDS, FeedName, Room, Wish
from .sdp import parse_offer
from .seams import Arena, Certificate
from .sender import Source
from .settings import LOOPBACK, MediaSettings
from .uplink import Uplink
from .viewer import Viewer

logger = logging.getLogger(__name__)

_TICK_S = 0.03
"""How soon a lost packet is asked for again."""

_LISTEN_S = 0.1
"""How often it is judged who speaks."""

_TELL_S = 0.34
"""The server hears of speakers at most so often for one room."""

_CHOOSE_S = 0.3
"""How often viewers' layers are chosen anew."""

_SLOW_TICK_S = 1.0
"""Reports, silence and load."""


class Engine:
    """Answers offers, keeps peers, forgets them; `events` tells what is. Needs a running loop."""

    def __init__(self, settings: MediaSettings) -> None:
        self._settings = settings
        self._network = Network(
            port=SharedPort(settings.host, settings.port),
            certificate=Certificate.generateCertificate(),
            arena=Arena(),
            addresses=own_addresses(settings.host, settings.address),
            publisher_kbps=settings.publisher_kbps,
            viewers_per_owner=settings.viewers_per_owner,
        )
        self._rooms: dict[str, Room] = {}
        self._admission = Admission()
        self._uplink = Uplink(settings.uplink_mbps)
        self._probes = Probes(self._network, self._close)
        self._closing: set[asyncio.Task[None]] = set()
        self._loop_lag = 0.0
        self._joins = 0
        self._observed: Callable[[Room], None] = lambda room: None
        self._amended: Callable[[dict[str, Any]], dict[str, Any]] = lambda view: view
        self.events = Events(_instance(), self._views, self._view, self._speech)
        self._recorder = (
            RecorderLink(settings.recordings, changed=self._tell, clock=self._network.now)
            if settings.recordings is not None
            else None
        )
        self._ticking = asyncio.create_task(self._tick())

    @property
    def port(self) -> int:
        return self._network.port.number

    # For the other media processes of this machine.

    def now(self) -> float:
        return self._network.now()

    @property
    def load(self) -> float:
        """Share of a core in use."""
        return self._admission.share

    def observe(
        self, changed: Callable[[Room], None], amended: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> None:
        """`changed` hears of every change here; `amended` adds to a room's view what other processes know."""
        self._observed, self._amended = changed, amended

    def touch(self, room: str) -> None:
        """Another process knows something new of a room."""
        known = self._rooms.get(room)
        if known is not None:
            known.revision = self.events.changed(room)

    def room(self, name: str) -> Room:
        """The room, closed if it was not known: who feeds it may be told of it sooner than the wish."""
        if name not in self._rooms:
            self._rooms[name] = Room(self._network, name)
        return self._rooms[name]

    # Wishes and joins.

    def want(self, room: str, wish: Wish) -> None:
        """Make it so; a wish older than the one known changes nothing."""
        known = self._rooms.get(room)
        if known is None:
            if not wish.open:
                return
            known = self._rooms[room] = Room(self._network, room)
        if not known.want(wish):
            return
        if not wish.open:
            for peer in list(known.peers()):
                self._let_go(known, peer)
        self._run_films(known)
        self._changed(known)

    def _run_films(self, room: Room) -> None:
        """Let exactly the wished films run. Other processes get them from the one that publishers reach."""
        root = self._settings.films
        if root is None or self._settings.feed is not None:
            return
        wished = {wish.id: wish for wish in room.wish.films} if room.wish.open else {}
        for id, film in list(room.films.items()):
            if wished.get(id) != film.wish:
                self._end_film(room, film)
        for id, wish in wished.items():
            if id not in room.films:
                film = room.films[id] = Film(wish, root, now=self._network.now)
                film.came = partial(self._film_came, room, film)
                film.ended = partial(self._end_film, room, film)

    def _film_came(self, room: Room, film: Film) -> None:
        room.add_sender(film)
        self._changed(room)

    def _end_film(self, room: Room, film: Film) -> None:
        film.close()
        if room.films.get(film.id) is film:
            del room.films[film.id]
        room.remove_sender(film)
        self._changed(room)

    def publish(
        self, room: str, *, id: str, owner: str, label: str, offer: str, kind: Source = "camera"
    ) -> Publisher:
        parsed = parse_offer(offer)
        known = self.open_room(room)  # never behind a queue of viewers: a room has few who speak
        publisher, replaced = known.add_publisher(id=id, owner=owner, label=label, offer=parsed, kind=kind)
        for old in replaced:
            if isinstance(old, Peer):
                self._close(old)
        self._begin(known, publisher)
        return publisher

    def view(
        self, room: str, *, id: str, owner: str, feed: FeedName, offer: str, mode: Mode = "automatic"
    ) -> Peer:
        known = self.open_room(room)
        self._admission.admit()  # before anything is spent on who must come again
        parsed = parse_offer(offer)
        ceiling = self._uplink.admit(mode) if feed == "air" else None
        viewer = known.add_viewer(id=id, owner=owner, feed=feed, offer=parsed)
        viewer.ceiling = ceiling
        viewer.chooser.mode = mode
        self._begin(known, viewer)
        return viewer

    def probe(self, id: str, offer: str) -> Probe:
        """A connection of no room, for somebody who checks their network."""
        parsed = parse_offer(offer)
        self._admission.admit()
        return self._probes.add(id, parsed)

    def open_room(self, room: str) -> Room:
        known = self._rooms.get(room)
        if known is None or not known.wish.open:
            raise stage_closed()
        return known

    def _begin(self, room: Room, peer: Peer) -> None:
        self._joins += 1
        peer.on_connected = lambda: self._arrived(room, peer)
        peer.on_gone = lambda: self._let_go(room, peer)
        peer.start()
        if isinstance(peer, Publisher):
            self._changed(room)

    def _arrived(self, room: Room, peer: Peer) -> None:
        room.connected(peer)
        self._changed(room)

    def peer(self, room: str, id: str, owner: str) -> Peer:
        """The peer, if it is this owner's; else the same answer as for none."""
        known = self._rooms.get(room)
        if known is not None:
            peer = known.publishers.get(id) or known.viewers.get(id)
            if isinstance(peer, Peer) and peer.owner == owner:
                return peer
        raise not_found()

    def viewer(self, room: str, id: str, owner: str) -> Viewer:
        peer = self.peer(room, id, owner)
        if not isinstance(peer, Viewer):
            raise not_found()
        return peer

    def besides(self, count: int) -> None:
        """Bytes that left by the line without this process."""
        self._uplink.besides(count)

    def health(self, room: str) -> dict[str, Any]:
        """How a stage is doing; an unknown one has nobody."""
        known = self._rooms.get(room) or Room(self._network, room)
        return health(known, self._network.now(), sent_kbps=self._uplink.rate / 1000)

    def end(self, room: str, id: str, owner: str) -> None:
        peer = self.peer(room, id, owner)
        self._let_go(self._rooms[room], peer)

    def drop(self, owners: Collection[str], rooms: Collection[str] | None) -> int:
        """Rights were taken away: close these owners' peers, everywhere or in these rooms.

        An owner reads `who/way`; naming only `who` means every way they came by.
        """
        found = [
            (room, peer)
            for room in self._rooms.values()
            if rooms is None or room.name in rooms
            for peer in room.peers()
            if peer.owner in owners or peer.owner.partition("/")[0] in owners
        ]
        for room, peer in found:
            self._let_go(room, peer)
        return len(found)

    def owners(self) -> dict[str, dict[str, list[str]]]:
        """Who is connected to what, by room and by the feed watched or `sending`: for servers to compare."""
        return {name: room.owners() for name, room in self._rooms.items()}

    # Leaving.

    def _let_go(self, room: Room, peer: Peer) -> None:
        room.remove(peer)
        self._close(peer)
        self._changed(room)

    def _close(self, peer: Peer) -> None:
        task = asyncio.create_task(peer.close())
        self._closing.add(task)
        task.add_done_callback(self._closed)

    def _closed(self, task: asyncio.Task[None]) -> None:
        self._closing.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.error("a peer could not be closed", exc_info=task.exception())

    def _changed(self, room: Room) -> None:
        if self._recorder is not None:
            self._recorder.follow(room)
        self._observed(room)
        self._tell(room)

    def _tell(self, room: Room) -> None:
        room.revision = self.events.changed(room.name)

    # Regular work.

    async def _tick(self) -> None:
        slow = listened = chosen = 0.0
        while True:
            before = time.monotonic()
            await asyncio.sleep(_TICK_S)
            now = time.monotonic()
            self._loop_lag += (now - before - _TICK_S - self._loop_lag) / 16
            self._in_every_room(_ask_missing)
            if now - listened >= _LISTEN_S:
                listened = now
                self._in_every_room(self._listen)
            if now - chosen >= _CHOOSE_S:
                chosen = now
                self._in_every_room(lambda room: room.choose(self._network.now()))
            if now - slow >= _SLOW_TICK_S:
                slow = now
                self._admission.measure()
                self._uplink.measure(self._network.port.burst.sent_bytes, now)
                self._probes.let_go(self._network.now())
                self._in_every_room(self._let_go_silent)
                self._in_every_room(self._send_reports)
                if self._settings.uplink_mbps:
                    self._judge_line(now)

    def _in_every_room(self, work: Callable[[Room], None]) -> None:
        """What fails in one room must not end the regular work of all."""
        for room in list(self._rooms.values()):
            try:
                work(room)
            except Exception:
                logger.exception("regular work failed in a room")

    def _judge_line(self, moment: float) -> None:
        """What is sent to all who watch must fit the line, whoever came or went live since."""
        viewers = sorted(
            (viewer for room in self._rooms.values() for viewer in room.viewers.values()),
            key=lambda viewer: viewer.born,
        )
        try:
            others = sum(viewer.takes(None) for viewer in viewers if viewer.feed != "air")
            watching = [viewer for viewer in viewers if viewer.feed == "air"]
            expected = sum(viewer.expects for viewer in watching)
            for viewer in self._uplink.judge(watching, moment, others=others, expected=expected):
                viewer.choose(self._network.now())
        except Exception:
            logger.exception("the line could not be judged")

    def _listen(self, room: Room) -> None:
        now = self._network.now()
        room.listen(now)
        for feed in FEEDS:
            if room.speech_is_due(feed, now, within_s=_TELL_S):
                self.events.spoke(room.name, feed)

    def _send_reports(self, room: Room) -> None:
        for publisher in room.publishers.values():
            publisher.send_reports()
        room.send_reports(self._network.now())

    def _let_go_silent(self, room: Room) -> None:
        now = self._network.now()
        for peer in list(room.peers()):
            if self._is_gone(peer, now):
                self._let_go(room, peer)
            elif isinstance(peer, Viewer) and peer.rest(now - peer.transport.last_heard > self._settings.rest_s):
                self._tell(room)
        if room.empty and not room.wish.open:
            del self._rooms[room.name]

    def _is_gone(self, peer: Peer, now: float) -> bool:
        return peer.lost or peer.silent(now, silence_s=self._settings.silence_s, setup_s=self._settings.setup_s)

    # What is.

    def _views(self) -> Iterator[dict[str, Any]]:
        return (self._view(room.name) for room in list(self._rooms.values()))

    def _view(self, room: str) -> dict[str, Any]:
        known = self._rooms.get(room)
        if known is None:  # closed and forgotten between the change and its telling
            return Room(self._network, room).view() | {"revision": self.events.revision}
        told = self._recorder.told(room) if self._recorder is not None else None
        return self._amended(known.view() | {"programme": told and asdict(told)})

    def _speech(self, room: str, feed: FeedName) -> dict[str, Any] | None:
        known = self._rooms.get(room)
        return None if known is None else known.speech(feed)

    def stats(self) -> dict[str, float]:
        port = self._network.port
        rooms = list(self._rooms.values())
        return {
            "rooms": len(rooms),
            "publishers": sum(len(room.publishers) for room in rooms),
            "viewers": sum(len(room.viewers) for room in rooms),
            "endpoints": port.endpoints,
            "addresses": port.addresses,
            "datagrams_received": port.received,
            "datagrams_strange": port.strange,
            "datagrams_sent": port.burst.sent,
            "datagrams_unsent": port.burst.unsent,
            "bytes_sent": port.burst.sent_bytes,
            "joins": self._joins,
            "joins_refused": self._admission.refused,
            "joins_per_second": self._admission.rate,
            "cpu_share": self._admission.share,
            "cpu_seconds": time.process_time(),
            "uplink_share": self._uplink.share,
            "loop_lag_seconds": self._loop_lag,
        }

    async def close(self) -> None:
        """Say good-bye to everybody and free the port."""
        self.events.end()
        self._ticking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._ticking
        self._probes.close()
        for room in self._rooms.values():
            for film in room.films.values():
                film.close()
            for peer in list(room.peers()):
                room.remove(peer)
                self._close(peer)
        if self._closing:
            await asyncio.wait(self._closing)
        if self._recorder is not None:
            await self._recorder.close()
        self._network.port.close()


def _ask_missing(room: Room) -> None:
    for publisher in room.publishers.values():
        publisher.ask_missing()


def _instance() -> str:
    """When this process started, in a form that sorts."""
    return f"{time.time_ns():020d}"


def own_addresses(host: str, public: str | None) -> list[str]:
    """Where we can be reached, the likeliest first; every address of the machine when bound to all."""
    outer = [part.strip() for part in (public or "").split(",") if part.strip()]
    if host != "0.0.0.0":
        return list(dict.fromkeys([*outer, host]))
    own = [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips if isinstance(ip.ip, str)]
    outside = [address for address in own if not address.startswith("127.")]
    return list(dict.fromkeys([*outer, *outside, LOOPBACK]))
