"""Conversations outside of sessions, and finding the people to talk to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import Session, and_, col, func, or_, select

from models.conference import ConferenceRole, ConferenceSession
from models.conversation import Conversation, ConversationRead, Message
from models.moderation import PersonBlock
from models.person import Person
from models.programme import SpeakerProfile
from models.team import Membership, Team
from server.domain.conversation import Conversations, ConversationView, PersonCard
from server.domain.errors import NotFound
from server.domain.filters import searchable
from server.domain.message import MessageView
from server.domain.person import Actor, PeopleFound
from server.domain.person import view as person_view
from server.queries import chat, people, rules, scope
from server.queries.channels import person_channel, position

FOUND_AT_ONCE = 8
LOOKED_THROUGH = 5_000


def mine(db: Session, actor: Actor, conference_id: UUID) -> Conversations:
    scope.of_conference(db, actor, conference_id, "direct.open")
    me = actor.person_id
    rows = db.exec(
        select(Conversation)
        .where(
            col(Conversation.conference_id) == conference_id,
            or_(col(Conversation.one_id) == me, col(Conversation.other_id) == me),
        )
        .order_by(col(Conversation.created_at).desc(), col(Conversation.id))
    ).all()
    shown = views(db, rows, me)
    shown.sort(key=lambda one: one.last.at.timestamp() if one.last else float("inf"), reverse=True)
    return Conversations(
        position=position(db, person_channel(me)),
        open=rules.of_conference(db, conference_id).direct,
        conversations=shown,
    )


def view(db: Session, row: Conversation, me: UUID) -> ConversationView:
    return views(db, [row], me)[0]


def views(db: Session, rows: Sequence[Conversation], me: UUID) -> list[ConversationView]:
    """Many conversations in five queries, however many they are."""
    others = {row.id: row.other_id if row.one_id == me else row.one_id for row in rows}
    named = people.by_id(db, {id for id in others.values() if id is not None})
    ids = [row.id for row in rows]
    last, unread = _last(db, ids), unread_of(db, ids, me)
    refused = set(db.exec(select(PersonBlock.blocked_id).where(col(PersonBlock.person_id) == me)))
    return [
        ConversationView(
            id=row.id,
            kind=row.kind,
            conference_id=row.conference_id,
            team_id=row.team_id,
            other=person_view(named[other]) if (other := others[row.id]) in named else None,
            blocked=other in refused,
            last=last.get(row.id),
            unread=unread.get(row.id, 0),
        )
        for row in rows
    ]


def unread_of(db: Session, ids: Sequence[UUID], me: UUID) -> dict[UUID, int]:
    """How much others said in these conversations since one last read them."""
    mark = and_(
        col(ConversationRead.conversation_id) == col(Message.conversation_id),
        col(ConversationRead.person_id) == me,
    )
    counted = (
        select(Message.conversation_id, func.count())
        .outerjoin(ConversationRead, mark)
        .where(
            col(Message.conversation_id).in_(list(ids)),
            col(Message.person_id) != me,
            col(Message.deleted_at).is_(None),
            col(Message.place) > func.coalesce(col(ConversationRead.place), 0),
        )
        .group_by(col(Message.conversation_id))
    )
    return {id: count for id, count in db.exec(counted) if id is not None}


def _last(db: Session, ids: Sequence[UUID]) -> dict[UUID, MessageView]:
    newest = (
        select(Message.conversation_id, func.max(Message.place).label("place"))
        .where(col(Message.conversation_id).in_(list(ids)), chat.STANDING)
        .group_by(col(Message.conversation_id))
        .subquery()
    )
    wanted = (
        select(Message, Person)
        .join(Person, col(Person.id) == col(Message.person_id))
        .join(
            newest,
            and_(newest.c.conversation_id == col(Message.conversation_id), newest.c.place == col(Message.place)),
        )
    )
    return {one.conversation_id: one for one in chat.views(db, db.exec(wanted).all()) if one.conversation_id}


def card(db: Session, actor: Actor, conference_id: UUID, person_id: UUID) -> PersonCard:
    """Somebody of one's conference, as their name opens it."""
    scope.of_conference(db, actor, conference_id, "direct.open")
    role = db.get(ConferenceRole, (conference_id, person_id))
    if role is None:
        raise NotFound("not_found")
    profile = db.get(SpeakerProfile, (conference_id, person_id))
    return PersonCard(
        person=person_view(scope.load(db, Person, person_id)),
        role=role.role,
        headline=profile.headline if profile else "",
        links=profile.links if profile else [],
        direct=rules.of_conference(db, conference_id).direct and person_id != actor.person_id,
        blocked=db.get(PersonBlock, (actor.person_id, person_id)) is not None,
    )


@dataclass(frozen=True)
class Place:
    """Where a message was said, as those are told who are named in it."""

    title: str
    link: str
    conference_id: UUID


def place_of(db: Session, message: Message) -> Place | None:
    """None for a conversation of two: who is in it hears it there."""
    if message.session_id is not None:
        session = scope.load(db, ConferenceSession, message.session_id)
        return Place(session.title, f"/s/{session.id}", session.conference_id)
    assert message.conversation_id is not None
    row = scope.load(db, Conversation, message.conversation_id)
    team = db.get(Team, row.team_id) if row.team_id else None
    return Place(team.title, f"/t/{team.id}#chat", team.conference_id) if team else None


def people_in(db: Session, conversation_id: UUID) -> set[UUID]:
    """Who reads a conversation because it is theirs."""
    row = scope.load(db, Conversation, conversation_id)
    if row.team_id is None:
        return {id for id in (row.one_id, row.other_id) if id}
    return set(db.exec(select(Membership.person_id).where(col(Membership.team_id) == row.team_id)))


def blocks(db: Session, one: UUID, other: UUID) -> bool:
    """Whether either wants to hear nothing of the other."""
    return any(db.get(PersonBlock, pair) is not None for pair in ((one, other), (other, one)))


def find(db: Session, actor: Actor, session_id: UUID, asked: str) -> PeopleFound:
    """People of the session's conference by a part of their name; who begins with it comes first."""
    session, _ = scope.of_session(db, actor, session_id, "chat.show")
    at_hand = (
        select(Person.id, Person.name)
        .join(ConferenceRole, col(ConferenceRole.person_id) == col(Person.id))
        .where(col(ConferenceRole.conference_id) == session.conference_id)
    )
    return _named(db, actor, at_hand, asked)


def find_in(db: Session, actor: Actor, conversation_id: UUID, asked: str) -> PeopleFound:
    """The same among those who talk there: a team's people, or the other of two."""
    row, _ = scope.of_conversation(db, actor, conversation_id, "chat.show")
    if row.team_id is None:
        at_hand = select(Person.id, Person.name).where(col(Person.id).in_([row.one_id, row.other_id]))
    else:
        at_hand = (
            select(Person.id, Person.name)
            .join(Membership, col(Membership.person_id) == col(Person.id))
            .where(col(Membership.team_id) == row.team_id)
        )
    return _named(db, actor, at_hand, asked)


def _named(db: Session, actor: Actor, at_hand: Any, asked: str) -> PeopleFound:
    wanted = searchable(asked[:80])
    others = at_hand.where(col(Person.id) != actor.person_id)
    rows = db.exec(others.order_by(col(Person.name), col(Person.id)).limit(LOOKED_THROUGH))
    found = [(id, folded) for id, name in rows if wanted in (folded := searchable(name))]
    found.sort(key=lambda one: (not one[1].startswith(wanted), f" {wanted}" not in f" {one[1]}", one[1]))
    named = people.by_id(db, [id for id, _ in found[:FOUND_AT_ONCE]])
    return PeopleFound(people=[person_view(named[id]) for id, _ in found[:FOUND_AT_ONCE]])
