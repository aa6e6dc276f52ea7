"""Registration: the states and seats, and what people and organisers do with them."""

from __future__ import annotations

import asyncio
import csv
import io
import secrets
from collections import Counter
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from models.base import new_id, now
from models.conference import ConferenceSession
from models.database import Unavailable
from models.notification import Mail, Notification
from models.person import Person
from models.programme import Bookmark
from models.registration import Registration
from server.actions import digest, registration, saved, seats
from server.actions.notify import notify
from server.domain.errors import BadInput
from server.domain.registration import (
    FormChange,
    Holder,
    RegistrationDraft,
)
from tests.server.test_seats import QUESTIONS
from tests.support.app import Server
from tests.support.client import JSON, Browser, Refused
from tests.support.people import World, lay_out, newcomer

pytestmark = pytest.mark.asyncio(loop_scope="module")


def draft(conference: UUID, name: str = "سعاد", **more: Any) -> RegistrationDraft:
    return RegistrationDraft(ref=str(conference), name=name, **more)


async def opened(server: Server, world: World, **change: Any) -> None:
    organiser = world["organiser"].actor
    wish = FormChange(**{"mode": "open", **change})
    await server.db.write(lambda db: registration.change_form(db, organiser, world.conference, wish))


async def rows(server: Server, world: World) -> list[Registration]:
    here = col(Registration.conference_id) == world.conference
    return await server.db.read(
        lambda db: list(db.exec(select(Registration).where(here).order_by(col(Registration.created_at))))
    )


async def test_last_seat_goes_once(server: Server, world: World) -> None:
    await opened(server, world, capacity=1)

    async def come(number: int) -> None:
        wish = draft(world.conference, f"person {number}")
        while True:
            try:
                await server.db.write(lambda db: registration.register(db, None, wish, device="x").login_token)
                return
            except Unavailable:
                continue  # fifty at once: a browser asks again too

    await asyncio.gather(*(come(number) for number in range(50)))
    states = Counter(row.state for row in await rows(server, world))
    assert states == {"confirmed": 1, "waiting_list": 49}


async def test_freed_seat_is_offered_to_the_first_and_goes_on_when_time_runs_out(
    server: Server, world: World
) -> None:
    await opened(server, world, capacity=1)
    async with server.browser() as first, server.browser() as second, server.browser() as third:
        came = [await register(one, world, name) for one, name in ((first, "أ"), (second, "ب"), (third, "ج"))]
        assert [one["registration"]["state"] for one in came] == ["confirmed", "waiting_list", "waiting_list"]
        assert [one["registration"]["ahead"] for one in came] == [None, 0, 1]
        async with second.socket() as ear:
            channel = f"person:{came[1]['me']['person']['id']}"
            await ear.subscribe(channel)
            await first.post("/api/pass/act", {"conference_id": str(world.conference), "do": "cancel"})
            await ear.publication(channel, "registration.changed", state="offered")
            assert (await ear.publication(channel, "notification.told"))["notification"]["kind"] == (
                "registration_offered"
            )
        # Nobody is placed unasked, and the seat is kept for who was asked.
        assert (await look(third, world))["state"] == "waiting_list"
        await server.db.write(run_out)
        assert await server.db.write(seats.lapse) >= 1
        assert [(await look(one, world))["state"] for one in (second, third)] == ["cancelled", "offered"]
        told = (await second.get("/api/me/notifications"))["notifications"]
        assert told[0]["kind"] == "registration_lapsed"
        done = await third.post("/api/pass/act", {"conference_id": str(world.conference), "do": "accept"})
        assert done["registration"]["state"] == "confirmed"
        assert (await third.get(f"/api/conferences/{world.conference}/mine"))["role"] == "attendee"
        with pytest.raises(Refused):
            await second.post("/api/pass/act", {"conference_id": str(world.conference), "do": "accept"})


def run_out(db: Session) -> None:
    for row in db.exec(select(Registration).where(col(Registration.state) == "offered")):
        row.offered_until = now() - timedelta(seconds=1)


async def register(browser: Browser, world: World, name: str, **more: Any) -> JSON:
    return await browser.post("/api/registration", {"ref": str(world.conference), "name": name, **more})


async def look(browser: Browser, world: World) -> JSON:
    answer = await browser.post("/api/pass/look", {"conference_id": str(world.conference)})
    return dict(answer["registration"])


def token_of(answer: JSON) -> str:
    return str(answer["link"]["url"]).partition("#")[2]


async def test_personal_link_makes_one_the_same_person_on_another_device(server: Server, world: World) -> None:
    await opened(server, world)
    async with server.browser() as phone, server.browser() as laptop:
        came = await register(phone, world, "سعاد", email="put@example.org")
        token = token_of(came)
        assert came["link"]["qr"].startswith("data:image/svg+xml")
        # Looking signs nobody in: mail programs and previews look too.
        seen = await laptop.post("/api/pass/look", {"token": token})
        assert (seen["registration"]["name"], seen["me"], laptop.token) == ("سعاد", None, None)
        entered = await laptop.post("/api/pass/enter", {"token": token})
        assert entered["me"]["person"]["id"] == came["me"]["person"]["id"]
        assert (await laptop.get("/api/me"))["conferences"][0]["id"] == str(world.conference)
        fresh = await phone.post("/api/pass/link", {"conference_id": str(world.conference)})
        async with server.browser() as other:
            answer = await other.ask("POST", "/api/pass/enter", {"token": token})
            assert (answer.status_code, answer.json()["code"]) == (410, "pass.spent")
            await other.post("/api/pass/enter", {"token": fresh["url"].partition("#")[2]})
        registered = (await rows(server, world))[0]
        async with server.browser(world["organiser"].token) as organiser:
            await organiser.post(
                f"/api/conferences/{world.conference}/registrations/decide",
                {"ids": [str(registered.id)], "decision": "revoke"},
            )
        assert (await laptop.ask("GET", "/api/me")).status_code == 401
        # Their link lets nobody in, and says what happened; so does the mail for who asks again.
        ended = {"token": fresh["url"].partition("#")[2]}
        assert (await laptop.post("/api/pass/look", ended))["registration"]["state"] == "revoked"
        for deed, more in (("enter", {}), ("link", {}), ("act", {"do": "again"})):
            assert (await laptop.ask("POST", f"/api/pass/{deed}", {**ended, **more})).status_code == 410
        assert (await register(laptop, world, "سعاد", email="put@example.org"))["outcome"] == "sent"
    mails = await mails_to(server, "put@example.org")
    assert [mail.kind for mail in mails][1:] == ["registration_revoked"] * 2


async def test_link_of_somebody_with_an_account_signs_nobody_in(server: Server, world: World) -> None:
    await opened(server, world)
    someone = await newcomer(server.db, world, "account", role=None)
    async with server.browser(someone.token) as own, server.browser() as other:
        came = await register(own, world, "whatever")
        assert came["registration"]["name"] == "account"
        answer = await other.ask("POST", "/api/pass/enter", {"token": token_of(came)})
        assert (answer.status_code, answer.json()["code"]) == (401, "pass.account")
        again = await register(own, world, "whatever")
        assert (again["registration"]["id"], again["link"]) == (came["registration"]["id"], None)


async def test_same_address_twice_tells_nothing_and_doubles_nothing(server: Server, world: World) -> None:
    await opened(server, world, capacity=5)
    async with server.browser() as first, server.browser() as second:
        came = await register(first, world, "سعاد", email="Suad@Example.org")
        answer = await register(second, world, "غيرها", email="suad@example.org")
        assert answer == {"outcome": "sent", "registration": None, "link": None, "me": None}
        await register(second, world, "مرة أخرى", email="suad@example.org")  # no second mail, and the first holds
        assert second.token is None
        assert len(await rows(server, world)) == 1
        # What was shown to the first still opens; the address got one more of its own.
        await first.post("/api/pass/look", {"token": token_of(came)})
        program = await register(second, world, "robot", website="http://spam.example")
        assert program["outcome"] == "sent"
        assert len(await rows(server, world)) == 1
    mails = await mails_to(server, "suad@example.org")
    assert [mail.kind for mail in mails] == ["registration_confirmed", "registration_again"]
    async with server.browser() as mailed:
        entered = await mailed.post("/api/pass/enter", {"token": mails[1].button["path"].partition("#")[2]})
        assert entered["me"]["person"]["name"] == "سعاد"
        await mailed.ask("POST", "/api/sign-in-links", {"email": "suad@example.org"})
    asked = await mails_to(server, "suad@example.org")
    assert [mail.kind for mail in asked][2:] == ["registration_again"]


async def test_lost_answer_takes_no_second_seat_and_locks_nobody_out(server: Server, world: World) -> None:
    """The page sends again what was not answered; the link's secret, which it made, tells that it is the same."""
    await opened(server, world, capacity=1)
    for wish in ({}, {"email": "lost@example.org"}):
        token = secrets.token_urlsafe(16)
        async with server.browser() as lost, server.browser() as again:
            took = await register(lost, world, "سعاد", token=token, **wish)
            taken = await rows(server, world)
            came = await register(again, world, "سعاد", token=token, **wish)
            assert (came["outcome"], token_of(came)) == ("here", token)
            assert came["registration"] == took["registration"]
            assert (await look(again, world))["id"] == took["registration"]["id"]
            held = await again.post(
                "/api/registration", {"ref": str(world.conference), "name": "سعاد", "token": token}
            )
            assert token_of(held) == token  # the cookie came, and the link did not
        assert [row.id for row in await rows(server, world)] == [row.id for row in taken]


async def test_news_by_mail_let_a_guest_in_and_leave_older_links_alone(server: Server, world: World) -> None:
    await opened(server, world)
    async with server.browser() as phone, server.browser() as laptop:
        came = await register(phone, world, "سعاد", email="guest@example.org")
        person, link = UUID(came["me"]["person"]["id"]), f"/s/{world.session}"

        def tell(db: Session) -> None:
            session, reader = db.get_one(ConferenceSession, world.session), db.get_one(Person, person)
            reader.locale, session.translations = "en", {"en": {"title": "Opening", "description": ""}}
            was = session.starts_at - timedelta(minutes=5)
            notify(db, [person], "session_soon", {"session": session.title, "when": was.isoformat()}, link=link)
            saved.tell_moved(db, [(session, now())])
            for row in db.exec(select(Notification).where(col(Notification.person_id) == person)):
                row.mail_due = row.mail_due and now()

        await server.db.write(lambda db: db.add(Bookmark(session_id=world.session, person_id=person)))
        await server.db.write(tell)
        await server.db.write(digest.mail_due)
        first, news = await mails_to(server, "guest@example.org")
        # In the reader's language, and without the reminder of a time that is no longer so.
        assert (len(news.lines), "“Opening” has moved" in news.lines[1]) == (2, True)
        path, _, token = news.button["path"].partition("#")
        assert parse_qs(urlsplit(path).query) == {"next": [link], "as": [str(person)]}
        assert (await laptop.post("/api/sign-in-links/redeem", {"token": token}))["person"]["id"] == str(person)
        await laptop.post("/api/pass/look", {"token": first.button["path"].partition("#")[2]})


async def mails_to(server: Server, address: str) -> list[Mail]:
    wanted = select(Mail).where(col(Mail.address) == address).order_by(col(Mail.created_at))
    return await server.db.read(lambda db: list(db.exec(wanted)))


async def test_by_mail_alone_answers_everybody_alike(server: Server, world: World) -> None:
    await opened(server, world, by_mail=True)

    def enter(db: Session, **more: Any) -> registration.Entry:
        return registration.register(db, None, draft(world.conference, **more), device="x")

    with pytest.raises(BadInput):
        await server.db.write(enter)
    own = secrets.token_urlsafe(16)  # whose address it is is not proved by it
    for _ in range(2):
        entry = await server.db.write(lambda db: enter(db, email="x@example.org", token=own))
        assert entry == registration.Entry(None)
    assert len(await rows(server, world)) == 1
    account = world["attendee"].actor  # has an address already, and is not asked for another
    known = draft(world.conference)
    here = await server.db.write(lambda db: registration.register(db, account, known, device="x").token)
    assert here is not None


async def test_a_server_without_mail_lets_nobody_wait_for_some(server: Server, world: World) -> None:
    """Set while there was mail, or copied from elsewhere: the link is shown at once, and it cannot be set anew."""
    await opened(server, world, by_mail=True)
    path = f"/api/conferences/{world.conference}/registration"
    async with server.browser() as newcomer_, server.browser(world["organiser"].token) as me:
        page = await newcomer_.post("/api/registration/look", {"ref": str(world.conference)})
        assert (page["by_mail"], page["mail"]) == (False, False)
        assert token_of(await register(newcomer_, world, "بلا عنوان"))
        assert (await me.get(path))["mail"] is False
        refused = await me.ask("PATCH", path, {"by_mail": True})
        assert (refused.status_code, refused.json()["code"]) == (422, "registration.no_mail")


async def test_organiser_approves_several_finds_them_and_takes_them_out(server: Server, world: World) -> None:
    await opened(server, world, mode="approval", capacity=2)
    path = f"/api/conferences/{world.conference}/registrations"
    for name in ("أحمد الفارِس", "إيمان", "=HYPERLINK(1)"):
        async with server.browser() as one:
            came = await register(one, world, name, email=f"{new_id()}@example.org")
            assert came["registration"]["state"] == "waiting_approval"
            assert came["me"]["conferences"] == []
    async with server.browser(world["organiser"].token) as organiser:
        listed = await organiser.get(path)
        told = (await organiser.get("/api/me/notifications"))["notifications"]
        assert [one["kind"] for one in told] == ["registration_waiting"]  # once for all three
        ids = [one["id"] for one in listed["registrations"]]
        done = await organiser.post(f"{path}/decide", {"ids": ids, "decision": "approve"})
        assert done == {"changed": 3, "waiting": 1, "left": 0}
        again = await organiser.post(f"{path}/decide", {"ids": ids[:2], "decision": "approve"})
        assert again == {"changed": 0, "waiting": 0, "left": 0}
        found = await organiser.get(f"{path}?q=احمد الفارس")
        assert [one["person"]["name"] for one in found["registrations"]] == ["أحمد الفارِس"]
        waiting = await organiser.get(f"{path}?state=waiting_list")
        assert (waiting["total"], {one["state"]: one["count"] for one in waiting["counts"]}) == (
            1,
            {"confirmed": 2, "waiting_list": 1},
        )
        sheet = (await organiser.get(f"{path}/sheet"))["csv"]
        names = [row[0] for row in csv.reader(io.StringIO(sheet.removeprefix("\ufeff")))]
        assert names == ["الاسم", "أحمد الفارِس", "إيمان", "'=HYPERLINK(1)"]
        assert "(بتوقيت " in sheet
        assert '"مؤكَّد"' in sheet
        taken_out = found["registrations"][0]["person"]["id"]
        await organiser.delete(f"/api/conferences/{world.conference}/people/{taken_out}")
        assert [row.state for row in await rows(server, world)] == ["revoked", "confirmed", "offered"]
        wanted = select(Mail).where(
            col(Mail.kind) == "registration_revoked", col(Mail.person_id) == UUID(taken_out)
        )
        [mail] = await server.db.read(lambda db: db.exec(wanted).all())
        assert mail.button["path"].startswith("/pass#")  # lets nobody in, and says what happened
        several = await organiser.post(f"{path}/decide", {"ids": ids, "decision": "refuse"})
        assert several == {"changed": 1, "waiting": 0, "left": 2}  # the others do not wait for those
        confirmed = str((await rows(server, world))[1].id)
        alone = await organiser.ask("POST", f"{path}/decide", {"ids": [confirmed], "decision": "refuse"})
        assert (alone.status_code, alone.json()["code"]) == (409, "registration.state")
        log = await organiser.get(f"/api/conferences/{world.conference}/audit?action=registration.")
        assert Counter(one["action"] for one in log["entries"]) == {
            "registration.approved": 3,
            "registration.refused": 1,
        }


async def test_ban_frees_the_seat_and_lifting_it_gives_it_back(server: Server, world: World) -> None:
    await opened(server, world, capacity=1)
    async with (
        server.browser() as first,
        server.browser() as second,
        server.browser(world["organiser"].token) as organiser,
    ):
        person = (await register(first, world, "أولى"))["me"]["person"]["id"]
        await register(second, world, "ثانية")
        hand = f"/api/sessions/{world.session}/hand"
        await first.put(hand)
        deed = await organiser.post(f"/api/conferences/{world.conference}/people/{person}/ban", {"reason": ""})
        assert [row.state for row in await rows(server, world)] == ["cancelled", "offered"]
        assert (await organiser.get(f"{hand}s"))["hands"] == []
        wish = {"conference_id": str(world.conference), "do": "again"}
        answer = await first.ask("POST", "/api/pass/act", wish)
        assert (answer.status_code, answer.json()["code"]) == (403, "ban.here")
        await organiser.post(f"/api/audit/{deed['id']}/undo")
        assert [row.state for row in await rows(server, world)] == ["confirmed", "offered"]
        assert (await first.ask("GET", f"/api/sessions/{world.session}")).status_code == 200


async def test_link_is_handed_on_by_the_organiser_only_where_it_opens_nothing_else(
    server: Server, world: World
) -> None:
    await opened(server, world)
    someone = await newcomer(server.db, world, "account", role=None)
    async with server.browser() as guest, server.browser(someone.token) as own:
        first = await register(guest, world, "ضيف")
        await register(own, world, "x")
        guest_row, own_row = await rows(server, world)
        async with server.browser(world["organiser"].token) as organiser:
            handed = await organiser.post(f"/api/registrations/{guest_row.id}/link")
            assert handed["mailed"] is False
            async with server.browser() as other:
                await other.post("/api/pass/enter", {"token": token_of(handed)})
                assert (await other.ask("POST", "/api/pass/enter", {"token": token_of(first)})).status_code == 410
            # A guest who came to belong elsewhere too is nobody's to sign in.
            there = await server.db.write(lay_out)
            await opened(server, there)
            await guest.post("/api/registration", {"ref": str(there.conference), "name": "x"})
            assert (await organiser.post(f"/api/registrations/{guest_row.id}/link"))["link"] is None
    assert own_row.state == "confirmed"


async def test_answers_are_those_asked_for(server: Server, world: World) -> None:
    questions = [one.model_dump(mode="json") for one in QUESTIONS]
    async with server.browser(world["organiser"].token) as organiser:
        path = f"/api/conferences/{world.conference}/registration"
        set_to = await organiser.patch(path, {"mode": "open", "questions": questions, "thanks": {"ar": "شكرًا"}})
        assert set_to["questions"] == questions
        with pytest.raises(Refused):
            await organiser.patch(path, {"questions": questions * 2})
    async with server.browser() as one:
        with pytest.raises(Refused) as refused:
            await register(one, world, "أ", answers={"track": ["c"]})
        assert set(refused.value.problem["fields"]) == {"answers.why", "answers.track"}
        answers = {"why": "لأتعلّم", "track": ["b", "a"], "help": False, "unasked": "x"}
        came = await register(one, world, "أ", answers=answers)
        assert came["registration"]["answers"] == {"why": "لأتعلّم", "track": ["a", "b"], "help": False}
        assert came["registration"]["thanks"]["ar"] == "شكرًا"
        changed = await one.post(
            "/api/pass/change",
            {"conference_id": str(world.conference), "name": "ب", "answers": {"why": "وأساعد"}},
        )
        assert (changed["registration"]["name"], changed["registration"]["answers"]) == ("ب", {"why": "وأساعد"})
        assert (await one.get("/api/me"))["person"]["name"] == "ب"


async def test_closed_and_unknown_pages_tell_nothing(server: Server, world: World) -> None:
    async with server.browser() as nobody:
        for ref in (str(world.conference), str(new_id()), "no-such-page"):
            answer = await nobody.ask("POST", "/api/registration/look", {"ref": ref})
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        await opened(server, world, mode="closed")
        page = await nobody.post("/api/registration/look", {"ref": str(world.conference)})
        assert (page["mode"], page["questions"]) == ("closed", [])
        answer = await nobody.ask("POST", "/api/registration", {"ref": str(world.conference), "name": "x"})
        assert (answer.status_code, answer.json()["code"]) == (409, "registration.closed")
        for body in ({}, {"conference_id": str(world.conference)}):
            assert (await nobody.ask("POST", "/api/pass/look", body)).status_code == 401
        assert Holder(token="x" * 20).conference_id is None
