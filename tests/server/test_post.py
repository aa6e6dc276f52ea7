"""Mail: queued once, sent once, at the hours people want it, through a real mail server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from sqlmodel import Session, col, select

from models.base import new_id, now
from models.conference import ConferenceSession
from models.database import Database
from models.notification import Mail, MailHabit, Notification
from models.person import Person
from models.programme import Bookmark
from server.actions import digest, letter, reminder
from server.actions.letter import Button
from server.actions.notify import notify
from server.jobs.post import Postman, Smtp
from server.jobs.runner import JobRunner
from tests.support.app import Server
from tests.support.people import World, settle
from tests.support.services import Backend
from tests.support.smtp import Sink, mail_sink

pytestmark = pytest.mark.asyncio(loop_scope="module")
SENDER = "meet@example.org"


@pytest_asyncio.fixture(loop_scope="module")
async def db(backend: Backend) -> AsyncIterator[Database]:
    database = Database(backend.database_url)
    yield database
    await database.close()


@pytest_asyncio.fixture(loop_scope="module")
async def sink() -> AsyncIterator[Sink]:
    async with mail_sink() as running:
        yield running


def postman(db: Database, sink: Sink) -> Postman:
    return Postman(db, Smtp(sink.url, SENDER), url="https://meet.example.org", sender=SENDER)


def write_to(address: str, *, once: str | None = None, **more: Any) -> Any:
    def unit(db: Session) -> bool:
        return letter.queue(
            db,
            kind="test",
            address=address,
            locale="ar",
            subject="موضوع\nوسطر: ثانٍ",
            lines=["مرحبًا <b>يا أمل</b>،"],
            button=Button("افتح", "/pass#secret"),
            once=once,
            **more,
        )

    return unit


async def states(db: Database) -> list[tuple[str, int]]:
    return await db.read(lambda unit: [(row.state, row.tries) for row in unit.exec(select(Mail))])


async def due_now(db: Database) -> None:
    def unit(session: Session) -> None:
        for row in session.exec(select(Mail)):
            row.due_at = now()
            if row.leased_until is not None:
                row.leased_until = now() - timedelta(seconds=1)

    await db.write(unit)


async def test_mail_arrives_once_however_many_send_it(backend: Backend, db: Database, sink: Sink) -> None:
    stop = new_id()
    assert await db.write(write_to("amal@example.org", once="x", stop_token=stop)) is True
    assert await db.write(write_to("amal@example.org", once="x")) is False
    other = Database(backend.database_url) if backend.database_url.startswith("postgres") else db
    men = [postman(db, sink), postman(other, sink)]
    sent = await asyncio.gather(*(one.send_due() for one in men))
    assert sum(sent) == 1
    (mail,) = sink.to("amal@example.org")
    assert mail["Subject"] == "موضوع وسطر: ثانٍ"
    assert mail["List-Unsubscribe"] == f"<https://meet.example.org/api/mail/stop/{stop}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    parts = {part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()}
    assert "https://meet.example.org/pass#secret" in parts["text/plain"]
    assert 'dir="rtl"' in parts["text/html"]
    assert "&lt;b&gt;" in parts["text/html"]
    kept = await db.read(lambda unit: unit.exec(select(Mail)).one())
    assert (kept.state, kept.lines, kept.button) == ("sent", [], {})  # its secrets are not kept
    if other is not db:
        await other.close()


async def test_mail_is_tried_again_later_and_given_up_when_refused(db: Database, sink: Sink) -> None:
    await db.write(write_to("later@example.org"))
    sink.answers = ["451 try later"]
    man = postman(db, sink)
    assert await man.send_due() == 0
    assert await man.send_due() == 0  # it is not its time yet
    assert await states(db) == [("queued", 1)]
    await due_now(db)
    assert await man.send_due() == 1
    await db.write(write_to("gone@example.org"))
    sink.answers = ["550 no such person"]
    assert await man.send_due() == 0
    assert sorted(await states(db)) == [("failed", 0), ("sent", 1)]


async def test_mail_that_may_have_arrived_is_never_sent_twice(db: Database, sink: Sink) -> None:
    await db.write(write_to("amal@example.org"))
    sink.hang_up = True
    man = postman(db, sink)
    await man.send_due()
    assert await states(db) == [("unknown", 0)]

    def died(unit: Session) -> None:
        row = unit.exec(select(Mail)).one()
        row.state, row.lease, row.leased_until = "sending", new_id(), now() - timedelta(seconds=1)

    await db.write(died)
    await man.send_due()
    assert (await states(db), len(sink.mails)) == ([("unknown", 0)], 1)


async def test_nobody_listens_and_mail_waits(db: Database, sink: Sink) -> None:
    await db.write(write_to("amal@example.org"))
    port, sink.port = sink.port, 1
    man = postman(db, sink)
    sink.port = port
    await man.send_due()
    assert await states(db) == [("queued", 1)]


async def told(db: Database, world: World, *kinds: str, **more: Any) -> None:
    attendee = world["attendee"].id

    def unit(session: Session) -> None:
        person = session.get_one(Person, attendee)
        person.email, person.locale, person.zone = "attendee@example.org", "en", "Africa/Cairo"
        for kind in kinds:
            values = {"session": "الافتتاح", "when": now().isoformat(), "name": "هدى", "text": "نعم"}
            notify(session, [attendee], kind, values, link="/s/1", **more)
        for row in session.exec(select(Notification)):
            row.mail_due = row.mail_due and now()

    await db.write(unit)


async def queued(db: Database) -> list[Mail]:
    await db.write(digest.mail_due)
    return await db.read(lambda unit: list(unit.exec(select(Mail).order_by(col(Mail.created_at)))))


async def test_unread_news_go_out_together_and_read_ones_do_not(db: Database) -> None:
    world = await settle(db)
    await told(db, world, "session_shifted", "mention", "hand_accepted")
    (mail,) = await queued(db)
    assert mail.address == "attendee@example.org"
    assert mail.lines[0] == "Hello attendee,"
    assert [line.split(" ")[0] for line in mail.lines[1:]] == ["The", "هدى"]  # the hand is for the page alone
    assert "(Cairo time)" in mail.lines[1]
    assert await queued(db) == [mail]
    await told(db, world, "reply", "session_cancelled")

    def read_it(unit: Session) -> None:
        for row in unit.exec(select(Notification)):
            row.read_at = now()

    await db.write(read_it)
    assert await queued(db) == [mail]


async def test_the_same_thing_is_told_once_and_stale_things_never(db: Database) -> None:
    world = await settle(db)
    await told(db, world, "session_soon", "session_soon", once="soon:1")
    assert len(await db.read(lambda unit: unit.exec(select(Notification)).all())) == 1
    await told(db, world, "session_shifted", stale_at=now() - timedelta(seconds=1))
    (mail,) = await queued(db)
    assert len(mail.lines) == 2


async def test_quiet_hours_hold_mail_back_and_the_link_in_it_ends_all(db: Database) -> None:
    world = await settle(db)
    minute = datetime.now(ZoneInfo("Africa/Cairo"))
    here = minute.hour * 60 + minute.minute

    def quiet_now(unit: Session) -> None:
        unit.add(
            MailHabit(person_id=world["attendee"].id, quiet_from=(here - 60) % 1440, quiet_to=(here + 60) % 1440)
        )

    await db.write(quiet_now)
    await told(db, world, "mention")
    assert await queued(db) == []
    held = await db.read(lambda unit: unit.exec(select(Notification.mail_due)).one())
    assert held is not None
    assert held > now() + timedelta(minutes=50)

    def stopped(unit: Session) -> None:
        unit.exec(select(MailHabit)).one().stopped = True
        unit.exec(select(Notification)).one().mail_due = now()

    await db.write(stopped)
    assert await queued(db) == []
    assert await db.read(lambda unit: unit.exec(select(Notification.mail_due)).one()) is None


async def test_reminder_comes_once_however_many_servers_run(backend: Backend, db: Database) -> None:
    world = await settle(db)
    attendee = world["attendee"].id
    begin = now() + timedelta(minutes=10)

    def save(unit: Session) -> None:
        for id, at in ((world.session, begin), (world.other_session, begin + timedelta(hours=1))):
            session = unit.get_one(ConferenceSession, id)
            session.starts_at, session.ends_at = at, at + timedelta(hours=1)
            unit.add(Bookmark(session_id=id, person_id=attendee))

    await db.write(save)
    other = Database(backend.database_url) if db.on_postgresql else db
    runners = [JobRunner(db), JobRunner(other)]
    for runner in runners:
        await runner.list_regular()
    await asyncio.gather(*(runner.run_due() for runner in runners))
    await asyncio.gather(*(one.write(reminder.remind) for one in (db, other)))  # as when a lease had run out
    (told,) = await db.read(lambda unit: list(unit.exec(select(Notification))))
    assert (told.kind, told.stale_at) == ("session_soon", begin)

    def shift(unit: Session) -> None:
        unit.get_one(ConferenceSession, world.session).starts_at = begin + timedelta(minutes=4)

    await db.write(shift)
    assert [await db.write(reminder.remind) for _ in range(2)] == [1, 0]
    if other is not db:
        await other.close()


async def test_whole_server_mails_a_sign_in_link_that_works_once(own_server: Server) -> None:
    world = await settle(own_server.db)
    await told(own_server.db, world)
    async with own_server.browser() as browser, mail_sink() as sink:
        for address in ("attendee@example.org", "nobody@example.org"):
            answer = await browser.ask("POST", "/api/sign-in-links", {"email": address})
            assert (answer.status_code, answer.json()) == (202, {})
        assert await postman(own_server.db, sink).send_due() == 1
        (mail,) = sink.to("attendee@example.org")
        body = mail.get_body(("plain",))
        assert body is not None
        token = body.get_content().partition("/enter#")[2].split()[0]
        me = await browser.post("/api/sign-in-links/redeem", {"token": token})
        assert me["person"]["id"] == str(world["attendee"].id)
        assert (await browser.ask("POST", "/api/sign-in-links/redeem", {"token": token})).status_code == 410


async def test_mail_programs_end_all_mail_by_the_link_they_got(own_server: Server) -> None:
    """One press and no login (RFC 8058); a link that nobody got is answered alike."""
    world = await settle(own_server.db)
    stop = new_id()

    def habit(db: Session) -> None:
        db.add(MailHabit(person_id=world["guest"].id, stop_token=stop))

    await own_server.db.write(habit)
    async with own_server.browser(origin=None) as program:
        press = {"List-Unsubscribe": "One-Click"}
        ids = (stop, new_id(), "no id")
        answers = [await program.http.post(f"/api/mail/stop/{one}", data=press) for one in ids]
    assert [answer.status_code for answer in answers] == [204, 204, 404]
    assert await own_server.db.read(lambda db: [row.stopped for row in db.exec(select(MailHabit))]) == [True]
