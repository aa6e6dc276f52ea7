"""A feed: slots of sound and picture, and which publisher stands in which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .peer import Network
from .sdp import Kind
from .sender import PEOPLE, Sender, Source
from .slot import Slot

SLOTS = 8
"""Six people on air, a shared screen, and a prepared film."""

MOST_ON_AIR = 6
"""People; whoever comes after them waits until one of them leaves."""

_FOR_SCREENS = 1
"""Places that nobody else takes: what is shown to all must not wait for who happens to be there."""


@dataclass(frozen=True)
class Place:
    """Who is heard and who is seen at one place: two sources of one person, or the same one."""

    key: str
    audio: Sender | None
    video: Sender | None

    def holds(self, publisher: Sender) -> bool:
        return publisher is self.audio or publisher is self.video


class Feed:
    """A person keeps their place as long as they are in the feed, whichever of their sources is seen.

    A person's camera and OBS share one place: the latest picture is seen, and its own sound is heard where it
    has any. Shared screens and prepared videos have places of their own.
    """

    def __init__(self, network: Network, *, people: int = SLOTS - _FOR_SCREENS) -> None:
        self._people = people
        self.slots: dict[Kind, list[Slot]] = {
            kind: [
                Slot(kind, number, port=network.port, arena=network.arena, clock=network.now)
                for number in range(SLOTS)
            ]
            for kind in ("audio", "video")
        }
        self.places: list[Place | None] = [None] * SLOTS

    def arrange(self, publishers: Sequence[Sender], keys: Sequence[str | None] | None = None) -> None:
        """Let exactly these be seen; given in the order of their coming. `keys` says who stands at which place,
        where that was decided elsewhere.
        """
        sources: dict[str, list[Sender]] = {}
        for publisher in publishers:
            sources.setdefault(publisher.place_key, []).append(publisher)
        if keys is None:
            keys = self._keys(sources)
        self.places = [_place(key, sources[key]) if key in sources else None for key in keys]
        for number, place in enumerate(self.places):
            heard, seen = (None, None) if place is None else (place.audio, place.video)
            open_mic = heard is not None and not heard.muted
            self.slots["audio"][number].assign(heard.tracks.get("audio") if heard and open_mic else None)
            self.slots["video"][number].assign(None if seen is None else seen.tracks.get("video"))

    def _keys(self, sources: Mapping[str, Sequence[Sender]]) -> list[str | None]:
        """Who is there keeps their place; of those who come, screens are placed first, as far as there is room."""
        keys = [key if key in sources else None for key in self.keys()]
        kinds = {key: found[0].kind for key, found in sources.items()}
        coming = [key for key in sources if key not in keys]
        for key in sorted(coming, key=lambda key: kinds[key] != "screen"):
            standing = [kinds[one] for one in keys if one is not None]
            if None in keys and self._has_room(kinds[key], standing):
                keys[keys.index(None)] = key
        return keys

    def _has_room(self, kind: Source, standing: Sequence[Source]) -> bool:
        if kind == "screen":
            return True
        if kind in PEOPLE and sum(one in PEOPLE for one in standing) >= self._people:
            return False
        return sum(one != "screen" for one in standing) < SLOTS - _FOR_SCREENS

    def keys(self) -> list[str | None]:
        """Who stands at which place."""
        return [None if place is None else place.key for place in self.places]

    def place(self, publisher: Sender) -> int | None:
        """Number of the place where this publisher is heard or seen."""
        return next((n for n, place in enumerate(self.places) if place and place.holds(publisher)), None)

    def heard(self) -> list[Sender]:
        """Those whose sound is to be judged: who is muted does not speak."""
        voices = [place.audio for place in self.places if place is not None]
        return [voice for voice in voices if voice is not None and not voice.muted]

    def loud(self, loudest: Sequence[object]) -> None:
        """Open the lanes of the loudest for these and close them for the others."""
        for place, slot in zip(self.places, self.slots["audio"], strict=True):
            slot.loud(place is not None and place.audio in loudest)

    def layout(self) -> list[object]:
        """Which tracks stand where and which of their layers flow; viewers choose anew when it differs."""
        tracks = [slot.track for slot in self.slots["video"]]
        return [(track, track.flowing()) if track is not None else None for track in tracks]

    def settle(self) -> None:
        for slots in self.slots.values():
            for slot in slots:
                slot.settle()

    def send_reports(self, now: float) -> None:
        for place, audio, video in zip(self.places, self.slots["audio"], self.slots["video"], strict=True):
            if place is not None:
                _report(place.audio, audio, now)
                _report(place.video, video, now)


def _place(key: str, sources: Sequence[Sender]) -> Place:
    """The latest that is connected wins; one that still shakes hands must not take the picture away."""
    ready = [source for source in sources if source.connected] or list(sources)
    seen = next((source for source in reversed(ready) if "video" in source.tracks), None)
    heard = seen if seen is not None and "audio" in seen.tracks else None
    if heard is None:
        heard = next((source for source in reversed(ready) if "audio" in source.tracks), None)
    return Place(key=key, audio=heard, video=seen)


def _report(publisher: Sender | None, slot: Slot, now: float) -> None:
    if publisher is None:
        return
    for lane in slot.lanes:
        if lane.layer is not None and lane.layer.packets:
            lane.send_report(publisher.reading(lane.layer, now))
