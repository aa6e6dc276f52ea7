"""WHIP and WHEP up to the media process, which is away here: who may knock, and with what."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from models.base import new_id
from models.conference import ConferenceSession
from tests.support.app import Server
from tests.support.people import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

SDP = {"Content-Type": "application/sdp"}
# Past every question of ours: the control link says that media is away.
PASSED = (503, "away.media")


async def open_stage(server: Server, world: World, state: str = "live") -> None:
    def unit(db: Session) -> None:
        db.get_one(ConferenceSession, world.session).state = state

    await server.db.write(unit)


@pytest.mark.parametrize(
    ("who", "path", "expected"),
    [
        ("speaker", "/whip/{}", PASSED),
        ("speaker", "/whip/{}?kind=screen", PASSED),
        ("speaker", "/whip/{}?kind=obs", (404, "not_found")),
        ("organiser", "/whip/{}", PASSED),
        ("other_speaker", "/whip/{}", (403, "not_allowed")),
        ("attendee", "/whip/{}", (403, "not_allowed")),
        ("attendee", "/whep/{}", PASSED),
        ("guest", "/whep/{}?feed=air", PASSED),
        ("guest", "/whep/{}?feed=backstage", (403, "not_allowed")),
        ("speaker", "/whep/{}?feed=backstage", PASSED),
        ("speaker", "/whep/{}?feed=secret", (404, "not_found")),
        (None, "/whep/{}", (401, "login.needed")),
        (None, "/whip/{}", (401, "login.needed")),
    ],
)
async def test_doors_open_by_the_table(
    server: Server, world: World, who: str | None, path: str, expected: tuple[int, str]
) -> None:
    await open_stage(server, world)
    async with server.browser(world[who].token if who else None) as me:
        answer = await me.http.post(path.format(world.session), content="v=0\r\n", headers=SDP)
    assert (answer.status_code, answer.json()["code"]) == expected
    if expected == PASSED:
        assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("organiser", PASSED),
        ("speaker", PASSED),
        ("other_speaker", (403, "not_allowed")),
        ("attendee", (403, "not_allowed")),
        (None, (401, "login.needed")),
    ],
)
async def test_who_stands_behind_a_stage_hears_how_it_is_doing(
    server: Server, world: World, who: str | None, expected: tuple[int, str]
) -> None:
    async with server.browser(world[who].token if who else None) as me:
        answer = await me.http.get(f"/api/sessions/{world.session}/stage/health")
    assert (answer.status_code, answer.json()["code"]) == expected


async def test_closed_stage_says_when_to_ask_again(server: Server, world: World) -> None:
    async with server.browser(world["guest"].token) as me:
        answer = await me.http.post(f"/whep/{world.session}", content="v=0\r\n", headers=SDP)
    assert (answer.status_code, answer.json()["code"]) == (409, "session.closed")
    assert int(answer.headers["retry-after"]) > 0


async def test_stream_key_opens_its_own_session_only(server: Server, world: World) -> None:
    await open_stage(server, world)
    async with server.browser(world["speaker"].token) as me, server.browser(origin=None) as obs:
        made = await me.post(f"/api/sessions/{world.session}/stream-keys")
        headers = SDP | {"Authorization": f"Bearer {made['key']}"}

        async def knock(session: object) -> tuple[int, str]:
            answer = await obs.http.post(f"/whip/{session}", content="v=0\r\n", headers=headers)
            return answer.status_code, answer.json()["code"]

        assert await knock(world.session) == PASSED
        assert await knock(world.other_session) == (403, "not_allowed")
        assert await knock(new_id()) == (403, "not_allowed")
        await me.delete(f"/api/stream-keys/{made['id']}")
        assert await knock(world.session) == (401, "login.needed")


async def test_key_of_somebody_who_no_longer_speaks_opens_nothing(server: Server, world: World) -> None:
    await open_stage(server, world)
    async with server.browser(world["speaker"].token) as me, server.browser(world["organiser"].token) as organiser:
        made = await me.post(f"/api/sessions/{world.session}/stream-keys")
        headers = SDP | {"Authorization": f"Bearer {made['key']}"}
        await organiser.delete(f"/api/sessions/{world.session}/speakers/{world['speaker'].id}")
        answer = await me.http.post(f"/whip/{world.session}", content="v=0\r\n", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


async def test_offers_of_the_wrong_kind_or_size_are_refused(server: Server, world: World) -> None:
    await open_stage(server, world)
    async with server.browser(world["speaker"].token) as me:
        door = f"/whip/{world.session}"
        for headers, body, expected in (
            ({"Content-Type": "application/json"}, "{}", (415, "content_type.unknown")),
            (SDP, "v=0\r\n" + "a" * 70_000, (413, "body.too_large")),
        ):
            answer = await me.http.post(door, content=body, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == expected
        foreign = await me.http.post(door, content="v=0\r\n", headers=SDP | {"Origin": "https://evil.example"})
        assert (foreign.status_code, foreign.json()["code"]) == (403, "origin.refused")


async def test_what_the_rfc_says_of_the_other_methods(server: Server, world: World) -> None:
    async with server.browser(world["speaker"].token) as me:
        door = f"/whip/{world.session}"
        options = await me.http.options(door)
        assert (options.status_code, options.headers["accept-post"]) == (200, "application/sdp")
        assert (await me.http.get(door)).status_code == 204
        player = await me.http.head(f"/whep/{world.session}")
        assert (player.status_code, player.headers["content-type"]) == (200, "application/sdp")
        assert (await me.http.delete(door)).status_code == 405
        resource = f"{door}/m0.unknown"
        assert (await me.http.options(resource)).headers["accept-patch"] == "application/trickle-ice-sdpfrag"
        wrong = await me.http.patch(resource, content="{}", headers={"Content-Type": "application/json"})
        assert (wrong.status_code, wrong.json()["code"]) == (415, "content_type.unknown")
        elsewhere = await me.http.delete(f"{door}/other.unknown")
        assert (elsewhere.status_code, elsewhere.json()["code"]) == (404, "not_found")


async def test_quality_is_the_viewers_own_to_choose(server: Server, world: World) -> None:
    async with server.browser(world["guest"].token) as me:
        door = f"/whep/{world.session}/m0.somebody/quality"
        for body, expected in (
            ('{"mode": "low", "shown": {"0": 640}}', PASSED),
            ('{"mode": "best"}', (422, "input.unusable")),
            ('{"mode": "low", "shown": {"0": -1}}', (422, "input.unusable")),
            ('{"mode": "low", "shown": {"99": 1}}', (422, "input.unusable")),
        ):
            answer = await me.http.put(door, content=body, headers={"Content-Type": "application/json"})
            assert (answer.status_code, answer.json()["code"]) == expected, body
        assert (await me.http.get(door)).json()["code"] == "away.media"
        wrong = await me.http.put(door, content="{}", headers=SDP)
        assert (wrong.status_code, wrong.json()["code"]) == (415, "content_type.unknown")


async def test_who_asks_much_of_a_connection_may_still_come_back(server: Server, world: World) -> None:
    await open_stage(server, world)
    async with server.browser(world["guest"].token) as me:
        door = f"/whep/{world.session}"
        for _ in range(70):
            assert (await me.http.get(f"{door}/m0.somebody/quality")).json()["code"] == "away.media"
        back = await me.http.post(door, content="v=0\r\n", headers=SDP)
        assert (back.status_code, back.json()["code"]) == PASSED


@pytest.mark.parametrize(
    "odd", ["", "%0a", "%00", "x%3Fowner=somebody", "x%23", "..", "x%25", "%d9%85", "x" * 500 + "."]
)
async def test_resource_of_no_form_of_ours_is_unknown(server: Server, world: World, odd: str) -> None:
    """It becomes part of an address on the control link, where it must not say anything else."""
    async with server.browser(world["speaker"].token) as me:
        resource = f"{server.url}/whip/{world.session}/m0.{odd}"
        for method in ("DELETE", "PATCH"):
            answer = await me.http.request(method, resource)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
