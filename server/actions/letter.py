"""Mail: queued in the transaction of its cause, sent later by a job (`server.jobs.post`).

A letter is kept as its lines and one button with a path; the address people open is put before the path when
it is sent. Whoever asks for the same letter twice (`once`) has asked once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from models.base import new_id
from models.notification import Mail
from models.person import Person
from server.messages import city, sentence

DIRECTION = {"ar": "rtl", "en": "ltr"}
# As browsers name them (CLDR): a letter has no Intl.
MONTHS = {
    "ar": [
        "يناير",
        "فبراير",
        "مارس",
        "أبريل",
        "مايو",
        "يونيو",
        "يوليو",
        "أغسطس",
        "سبتمبر",
        "أكتوبر",
        "نوفمبر",
        "ديسمبر",
    ],
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
}


@dataclass(frozen=True)
class Button:
    label: str
    path: str


@dataclass(frozen=True)
class Letter:
    """A mail ready to go: both forms, and the address that ends further ones."""

    subject: str
    text: str
    html: str
    stop_url: str | None


def queue(
    db: Session,
    *,
    kind: str,
    address: str,
    locale: str,
    subject: str,
    lines: Sequence[str],
    button: Button | None = None,
    person_id: UUID | None = None,
    once: str | None = None,
    stop_token: UUID | None = None,
) -> bool:
    """Put a letter into the queue. False when one about the same thing (`once`) is there or went already."""
    mail = Mail(
        id=new_id(),
        person_id=person_id,
        kind=kind,
        once=once,
        address=address,
        locale=locale,
        subject=" ".join(subject.split())[:300],
        lines=list(lines),
        button={"label": button.label, "path": button.path} if button else {},
        stop_token=stop_token,
    )
    if once is None:
        db.add(mail)
        return True
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    row = dialect.insert(Mail).values(mail.model_dump())
    kept = row.on_conflict_do_nothing(index_elements=[col(Mail.once)]).returning(col(Mail.id))
    return db.connection().execute(kept).first() is not None


def to_person(
    db: Session, person: Person, address: str, kind: str, *, path: str, once: str, **values: str
) -> bool:
    """A letter of one sentence and one button, in the person's own language."""
    say = person.locale
    return queue(
        db,
        kind=kind,
        address=address,
        locale=say,
        subject=sentence(say, f"mail.{kind}.subject", **values),
        lines=[sentence(say, "mail.hello", name=person.name), sentence(say, f"mail.{kind}", **values)],
        button=Button(sentence(say, f"mail.{kind}.button"), path),
        person_id=person.id,
        once=once,
    )


def rendered(mail: Mail, *, url: str) -> Letter:
    """The letter in plain text and in simple HTML, each with the direction of its language."""
    stop = f"{url}/unsubscribe#{mail.stop_token}" if mail.stop_token else None
    app = sentence(mail.locale, "app.name")
    foot = sentence(mail.locale, "mail.foot")
    text = [*mail.lines]
    if mail.button:
        text += [f"{mail.button['label']}:\n{url}{mail.button['path']}"]
    text += [f"--\n{app}\n{foot}" + (f"\n{sentence(mail.locale, 'mail.stop')}: {stop}" if stop else "")]
    return Letter(
        subject=mail.subject,
        text="\n\n".join(text) + "\n",
        html=_html(mail, url=url, app=app, foot=foot, stop=stop),
        stop_url=f"{url}/api/mail/stop/{mail.stop_token}" if mail.stop_token else None,
    )


def _html(mail: Mail, *, url: str, app: str, foot: str, stop: str | None) -> str:
    body = "".join(f'<p dir="auto" style="margin:0 0 16px">{_lined(line)}</p>' for line in mail.lines)
    if mail.button:
        body += (
            f'<p style="margin:24px 0"><a href="{escape(url + mail.button["path"])}" style="background:#005e5e;'
            'color:#ffffff;padding:12px 20px;border-radius:10px;text-decoration:none;font-weight:700">'
            f"{escape(mail.button['label'])}</a></p>"
        )
    ending = (
        f'<br><a href="{escape(stop)}" style="color:#4d5a61">{escape(sentence(mail.locale, "mail.stop"))}</a>'
        if stop
        else ""
    )
    return (
        f'<!doctype html><html lang="{mail.locale}" dir="{DIRECTION[mail.locale]}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(mail.subject)}</title></head>'
        '<body style="margin:0;padding:24px;background:#fcf9f5;color:#15242b;'
        'font:16px/1.7 system-ui,Tahoma,sans-serif"><div style="max-width:36em;margin:0 auto;padding:24px;'
        'background:#ffffff;border:1px solid #e1ded7;border-radius:16px">'
        f'<p style="margin:0 0 16px;color:#005e5e;font-weight:700;font-size:20px">{escape(app)}</p>{body}'
        f'<p style="margin:24px 0 0;color:#4d5a61;font-size:14px">{escape(foot)}{ending}</p></div></body></html>'
    )


def _lined(text: str) -> str:
    return escape(text).replace("\n", "<br>")


def moment(at: datetime, zone: str | None, locale: str) -> str:
    """A time as a letter says it, by the reader's clock, with the place that clock belongs to."""
    name = zone or "UTC"
    local = at.astimezone(ZoneInfo(name))
    return sentence(
        locale,
        "mail.when",
        day=str(local.day),
        month=MONTHS[locale][local.month - 1],
        time=f"{local:%H:%M}",
        zone=city(locale, name),
    )
