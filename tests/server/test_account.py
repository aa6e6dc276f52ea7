"""Signing up, in and out; one-time links; invitations; the first organiser."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from datetime import timedelta
from uuid import UUID

import pytest
from argon2 import PasswordHasher
from sqlmodel import Session, col, select
from starlette.responses import Response
from websockets.exceptions import InvalidStatus

from models.base import new_id, now
from models.conference import Invitation
from models.person import Command, Login, OneTimeLink, Person
from models.stage import StreamKey
from server.actions import conference, ledger
from server.actions.person import create_setup_link
from server.api.endpoint import Reply
from server.api.rates import ACCOUNT, NEWCOMING, Limiter
from server.api.runner import Door, Runner
from server.assembly import StoredLedger, cookie_name
from server.domain.errors import Away, TooMany
from server.messages import sentence
from server.routes.passwords import AT_ONCE, MOST_WAITING, Passwords
from tests.support.app import Server
from tests.support.client import COOKIE, JSON, Browser, Refused
from tests.support.people import World, enrol, settle

pytestmark = pytest.mark.asyncio(loop_scope="module")

PASSWORD = "a long enough password"


def account(email: str) -> JSON:
    return {"name": "ليلى", "email": email, "password": PASSWORD, "locale": "ar", "zone": "Asia/Amman"}


async def signed_up(browser: Browser, email: str) -> None:
    assert (await browser.ask("POST", "/api/sign-up", account(email))).status_code == 202


async def accept(browser: Browser, token: str, name: str | None = None) -> JSON:
    return await browser.post("/api/invitations/accept", {"token": token, "name": name})


async def invite(server: Server, world: World, **draft: object) -> JSON:
    async with server.browser(world["organiser"].token) as organiser:
        body = {"role": "attendee", **draft}
        return await organiser.post(f"/api/conferences/{world.conference}/invitations", body)


# Accounts


async def test_sign_up_answers_known_and_unknown_alike(server: Server) -> None:
    async with server.browser() as browser:
        first = await browser.ask("POST", "/api/sign-up", account("laila@example.org"))
        other = {**account("Laila@Example.org "), "name": "Somebody else"}
        again = await browser.ask("POST", "/api/sign-up", other)
        assert (first.status_code, first.text) == (again.status_code, again.text) == (202, "{}")
        at_once = await asyncio.gather(
            *(browser.ask("POST", "/api/sign-up", account("twice@example.org")) for _ in range(5))
        )
        assert {answer.status_code for answer in at_once} == {202}
        me = await browser.post("/api/sign-in", {"email": "LAILA@example.org", "password": PASSWORD})
        assert me["person"]["name"] == "ليلى"


async def test_sign_in_refuses_known_and_unknown_alike(server: Server) -> None:
    async with server.browser() as browser:
        await signed_up(browser, "samer@example.org")
        wrong = [
            await browser.ask("POST", "/api/sign-in", {"email": email, "password": "not the password"})
            for email in ("samer@example.org", "nobody@example.org")
        ]
        told = [{**answer.json(), "request_id": ""} for answer in wrong]
        assert told[0] == told[1]
        assert (wrong[0].status_code, told[0]["code"]) == (401, "sign_in.refused")
        assert all(COOKIE not in answer.cookies for answer in wrong)


async def test_sign_in_is_limited_by_account_however_many_addresses_ask(own_server: Server) -> None:
    async with own_server.browser() as browser:
        await signed_up(browser, "huda@example.org")
        for email in ("huda@example.org", "nobody@example.org"):
            body = {"email": email, "password": "a guess"}
            answers = [await browser.ask("POST", "/api/sign-in", body) for _ in range(11)]
            assert [answer.status_code for answer in answers] == [401] * 10 + [429]
            assert answers[-1].json()["code"] == "too_many"
            assert 1 <= int(answers[-1].headers["retry-after"]) <= 60


async def test_stranger_who_guesses_keeps_nobody_out(own_server: Server) -> None:
    limiter = own_server.assembled.limiter
    digest = hashlib.sha256(b"owner@example.org").hexdigest()
    for _ in range(10):
        limiter.hit(ACCOUNT, f"203.0.113.7 {digest}")
    with pytest.raises(TooMany):
        limiter.hit(ACCOUNT, f"203.0.113.7 {digest}")
    async with own_server.browser() as owner:
        answer = await owner.ask("POST", "/api/sign-in", {"email": "owner@example.org", "password": "a guess"})
        assert answer.status_code == 401


async def test_passwords_wait_in_a_short_queue() -> None:
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    hashed = await passwords.hash("right")
    tries = (passwords.right(hashed, "right") for _ in range(AT_ONCE + MOST_WAITING + 6))
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert [one for one in done if one is True] == [True] * (AT_ONCE + MOST_WAITING)
    assert [one.code for one in done if isinstance(one, Away)] == ["away.passwords"] * 6
    assert await passwords.right(hashed, "right")


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("amal", "email.at"),
        ("@example.org", "email.at"),
        ("amal@example", "email.host"),
        ("amal@.org", "email.host"),
        ("amal @example.org", "email.space"),
        ("amal,huda@example.org", "email.sign"),
        ("<amal@example.org>", "email.sign"),
    ],
)
async def test_what_is_wrong_with_an_address_is_said(server: Server, address: str, code: str) -> None:
    body = {"name": "أمل", "email": address, "password": "12345678"}
    async with server.browser(language="ar") as browser:
        answer = await browser.ask("POST", "/api/sign-up", body)
    assert answer.json()["fields"] == {"email": sentence("ar", code)}


async def test_sign_in_is_limited_by_address(own_server: Server) -> None:
    async with own_server.browser() as browser:
        body = {"email": "x@example.org", "password": "a guess"}
        answers = [
            await browser.ask("POST", "/api/sign-in", {**body, "email": f"x{number}@example.org"})
            for number in range(61)
        ]
    assert [answer.status_code for answer in answers] == [401] * 60 + [429]


def exhaust(limiter: Limiter) -> None:
    with contextlib.suppress(TooMany):
        while True:
            limiter.hit(NEWCOMING, "127.0.0.1")


async def test_made_up_logins_are_counted_by_address(own_server: Server) -> None:
    """Anybody can send a new token with every request; what was proved once counts for itself."""
    world = await settle(own_server.db)
    async with own_server.browser(world["attendee"].token) as me:
        await me.get("/api/me")
        exhaust(own_server.assembled.limiter)
        async with own_server.browser("made up") as stranger:
            assert (await stranger.ask("GET", "/api/me")).status_code == 429
        assert (await me.ask("GET", "/api/me")).status_code == 200


async def test_cookie_flags(server: Server) -> None:
    async with server.browser() as browser:
        await signed_up(browser, "flags@example.org")
        answer = await browser.ask("POST", "/api/sign-in", {"email": "flags@example.org", "password": PASSWORD})
        kept = {COOKIE: 90, "browser": 400}  # days
        for cookie in answer.headers.get_list("set-cookie"):
            name, _, rest = cookie.partition("=")
            flags = {part.strip().lower() for part in rest.split(";")[1:]}
            assert flags == {"httponly", f"max-age={kept.pop(name) * 24 * 3600}", "path=/", "samesite=lax"}
        assert not kept
        assert answer.headers["cache-control"] == "no-store"


async def test_cookie_of_an_https_server_is_bound_to_its_host(own_server: Server) -> None:
    settings = own_server.settings.model_copy(update={"public_url": "https://meet.example.org"})
    door = Door(cookie_name(settings), settings.secure, settings.origins, settings.url)
    response = Response()
    Runner(own_server.db, StoredLedger(), Limiter(), door).set_login(response, Reply(None, login_token="x"))
    assert response.headers["set-cookie"].startswith("__Host-login=x; HttpOnly; Max-Age=7776000; Path=/")
    assert response.headers["set-cookie"].endswith("SameSite=lax; Secure")


async def test_tokens_are_stored_as_hashes_only(server: Server, world: World) -> None:
    """Nothing in the database opens anything: not logins, links, keys, nor stored answers."""
    invitation = await invite(server, world, role="attendee")
    async with server.browser(world["organiser"].token) as organiser:
        session = f"/api/sessions/{world.session}"
        key = await organiser.post(f"{session}/stream-keys")
        link = await organiser.post(f"/api/conferences/{world.conference}/people/{world['guest'].id}/sign-in-link")
    tokens = [world["organiser"].token, invitation["token"], key["key"], link["url"].partition("#")[2]]
    text = await server.db.read(everything_stored)
    assert [token for token in tokens if token in text] == []
    assert ledger.token_hash(tokens[0]) in text


def everything_stored(db: Session) -> str:
    tables = (Person, Login, OneTimeLink, Command, Invitation, StreamKey)
    return " ".join(repr(row.model_dump()) for table in tables for row in db.exec(select(table)).all())


async def test_sign_out_ends_this_login_only(server: Server) -> None:
    async with server.browser() as here, server.browser() as there:
        await signed_up(here, "two@example.org")
        for browser in (here, there):
            await browser.post("/api/sign-in", {"email": "two@example.org", "password": PASSWORD})
        token = here.token
        await here.post("/api/sign-out")
        assert here.token is None
        async with server.browser(token) as stolen:
            assert (await stolen.ask("GET", "/api/me")).status_code == 401
        logins = (await there.get("/api/logins"))["logins"]
        assert [login["current"] for login in logins] == [True]


async def test_other_devices_are_ended_from_here(server: Server) -> None:
    async with server.browser() as here, server.browser() as there:
        await signed_up(here, "lost@example.org")
        for browser in (here, there):
            await browser.post("/api/sign-in", {"email": "lost@example.org", "password": PASSWORD})
        other = next(one for one in (await here.get("/api/logins"))["logins"] if not one["current"])
        assert other["device"] == "a test's browser"
        await here.delete(f"/api/logins/{other['id']}")
        assert (await there.ask("GET", "/api/me")).status_code == 401
        assert (await here.ask("DELETE", f"/api/logins/{other['id']}")).status_code == 404


async def test_expired_login_is_nobodys(server: Server, world: World) -> None:
    def expire(db: Session) -> None:
        login = db.get_one(Login, world["attendee"].actor.login_id)
        login.expires_at = now()

    await server.db.write(expire)
    async with server.browser(world["attendee"].token) as me:
        assert (await me.ask("GET", "/api/me")).status_code == 401


# Origins


@pytest.mark.parametrize(
    ("origin", "headers", "status"),
    [
        ("", {}, 200),
        ("https://evil.example", {}, 403),
        ("null", {}, 403),
        (None, {}, 403),
        (None, {"Sec-Fetch-Site": "same-origin"}, 200),
        (None, {"Sec-Fetch-Site": "cross-site"}, 403),
        ("https://evil.example", {"Sec-Fetch-Site": "same-origin"}, 403),
    ],
)
async def test_commands_by_cookie_need_our_origin(
    server: Server, world: World, origin: str | None, headers: dict[str, str], status: int
) -> None:
    async with server.browser(world["attendee"].token, origin=origin) as me:
        me.http.headers.update(headers)
        answer = await me.ask("PATCH", "/api/me", {"locale": "en"})
        assert answer.status_code == status
        if status == 403:
            assert answer.json()["code"] == "origin.refused"
        assert (await me.ask("GET", "/api/me")).status_code == 200


async def test_loopback_goes_by_all_its_names(server: Server, world: World) -> None:
    async with server.browser(world["attendee"].token, origin=server.url.replace("127.0.0.1", "localhost")) as me:
        await me.patch("/api/me", {"locale": "en"})


async def test_bearer_needs_no_origin(server: Server) -> None:
    """OBS and FFmpeg have none; their key is refused as a key, not as a foreign page."""
    async with server.browser(origin=None) as obs:
        headers = {"Authorization": "Bearer unknown", "Content-Type": "application/sdp"}
        answer = await obs.http.post(f"/whip/{new_id()}", content="v=0", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "login.needed")
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_socket_of_a_foreign_page_is_refused_before_it_opens(server: Server, world: World) -> None:
    async with server.browser(world["attendee"].token) as me:
        with pytest.raises(InvalidStatus) as refusal:
            async with me.socket(origin="https://evil.example"):
                pass
        assert refusal.value.response.status_code == 403


async def test_socket_finds_its_cookie_among_strange_ones(server: Server, world: World) -> None:
    async with server.browser(world["attendee"].token) as me:
        cookie = f'other={{"a": [1, 2]}}; bad[]=x; {COOKIE}={me.token}'
        async with me.socket(cookie=cookie) as ear:
            assert ear.hello["type"] == "hello"
        async with me.socket(cookie="nothing=here") as ear:
            assert await ear.end() == (3500, "login.needed")


# One-time links


async def one_time_link(server: Server, world: World, person: UUID) -> str:
    async with server.browser(world["organiser"].token) as organiser:
        made = await organiser.post(f"/api/conferences/{world.conference}/people/{person}/sign-in-link")
    assert made["url"].startswith(f"{server.url}/enter#")
    return str(made["url"].partition("#")[2])


async def test_one_of_ten_redeems_wins(server: Server, world: World) -> None:
    token = await one_time_link(server, world, world["guest"].id)
    async with server.browser() as browser:
        answers = await asyncio.gather(
            *(browser.ask("POST", "/api/sign-in-links/redeem", {"token": token}) for _ in range(10))
        )
    assert sorted(answer.status_code for answer in answers) == [200] + [410] * 9
    won = next(answer for answer in answers if answer.status_code == 200)
    assert won.json()["person"]["id"] == str(world["guest"].id)
    assert {answer.json()["code"] for answer in answers if answer is not won} == {"link.spent"}


async def test_link_expires(server: Server, world: World) -> None:
    token = await one_time_link(server, world, world["guest"].id)

    def expire(db: Session) -> None:
        row = db.exec(select(OneTimeLink).where(col(OneTimeLink.token_hash) == ledger.token_hash(token))).one()
        row.expires_at = now()

    await server.db.write(expire)
    async with server.browser() as browser:
        answer = await browser.ask("POST", "/api/sign-in-links/redeem", {"token": token})
        assert (answer.status_code, answer.json()["code"]) == (410, "link.spent")


async def test_link_opens_nothing_once_its_person_belongs_elsewhere_too(server: Server, world: World) -> None:
    token = await one_time_link(server, world, world["guest"].id)
    other = await settle(server.db)
    await server.db.write(lambda db: conference.grant(db, other.conference, world["guest"].id, "attendee"))
    async with server.browser() as browser:
        answer = await browser.ask("POST", "/api/sign-in-links/redeem", {"token": token})
        assert (answer.status_code, answer.json()["code"]) == (410, "link.spent")


async def test_link_opens_nothing_once_its_maker_organises_no_longer(server: Server, world: World) -> None:
    token = await one_time_link(server, world, world["guest"].id)
    await server.db.write(lambda db: conference.grant(db, world.conference, world["organiser"].id, "attendee"))
    async with server.browser() as browser:
        answer = await browser.ask("POST", "/api/sign-in-links/redeem", {"token": token})
        assert (answer.status_code, answer.json()["code"]) == (410, "link.spent")


# Invitations


async def test_looking_uses_nothing_up_and_accepting_does(server: Server, world: World) -> None:
    made = await invite(server, world, uses=1, session_id=str(world.session))
    assert made["url"] == f"{server.url}/join#{made['token']}"
    async with (
        server.browser(world["organiser"].token) as organiser,
        server.browser() as guest,
        server.browser() as late,
    ):
        words = {"en": {"title": "Talk", "description": ""}}
        await organiser.patch(f"/api/sessions/{world.session}", {"translations": words})
        for _ in range(3):
            look = await guest.post("/api/invitations/look", {"token": made["token"]})
        assert look["role"] == "attendee"
        assert look["session"] == {"id": str(world.session), "title": "جلسة", "titles": {"en": "Talk"}}
        joined = await accept(guest, made["token"], "ضيف")
        assert joined["me"]["person"]["guest"] is True
        assert joined["me"]["person"]["name"] == "ضيف"
        assert (joined["conference_id"], joined["session_id"]) == (str(world.conference), str(world.session))
        assert (await guest.get(f"/api/conferences/{world.conference}/mine"))["role"] == "attendee"
        for path, more in (("look", {}), ("accept", {"name": "x"})):
            body = {"token": made["token"], **more}
            answer = await late.ask("POST", f"/api/invitations/{path}", body)
            assert (answer.status_code, answer.json()["code"]) == (410, "invitation.spent")


async def test_limited_link_lets_no_more_in_however_many_come_at_once(server: Server, world: World) -> None:
    made = await invite(server, world, uses=3)
    async with server.browser() as browser:
        answers = await asyncio.gather(
            *(
                browser.ask("POST", "/api/invitations/accept", {"token": made["token"], "name": f"ضيف {number}"})
                for number in range(10)
            )
        )
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [410] * 7
    async with server.browser(world["organiser"].token) as organiser:
        listed = (await organiser.get(f"/api/conferences/{world.conference}/invitations"))["invitations"][0]
        assert (listed["uses"], listed["uses_left"]) == (3, 0)


async def test_same_login_uses_a_link_up_once(server: Server, world: World) -> None:
    made = await invite(server, world, uses=2)
    async with server.browser() as guest:
        await accept(guest, made["token"], "ضيف")
        await accept(guest, made["token"])
        await asyncio.gather(*(accept(guest, made["token"]) for _ in range(5)))
    assert await uses(server, made) == 1


async def uses(server: Server, made: JSON) -> int:
    id = UUID(made["invitation"]["id"])
    return await server.db.read(lambda db: db.get_one(Invitation, id).uses)


async def test_link_never_lowers_a_role(server: Server, world: World) -> None:
    made = await invite(server, world, role="attendee")
    async with server.browser(world["moderator"].token) as moderator:
        await accept(moderator, made["token"])
        assert (await moderator.get(f"/api/conferences/{world.conference}/mine"))["role"] == "moderator"


async def test_link_raises_a_role_and_names_a_speaker(server: Server, world: World) -> None:
    made = await invite(server, world, role="speaker", session_id=str(world.session), team_id=str(world.team))
    async with server.browser(world["attendee"].token) as me:
        joined = await accept(me, made["token"])
        assert joined["team_id"] == str(world.team)
        mine = await me.get(f"/api/sessions/{world.session}/mine")
        assert (mine["role"], mine["speaker"]) == ("speaker", True)
        assert (await me.ask("GET", f"/api/boards/{world.board}")).status_code == 200


@pytest.mark.parametrize("how", ["expired", "revoked", "unknown"])
async def test_spent_links_say_so(server: Server, world: World, how: str) -> None:
    made = await invite(server, world)

    def expire(db: Session) -> None:
        db.get_one(Invitation, UUID(made["invitation"]["id"])).expires_at = now() - timedelta(seconds=1)

    token = "0123456789abcdef0123" if how == "unknown" else made["token"]
    if how == "expired":
        await server.db.write(expire)
    if how == "revoked":
        async with server.browser(world["organiser"].token) as organiser:
            await organiser.delete(f"/api/invitations/{made['invitation']['id']}")
    async with server.browser(language="ar") as guest:
        answer = await guest.ask("POST", "/api/invitations/accept", {"token": token, "name": "ضيف"})
        assert (answer.status_code, answer.json()["code"]) == (410, "invitation.spent")
        assert answer.json()["detail"].startswith("لم تعد هذه الدعوة صالحة")


async def test_guest_needs_a_name(server: Server, world: World) -> None:
    made = await invite(server, world)
    async with server.browser() as guest:
        with pytest.raises(Refused) as refusal:
            await accept(guest, made["token"])
        assert refusal.value.code == "invitation.name_needed"
        assert refusal.value.problem["fields"] == {"name": "Please tell us the name others will see."}
    assert await uses(server, made) == 0


async def test_organisers_come_with_an_account(server: Server, world: World) -> None:
    made = await invite(server, world, role="organiser")
    assert made["invitation"]["uses_left"] == 1
    person = await server.db.write(lambda db: enrol(db, "new organiser"))
    async with server.browser() as nobody, server.browser(world["guest"].token) as guest:
        with pytest.raises(Refused) as refusal:
            await accept(nobody, made["token"], "ضيف")
        assert refusal.value.code == "login.needed"
        with pytest.raises(Refused) as refusal:
            await accept(guest, made["token"])
        assert refusal.value.code == "guest.not_here"
    async with server.browser(person.token) as known:
        await accept(known, made["token"])
        assert (await known.get(f"/api/conferences/{world.conference}/mine"))["role"] == "organiser"


# The first organiser


async def test_first_organiser_is_made_once(own_server: Server) -> None:
    link = await own_server.db.write(lambda db: create_setup_link(db, url=own_server.url))
    assert link is not None
    older = link.url.partition("#")[2]
    link = await own_server.db.write(lambda db: create_setup_link(db, url=own_server.url))
    assert link is not None
    token = link.url.partition("#")[2]
    async with own_server.browser() as browser, own_server.browser() as other:
        assert await browser.get("/api/setup") == {"open": True}
        wrong = await browser.ask("POST", "/api/setup", {**account("a@example.org"), "token": older})
        assert (wrong.status_code, wrong.json()["code"]) == (410, "link.spent")
        redeemed = await browser.ask("POST", "/api/sign-in-links/redeem", {"token": token})
        assert redeemed.status_code == 410
        answers = await asyncio.gather(
            browser.ask("POST", "/api/setup", {**account("a@example.org"), "token": token}),
            other.ask("POST", "/api/setup", {**account("b@example.org"), "token": token}),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 410]
        won = browser if answers[0].status_code == 200 else other
        assert (await won.get("/api/me"))["person"]["may_create"] is True
        assert await won.get("/api/setup") == {"open": False}
        await won.post("/api/conferences", {"title": "ملتقى", "zone": "Africa/Cairo"})
    assert await own_server.db.write(lambda db: create_setup_link(db, url=own_server.url)) is None
