"""Sends the mail that waits: any server process, each mail under a lease, none of them twice.

A mail that was being handed over when its process died, or when the other side fell silent after the last
byte, may have arrived. It is marked `unknown` and never sent again; whoever misses it asks for another.
Everything that fails before that is tried again, later each time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from typing import Protocol
from urllib.parse import unquote, urlsplit
from uuid import UUID

import aiosmtplib
import structlog
from sqlalchemy import or_, update
from sqlmodel import Session, col, select

from models.base import new_id, now
from models.database import Database, Unavailable
from models.notification import Mail
from server.actions.letter import Letter, rendered
from server.messages import sentence

LOOK_EVERY_S = 2.0
AT_ONCE = 10
LEASE = timedelta(minutes=5)
TRIES = 8
LONGEST_WAIT = timedelta(hours=6)
TIMEOUT_S = 30.0
WIRE = SMTP.clone(max_line_length=400)  # some readers do not unfold an address; RFC 5322 2.1.1 allows 998
log = structlog.get_logger()


class Later(Exception):
    """It was not taken, and may be another time."""


class Refused(Exception):
    """It was not taken, and never will be."""


class Silent(Exception):
    """Nobody knows whether it was taken."""


class Carrier(Protocol):
    """How mail leaves this server. Returns when it was taken; raises Later, Refused or Silent."""

    keeps: bool  # the words stay in the database, to be looked at

    async def carry(self, message: EmailMessage, *, to: str) -> None: ...


class Nowhere:
    """In the example mail goes no further than the page that shows it."""

    keeps = True

    async def carry(self, message: EmailMessage, *, to: str) -> None:
        return


@dataclass(frozen=True)
class Smtp:
    """A mail server, as `smtp://user:password@host:587` (TLS when it offers that) or `smtps://host:465`."""

    url: str
    sender: str
    keeps = False

    async def carry(self, message: EmailMessage, *, to: str) -> None:
        parts = urlsplit(self.url)
        client = aiosmtplib.SMTP(
            hostname=parts.hostname,
            port=parts.port or (465 if parts.scheme == "smtps" else 587),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            use_tls=parts.scheme == "smtps",
            timeout=TIMEOUT_S,
        )
        try:
            await client.connect()
            await client.mail(self.sender)
            await client.rcpt(to)
        except aiosmtplib.SMTPResponseException as error:
            client.close()
            raise _judged(error) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            client.close()
            raise Later(str(error)) from error
        try:
            await client.data(message.as_bytes())
        except aiosmtplib.SMTPResponseException as error:
            client.close()
            raise _judged(error) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            client.close()
            raise Silent(str(error)) from error
        try:
            await client.quit()
        except (aiosmtplib.SMTPException, OSError):
            client.close()  # it was taken; how one parts is no matter


def _judged(error: aiosmtplib.SMTPResponseException) -> Exception:
    """RFC 5321 4.2.1: 5yz is for good, all else may pass."""
    kind = (
        Refused if 500 <= error.code < 600 and not isinstance(error, aiosmtplib.SMTPAuthenticationError) else Later
    )
    return kind(f"{error.code} {error.message}")


class Postman:
    """Looks for mail that is due while it is started."""

    def __init__(self, database: Database, carrier: Carrier, *, url: str, sender: str) -> None:
        self._database = database
        self._carrier = carrier
        self._url = url
        self._sender = sender
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self.send_due()
            except Unavailable:
                log.info("post.database_away")
            except Exception:
                log.exception("post.failed")

    async def send_due(self) -> int:
        """Send what is due now; returns how many mails were taken."""
        sent = 0
        while batch := await self._claimed():
            for mail in batch:
                sent += await self._sent(mail)
        return sent

    async def _claimed(self) -> Sequence[Mail]:
        """Mails that are ours for a while. One look at the database while there are none."""
        if not await self._database.read(_waiting):
            return ()
        return await self._database.write(_claim)

    async def _sent(self, mail: Mail) -> bool:
        mine = (col(Mail.id) == mail.id, col(Mail.lease) == mail.lease)
        handed = update(Mail).where(*mine, col(Mail.state) == "queued").values(state="sending")
        if not await self._changed(lambda db: db.connection().execute(handed).rowcount):
            return False  # our lease ran out while others went first
        try:
            letter = rendered(mail, url=self._url)
            await self._carrier.carry(self._message(mail, letter), to=mail.address)
        except Later as error:
            done = _later(mail, str(error))
        except Refused as error:
            done = {"state": "failed", "fault": str(error)[:300]}
        except Silent as error:
            done = {"state": "unknown", "fault": str(error)[:300]}
        except ValueError as error:  # an address no header can hold
            done = {"state": "failed", "fault": str(error)[:300]}
        else:
            done = {"state": "sent", "sent_at": now()}
            if not self._carrier.keeps:
                done |= {"lines": [], "button": {}}
        told = update(Mail).where(*mine).values(lease=None, leased_until=None, **done)
        await self._changed(lambda db: db.connection().execute(told).rowcount)
        if done["state"] != "sent":
            log.info("mail.not_sent", mail=str(mail.id), kind=mail.kind, state=done["state"], fault=done["fault"])
        return done["state"] == "sent"

    async def _changed(self, work: Callable[[Session], int]) -> int:
        return await self._database.write(work)

    def _message(self, mail: Mail, letter: Letter) -> EmailMessage:
        """The mail as it goes over the wire. Its id is the row's, so that a reader sees one mail once."""
        message = EmailMessage(policy=WIRE)
        message["Subject"] = letter.subject
        message["From"] = formataddr((sentence(mail.locale, "app.name"), self._sender))
        message["To"] = mail.address
        message["Date"] = format_datetime(now())
        message["Message-ID"] = f"<{mail.id}@{self._sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
        message["Content-Language"] = mail.locale
        if letter.stop_url:
            message["List-Unsubscribe"] = f"<{letter.stop_url}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
        message.set_content(letter.text)
        message.add_alternative(letter.html, subtype="html")
        return message


def _later(mail: Mail, fault: str) -> dict[str, object]:
    tries = mail.tries + 1
    if tries >= TRIES:
        return {"state": "failed", "tries": tries, "fault": fault[:300]}
    wait = min(LONGEST_WAIT, timedelta(minutes=2**mail.tries))
    return {"state": "queued", "tries": tries, "fault": fault[:300], "due_at": now() + wait}


def _free() -> list[object]:
    at = now()
    return [
        col(Mail.state) == "queued",
        col(Mail.due_at) <= at,
        or_(col(Mail.leased_until).is_(None), col(Mail.leased_until) < at),
    ]


def _waiting(db: Session) -> bool:
    left = select(Mail.id).where(col(Mail.state) == "sending", col(Mail.leased_until) < now())
    return (
        db.exec(select(Mail.id).where(*_free()).limit(1)).first() is not None  # type: ignore[arg-type]
        or db.exec(left.limit(1)).first() is not None
    )


def _claim(db: Session) -> list[Mail]:
    lost = update(Mail).where(col(Mail.state) == "sending", col(Mail.leased_until) < now())
    db.exec(lost.values(state="unknown", lease=None, leased_until=None, fault="the server stopped meanwhile"))
    wanted = select(Mail).where(*_free()).order_by(col(Mail.due_at), col(Mail.id)).limit(AT_ONCE)  # type: ignore[arg-type]
    mails = list(db.exec(wanted.with_for_update(skip_locked=True)))
    lease: UUID = new_id()
    for mail in mails:
        mail.lease, mail.leased_until = lease, now() + LEASE
    return mails
