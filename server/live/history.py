"""The stored publications, as the hub asks for them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from models.database import Database
from models.publication import Publication
from realtime.hub.frames import publication as encode
from realtime.hub.ports import Frame, Gone, Position
from server.domain.announcement import AnnouncementWithdrawn
from server.domain.card_facts import CommentDeleted
from server.domain.message import MessageDeleted, MessageHidden
from server.domain.zone import wire_time
from server.queries import channels

_ERASERS = (CommentDeleted, MessageDeleted, MessageHidden, AnnouncementWithdrawn)
_ERASING = tuple(f'"name":"{fact.name}"'.encode() for fact in _ERASERS)


class StoredHistory:
    """The hub's History, over the publication table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def heads(self, names: Collection[str]) -> Mapping[str, Position]:
        found = await self._database.read(lambda db: channels.heads(db, names))
        return {name: Position(place.offset, place.id) for name, place in found.items()}

    async def since(self, channel: str, after: Position, limit: int) -> Sequence[Frame] | Gone:
        rows = await self._database.read(lambda db: channels.since(db, channel, after.offset, limit))
        return _following([frame_of(row) for row in rows], after, limit)


def frame_of(publication: Publication) -> Frame:
    """Encode a publication: once for everybody who will ever receive it from this process."""
    payload = encode(
        channel=publication.channel,
        offset=publication.offset,
        id=str(publication.id),
        name=publication.name,
        at=wire_time(publication.at),
        data=publication.data,
    )
    return Frame(publication.channel, publication.offset, str(publication.id), payload)


def erases(frame: Frame) -> bool:
    """Whether earlier publications were blanked with this one (`actions.publish.blank`)."""
    head, _, _ = frame.payload.partition(b'"data":')
    return any(name in head for name in _ERASING)


def _following(frames: list[Frame], after: Position, limit: int) -> Sequence[Frame] | Gone:
    """What follows a position, if that position is still what stands there."""
    if after.offset == 0:
        return frames[:limit] if not frames or frames[0].offset == 1 else Gone()
    if not frames or frames[0].position != after:
        return Gone()
    return frames[1:]
