"""The control link: every endpoint as the servers use it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from realtime.media.engine import Engine
from realtime.media.service import make_app

from .clients import connection, publisher_offer
from .conftest import ROOM

FRAGMENT = "a=ice-ufrag:{ufrag}\r\na=candidate:1 1 udp 1 name.local 9 typ host\r\n"


@pytest_asyncio.fixture
async def http(engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=make_app(engine, secret=None))
    async with httpx.AsyncClient(transport=transport, base_url="http://media") as client:
        yield client


@pytest_asyncio.fixture
async def offer() -> AsyncIterator[str]:
    pc = connection()
    yield await publisher_offer(pc)
    await pc.close()


def _publisher(offer: str, id: str = "p1") -> dict[str, str]:
    return {"id": id, "owner": "speaker", "label": "camera", "offer": offer}


async def test_publisher_gets_answer_and_etag(http: httpx.AsyncClient, offer: str) -> None:
    response = await http.post(f"/rooms/{ROOM}/publishers", json=_publisher(offer))

    assert response.status_code == 201
    body = response.json()
    assert body["id"] == "p1"
    assert body["etag"]
    assert "a=setup:passive" in body["answer"]
    assert "a=recvonly" in body["answer"]


async def test_what_servers_send_by_the_same_line_is_counted(http: httpx.AsyncClient, engine: Engine) -> None:
    for count in (1_000, 500):
        assert (await http.post("/besides", json={"bytes": count})).status_code == 204
    assert (await http.post("/besides", json={"bytes": -1})).status_code == 400

    engine._uplink.measure(0, 0.0)
    engine._uplink.measure(0, 1e9)

    assert engine._uplink.rate > 0


async def test_passive_offer_gets_active_answer(http: httpx.AsyncClient, offer: str) -> None:
    passive = offer.replace("a=setup:actpass", "a=setup:passive")

    response = await http.post(f"/rooms/{ROOM}/publishers", json=_publisher(passive))

    assert "a=setup:active" in response.json()["answer"]


async def test_viewers_sections_beyond_the_slots_are_inactive(http: httpx.AsyncClient, offer: str) -> None:
    watching = offer.replace("a=sendonly", "a=recvonly")
    body = {"id": "v1", "owner": "guest", "feed": "air", "offer": watching}

    response = await http.post(f"/rooms/{ROOM}/viewers", json=body)

    answer = response.json()["answer"]
    assert answer.count("a=sendonly") == 2
    assert "a=ssrc-group:FID" in answer


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("publishers", {"id": "p1", "owner": "o", "offer": "garbage"}, 400, "sdp.malformed"),
        ("publishers", {"id": "p1", "owner": "o", "offer": "v=0\n" + "a" * 70_000}, 413, "sdp.too_large"),
        ("publishers", {"id": "p1", "owner": "o", "offer": "v" * 300_000}, 413, "sdp.too_large"),
        ("publishers", {"id": "", "owner": "o", "offer": ""}, 400, "control.malformed"),
        ("viewers", {"id": "v1", "owner": "o", "feed": "other", "offer": ""}, 400, "control.malformed"),
    ],
)
async def test_bad_join_is_refused(
    http: httpx.AsyncClient, path: str, body: dict[str, str], status: int, code: str
) -> None:
    response = await http.post(f"/rooms/{ROOM}/{path}", json=body)

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.json()["detail"]


async def test_direction_that_does_not_fit_is_refused(http: httpx.AsyncClient, offer: str) -> None:
    response = await http.post(
        f"/rooms/{ROOM}/publishers", json=_publisher(offer.replace("a=sendonly", "a=recvonly"))
    )

    assert (response.status_code, response.json()["code"]) == (422, "sdp.unacceptable")


async def test_room_nobody_opened_is_closed(http: httpx.AsyncClient, offer: str) -> None:
    response = await http.post("/rooms/unknown/publishers", json=_publisher(offer))

    assert (response.status_code, response.json()["code"]) == (409, "stage.closed")
    assert response.json()["retry_after_s"] > 0


async def test_id_is_used_once(http: httpx.AsyncClient, offer: str) -> None:
    await http.post(f"/rooms/{ROOM}/publishers", json=_publisher(offer))

    response = await http.post(f"/rooms/{ROOM}/publishers", json=_publisher(offer))

    assert (response.status_code, response.json()["code"]) == (409, "peer.known")


@pytest.mark.parametrize(
    ("etag", "fragment", "status"),
    [
        ("right", FRAGMENT, 204),
        ("stale", FRAGMENT, 412),
        (None, FRAGMENT, 428),
        ("right", "garbage", 400),
        ("*", "a=ice-ufrag:another\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n", 422),
    ],
)
async def test_trickled_candidates_need_the_right_etag(
    http: httpx.AsyncClient, offer: str, etag: str | None, fragment: str, status: int
) -> None:
    ufrag = next(line for line in offer.splitlines() if line.startswith("a=ice-ufrag:")).partition(":")[2]
    made = (await http.post(f"/rooms/{ROOM}/publishers", json=_publisher(offer))).json()
    body = {
        "owner": "speaker",
        "sdpfrag": fragment.format(ufrag=ufrag),
        "etag": made["etag"] if etag == "right" else etag,
    }

    response = await http.patch(f"/rooms/{ROOM}/peers/p1", json=body)

    assert response.status_code == status


async def test_second_delete_finds_nothing(http: httpx.AsyncClient, offer: str) -> None:
    await http.post(f"/rooms/{ROOM}/publishers", json=_publisher(offer))

    statuses = [
        (await http.delete(f"/rooms/{ROOM}/peers/p1", params={"owner": owner})).status_code
        for owner in ("somebody", "speaker", "speaker")
    ]

    assert statuses == [404, 200, 404]


async def test_events_tell_the_state_and_then_every_change(
    engine: Engine, http: httpx.AsyncClient, offer: str
) -> None:
    events = engine.events.listen()
    state = await anext(events)

    await http.post(f"/rooms/{ROOM}/publishers", json=_publisher(offer))
    change = await anext(events)

    assert [room["room"] for room in state["rooms"]] == [ROOM]
    assert change["type"] == "room"
    assert change["instance"] == state["instance"]
    assert change["revision"] > state["revision"]
    assert change["room"] == {
        "room": ROOM,
        "revision": change["revision"],
        "publishers": [
            {
                "id": "p1",
                "owner": "speaker",
                "label": "camera",
                "kind": "camera",
                "audio": True,
                "video": True,
                "codec": "H264",
                "connected": False,
                "on_air": True,
                "slot": 0,
                "backstage_slot": 0,
            }
        ],
        "viewers": {"air": 0, "backstage": 0},
        "programme": None,
    }
    json.dumps(change)
    await events.aclose()


async def test_joins_beyond_the_rate_come_back_later(http: httpx.AsyncClient, offer: str) -> None:
    responses = [
        await http.post(
            f"/rooms/{ROOM}/viewers", json={"id": f"v{n}", "owner": "o", "feed": "air", "offer": offer}
        )
        for n in range(60)
    ]

    late = [response for response in responses if response.status_code == 503]
    assert late
    assert all(1 <= response.json()["retry_after_s"] <= 8 for response in late)


async def test_secret_is_asked_for(engine: Engine) -> None:
    transport = httpx.ASGITransport(app=make_app(engine, secret="key"))
    async with httpx.AsyncClient(transport=transport, base_url="http://media") as client:
        without = await client.get("/stats")
        with_it = await client.get("/stats", headers={"authorization": "Bearer key"})

    assert (without.status_code, with_it.status_code) == (401, 200)
