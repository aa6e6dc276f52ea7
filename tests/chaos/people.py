"""The conference they talk in: several sessions, two boards, and many people who are in all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlmodel import Session

from models.base import new_id, now
from models.person import Person
from server.actions import card, conference, label, session, team
from server.domain.board import LabelDraft
from server.domain.card import CardDraft
from server.domain.conference import ConferenceDraft
from server.domain.session import SessionDraft
from server.domain.team import TeamDraft
from tests.support.people import Someone, columns_of, enrol

CARDS = 12


@dataclass(frozen=True)
class BoardPlace:
    id: UUID
    columns: Sequence[UUID]
    cards: Sequence[UUID]
    label: UUID


@dataclass(frozen=True)
class Crowd:
    sessions: Sequence[UUID]
    boards: Sequence[BoardPlace]
    foreign: UUID  # a session of a conference nobody here belongs to
    people: Sequence[Someone]


def gather(db: Session, *, people: int, sessions: int, boards: int) -> Crowd:
    organiser = enrol(db, "organiser", may_create=True)
    here, elsewhere = new_id(), new_id()
    for id in (here, elsewhere):
        conference.create(db, organiser.actor, ConferenceDraft(title="ملتقى", zone="Asia/Amman"), id=id)
    crowd = [enrol(db, f"person {number}") for number in range(people)]
    for someone in crowd:
        conference.grant(db, here, someone.id, "attendee")
    places = [_board(db, organiser, here, crowd) for _ in range(boards)]
    talks = [_session(db, organiser, here) for _ in range(sessions)]
    return Crowd(talks, places, _session(db, organiser, elsewhere), crowd)


def _session(db: Session, organiser: Someone, conference_id: UUID) -> UUID:
    begins = now() + timedelta(hours=1)
    draft = SessionDraft(title="جلسة", starts_at=begins, ends_at=begins + timedelta(hours=1))
    return session.create(db, organiser.actor, conference_id, draft, id=new_id()).id


def _board(db: Session, organiser: Someone, conference_id: UUID, crowd: Sequence[Someone]) -> BoardPlace:
    made = team.create(db, organiser.actor, conference_id, TeamDraft(title="فريق"), id=new_id())
    assert made.board_id is not None
    for someone in crowd:
        team.grant(db, made.id, db.get_one(Person, someone.id), "member")
    columns = columns_of(db, made.board_id)
    cards = []
    for number in range(CARDS):
        draft = CardDraft(column_id=columns[number % len(columns)], title=f"بطاقة {number}")
        cards.append(card.create(db, organiser.actor, made.board_id, draft, id=new_id()).id)
        db.flush()
    sticker = label.create(db, organiser.actor, made.board_id, LabelDraft(name="وسم"), id=new_id())
    return BoardPlace(made.board_id, columns, cards, sticker.id)
