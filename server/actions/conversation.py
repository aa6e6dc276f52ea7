"""Beginning to talk outside of sessions, and keeping somebody at a distance."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, delete, select

from models.base import new_id, now
from models.conversation import Conversation, ConversationRead, Message
from models.moderation import PersonBlock
from models.team import Team
from server.actions import notify
from server.actions.publish import publish
from server.domain.conversation import ConversationGrew, ConversationSeen, ConversationView, check_direct
from server.domain.errors import BadInput, NotFound
from server.domain.person import Actor, PersonView
from server.queries import conversations, rules, scope
from server.queries.channels import person_channel

NOTICE_LETTERS = 160


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


def read(db: Session, actor: Actor, conversation_id: UUID, message_id: UUID) -> None:
    """Mark a conversation as read up to a message; what one was notified of it goes quiet with it."""
    row, _ = scope.of_conversation(db, actor, conversation_id, "chat.show")
    message = db.get(Message, message_id)
    if message is None or message.conversation_id != row.id:
        raise BadInput("input.unusable", fields={"message_id": "field.unusable"})
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    mark = dialect.insert(ConversationRead).values(
        conversation_id=row.id, person_id=actor.person_id, place=message.place
    )
    moved = db.connection().execute(
        mark.on_conflict_do_update(
            index_elements=[col(ConversationRead.conversation_id), col(ConversationRead.person_id)],
            set_={"place": message.place},
            where=col(ConversationRead.place) < message.place,
        ).returning(col(ConversationRead.place))
    )
    if moved.first() is None:
        return
    notify.quiet(db, actor, "direct_message", link_of(row))
    publish(
        db,
        person_channel(actor.person_id),
        ConversationSeen(conversation_id=row.id, conference_id=row.conference_id),
        subject=row.id,
    )


def told(db: Session, row: Conversation, message: Message, author: PersonView, *, once: str) -> None:
    """Both of two people hear that something was said; the other is notified of the first unread words."""
    if row.one_id is None or row.other_id is None:
        return
    for person_id in (row.one_id, row.other_id):
        fact = ConversationGrew(conversation_id=row.id, conference_id=row.conference_id)
        publish(db, person_channel(person_id), fact, subject=row.id)
    other = row.other_id if row.one_id == message.person_id else row.one_id
    if not notify.unread(db, other, "direct_message", link_of(row)):
        said = {"name": author.name, "text": " ".join(message.text.split())[:NOTICE_LETTERS]}
        notify.notify(
            db, [other], "direct_message", said, link=link_of(row), conference_id=row.conference_id, once=once
        )


def link_of(row: Conversation) -> str:
    return f"/c/{row.conference_id}/messages/{row.id}"


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
