"""What leaves the server stays below what its line bears, whoever comes and whenever a stage goes live."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from realtime.media.edges import Edges
from realtime.media.engine import Engine
from realtime.media.errors import MediaError
from realtime.media.quality import Mode, limited
from realtime.media.settings import MediaSettings
from realtime.media.uplink import CALM_S, SETTLE_S, VIEWER_BITS, Uplink

from .conftest import ROOM, Stage

FULL, LOW, AUDIO = 1_000_000.0, 200_000.0, 50_000.0


class Guest:
    """One who watches one speaker, in full quality while nothing limits it."""

    def __init__(self, *, mode: Mode = "automatic", layers: bool = True) -> None:
        self.ceiling: Mode | None = None
        self._mode = mode
        self._low = LOW if layers else FULL
        self.on_air = True

    def takes(self, ceiling: Mode | None) -> float:
        bits = {"low": self._low, "audio": AUDIO}
        return bits.get(limited(self._mode, ceiling), FULL) if self.on_air else 0.0


def _line(mbps: float, rate: float) -> Uplink:
    """A line on which so many bits a second have long been leaving."""
    uplink = Uplink(mbps)
    for second in range(20):
        uplink.measure(int(second * rate / 8), float(second))
    return uplink


def _ceilings(guests: list[Guest]) -> list[Mode | None]:
    return [guest.ceiling for guest in guests]


@pytest.mark.parametrize(("share", "ceiling"), [(0.70, None), (0.80, "low"), (0.90, "audio")])
def test_fuller_line_gives_less_to_who_comes(share: float, ceiling: Mode | None) -> None:
    assert _line(100, share * 100e6).admit("automatic") == ceiling


def test_full_line_shows_the_way_to_hls_and_a_line_without_limit_does_not() -> None:
    with pytest.raises(MediaError) as refused:
        _line(100, 98e6).admit("audio")
    assert (refused.value.status, refused.value.code) == (503, "stage.use_hls")
    assert refused.value.retry_after_s
    assert _line(0, 98e6).admit("high") is None


def test_rush_is_reckoned_with_before_it_shows_and_as_what_was_asked() -> None:
    rushed, listening = Uplink(10), Uplink(10)

    assert [rushed.admit("automatic") for _ in range(7)] == [None] * 6 + ["low"]
    assert [listening.admit("audio") for _ in range(7)] == [None] * 7
    assert listening.share == pytest.approx(7 * VIEWER_BITS["audio"] / 10e6)
    rushed.judge([], 1.0, expected=1_350_000)
    assert rushed.share == pytest.approx(0.135)  # the others are connected by now, or went again
    assert not rushed.judge([Guest()], 2.0, expected=20e6)  # who only may come takes from nobody


def test_stage_that_goes_live_lowers_the_newest_and_lets_them_up_again_when_there_is_room() -> None:
    uplink, guests = Uplink(10), [Guest() for _ in range(12)]
    for guest in guests:
        guest.on_air = False
    assert uplink.judge(guests, 0.0) == []

    for guest in guests:
        guest.on_air = True
    lowered = uplink.judge(guests, 1.0)

    assert lowered == list(reversed(guests))[: len(lowered)]
    assert _ceilings(guests) == [None] * 8 + ["low"] * 4
    assert sum(guest.takes(guest.ceiling) for guest in guests) <= 9e6
    assert uplink.share == pytest.approx(0.88)

    stayed = guests[6:]
    assert uplink.judge(stayed, 2.0) == []  # not at once
    assert uplink.judge(stayed, 1.0 + CALM_S) == stayed[2:]
    assert _ceilings(stayed) == [None] * 6


def test_nobody_is_left_with_sound_while_another_has_more_than_the_small_picture() -> None:
    uplink, guests = Uplink(2), [Guest() for _ in range(11)]

    uplink.judge(guests, 0.0)

    assert _ceilings(guests) == ["low"] * 8 + ["audio"] * 3
    few = guests[:1] + guests[-1:]
    uplink.judge(few, CALM_S)
    assert _ceilings(few) == [None, "low"]  # 1.2 of 1.5 Mbit/s: no room for another full picture


def test_small_surplus_raises_nobody_and_takes_from_nobody() -> None:
    uplink, guests = Uplink(10), [Guest() for _ in range(8)]
    guests[-1].ceiling = "low"

    assert uplink.judge(guests, 0.0) == []
    assert uplink.judge(guests, 1.0, others=2e6) == []
    assert uplink.judge(guests, 2.0, others=2.6e6) == [guests[-2]]


def test_who_has_little_anyway_is_not_lowered() -> None:
    uplink = Uplink(4)
    one_layer, listener, guest = Guest(layers=False), Guest(mode="audio"), Guest(mode="high")
    watching = [guest, one_layer, listener]

    assert uplink.judge(watching, 0.0, others=2e6) == [guest]
    assert _ceilings(watching) == ["low", None, None]
    assert uplink.judge(watching, 1.0, others=3e6) == [one_layer]
    assert one_layer.ceiling == "audio"


def test_what_leaves_beyond_all_that_is_known_counts_once_it_has_settled() -> None:
    uplink, guests = _line(10, 9.9e6), [Guest() for _ in range(8)]

    assert uplink.judge(guests, 20.0) == [guests[-1], guests[-2]]
    assert uplink.judge(guests, 21.0) == []
    assert uplink.judge(guests, 20.0 + SETTLE_S) == [guests[-3], guests[-4]]


def test_what_leaves_by_hls_fills_the_line_for_all() -> None:
    uplink, guests = Uplink(10), [Guest() for _ in range(5)]
    for second in range(20):
        uplink.besides(int(6e6 / 8))
        uplink.measure(int(second * 3e6 / 8), float(second))

    assert uplink.admit("automatic") == "audio"  # 9 of 10 Mbit/s leave
    assert uplink.judge(guests, 20.0) == guests[:-4:-1]  # 11 would
    assert _ceilings(guests) == [None] * 2 + ["low"] * 3


async def test_line_is_split_over_the_processes(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime.media.edges.Edge._serve", lambda edge: _nothing())
    edges = Edges(engine, MediaSettings(control=tmp_path / "m.sock", processes=4, uplink_mbps=100))

    told = [edge._settings for edge in edges.all]
    others: list[object] = []

    async def heard(*asked: object) -> None:
        others.append(asked)

    monkeypatch.setattr(edges, "_told", heard)
    assert await edges.besides(4_000) == 1_000  # as each has a share of the line
    await edges.close()

    assert others == [("POST", "/besides", b'{"bytes": 1000}')]
    assert [(one.uplink_mbps, one.processes) for one in told] == [(25, 1)] * 3


async def test_who_waits_on_an_empty_stage_is_lowered_when_it_fills_the_line(engine: Engine, stage: Stage) -> None:
    engine._settings = replace(engine._settings, uplink_mbps=0.02)
    engine._uplink = Uplink(0.02)
    await stage.watch("v1")
    viewer = engine.viewer(ROOM, "v1", "guest")
    assert viewer.ceiling is None

    await stage.publish("camera")

    async with asyncio.timeout(20), aclosing(engine.events.listen()) as events:
        async for _ in events:
            if viewer.quality()["reason"] == "uplink":
                break
    assert viewer.quality()["effective"] == "audio"  # its one layer leaves nothing between


async def _nothing() -> None: ...
