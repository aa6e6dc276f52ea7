"""Signs under a message: one of each kind a person, told as sums at most every half second."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, delete

from models.conversation import Conversation, MessageReaction, MessageTally
from server.actions import conversation
from server.actions.publish import publish
from server.domain.message import MessageSigned, Sign, SignChanged, check_shown
from server.domain.person import Actor
from server.queries import chat, scope
from server.queries.channels import chat_channel, person_channel


def give(db: Session, actor: Actor, message_id: UUID, kind: Sign) -> None:
    """Give a sign. The primary key counts it once, from however many devices it comes."""
    message, _ = scope.of_message(db, actor, message_id, "message.react")
    check_shown(message)
    if message.conversation_id is not None:
        conversation.check_may_write(db, actor, scope.load(db, Conversation, message.conversation_id))
    row = _insert(db, MessageReaction).values(message_id=message_id, person_id=actor.person_id, kind=kind)
    given = row.on_conflict_do_nothing().returning(col(MessageReaction.message_id))
    if db.connection().execute(given).first() is not None:
        _changed(db, actor, message_id, chat_channel(message), kind, on=True)


def take_back(db: Session, actor: Actor, message_id: UUID, kind: Sign) -> None:
    message, _ = scope.of_message(db, actor, message_id, "message.react")
    taken = db.exec(
        delete(MessageReaction).where(
            col(MessageReaction.message_id) == message_id,
            col(MessageReaction.person_id) == actor.person_id,
            col(MessageReaction.kind) == kind,
        )
    )
    if taken.rowcount:
        _changed(db, actor, message_id, chat_channel(message), kind, on=False)


def tell(db: Session, ids: Collection[UUID] | None = None) -> int:
    """Publish sums that changed since they were last told: of those messages, or all. Returns how many.

    The update claims them, so that two processes never tell one version twice.
    """
    changed = (
        update(MessageTally)
        .where(col(MessageTally.published) < col(MessageTally.version))
        .values(published=col(MessageTally.version))
        .returning(col(MessageTally.message_id), col(MessageTally.channel), col(MessageTally.version))
    )
    if ids is not None:
        changed = changed.where(col(MessageTally.message_id).in_(list(ids)))
    rows = db.connection().execute(changed).all()
    sums = chat.signs_of(db, [id for id, _, _ in rows])
    for id, channel, version in rows:
        publish(db, channel, MessageSigned(message_id=id, signs=sums.get(id, {}), version=version), subject=id)
    return len(rows)


def _changed(db: Session, actor: Actor, id: UUID, channel: str, kind: Sign, *, on: bool) -> None:
    row = _insert(db, MessageTally).values(message_id=id, channel=channel, version=1, published=0)
    db.connection().execute(
        row.on_conflict_do_update(
            index_elements=[col(MessageTally.message_id)], set_={"version": col(MessageTally.version) + 1}
        )
    )
    publish(db, person_channel(actor.person_id), SignChanged(message_id=id, kind=kind, on=on), subject=id)


def _insert(db: Session, table: type[MessageReaction] | type[MessageTally]) -> postgresql.Insert | sqlite.Insert:
    if db.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
