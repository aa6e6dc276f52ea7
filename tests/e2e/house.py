"""A conference in rows, with a talk about to begin, before any page is opened."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlmodel import Session

from models.base import new_id
from models.database import Database
from server.actions import card, conference, session
from server.domain.card import CardDraft
from tests.support.faults import FaultProxy
from tests.support.people import World, enrol, lay_out

CARDS = ("حجز القاعة", "كتابة الدعوات", "طباعة اللافتات")


@dataclass
class House:
    """`left` is one process, `right` the other; the network of all who come by `right` can be taken away."""

    world: World
    left: str
    right: str
    network: FaultProxy


@asynccontextmanager
async def database(url: str) -> AsyncIterator[Database]:
    """A handle on the database, for the test's own rows."""
    db = Database(url)
    try:
        yield db
    finally:
        await db.close()


def lay_out_talk(db: Session, *, live: bool = True) -> World:
    """A session that is live with nobody on air; besides the usual people «نور»; three more cards.

    Running servers hear of it from the database, but only they open a stage: beside them say `live=False`.
    """
    world = lay_out(db)
    world.people["noor"] = enrol(db, "نور")
    conference.grant(db, world.conference, world["noor"].id, "attendee")
    for state in ("backstage", "live") if live else ():
        session.move(db, world["organiser"].actor, world.session, state)
    for title in CARDS:
        draft = CardDraft(column_id=world.columns[0], title=title)
        card.create(db, world["lead"].actor, world.board, draft, id=new_id())
    return world


def stream_key(db: Session, world: World, url: str) -> str:
    """A key for the speaker's FFmpeg."""
    return session.create_stream_key(db, world["speaker"].actor, world.session, id=new_id(), url=url).key
