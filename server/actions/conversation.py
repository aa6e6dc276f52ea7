"""Beginning to talk outside of sessions, and keeping somebody at a distance."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, delete, select

from models.base import new_id, now
from models.conversation import Conversation
from models.moderation import PersonBlock
from models.team import Team
from server.domain.conversation import ConversationView, check_direct
from server.domain.errors import BadInput, NotFound
from server.domain.person import Actor
from server.queries import conversations, rules, scope


def open_direct(db: Session, actor: Actor, conference_id: UUID, person_id: UUID, *, id: UUID) -> ConversationView:
    """The conversation of two people, made when they first talk; two who begin at once begin one."""
    scope.of_conference(db, actor, conference_id, "direct.open")
    if scope.conference_role(db, conference_id, person_id) is None:
        raise NotFound("not_found")
    if person_id == actor.person_id:
        raise BadInput("input.unusable", fields={"person_id": "field.unusable"})
    one, other = sorted((actor.person_id, person_id))
    check_direct(open=rules.of_conference(db, conference_id).direct, blocked=False, silenced=False)
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    row = dialect.insert(Conversation).values(
        id=id, conference_id=conference_id, kind="direct", one_id=one, other_id=other, created_at=now()
    )
    db.connection().execute(row.on_conflict_do_nothing())
    pair = (col(Conversation.one_id) == one, col(Conversation.other_id) == other)
    made = db.exec(select(Conversation).where(*pair, col(Conversation.conference_id) == conference_id)).one()
    return conversations.view(db, made, actor.person_id)


def of_team(db: Session, team: Team) -> Conversation:
    """The one conversation of a team."""
    known = select(Conversation).where(col(Conversation.team_id) == team.id)
    found = db.exec(known).first()
    if found is None:
        dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
        row = dialect.insert(Conversation).values(
            id=new_id(), conference_id=team.conference_id, kind="team", team_id=team.id, created_at=now()
        )
        db.connection().execute(row.on_conflict_do_nothing())
        found = db.exec(known).one()
    return found


def check_may_write(db: Session, actor: Actor, conversation: Conversation) -> None:
    """Raises Forbidden where two people may not write to each other (any more)."""
    if conversation.one_id is None or conversation.other_id is None:
        return
    other = conversation.other_id if conversation.one_id == actor.person_id else conversation.one_id
    check_direct(
        open=rules.of_conference(db, conversation.conference_id).direct,
        blocked=conversations.blocks(db, actor.person_id, other)
        or scope.conference_role(db, conversation.conference_id, other) is None,
        silenced=rules.silence_of(db, conversation.conference_id, None, actor.person_id) is not None,
    )


def block(db: Session, actor: Actor, conference_id: UUID, person_id: UUID) -> None:
    """Hear no more from somebody: neither can write to the other."""
    scope.of_conference(db, actor, conference_id, "direct.open")
    if scope.conference_role(db, conference_id, person_id) is None:
        raise NotFound("not_found")
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    row = dialect.insert(PersonBlock).values(person_id=actor.person_id, blocked_id=person_id, created_at=now())
    db.connection().execute(row.on_conflict_do_nothing())


def unblock(db: Session, actor: Actor, conference_id: UUID, person_id: UUID) -> None:
    scope.of_conference(db, actor, conference_id, "direct.open")
    if scope.conference_role(db, conference_id, person_id) is None:
        raise NotFound("not_found")
    db.exec(
        delete(PersonBlock).where(
            col(PersonBlock.person_id) == actor.person_id, col(PersonBlock.blocked_id) == person_id
        )
    )
