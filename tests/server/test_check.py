"""What everybody may check their own connection with, before they have a login."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import pytest

from server.domain import check
from tests.support.app import Server, serving
from tests.support.services import Backend

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_start_tells_the_time_and_no_more_where_there_is_no_relay(server: Server) -> None:
    async with server.browser() as nobody:
        told = await nobody.get("/api/check")
    assert abs(told["now_ms"] - time.time() * 1000) < 60_000
    assert told["ice_servers"] == []


async def test_relays_key_is_short_and_shared_by_few_names(backend: Backend, tmp_path: Path) -> None:
    turn = {"turn_url": "turn:{host}:1,turns:{host}:2", "turn_secret": "a secret of this test"}
    async with serving(backend, tmp_path, **turn) as server, server.browser() as nobody:
        servers = [(await nobody.get("/api/check"))["ice_servers"] for _ in range(30)]
    assert all(one["urls"] == ["turn:127.0.0.1:1", "turns:127.0.0.1:2"] for (one,) in servers)
    expiries, names = zip(*(one["username"].split(":") for (one,) in servers), strict=True)
    assert all(0 < int(expiry) - time.time() <= check.RELAY_LIFE_S for expiry in expiries)
    assert len(set(names)) <= check.RELAY_NAMES


async def test_offer_passes_to_media_which_is_away_here(server: Server) -> None:
    async with server.browser() as nobody:
        answer = await nobody.ask("POST", "/api/check/media", {"offer": "v=0"})
        large = await nobody.ask("POST", "/api/check/media", {"offer": "v" * 50_000})
    assert (answer.status_code, answer.json()["code"]) == (503, "away.media")
    assert (large.status_code, large.json()["code"]) == (422, "input.unusable")


async def test_bytes_are_many_and_nobody_keeps_them(server: Server) -> None:
    async with server.browser() as nobody:
        answer = await nobody.http.get("/api/check/bytes")
    assert len(answer.content) == check.BYTES
    assert answer.headers["cache-control"] == "no-store"


async def test_bytes_are_counted_by_address(own_server: Server) -> None:
    async with own_server.browser() as nobody:
        answers = [await nobody.http.head("/api/check/bytes") for _ in range(21)]
        assert [answer.status_code for answer in answers[-2:]] == [200, 429]


async def test_drops_come_one_by_one(server: Server) -> None:
    came: list[float] = []
    async with server.browser() as nobody, nobody.http.stream("GET", "/api/check/drip") as answer:
        async for line in answer.aiter_lines():
            assert line == str(len(came))
            came.append(time.monotonic())
    assert all(later - earlier > 0.5 for earlier, later in pairwise(came))
