"""Every row of what WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep-04) say of an answer, at the real doors.

Not here: 406 with an offer of the server's own (WHEP). We always answer, so no client has to understand it.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aioice.ice
import httpx
import pytest
import pytest_asyncio
from sqlmodel import Session

from models.conference import ConferenceSession
from realtime.media.process import serve
from realtime.media.settings import MediaSettings
from tests.media.clients import accept, connection, publisher_offer
from tests.support.app import Server, serving
from tests.support.people import World, settle
from tests.support.services import Backend

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.media]

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
RETURN = re.compile(r"a=(sendonly|sendrecv)")


@dataclass
class Door:
    """One stage with its doors, and what comes to them."""

    server: Server
    world: World
    offer: str
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def whip(self) -> str:
        return f"/whip/{self.world.session}"

    @property
    def whep(self) -> str:
        return f"/whep/{self.world.session}"

    @property
    def viewing(self) -> str:
        return RETURN.sub("a=recvonly", self.offer)

    @asynccontextmanager
    async def obs(self, key: str | None = "right") -> AsyncIterator[httpx.AsyncClient]:
        """A program with a stream key: no cookie, no Origin."""
        headers = {} if key is None else {"Authorization": f"Bearer {self.keys.get(key, key)}"}
        async with httpx.AsyncClient(base_url=self.server.url, headers=headers, trust_env=False) as client:
            yield client

    async def post(
        self, content: str | None = None, *, to: str = "", kind: str = SDP, key: str | None = "right"
    ) -> httpx.Response:
        async with self.obs(key) as obs:
            body = self.offer if content is None else content
            return await obs.post(to or self.whip, content=body, headers={"Content-Type": kind})

    async def patch(
        self, to: str, content: str, *, kind: str = FRAGMENT, etag: str | None = None
    ) -> httpx.Response:
        headers = {"Content-Type": kind} | ({"If-Match": etag} if etag is not None else {})
        async with self.obs() as obs:
            return await obs.patch(to, content=content, headers=headers)

    @property
    def candidate(self) -> str:
        """A fragment of the same ICE session, with candidates that lead nowhere or cannot be resolved."""
        ufrag = next(line for line in self.offer.splitlines() if line.startswith("a=ice-ufrag:"))
        return (
            f"{ufrag}\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n"
            "a=candidate:1 1 udp 1 3f1b.local 9 typ host\r\na=candidate:2 1 udp 1 192.0.2.1 9 typ host\r\n"
        )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    folder = tmp_path_factory.mktemp("doors")
    shutil.copyfile(sqlite_template, folder / "multaqa.sqlite")
    backend = Backend("sqlite-memory", f"sqlite:///{folder}/multaqa.sqlite", None)
    control = folder / "media.sock"
    async with mediating(control), serving(backend, folder / "data", media_control=f"unix:{control}") as server:
        world = await settle(server.db)
        pc = connection()
        made = Door(server, world, await publisher_offer(pc))
        async with server.browser(world["organiser"].token) as organiser:
            while not (await organiser.get("/readyz"))["media"]:
                pass  # asked over the wire, so everybody else has their turn
            await organiser.post(f"/api/sessions/{world.session}/state", {"state": "live"})
        async with server.browser(world["speaker"].token) as speaker:
            path = f"/api/sessions/{world.session}/stream-keys"
            made.keys["right"] = (await speaker.post(path))["key"]
        while (await made.post()).status_code == 409:
            pass  # media has not heard of it yet
        yield made
        await pc.close()


@pytest.fixture(autouse=True)
def _everybody_begins_anew(door: Door) -> None:
    """All of these come as one person, who would soon have asked too often."""
    door.server.assembled.limiter._windows.reset()


@asynccontextmanager
async def mediating(control: Path) -> AsyncIterator[None]:
    """A media process's own main function, in this loop."""
    reading, writing = os.pipe()
    answering = asyncio.Event()
    settings = MediaSettings(control=control, host="127.0.0.1", control_pipe=reading)
    running = asyncio.create_task(serve(settings, ready=lambda _: answering.set()))
    await answering.wait()
    try:
        yield
    finally:
        os.close(writing)
        await running
        os.close(reading)


async def test_offer_gets_201_with_everything_a_client_needs(door: Door) -> None:
    for answer in (await door.post(), await door.post(door.viewing, to=door.whep)):
        assert answer.status_code == 201
        assert answer.headers["content-type"].partition(";")[0] == SDP
        assert re.fullmatch(r'"[^"]+"', answer.headers["etag"])  # strong: no W/
        assert answer.headers["accept-patch"] == FRAGMENT
        assert answer.text.startswith("v=0")


async def test_location_cannot_be_guessed(door: Door) -> None:
    places = [(await door.post()).headers["location"].rpartition(".")[2] for _ in range(3)]
    assert len(set(places)) == 3
    assert all(len(place) >= 22 for place in places)  # 128 bits, 6 a letter


REFUSED_OFFERS: dict[str, tuple[Callable[[str], str], str, int]] = {
    "another type": (lambda offer: offer, "application/json", 415),
    "no SDP": (lambda _: "hello", SDP, 400),
    "nothing": (lambda _: "", SDP, 400),
    "no fingerprint": (lambda offer: re.sub("a=fingerprint.*\r\n", "", offer), SDP, 400),
    "one section unknown": (lambda offer: offer.replace("m=video", "m=application"), SDP, 422),
    "one section to receive": (lambda offer: offer.replace("a=sendonly", "a=recvonly", 1), SDP, 422),
    "no codec of ours": (lambda offer: re.sub("VP8|H264|VP9|AV1", "X1", offer), SDP, 422),
    "two pictures": (lambda offer: offer + _again(offer), SDP, 422),
    "unbundled": (lambda offer: re.sub("a=group:BUNDLE.*\r\n", "", offer), SDP, 422),
    "too large": (lambda offer: offer + "a=x:" + "y" * 66_000, SDP, 413),
}


def _again(offer: str) -> str:
    video = offer[offer.index("m=video") :]
    return re.sub("a=mid:.*", "a=mid:9", video)


@pytest.mark.parametrize("name", REFUSED_OFFERS)
async def test_unacceptable_offer_is_refused_whole(door: Door, name: str) -> None:
    change, kind, status = REFUSED_OFFERS[name]
    answer = await door.post(change(door.offer), kind=kind)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert "location" not in answer.headers


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
@pytest.mark.parametrize("key", [None, "a guess"])
async def test_without_a_good_key_it_is_401(door: Door, method: str, key: str | None) -> None:
    place = door.whip if method == "POST" else (await door.post()).headers["location"]
    kind = SDP if method == "POST" else FRAGMENT
    async with door.obs(key) as nobody:
        answer = await nobody.request(method, place, content=door.offer, headers={"Content-Type": kind})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_right_key_at_the_wrong_stage_is_403(door: Door) -> None:
    assert (await door.post(to=f"/whip/{door.world.other_session}")).status_code == 403


async def test_closed_stage_is_409_with_a_time_to_come_back(door: Door) -> None:
    def state(name: str) -> Callable[[Session], None]:
        return lambda db: setattr(db.get_one(ConferenceSession, door.world.session), "state", name)

    await door.server.db.write(state("scheduled"))
    try:
        answer = await door.post(door.viewing, to=door.whep)
        assert answer.status_code == 409
        assert int(answer.headers["retry-after"]) > 0
    finally:
        await door.server.db.write(state("live"))


async def test_candidates_of_the_right_session_are_204(door: Door) -> None:
    made = await door.post()
    answer = await door.patch(made.headers["location"], door.candidate, etag=made.headers["etag"])
    assert (answer.status_code, answer.content) == (204, b"")
    assert "etag" not in answer.headers


REFUSED_PATCHES: dict[str, tuple[str | None, str | None, str, int]] = {
    "no If-Match": (None, None, FRAGMENT, 428),
    "stale If-Match": (None, '"stale"', FRAGMENT, 412),
    "another type": (None, "right", "application/json", 415),
    "an answer": (None, "right", SDP, 415),
    "malformed": ("hello", "right", FRAGMENT, 400),
    "empty": ("", "right", FRAGMENT, 400),
}


@pytest.mark.parametrize("name", REFUSED_PATCHES)
async def test_patch_that_does_not_fit_is_refused(door: Door, name: str) -> None:
    content, etag, kind, status = REFUSED_PATCHES[name]
    made = await door.post()
    right = made.headers["etag"] if etag == "right" else etag
    body = door.candidate if content is None else content
    answer = await door.patch(made.headers["location"], body, kind=kind, etag=right)
    assert answer.status_code == status, answer.text


FRESH = "a=ice-ufrag:another1\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n"


async def test_ice_restart_before_the_connection_stands_is_refused(door: Door) -> None:
    """RFC 9725 section 4.3.2: 422 says that there is nothing to restart, and the old ICE session stays."""
    made = await door.post()
    answer = await door.patch(made.headers["location"], FRESH, etag="*")
    assert (answer.status_code, answer.json()["code"]) == (422, "ice.restart_unsupported")
    same = await door.patch(made.headers["location"], door.candidate, etag=made.headers["etag"])
    assert same.status_code == 204


async def test_ice_restart_has_credentials_and_a_tag_of_its_own(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 9725 section 4.3.2: 200 with our new fragment; the tag of the session before is then stale."""
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: ["127.0.0.1"])
    pc = connection()
    made = await door.post(await publisher_offer(pc))
    await accept(pc, made.text)
    place, tag = made.headers["location"], made.headers["etag"]
    answers = [await door.patch(place, fragment, etag="*") for fragment in (FRESH[:23] + "\r\n", FRESH)]
    assert [answer.status_code for answer in answers] == [400, 200]
    answer = answers[1]
    assert answer.headers["content-type"].partition(";")[0] == FRAGMENT
    for line in ("a=ice-ufrag:", "a=ice-pwd:"):
        assert re.findall(rf"^{line}\S+", answer.text, re.M) != re.findall(rf"^{line}\S+", made.text, re.M)[:1]
    assert "m=audio 9 " in answer.text
    assert answer.headers["etag"] not in {tag, ""}
    candidate = f"{FRESH}a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n"
    assert (await door.patch(place, candidate, etag=tag)).status_code == 412
    assert (await door.patch(place, candidate, etag=answer.headers["etag"])).status_code == 204
    await pc.close()


async def test_delete_ends_it_once_and_frees_everything(door: Door) -> None:
    made = await door.post()
    place = made.headers["location"]
    async with door.obs() as obs:
        answers = [await obs.delete(place, headers={"If-Match": '"anything"'}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 404]
    assert (await door.patch(place, door.candidate, etag=made.headers["etag"])).status_code == 404


async def test_nobody_ends_what_belongs_to_another(door: Door) -> None:
    place = (await door.post()).headers["location"]
    async with door.server.browser(door.world["organiser"].token) as organiser:
        assert (await organiser.http.delete(place)).status_code == 404
    async with door.obs() as obs:
        assert (await obs.delete(place)).status_code == 200


async def test_looking_costs_nothing(door: Door) -> None:
    place = (await door.post()).headers["location"]
    async with door.obs(None) as nobody:
        for path in (door.whip, place):
            answer = await nobody.get(path)
            assert (answer.status_code, answer.content) == (204, b"")
        head = await nobody.head(door.whep)
        assert (head.status_code, head.headers["content-type"].partition(";")[0]) == (200, SDP)


async def test_options_say_what_is_taken_and_give_no_keys(door: Door) -> None:
    preflight = {"Origin": "https://player.example", "Access-Control-Request-Method": "POST"}
    async with door.obs(None) as nobody:
        for path in (door.whip, door.whep):
            answer = await nobody.options(path, headers=preflight)
            assert (answer.status_code, answer.headers["accept-post"]) == (200, SDP)
            assert "link" not in answer.headers
            assert "access-control-allow-origin" not in answer.headers  # other sites have no business here


async def test_no_answer_sends_elsewhere(door: Door) -> None:
    """A redirect of a POST may only be 307 (RFC 9725 section 4.5); we have none."""
    async with door.obs() as obs:
        for path in (f"{door.whip}/", door.whip.replace("/whip", "//whip"), "/whip"):
            answer = await obs.post(path, content=door.offer, headers={"Content-Type": SDP})
            assert not answer.is_redirect or answer.status_code == 307, path


async def test_flood_of_one_person_is_429(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every POST reserves something until it times out: who asks too often must wait. DELETE counts as well."""
    statuses: dict[str, int] = {}
    async with door.obs() as obs:
        for number in range(140):
            if number % 2:
                answer = await obs.delete(f"{door.whip}/m0.none")
            else:
                answer = await obs.post(door.whip, content="hello", headers={"Content-Type": SDP})
            statuses[answer.request.method] = answer.status_code
            if answer.status_code == 429:
                assert int(answer.headers["retry-after"]) > 0
    assert statuses == {"POST": 429, "DELETE": 429}


async def test_media_that_is_full_is_503_with_a_time_to_come_back(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    from realtime.media.admission import Admission
    from realtime.media.errors import busy

    def full(_: Admission) -> None:
        raise busy(3)

    monkeypatch.setattr(Admission, "admit", full)
    async with door.server.browser(door.world["guest"].token) as guest:
        answer = await guest.http.post(door.whep, content=door.viewing, headers={"Content-Type": SDP})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")
    assert (await door.post()).status_code == 201  # who speaks waits behind no audience
