"""The mail the example would send, for a page that shows it. Declared in demo mode only."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session, col, select

from models.notification import Mail
from server.actions.letter import rendered
from server.api.endpoint import Endpoints, Reply, Visit
from server.api.runner import Units
from server.domain.view import View
from server.domain.zone import Instant

SHOWN = 50


class OutboxMail(View):
    id: UUID
    address: str
    locale: str
    subject: str
    text: str
    html: str
    state: str
    at: Instant


class Outbox(View):
    mails: list[OutboxMail]


def flows(units: Units, *, url: str) -> Endpoints:
    doors = Endpoints("demo")

    @doors.flow("demo.outbox", "GET", "/api/demo/outbox", result=Outbox)
    async def outbox(visit: Visit) -> Reply:
        """What would have been sent, the newest first."""
        return Reply(await units.read(lambda db: _newest(db, url)))

    return doors


def _newest(db: Session, url: str) -> Outbox:
    rows = db.exec(select(Mail).order_by(col(Mail.created_at).desc(), col(Mail.id).desc()).limit(SHOWN))
    return Outbox(mails=[_shown(mail, url) for mail in rows])


def _shown(mail: Mail, url: str) -> OutboxMail:
    letter = rendered(mail, url=url)
    return OutboxMail(
        id=mail.id,
        address=mail.address,
        locale=mail.locale,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        state=mail.state,
        at=mail.created_at,
    )
