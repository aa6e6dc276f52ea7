"""Where publications get their offsets: the last step of a write, under the channels' row locks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Executable
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from models.base import new_id
from models.conversation import Message
from models.publication import Channel, Publication

_QUEUE = "publications"


@dataclass(frozen=True)
class Draft:
    """A fact waiting for its offset. `placed` is a message whose place is that offset."""

    channel: str
    name: str
    data: dict[str, Any]
    subject_id: UUID | None = None
    placed: Message | None = None


def queue(db: Session, draft: Draft) -> None:
    """Add a fact to the running unit; it is stored and told only if the unit commits."""
    db.info.setdefault(_QUEUE, []).append(draft)


def seal(db: Session) -> list[Publication]:
    """Give every queued fact its offset, channels in name order so that units never lock crosswise.

    The unit's own rows are flushed first: the channel's lock, which every writer of that channel waits
    for, is then held for the publication rows alone. Only a new message waits for its place, so that it
    is one INSERT and not also an UPDATE.
    """
    drafts: list[Draft] = db.info.pop(_QUEUE, [])
    if not drafts:
        return []
    unplaced = [row for draft in drafts if (row := draft.placed) is not None and row in db.new]
    for message in unplaced:
        db.expunge(message)
    db.flush()
    db.add_all(unplaced)
    sealed: list[Publication] = []
    for channel in sorted({draft.channel for draft in drafts}):
        sealed.extend(_append(db, channel, [draft for draft in drafts if draft.channel == channel]))
    db.add_all(sealed)
    return sealed


def _append(db: Session, channel: str, drafts: Sequence[Draft]) -> list[Publication]:
    ids = [new_id() for _ in drafts]
    first = _advance(db, channel, by=len(drafts), head_id=ids[-1]) - len(drafts) + 1
    publications = [
        Publication(
            channel=channel,
            offset=first + place,
            id=ids[place],
            name=draft.name,
            subject_id=draft.subject_id,
            data=draft.data,
        )
        for place, draft in enumerate(drafts)
    ]
    for publication, draft in zip(publications, drafts, strict=True):
        if draft.placed is not None:
            draft.placed.place = publication.offset
    return publications


def _advance(db: Session, channel: str, *, by: int, head_id: UUID) -> int:
    """Move the channel's head and return it; this takes (or makes) the channel's row under its lock."""
    advance = _ADVANCE[db.get_bind().dialect.name]
    return int(db.connection().execute(advance, {"name": channel, "head": by, "head_id": head_id}).scalar_one())


def _advancing(statement: postgresql.Insert | sqlite.Insert) -> Executable:
    return statement.on_conflict_do_update(
        index_elements=[col(Channel.name)],
        set_={"head": col(Channel.head) + statement.excluded.head, "head_id": statement.excluded.head_id},
    ).returning(col(Channel.head))


# Every write runs one of these, so they are built once.
_ADVANCE = {
    "postgresql": _advancing(postgresql.insert(Channel)),
    "sqlite": _advancing(sqlite.insert(Channel)),
}
