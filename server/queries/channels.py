"""Channels: their names, their heads, and what was published on them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from models.conversation import Message
from models.publication import Channel, Publication
from server.domain.view import Position


def session_channel(id: UUID) -> str:
    return f"session:{id}"


def moderation_channel(id: UUID) -> str:
    return f"session:{id}:moderation"


def backstage_channel(id: UUID) -> str:
    return f"session:{id}:backstage"


def behind_channel(id: UUID) -> str:
    """Nothing is told there: who watches a stage some seconds behind is counted by it."""
    return f"session:{id}:behind"


def counted(channel: str) -> bool:
    """Whether it is told how many people hear a channel."""
    kind, _, rest = channel.partition(":")
    side = rest.partition(":")[2]
    return (kind == "session" and side in ("", "behind")) or (kind == "board" and not side)


def conference_channel(id: UUID) -> str:
    return f"conference:{id}"


def conversation_channel(id: UUID) -> str:
    return f"conversation:{id}"


def chat_channel(message: Message) -> str:
    """Where a message's chat is told."""
    if message.session_id is not None:
        return session_channel(message.session_id)
    assert message.conversation_id is not None
    return conversation_channel(message.conversation_id)


def person_channel(id: UUID) -> str:
    return f"person:{id}"


def team_channel(id: UUID) -> str:
    return f"team:{id}"


def board_channel(id: UUID) -> str:
    return f"board:{id}"


ACCESS = "access"


def position(db: Session, channel: str) -> Position:
    """The channel's head in this snapshot: what the rows beside it belong to."""
    row = db.get(Channel, channel)
    if row is None:
        return Position(offset=0, id=None)
    return Position(offset=row.head, id=str(row.head_id) if row.head_id else None)


def heads(db: Session, channels: Collection[str]) -> dict[str, Position]:
    """The heads of many channels in one query; a channel nobody wrote to is at 0."""
    found = {
        row.name: Position(offset=row.head, id=str(row.head_id) if row.head_id else None)
        for row in db.exec(select(Channel).where(col(Channel.name).in_(list(channels))))
    }
    return {name: found.get(name, Position(offset=0, id=None)) for name in channels}


def since(db: Session, channel: str, after: int, limit: int) -> Sequence[Publication]:
    """Publications after an offset, oldest first, with the one at `after` before them if it is kept."""
    wanted = select(Publication).where(col(Publication.channel) == channel, col(Publication.offset) >= after)
    return db.exec(wanted.order_by(col(Publication.offset)).limit(limit + 1)).all()
