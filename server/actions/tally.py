"""Telling sums: however many vote, a channel hears of it at most every half second."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col

from models.conversation import Tally
from server.actions import poll
from server.actions.publish import publish
from server.domain.question import Sum, TallyChanged


def tell(db: Session, subjects: Collection[UUID] | None = None) -> int:
    """Publish sums that changed since they were last told: those named, or all. Returns how many.

    The update claims them, so that two processes never tell one version twice.
    """
    changed = (
        update(Tally)
        .where(col(Tally.published) < col(Tally.version))
        .values(published=col(Tally.version))
        .returning(
            col(Tally.subject_id), col(Tally.channel), col(Tally.votes), col(Tally.version), col(Tally.kind)
        )
    )
    if subjects is not None:
        changed = changed.where(col(Tally.subject_id).in_(list(subjects)))
    rows = db.connection().execute(changed).all()
    sums: defaultdict[str, list[Sum]] = defaultdict(list)
    for subject_id, channel, votes, version, kind in rows:
        if kind == "poll":
            poll.tell(db, subject_id)
        else:
            sums[channel].append(Sum(subject_id=subject_id, votes=votes, version=version))
    # One publication for all questions of a session, however many were voted for.
    for channel, (first, *others) in sums.items():
        publish(db, channel, TallyChanged(**first.model_dump(), others=others), subject=first.subject_id)
    return len(rows)
