"""A conference with somebody of every kind, laid out through the actions that the server itself uses."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import Session, col, select

from models.base import new_id, now
from models.database import Database
from models.film import Film
from models.notification import Notification
from models.person import Login, Person
from models.recording import Recording
from server.actions import card, conference, ledger, message, poll, question, session, tally, team, vote
from server.domain.card import CardDraft
from server.domain.conference import ConferenceDraft
from server.domain.person import Actor
from server.domain.poll import PollDraft
from server.domain.session import SessionDraft
from server.domain.team import TeamDraft


@dataclass(frozen=True)
class Someone:
    """A person with a login of their own."""

    name: str
    id: UUID
    token: str
    actor: Actor


@dataclass
class World:
    """One conference: ids of one row of each kind, and its people by what they are."""

    conference: UUID
    session: UUID
    other_session: UUID
    team: UUID
    board: UUID
    columns: list[UUID]
    card: UUID
    people: dict[str, Someone] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Someone:
        return self.people[name]

    @property
    def channel(self) -> str:
        return f"session:{self.session}"


def enrol(db: Session, name: str, *, guest: bool = False, may_create: bool = False) -> Someone:
    """A person with a login, made without any hashing."""
    person = Person(id=new_id(), name=name, guest=guest, may_create=may_create, zone="Africa/Cairo")
    db.add(person)
    db.flush()
    return log_in(db, person)


def log_in(db: Session, person: Person) -> Someone:
    """One more login of a person."""
    token = ledger.log_in(db, person, device="a test's device")
    db.flush()
    login = db.exec(select(Login).where(col(Login.token_hash) == ledger.token_hash(token))).one()
    return Someone(person.name, person.id, token, ledger.actor_of(person, login))


ROLES = {
    "organiser": "organiser",
    "moderator": "moderator",
    "speaker": "speaker",  # of `session`
    "other_speaker": "speaker",  # of `other_session`
    "attendee": "attendee",
    "lead": "attendee",
    "member": "attendee",
    "guest": "attendee",
}


def lay_out(db: Session, title: str = "ملتقى التطوّع") -> World:
    """A conference with two sessions, a team with a board and one card, and one person of every kind."""
    organiser = enrol(db, "organiser", may_create=True)
    id = new_id()
    conference.create(db, organiser.actor, ConferenceDraft(title=title, zone="Asia/Amman"), id=id)
    people = {"organiser": organiser}
    for name, role in ROLES.items():
        if name != "organiser":
            people[name] = enrol(db, name, guest=name == "guest")
            conference.grant(db, id, people[name].id, role)
    talk, other = (_session(db, organiser, id, title) for title in ("جلسة", "Another"))
    session.add_speaker(db, organiser.actor, talk, people["speaker"].id)
    session.add_speaker(db, organiser.actor, other, people["other_speaker"].id)
    made = team.create(db, organiser.actor, id, TeamDraft(title="فريق"), id=new_id())
    team.add_member(db, organiser.actor, made.id, people["lead"].id, "lead")
    team.add_member(db, organiser.actor, made.id, people["member"].id, "member")
    team.remove_member(db, organiser.actor, made.id, organiser.id)
    assert made.board_id is not None
    columns = columns_of(db, made.board_id)
    first = card.create(
        db, organiser.actor, made.board_id, CardDraft(column_id=columns[0], title="بطاقة"), id=new_id()
    )
    forget_news(db, people)
    return World(id, talk, other, made.id, made.board_id, columns, first.id, people)


def forget_news(db: Session, people: dict[str, Someone]) -> None:
    """How the world was made is no news to its people: tests count only what they do themselves."""
    db.flush()
    db.exec(delete(Notification).where(col(Notification.person_id).in_([one.id for one in people.values()])))


def columns_of(db: Session, board_id: UUID) -> list[UUID]:
    from models.board import BoardColumn

    rows = select(BoardColumn.id).where(col(BoardColumn.board_id) == board_id).order_by(col(BoardColumn.rank))
    return list(db.exec(rows))


def _session(db: Session, organiser: Someone, conference_id: UUID, title: str) -> UUID:
    begin = now() + timedelta(hours=1)
    draft = SessionDraft(title=title, starts_at=begin, ends_at=begin + timedelta(hours=1))
    return session.create(db, organiser.actor, conference_id, draft, id=new_id()).id


async def settle(db: Database, title: str = "ملتقى التطوّع") -> World:
    return await db.write(lambda unit: lay_out(unit, title))


async def newcomer(db: Database, world: World, name: str, role: str | None = "attendee") -> Someone:
    """One more person of the conference; with no role, a stranger to it."""

    def unit(session: Session) -> Someone:
        someone = enrol(session, name)
        if role is not None:
            conference.grant(session, world.conference, someone.id, role)
        return someone

    return await db.write(unit)


async def ask_question(db: Database, world: World, *, by: str = "attendee", state: str = "waiting") -> UUID:
    def unit(session: Session) -> UUID:
        id = question.ask(session, world[by].actor, world.session, "لماذا؟", id=new_id()).id
        if state != "waiting":
            question.decide(session, world["moderator"].actor, id, state)
        return id

    return await db.write(unit)


async def say(db: Database, world: World, *, by: str = "attendee", text: str = "مرحبًا") -> UUID:
    return await db.write(lambda unit: message.post(unit, world[by].actor, world.session, text, id=new_id()).id)


async def merged_question(db: Database, world: World) -> UUID:
    """A public question that went into another one."""
    kept = await ask_question(db, world, state="approved")
    other = await ask_question(db, world, by="guest", state="approved")
    await db.write(lambda unit: vote.merge(unit, world["moderator"].actor, other, kept))
    return other


async def draft_poll(
    db: Database,
    world: World,
    kind: str = "words",
    *,
    settings: dict[str, Any] | None = None,
    words: Sequence[str] = (),
) -> UUID:
    """A poll in draft; a word cloud that is open and was answered when there are words."""

    def unit(session: Session) -> UUID:
        draft = PollDraft(kind=kind, text="بكلمة واحدة", settings=settings or {})
        id = poll.create(session, world["moderator"].actor, world.session, draft, id=new_id()).id
        if words:
            poll.move(session, world["moderator"].actor, id, "open")
        for someone, word in zip(("attendee", "guest", "speaker"), words, strict=False):
            poll.answer(session, world[someone].actor, id, {"words": [word]})
        tally.tell(session, [id])
        return id

    return await db.write(unit)


def filmed(db: Session, world: World, *, here: bool = True) -> UUID:
    """A film of a session: one that runs, or one of which half has come. Its folder holds nothing."""
    row = Film(
        session_id=world.session,
        person_id=world["speaker"].id,
        name="كلمة الافتتاح",
        folder=secrets.token_urlsafe(24),
        state="ready" if here else "uploading",
        announced=2,
        duration_ms=600_000,
    )
    if here:
        row.shown_in, row.shown_since = world.session, now()
    db.add(row)
    db.flush()
    return row.id


def recorded(db: Session, session_id: UUID) -> UUID:
    """A recording of a session, ready to play; its folder holds nothing."""
    file = {"name": "programme.mp4", "kind": "programme", "label": "", "type": "video/mp4"}
    row = Recording(
        session_id=session_id,
        folder=secrets.token_urlsafe(24),
        state="ready",
        kept=True,
        files=[{**file, "bytes": 1_000, "duration_ms": 60_000}],
    )
    db.add(row)
    db.flush()
    return row.id
