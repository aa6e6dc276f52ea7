"""Whole databases as tests compare them, and odd rows to fill them with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from hypothesis import strategies as st
from sqlmodel import Session

from models.base import new_id
from models.channel import Draft, queue
from models.conference import Conference, ConferenceRole, ConferenceSession
from models.conversation import Message
from models.database import Database
from models.person import Person
from server.keeping.rows import Row
from server.keeping.sources import source

Dump = dict[str, list[Row]]


class Talk(NamedTuple):
    session: UUID
    person: UUID


async def dump(url: str) -> Dump:
    """Every row of every table, as the archive tells them."""
    async with source(url) as place:
        return {shape.name: [row async for rows in place.rows(shape) for row in rows] for shape in place.shapes}


async def fill(url: str, *, messages: Sequence[str] = ("مرحبًا",), more: Sequence[Any] = ()) -> Talk:
    """A conference with one session and its chat."""
    database = Database(url)
    person, conference, session = new_id(), new_id(), new_id()

    def unit(db: Session) -> None:
        at = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
        db.add(Person(id=person, name="أمل", email=f"{person}@example.org"))
        db.add(Conference(id=conference, title="ملتقى", zone="Asia/Amman"))
        db.flush()
        db.add(ConferenceRole(conference_id=conference, person_id=person, role="organiser"))
        db.add(ConferenceSession(id=session, conference_id=conference, title="جلسة", starts_at=at, ends_at=at))
        db.add_all(more)

    try:
        await database.write(unit)
        talk = Talk(session, person)
        for text in messages:
            await say(database, talk, text)
    finally:
        await database.close()
    return talk


async def say(database: Database, talk: Talk, text: str) -> None:
    """A message with its publication, as the server stores them."""

    def unit(db: Session) -> None:
        message = Message(session_id=talk.session, person_id=talk.person, text=text)
        db.add(message)
        queue(db, Draft(f"session:{talk.session}", "message.posted", {"text": text}, placed=message))

    await database.write(unit)


# Everything a text column can hold: PostgreSQL takes all of Unicode but U+0000 and surrogates.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
words = st.one_of(texts, st.sampled_from(["", "مرحبًا بِكُم", "‏RTL‎", 'a"b\\n\\\\', "\\N", "\t\r\n", "👩🏽‍💻", "é"]))
jsons = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)
times = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 28), timezones=st.just(UTC))
