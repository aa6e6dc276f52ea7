"""Who stands at which place: a screen always has room, and all processes agree."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from realtime.media.engine import Engine
from realtime.media.feed import MOST_ON_AIR, SLOTS
from realtime.media.feeder import Feeder
from realtime.media.films.source import Film, FilmWish
from realtime.media.inlet import Inlet
from realtime.media.layer import Track
from realtime.media.relay import Relayed
from realtime.media.room import Room, Wish
from realtime.media.sender import Source
from realtime.media.settings import MediaSettings

from .clients import connection, publisher_offer
from .conftest import ROOM


def _sender(id: str, *, kind: Source = "camera", number: int = 1) -> Relayed:
    tracks = [{"kind": "video", "codec": "H264", "layers": [{"rid": "", "number": number}]}]
    told = {"id": id, "owner": f"{id}/x", "label": "", "kind": kind, "tracks": tracks}
    return Relayed(told, wish=lambda ssrc: None, now=lambda: 0.0)


def _come(room: Room, *ids: str) -> list[Relayed]:
    senders = [_sender(id, number=number) for number, id in enumerate(ids)]
    for sender in senders:
        room.add_sender(sender)
    return senders


async def test_screen_has_a_place_however_many_persons_are_there(engine: Engine) -> None:
    room = engine.room(ROOM)
    people = _come(room, *(f"p{number}" for number in range(MOST_ON_AIR + 1)))
    assert [room.air.place(one) for one in people] == [*range(MOST_ON_AIR), None]
    assert [one.on_air for one in people] == [True] * MOST_ON_AIR + [False]

    film, screen = _sender("film", kind="video"), _sender("screen", kind="screen")
    for shown in (film, screen):
        room.add_sender(shown)
    assert {room.air.place(film), room.air.place(screen)} == {MOST_ON_AIR, SLOTS - 1}

    room.remove_sender(people[2])
    assert room.air.place(people[-1]) == 2  # who had none takes the first that is free
    assert room.air.place(people[-2]) == MOST_ON_AIR - 1  # and everybody else keeps theirs
    assert people[-1].on_air


async def test_film_does_not_shut_out_a_speaker_without_its_codec(engine: Engine, tmp_path: Path) -> None:
    wish = FilmWish(id="f", owner="film:1", label="A film", folder="a-folder-nobody-made", since=0.0)
    film = Film(wish, tmp_path, now=engine.now)
    film.tracks["video"] = Track(list(_sender("any").layers()))
    engine.room(ROOM).add_sender(film)
    pc = connection()
    try:
        offer = await publisher_offer(pc, codec="VP8")
        publisher = engine.publish(ROOM, id="p1", owner="one", label="camera", offer=offer)
        assert publisher.video_codec == "VP8"
        assert (engine.room(ROOM).air.place(film), engine.room(ROOM).air.place(publisher)) == (0, 1)
    finally:
        film.close()
        await pc.close()


@pytest_asyncio.fixture
async def other(tmp_path: Path) -> AsyncIterator[Engine]:
    """The engine of another process, and where it is fed."""
    made = Engine(MediaSettings(control=tmp_path / "other.sock", host="127.0.0.1"))
    made.want(ROOM, Wish(revision=1, open=True, on_air="all"))
    yield made
    await made.close()


async def test_process_that_comes_later_has_everybody_at_the_same_place(
    engine: Engine, other: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, there = engine.room(ROOM), other.room(ROOM)
    first, _, _ = _come(room, "a", "b", "c")
    room.remove_sender(first)
    placed = asyncio.Queue[object]()
    place = there.placed_elsewhere
    monkeypatch.setattr(there, "placed_elsewhere", lambda places: placed.put_nowait(place(places)))
    inlet = Inlet(other, tmp_path / "feed")
    await inlet.start()
    feeder = Feeder(*await asyncio.open_unix_connection(tmp_path / "feed"), now=engine.now)

    feeder.feed(room)
    await asyncio.wait_for(placed.get(), 5)
    assert there.places == room.places
    assert there.places["air"][:3] == [None, "b", "c"]

    _come(room, "d")
    feeder.changed(room)
    await asyncio.wait_for(placed.get(), 5)
    assert there.places == room.places
    assert there.places["air"][:3] == ["d", "b", "c"]
    feeder.close()
    inlet.close()
