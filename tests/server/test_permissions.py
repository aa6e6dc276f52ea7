"""Every endpoint x everybody x own and foreign conference, against the one table of permissions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from operator import attrgetter

import httpx
import pytest
import pytest_asyncio
from sqlmodel import Session

from models.base import new_id
from models.team import Team
from server.actions import conference, conversation
from server.api.endpoint import Endpoint
from server.domain.permissions import may
from tests.server.targets import BODIES, FILES, Aim, Target
from tests.support.app import Server
from tests.support.client import JSON, Browser
from tests.support.people import ROLES, Someone, World, enrol, settle

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVERYBODY = (*ROLES, "stranger", "nobody")

# Doors for people without a login; what they refuse is tested with the account.
DOORS = {
    "person.sign_up",
    "person.sign_in",
    "person.sign_out",
    "link.mail",
    "link.redeem",
    "setup.show",
    "setup.finish",
    "invitation.look",
    "invitation.accept",
    "check.start",
    "check.connect",
    "stage.health",
    "public.show",
    "public_board.show",
    "mail.show",
    "mail.stop",
    "registration.look",
    "registration.register",
    "pass.look",
    "pass.enter",
    "pass.link",
    "pass.change",
    "pass.act",
}

# About oneself: no conference has a say.
PERSONAL = {
    "me.show",
    "me.change",
    "mail_habits.show",
    "mail_habits.change",
    "notification.list",
    "notification.see",
    "login.list",
    "conference.list",
    "template.list",
    "volunteer.show",
    "volunteer.change",
    "skill.list",
    "task.open",
    "work.feed",
    "work.feeds",
    "work.mine",
    "work.pause",
}

# Rules beside the table: what one is needed for somebody else's row; None is never allowed.
OF_OTHERS: dict[str, str | None] = {
    "member.remove": "member.change",
    "profile.change": "speaker.change",
    "picture.put": "speaker.change",
    "picture.remove": "speaker.change",
    "message.edit": None,
    "comment.change": None,
    "comment.remove": "comment.moderate",
    "message.delete": "message.moderate",
    "question.edit": "question.decide",
    "hand.lower": "hand.manage",
    "note.delete": "deed.overrule",
    "deed.undo": "deed.overrule",
}

# What one needs for a row of one's own, or who one is on this server.
UNSCOPED = {"conference.create", "login.end", "stream_key.revoke", "feed.revoke"}

# From outside, too: everybody of the conference may look at an open door.
OPEN_DOORS = {"team.door", "team.join", "task.take"}

# After these the conference is no longer what the next endpoint's walk expects.
USES_UP = {"conference.change", "session.cancel", "session.move", "task.take", "team.join"}

BOARD_SCOPED = ("board_id", "column_id", "label_id", "card_id", "item_id", "comment_id", "attachment_id")
TEAM_SCOPED = ("team_id", *BOARD_SCOPED, "conversation_id", "import_id")
SESSION_SCOPED = ("session_id", "message_id", "question_id", "poll_id", "recording_id", "film_id")

NAMES = sorted(
    {
        *PERSONAL,
        *UNSCOPED,
        *OF_OTHERS,
        *BODIES,
        "audit.show",
        "ban.lift",
        "ban.list",
        *FILES,
        "bookmark.add",
        "bookmark.remove",
        "conference.today",
        "feed.list",
        "hall.remove",
        "track.remove",
        "session.remove",
        "session.restore",
        "session.revive",
        "attachment.remove",
        "board.history",
        "board.mine",
        "board.redo",
        "board.search",
        "board.undo",
        "card.history",
        "comment.list",
        "item.remove",
        "board.show",
        "card.show",
        "label.remove",
        "chat.mine",
        "chat.show",
        "chat_rules.show",
        "conference.checklist",
        "conference.mine",
        "conference.show",
        "conversation.list",
        "conversation.mine",
        "conversation.page",
        "conversation.people",
        "conversation.search",
        "conversation.show",
        "deed.undo",
        "invitation.list",
        "invitation.revoke",
        "link.create",
        "message.approve",
        "message.context",
        "message.hide",
        "message.page",
        "message.pin",
        "message.refuse",
        "message.restore",
        "message.search",
        "message.unpin",
        "moderation.show",
        "note.delete",
        "people.find",
        "people.list",
        "announcement.list",
        "announcement.mine",
        "announcement.readers",
        "announcement.see",
        "announcement.withdraw",
        "conference.keep",
        "settings.show",
        "registration.export",
        "registration.form",
        "registration.hand",
        "registration.list",
        "person.block",
        "person.card",
        "person.record",
        "person.unblock",
        "question.answer",
        "hand.call",
        "hand.list",
        "hand.raise",
        "interaction.show",
        "line.show",
        "poll.close",
        "poll.delete",
        "poll.desk",
        "poll.list",
        "poll.open",
        "question.approve",
        "question.dismiss",
        "question.duplicates",
        "question.from_message",
        "question.history",
        "question.list",
        "question.pin",
        "question.queue",
        "question.return",
        "question.start",
        "question.unmerge",
        "question.unpin",
        "question.unvote",
        "question.vote",
        "film.air",
        "film.delete",
        "film.off_air",
        "film.show",
        "recording.delete",
        "recording.files",
        "recording.list",
        "role.remove",
        "session.join_code",
        "session.mine",
        "session.show",
        "silence.end",
        "speaker.add",
        "speaker.remove",
        "rehearsal.begin",
        "rehearsal.end",
        "stage.bring",
        "stage.leave",
        "stage.show",
        "stream_key.create",
        "stream_key.list",
        "member.find",
        "task.take",
        "work.show",
        "team.activity",
        "team.door",
        "team.doors",
        "team.due",
        "team.files",
        "team.list",
        "team.mates",
        "team.meet",
        "team.news",
        "team.see",
        "team.show",
        "wish.list",
        "viewing.capacity",
    }
)


def roles_of(who: str, endpoint: Endpoint) -> set[str]:
    """What somebody is where this endpoint lies."""
    if who not in ROLES:
        return set()
    roles = {ROLES[who]}
    if who == "speaker" and any(f"{{{name}}}" in endpoint.path for name in SESSION_SCOPED):
        roles.add("session_speaker")
    if who in {"lead", "member"} and _in_team(endpoint):
        roles.add(who)
    return roles


def _in_team(endpoint: Endpoint) -> bool:
    return any(f"{{{name}}}" in endpoint.path for name in TEAM_SCOPED)


def expected(endpoint: Endpoint, who: str) -> int:
    """The status that the table of permissions asks for."""
    if who == "nobody":
        return 401
    if endpoint.name in PERSONAL:
        return endpoint.status
    if endpoint.name in UNSCOPED:
        # Made by those who may; ids of somebody else's logins and keys are like unknown ones.
        creates = endpoint.name == "conference.create"
        return (201 if who in {"organiser", "stranger"} else 403) if creates else 404
    roles = roles_of(who, endpoint)
    if not roles or (_in_team(endpoint) and not may(roles, "team.show") and endpoint.name not in OPEN_DOORS):
        return 404
    needed = OF_OTHERS.get(endpoint.name, endpoint.permission)
    return endpoint.status if needed is not None and may(roles, needed) else 403


async def call(browser: Browser, endpoint: Endpoint, aim: Aim) -> httpx.Response:
    path = endpoint.path.format(start=0, **{name: str(id) for name, id in aim.ids.items()})
    if endpoint.name in FILES:
        return await browser.http.post(path, content=FILES[endpoint.name])
    return await browser.ask(endpoint.method, path, aim.body)


def named(server: Server, name: str) -> Endpoint:
    return next(endpoint for endpoint in server.assembled.endpoints if endpoint.name == name)


async def aimed(server: Server, world: World, endpoint: Endpoint) -> Aim:
    return await server.db.write(lambda db: Target(db, world).aim(endpoint))


async def test_every_endpoint_is_walked(server: Server) -> None:
    assert {endpoint.name for endpoint in server.assembled.endpoints} == {*NAMES, *DOORS}
    assert {one.name for one in server.assembled.endpoints if one.body and one.kind != "flow"} == set(BODIES)
    assert {one.name for one in server.assembled.endpoints if one.permission is None} == (
        DOORS | PERSONAL | UNSCOPED
    )


@pytest.mark.parametrize("name", NAMES)
async def test_endpoint_answers_everybody_by_the_table(server: Server, crowd: Crowd, name: str) -> None:
    async with crowd.lent(for_good=name in USES_UP) as (world, stranger):
        await everybody_asks(server, world, stranger, named(server, name))


async def everybody_asks(server: Server, world: World, stranger: Someone, endpoint: Endpoint) -> None:
    wrong: list[str] = []
    aim = await aimed(server, world, endpoint)
    if endpoint.name not in PERSONAL | {"conference.create"}:
        await foreign_ids_answer_like_unknown_ones(server, endpoint, aim, stranger)
    used_up = False
    for who in sorted(
        EVERYBODY, key=lambda who: expected(endpoint, who) < 400
    ):  # who is refused leaves all as it is
        if used_up:
            aim = await aimed(server, world, endpoint)
        token = None if who == "nobody" else stranger.token if who == "stranger" else world[who].token
        async with server.browser(token) as browser:
            answer = await call(browser, endpoint, aim)
        wanted = expected(endpoint, who)
        if answer.is_success:
            assert_fits(endpoint, answer)
        used_up = answer.is_success and endpoint.method != "GET"
        if answer.status_code != wanted:
            wrong.append(f"{who}: {answer.status_code} instead of {wanted} {answer.text[:120]}")
        elif wanted >= 400:
            code = {401: "login.needed", 403: "not_allowed", 404: "not_found"}[wanted]
            assert (answer.json()["code"], answer.headers["content-type"]) == (code, "application/problem+json")
    assert wrong == []


def assert_fits(endpoint: Endpoint, answer: httpx.Response) -> None:
    """A real answer is what /api/openapi.json says: nothing missing, nothing more, ids and times in their form."""
    if endpoint.result is None:
        assert answer.content == b""
    else:
        assert endpoint.result.model_validate_json(answer.content).model_dump(mode="json") == answer.json()


async def foreign_ids_answer_like_unknown_ones(
    server: Server, endpoint: Endpoint, aim: Aim, stranger: Someone
) -> None:
    unknown = Aim({one: new_id() for one in aim.ids}, aim.body)
    async with server.browser(stranger.token) as browser:
        foreign, nothing = await call(browser, endpoint, aim), await call(browser, endpoint, unknown)
    told = [{**answer.json(), "request_id": ""} for answer in (foreign, nothing)]
    assert (foreign.status_code, told[0]) == (404, told[1])


async def test_ids_of_another_conference_beside_ones_own(server: Server, world: World, stranger: Someone) -> None:
    """An organiser names their own conference, and something of somebody else's in the same breath."""
    there = await settle(server.db)
    mine, own = f"/api/conferences/{world.conference}", f"/api/sessions/{world.session}"
    person, said = await server.db.write(lambda db: attrgetter("person", "message")(Target(db, there)))
    tries: list[tuple[str, str, JSON | None]] = [
        ("PUT", f"{mine}/people/{person}/role", {"role": "organiser"}),
        ("DELETE", f"{mine}/people/{person}", None),
        ("POST", f"{mine}/people/{person}/sign-in-link", None),
        ("POST", f"{mine}/invitations", {"role": "speaker", "session_id": str(there.session)}),
        ("POST", f"{mine}/invitations", {"role": "attendee", "team_id": str(there.team)}),
        ("PUT", f"{own}/speakers/{person}", None),
        ("DELETE", f"{own}/speakers/{person}", None),
        ("GET", f"{own}/messages?before={said}", None),
        ("PUT", f"/api/teams/{world.team}/members/{person}", {"role": "lead"}),
        ("DELETE", f"/api/teams/{world.team}/members/{person}", None),
        ("POST", f"/api/boards/{world.board}/cards", {"column_id": str(there.columns[0]), "title": "x"}),
        ("POST", f"/api/cards/{world.card}/move", {"column_id": str(there.columns[0])}),
    ]
    async with server.browser(world["organiser"].token) as browser:
        answers = [await browser.ask(*one) for one in tries]
    assert [(one[1], answer.status_code) for one, answer in zip(tries, answers, strict=True)] == [
        (one[1], 404) for one in tries
    ]


async def test_channels_open_by_the_table(server: Server, world: World, stranger: Someone) -> None:
    """(channel, permission, roles that count there)"""
    speaker_here = {"speaker": {"session_speaker"}}
    in_team = {"lead": {"lead"}, "member": {"member"}}
    talk = await server.db.write(lambda db: conversation.of_team(db, db.get_one(Team, world.team)).id)
    rows: list[tuple[str, str, dict[str, set[str]]]] = [
        (f"session:{world.session}", "session.show", speaker_here),
        (f"session:{world.session}:moderation", "question.decide", speaker_here),
        (f"session:{world.session}:backstage", "stage.backstage", speaker_here),
        (f"session:{world.session}:behind", "session.show", speaker_here),
        (f"conference:{world.conference}", "conference.show", {}),
        (f"team:{world.team}", "team.show", in_team),
        (f"conversation:{talk}", "team.show", in_team),
        (f"board:{world.board}", "board.show", in_team),
    ]
    for who in (*ROLES, "stranger"):
        someone = stranger if who == "stranger" else world[who]
        held = {ROLES[who]} if who in ROLES else set()
        async with server.browser(someone.token) as browser, browser.socket() as ear:
            heard = {channel: "recovered" in await ear.subscribe(channel) for channel, _, _ in rows}
            assert heard == {
                channel: may(held | more.get(who, set()), permission) for channel, permission, more in rows
            }, who
            assert "recovered" in await ear.subscribe(f"person:{someone.id}")
            for closed in (
                f"person:{world['attendee' if who != 'attendee' else 'guest'].id}",
                "access",
                f"session:{new_id()}",
                f"session:{world.session}:secret",
                f"session:{world.session.hex}",
                "person:me",
            ):
                assert (await ear.subscribe(closed))["error"]["code"] == "channel.refused", closed


async def test_last_organiser_stays(server: Server, world: World) -> None:
    me = world["organiser"].id
    people = f"/api/conferences/{world.conference}/people"
    async with server.browser(world["organiser"].token) as browser:
        demotion = ("PUT", f"{people}/{me}/role", {"role": "attendee"})
        for method, path, body in (demotion, ("DELETE", f"{people}/{me}", None)):
            answer = await browser.ask(method, path, body)
            assert (answer.status_code, answer.json()["code"]) == (409, "role.last_organiser")
        await browser.put(f"{people}/{world['attendee'].id}/role", {"role": "organiser"})
        await browser.put(f"{people}/{me}/role", {"role": "attendee"})


async def test_guests_are_not_made_organisers(server: Server, world: World) -> None:
    async with server.browser(world["organiser"].token) as browser:
        path = f"/api/conferences/{world.conference}/people/{world['guest'].id}/role"
        answer = await browser.ask("PUT", path, {"role": "organiser"})
        assert (answer.status_code, answer.json()["code"]) == (409, "guest.not_here")


async def test_last_lead_stays(server: Server, world: World) -> None:
    members = f"/api/teams/{world.team}/members"
    async with server.browser(world["lead"].token) as browser:
        for method, body in (("PUT", {"role": "member"}), ("DELETE", None)):
            answer = await browser.ask(method, f"{members}/{world['lead'].id}", body)
            assert (answer.status_code, answer.json()["code"]) == (409, "team.last_lead")
        await browser.put(f"{members}/{world['member'].id}", {"role": "lead"})
        await browser.delete(f"{members}/{world['lead'].id}")


async def test_member_leaves_by_themselves(server: Server, world: World) -> None:
    async with server.browser(world["member"].token) as browser:
        await browser.delete(f"/api/teams/{world.team}/members/{world['member'].id}")
        assert (await browser.ask("GET", f"/api/teams/{world.team}")).status_code == 404


async def test_a_link_never_opens_somebody_elses_conferences(server: Server, world: World) -> None:
    """An organiser may sign in whom they invited, and nobody who is somebody elsewhere too."""
    there = await settle(server.db)

    def join(db: Session) -> None:
        conference.grant(db, world.conference, there["moderator"].id, "attendee")
        conference.grant(db, world.conference, there["organiser"].id, "attendee")

    await server.db.write(join)
    async with server.browser(world["organiser"].token) as browser:
        for someone in (there["moderator"], there["organiser"]):
            answer = await browser.ask(
                "POST", f"/api/conferences/{world.conference}/people/{someone.id}/sign-in-link"
            )
            assert (answer.status_code, answer.json()["code"]) == (409, "link.belongs_elsewhere")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/sign-up", {"name": "x", "email": "x@example.org", "password": "12345678", "role": "organiser"}),
        ("/api/invitations/accept", {"token": "0123456789abcdef", "name": "x", "role": "organiser"}),
        ("/api/me", {"may_create": True}),
        ("/api/me", {"guest": False}),
    ],
)
async def test_role_is_never_taken_from_a_body(server: Server, world: World, path: str, body: JSON) -> None:
    async with server.browser(world["attendee"].token) as browser:
        answer = await browser.ask("PATCH" if path == "/api/me" else "POST", path, body)
    assert answer.status_code == 422
    assert set(answer.json()["fields"].values()) == {"This is not expected here."}


class Crowd:
    """A conference and a stranger to it, lent to one endpoint after the other.

    Making them takes longer than asking everybody: they are made anew only after a test that failed or used them
    up, and when so much was made there that its lists get long.
    """

    ENDPOINTS = 12

    def __init__(self, server: Server, elsewhere: World) -> None:
        self._server = server
        self._elsewhere = elsewhere
        self._kept: tuple[World, Someone] | None = None
        self._uses = 0

    @asynccontextmanager
    async def lent(self, *, for_good: bool) -> AsyncIterator[tuple[World, Someone]]:
        there, self._kept = self._kept, None
        if there is None:
            there = await settle(self._server.db), await come_by(self._server, self._elsewhere)
            self._uses = 0
        yield there
        self._uses += 1
        if not for_good and self._uses < self.ENDPOINTS:
            self._kept = there


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def crowd(server: Server, elsewhere: World) -> Crowd:
    return Crowd(server, elsewhere)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def elsewhere(server: Server) -> World:
    return await settle(server.db, "Another conference")


@pytest_asyncio.fixture(loop_scope="module")
async def stranger(server: Server, elsewhere: World) -> Someone:
    return await come_by(server, elsewhere)


async def come_by(server: Server, elsewhere: World) -> Someone:
    """An organiser of another conference, who has not yet asked too much."""

    def come(db: Session) -> Someone:
        somebody = enrol(db, "stranger", may_create=True)
        conference.grant(db, elsewhere.conference, somebody.id, "organiser")
        return somebody

    return await server.db.write(come)
