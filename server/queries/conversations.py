"""Conversations outside of sessions, and finding the people to talk to."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session, col, or_, select

from models.conference import ConferenceRole
from models.conversation import Conversation
from models.moderation import PersonBlock
from models.person import Person
from server.domain.conversation import Conversations, ConversationView
from server.domain.filters import searchable
from server.domain.person import Actor, PeopleFound
from server.domain.person import view as person_view
from server.queries import people, rules, scope

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
    return Conversations(
        open=rules.of_conference(db, conference_id).direct,
        conversations=[view(db, row, me) for row in rows],
    )


def view(db: Session, row: Conversation, me: UUID) -> ConversationView:
    other_id = row.other_id if row.one_id == me else row.one_id
    other = db.get(Person, other_id) if other_id else None
    return ConversationView(
        id=row.id,
        kind=row.kind,
        conference_id=row.conference_id,
        team_id=row.team_id,
        other=person_view(other) if other else None,
        blocked=other_id is not None and db.get(PersonBlock, (me, other_id)) is not None,
    )


def blocks(db: Session, one: UUID, other: UUID) -> bool:
    """Whether either wants to hear nothing of the other."""
    return any(db.get(PersonBlock, pair) is not None for pair in ((one, other), (other, one)))


def find(db: Session, actor: Actor, session_id: UUID, asked: str) -> PeopleFound:
    """People of the session's conference by a part of their name; who begins with it comes first."""
    session, _ = scope.of_session(db, actor, session_id, "chat.show")
    wanted = searchable(asked[:80])
    rows = db.exec(
        select(Person.id, Person.name)
        .join(ConferenceRole, col(ConferenceRole.person_id) == col(Person.id))
        .where(col(ConferenceRole.conference_id) == session.conference_id, col(Person.id) != actor.person_id)
        .order_by(col(Person.name), col(Person.id))
        .limit(LOOKED_THROUGH)
    )
    found = [(id, folded) for id, name in rows if wanted in (folded := searchable(name))]
    found.sort(key=lambda one: (not one[1].startswith(wanted), f" {wanted}" not in f" {one[1]}", one[1]))
    named = people.by_id(db, [id for id, _ in found[:FOUND_AT_ONCE]])
    return PeopleFound(people=[person_view(named[id]) for id, _ in found[:FOUND_AT_ONCE]])
