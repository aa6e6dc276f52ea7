"""A room: one stage on this media process, its publishers, its viewers, and who is seen in which feed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from .errors import known_already, stage_full
from .peer import Network, Peer
from .publisher import Publisher
from .sdp import Kind, Offer
from .slot import Slot
from .viewer import Viewer

FeedName = Literal["air", "backstage"]
FEEDS: tuple[FeedName, ...] = ("air", "backstage")

SLOTS = 8
"""Six on air, a shared screen, and one to spare for a hand-over."""

MAX_PUBLISHERS = 16


@dataclass(frozen=True)
class Wish:
    """What the server wants of a room, whole; a later one replaces it."""

    revision: int = 0
    open: bool = False
    on_air: Literal["all"] | frozenset[str] = field(default_factory=frozenset)


class Feed:
    """Slots of sound and picture; a publisher keeps its place as long as it is in the feed."""

    def __init__(self, network: Network) -> None:
        self.slots: dict[Kind, list[Slot]] = {
            kind: [
                Slot(kind, number, port=network.port, arena=network.arena, clock=network.now)
                for number in range(SLOTS)
            ]
            for kind in ("audio", "video")
        }
        self._places: list[Publisher | None] = [None] * SLOTS

    def arrange(self, publishers: Sequence[Publisher], *, heirs: dict[str, Publisher] | None = None) -> None:
        """Let exactly these be seen; an heir takes the place of the publisher whose id it is filed under."""
        for place, holder in enumerate(self._places):
            heir = (heirs or {}).get(holder.id) if holder is not None else None
            if heir is not None and heir in publishers:
                self._places[place] = heir
            elif holder not in publishers:
                self._places[place] = None
        for publisher in publishers:
            if publisher not in self._places and None in self._places:
                self._places[self._places.index(None)] = publisher
        for place, holder in enumerate(self._places):
            for kind, slots in self.slots.items():
                slots[place].assign(None if holder is None else holder.layers.get(kind))

    def place(self, publisher: Publisher) -> int | None:
        return self._places.index(publisher) if publisher in self._places else None

    def send_reports(self, now: float) -> None:
        for place, holder in enumerate(self._places):
            if holder is not None:
                for slots in self.slots.values():
                    layer = slots[place].layer
                    if layer is not None:
                        slots[place].send_report(holder.reading(layer, now))


class Room:
    """Keeps who is here; the engine asks it only while it is open, and tells the servers of every change."""

    def __init__(self, network: Network, name: str) -> None:
        self.name = name
        self.wish = Wish()
        self.revision = 0
        self.publishers: dict[str, Publisher] = {}
        self.viewers: dict[str, Viewer] = {}
        self._network = network
        self._feeds: dict[FeedName, Feed] = {name: Feed(network) for name in FEEDS}

    @property
    def empty(self) -> bool:
        return not self.publishers and not self.viewers

    @property
    def codec(self) -> str | None:
        """The stage's one video codec: the one of whoever came first and is still here."""
        codecs = (publisher.video_codec for publisher in self.publishers.values())
        return next((codec for codec in codecs if codec is not None), None)

    def peers(self) -> Iterator[Peer]:
        yield from self.publishers.values()
        yield from self.viewers.values()

    def add_publisher(self, *, id: str, owner: str, label: str, offer: Offer) -> tuple[Publisher, list[Publisher]]:
        """The new publisher and those it replaces: the same source (owner and label) come back."""
        self._check_new(id)
        replaced = [p for p in self.publishers.values() if (p.owner, p.label) == (owner, label)]
        if len(self.publishers) - len(replaced) >= MAX_PUBLISHERS:
            raise stage_full()
        others = [p for p in self.publishers.values() if p not in replaced]
        codec = next((p.video_codec for p in others if p.video_codec is not None), None)
        publisher = Publisher(self._network, id=id, owner=owner, label=label, offer=offer, room_codec=codec)
        for old in replaced:
            del self.publishers[old.id]
            self._inherit(old, publisher)
        self.publishers[id] = publisher
        self._arrange(heirs={old.id: publisher for old in replaced})
        return publisher, replaced

    def _inherit(self, old: Publisher, heir: Publisher) -> None:
        """Who was on air stays on air when coming back, until the server wishes otherwise."""
        if self.wish.on_air != "all" and old.id in self.wish.on_air:
            self.wish = replace(self.wish, on_air=self.wish.on_air | {heir.id})

    def add_viewer(self, *, id: str, owner: str, feed: FeedName, offer: Offer) -> Viewer:
        self._check_new(id)
        slots = self._feeds[feed].slots
        viewer = Viewer(
            self._network,
            id=id,
            owner=owner,
            feed=feed,
            offer=offer,
            audio_slots=slots["audio"],
            video_slots=slots["video"],
        )
        self.viewers[id] = viewer
        return viewer

    def _check_new(self, id: str) -> None:
        if id in self.publishers or id in self.viewers:
            raise known_already()

    def remove(self, peer: Peer) -> None:
        self.publishers.pop(peer.id, None)
        self.viewers.pop(peer.id, None)
        self._arrange()

    def want(self, wish: Wish) -> bool:
        """Take over a wish, unless a newer one is known; false then."""
        if wish.revision < self.wish.revision:
            return False
        self.wish = wish
        self._arrange()
        return True

    def _arrange(self, *, heirs: dict[str, Publisher] | None = None) -> None:
        publishers = list(self.publishers.values())
        for publisher in publishers:
            publisher.on_air = self.wish.on_air == "all" or publisher.id in self.wish.on_air
        self._feeds["air"].arrange([p for p in publishers if p.on_air], heirs=heirs)
        self._feeds["backstage"].arrange(publishers, heirs=heirs)

    def send_reports(self, now: float) -> None:
        for feed in self._feeds.values():
            feed.send_reports(now)

    def view(self) -> dict[str, Any]:
        """The room as the server hears of it."""
        air, backstage = self._feeds["air"], self._feeds["backstage"]
        return {
            "room": self.name,
            "revision": self.revision,
            "publishers": [
                {
                    "id": publisher.id,
                    "owner": publisher.owner,
                    "label": publisher.label,
                    "audio": "audio" in publisher.layers,
                    "video": "video" in publisher.layers,
                    "codec": publisher.video_codec,
                    "connected": publisher.connected,
                    "on_air": publisher.on_air,
                    "slot": air.place(publisher),
                    "backstage_slot": backstage.place(publisher),
                }
                for publisher in self.publishers.values()
            ],
            "viewers": {
                name: sum(viewer.feed == name and viewer.connected for viewer in self.viewers.values())
                for name in FEEDS
            },
        }
