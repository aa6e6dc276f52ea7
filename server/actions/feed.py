"""Calendar addresses: made, shown once, and closed again."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session, col, func, select

from models.base import now
from models.programme import CalendarFeed
from server.actions import ledger
from server.domain.errors import Conflict, NotFound
from server.domain.person import Actor
from server.domain.programme import FeedDraft, NewFeed, feed_view
from server.queries import scope

MOST_FEEDS = 20


def create(db: Session, actor: Actor, conference_id: UUID, draft: FeedDraft, *, id: UUID, url: str) -> NewFeed:
    """An address that a calendar can ask without a login: whoever has it reads what its owner may."""
    scope.of_conference(db, actor, conference_id, "feed.manage")
    return _made(db, actor, conference_id, draft.content, id=id, url=url)


def of_work(db: Session, actor: Actor, *, id: UUID, url: str) -> NewFeed:
    """The same for one's own cards with a due day, across all boards."""
    return _made(db, actor, None, "work", id=id, url=url)


def _made(db: Session, actor: Actor, conference_id: UUID | None, content: str, *, id: UUID, url: str) -> NewFeed:
    mine = (
        col(CalendarFeed.conference_id).is_not_distinct_from(conference_id),
        col(CalendarFeed.person_id) == actor.person_id,
        col(CalendarFeed.revoked_at).is_(None),
    )
    if db.exec(select(func.count()).select_from(CalendarFeed).where(*mine)).one() >= MOST_FEEDS:
        raise Conflict("feed.too_many")
    token = ledger.new_token()
    feed = CalendarFeed(
        id=id,
        conference_id=conference_id,
        person_id=actor.person_id,
        content=content,
        token_hash=ledger.token_hash(token),
    )
    db.add(feed)
    db.flush()
    return NewFeed(feed=feed_view(feed), url=f"{url}/calendar/{token}.ics")


def revoke(db: Session, actor: Actor, feed_id: UUID) -> None:
    feed = db.get(CalendarFeed, feed_id, with_for_update=True)
    if feed is None or feed.person_id != actor.person_id or feed.revoked_at is not None:
        raise NotFound("not_found")
    feed.revoked_at = now()
