"""A room: one stage on this media process, its publishers, its viewers, and who is seen in which feed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from .errors import known_already, stage_full, too_many
from .feed import MOST_ON_AIR, Feed
from .films.source import Film, FilmWish
from .peer import Network, Peer
from .publisher import Publisher
from .sdp import Offer
from .sender import Sender, Source
from .speakers import Speakers, Speaking
from .viewer import Viewer

FeedName = Literal["air", "backstage"]
FEEDS: tuple[FeedName, ...] = ("air", "backstage")

MAX_PUBLISHERS = 16
SAY_AGAIN_S = 5.0
"""Who speaks is told again so often: it is stored nowhere, and a page may have come since."""

MAX_OWN_PUBLISHERS = 4
"""Camera, screen and OBS of one person, and one that is just coming back."""


@dataclass(frozen=True)
class Writing:
    """What is to be written of the stage, and into which folder; `record`: it is to be kept, not only for now."""

    folder: str
    record: bool = False


@dataclass(frozen=True)
class Wish:
    """What the server wants of a room, whole; a later one replaces it."""

    revision: int = 0
    open: bool = False
    on_air: Literal["all"] | frozenset[str] = field(default_factory=frozenset)
    """Ids of publishers, owners (`person/way`), persons, or one source of a person (`person#screen`)."""

    muted: frozenset[str] = frozenset()
    """Named like those on air: nobody gets their sound."""

    codec: str = ""
    """The video codec the organiser chose; empty leaves it to whoever comes first."""

    programme: Writing | None = None

    films: tuple[FilmWish, ...] = ()
    """Prepared films that run now; which of them are on air is said by their owners."""

    def puts_on_air(self, publisher: Sender) -> bool:
        return self.on_air == "all" or not _names(publisher).isdisjoint(self.on_air)

    def mutes(self, publisher: Sender) -> bool:
        return not _names(publisher).isdisjoint(self.muted)


class Room:
    """Keeps who is here; the engine asks it only while it is open, and tells the servers of every change."""

    def __init__(self, network: Network, name: str) -> None:
        self.name = name
        self.wish = Wish()
        self.revision = 0
        self.publishers: dict[str, Sender] = {}
        self.viewers: dict[str, Viewer] = {}
        self.films: dict[str, Film] = {}
        self.speakers = Speakers()
        self._behind = Speakers()
        self._said: dict[FeedName, tuple[Speaking, float]] = dict.fromkeys(FEEDS, (self.speakers.now, 0.0))
        self._layout: object = None
        self._listens = True
        self._network = network
        self._feeds: dict[FeedName, Feed] = {
            "air": Feed(network, people=MOST_ON_AIR),
            "backstage": Feed(network),
        }
        self._placed: dict[FeedName, list[str | None]] = {}

    @property
    def empty(self) -> bool:
        return not self.publishers and not self.viewers

    @property
    def air(self) -> Feed:
        return self._feeds["air"]

    def peers(self) -> Iterator[Peer]:
        """Everybody who is connected to this process itself."""
        yield from (sender for sender in self.publishers.values() if isinstance(sender, Peer))
        yield from self.viewers.values()

    def add_publisher(
        self, *, id: str, owner: str, label: str, offer: Offer, kind: Source = "camera"
    ) -> tuple[Publisher, list[Sender]]:
        """The new publisher and those it replaces: the same source (owner, kind, label) come back."""
        self._check_new(id)
        replaced = [p for p in self.publishers.values() if (p.owner, p.kind, p.label) == (owner, kind, label)]
        others = [p for p in self.publishers.values() if p not in replaced]
        person = owner.partition("/")[0]
        if len(others) >= MAX_PUBLISHERS:
            raise stage_full()
        if sum(p.owner.partition("/")[0] == person for p in others) >= MAX_OWN_PUBLISHERS:
            raise too_many()
        publisher = Publisher(
            self._network,
            id=id,
            owner=owner,
            label=label,
            offer=offer,
            room_codec=self._codec(others),
            kind=kind,
        )
        for old in replaced:
            del self.publishers[old.id]
            self._inherit(old, publisher)
        self.publishers[id] = publisher
        self._arrange()
        return publisher, replaced

    def _codec(self, others: list[Sender]) -> str | None:
        """The stage's one video codec: the organiser's choice, else that of whoever came first.

        A film decides nothing: it can be sent as H264 only, which would shut out a speaker who cannot.
        """
        if self.wish.codec:
            return self.wish.codec
        people = (p for p in others if not isinstance(p, Film))
        return next((p.video_codec for p in people if p.video_codec is not None), None)

    def _inherit(self, old: Sender, heir: Sender) -> None:
        """Who was on air stays on air when coming back, until the server wishes otherwise."""
        if self.wish.on_air != "all" and old.id in self.wish.on_air:
            self.wish = replace(self.wish, on_air=self.wish.on_air | {heir.id})

    def add_relayed(self, sender: Sender) -> None:
        """Somebody connected to another process, whose packets and voice come from there."""
        self._listens = False
        self.add_sender(sender)

    def add_sender(self, sender: Sender) -> None:
        """Somebody without a connection of their own."""
        self.publishers[sender.id] = sender
        self._arrange()

    def remove_sender(self, sender: Sender) -> None:
        if self.publishers.get(sender.id) is sender:
            del self.publishers[sender.id]
            self._arrange()

    @property
    def places(self) -> dict[FeedName, list[str | None]]:
        """Who stands at which place of each feed."""
        return {name: feed.keys() for name, feed in self._feeds.items()}

    def placed_elsewhere(self, places: dict[FeedName, list[str | None]]) -> None:
        """Servers are told the places of the process that publishers reach; viewers here must find the same."""
        self._placed = places
        self._arrange()

    def heard_elsewhere(self, speaking: Speaking) -> None:
        self.speakers.now = speaking
        self._let_the_loudest_through()

    def add_viewer(self, *, id: str, owner: str, feed: FeedName, offer: Offer) -> Viewer:
        self._check_new(id)
        if sum(viewer.owner == owner for viewer in self.viewers.values()) >= self._network.viewers_per_owner:
            raise too_many()
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
        if isinstance(peer, Sender):
            self._arrange()

    def want(self, wish: Wish) -> bool:
        """Take over a wish, unless a newer one is known; false then."""
        if wish.revision < self.wish.revision:
            return False
        self.wish = wish
        self._arrange()
        return True

    def _arrange(self) -> None:
        """Put everybody in their places. For whom there is none on air, they are not on air."""
        publishers = list(self.publishers.values())
        wished = [publisher for publisher in publishers if self.wish.puts_on_air(publisher)]
        for publisher in publishers:
            publisher.muted = self.wish.mutes(publisher)
        self._feeds["air"].arrange(wished, self._placed.get("air"))
        placed = self._feeds["air"].keys()
        for publisher in publishers:
            publisher.on_air = publisher in wished and publisher.place_key in placed
        self._feeds["backstage"].arrange(publishers, self._placed.get("backstage"))
        self._let_the_loudest_through()

    def connected(self, peer: Peer) -> None:
        """A source that has arrived may take the place of another one of its person."""
        if isinstance(peer, Sender):
            self._arrange()

    def listen(self, now: float) -> None:
        """Judge who speaks on air, and who behind it."""
        if not self._listens:
            return
        on_air = self._feeds["air"].heard()
        if self.speakers.judge(on_air, now):
            self._let_the_loudest_through()
        self._behind.judge([one for one in self._feeds["backstage"].heard() if one not in on_air], now)

    def speech_is_due(self, feed: FeedName, now: float, *, within_s: float) -> bool:
        """Whether to tell who speaks: what changed, not too often, and now and then for those who came since."""
        said, when = self._said[feed]
        speaking = self._speakers(feed).now
        passed = now - when
        changed = said is not speaking and passed >= within_s
        again = passed >= SAY_AGAIN_S and speaking.main is not None
        if changed or again:
            self._said[feed] = (speaking, now)
        return changed or again

    def _speakers(self, feed: FeedName) -> Speakers:
        """Of backstage: those who are only there."""
        return self.speakers if feed == "air" else self._behind

    def _let_the_loudest_through(self) -> None:
        """In silence whoever spoke last stays open: the first word of an answer is not cut."""
        loudest = self.speakers.now.loudest or (self.speakers.now.main,)
        self._feeds["air"].loud(loudest)
        self._feeds["backstage"].loud(self._feeds["backstage"].heard())

    def choose(self, now: float) -> None:
        """Give every viewer the layers its line and its window ask for; about three times a second."""
        layout = [feed.layout() for feed in self._feeds.values()]
        changed = layout != self._layout
        if changed:
            self._layout = layout
            for feed in self._feeds.values():
                feed.settle()
        for viewer in self.viewers.values():
            if changed or viewer.choice_is_due(now):
                viewer.choose(now)

    def send_reports(self, now: float) -> None:
        for feed in self._feeds.values():
            feed.send_reports(now)

    def speech(self, feed: FeedName) -> dict[str, Any]:
        """Who speaks, as the server hears of it."""
        now = self._speakers(feed).now
        return {
            "room": self.name,
            "feed": feed,
            "main": now.main.id if isinstance(now.main, Sender) else None,
            "speaking": [
                {"publisher": voice.id, "owner": voice.owner, "slot": self._feeds[feed].place(voice)}
                for voice in now.loudest
                if isinstance(voice, Sender)
            ],
        }

    def owners(self) -> dict[str, list[str]]:
        found: dict[str, set[str]] = {}
        for viewer in self.viewers.values():
            found.setdefault(viewer.feed, set()).add(viewer.owner)
        for publisher in self.publishers.values():
            found.setdefault("sending", set()).add(publisher.owner)
        return {way: sorted(owners) for way, owners in found.items()}

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
                    "kind": publisher.kind,
                    "audio": "audio" in publisher.tracks,
                    "video": "video" in publisher.tracks,
                    "codec": publisher.video_codec,
                    "connected": publisher.connected,
                    "on_air": publisher.on_air,
                    "slot": air.place(publisher),
                    "backstage_slot": backstage.place(publisher),
                }
                for publisher in self.publishers.values()
            ],
            "viewers": {
                name: sum(viewer.feed == name and viewer.watches for viewer in self.viewers.values())
                for name in FEEDS
            },
        }


def _names(publisher: Sender) -> set[str]:
    """What a wish may call a publisher by: itself, its way in, the person, and one source of the person."""
    person = publisher.owner.partition("/")[0]
    return {publisher.id, publisher.owner, person, f"{person}#{publisher.kind}"}
