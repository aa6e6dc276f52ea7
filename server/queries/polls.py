"""Polls: what everybody sees of them, what the desk does, what one answered oneself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from uuid import UUID

from sqlmodel import Session, col, func, select

from models.conversation import Tally
from models.poll import Poll, PollChoice, PollVote
from server.domain.person import Actor
from server.domain.poll import Counts, PollAnswerView, PollSnapshot, PollView, view
from server.domain.polls.kind import Counted
from server.queries import scope
from server.queries.channels import moderation_channel, position, session_channel


def public(db: Session, actor: Actor, session_id: UUID) -> PollSnapshot:
    """What is open or was closed. Results that are kept until the end are in no answer before it."""
    scope.of_session(db, actor, session_id, "poll.list")
    found = _rows(db, session_id, ("open", "closed"))
    return PollSnapshot(position=position(db, session_channel(session_id)), polls=views(db, found, desk=False))


def desk(db: Session, actor: Actor, session_id: UUID) -> PollSnapshot:
    """All of them, with their sums."""
    scope.of_session(db, actor, session_id, "poll.manage")
    found = _rows(db, session_id, ("draft", "open", "closed"))
    return PollSnapshot(position=position(db, moderation_channel(session_id)), polls=views(db, found, desk=True))


def answers(db: Session, actor: Actor, session_id: UUID) -> list[PollAnswerView]:
    """What one has answered in a session."""
    rows = db.exec(
        select(PollVote)
        .join(Poll, col(Poll.id) == col(PollVote.poll_id))
        .where(col(Poll.session_id) == session_id, col(PollVote.person_id) == actor.person_id)
        .order_by(col(PollVote.poll_id))
    )
    return [PollAnswerView(poll_id=row.poll_id, answer=row.answer) for row in rows]


def one(db: Session, poll: Poll, *, desk: bool) -> PollView:
    return view(poll, counts(db, [poll.id])[poll.id], desk=desk)


def views(db: Session, polls: Sequence[Poll], *, desk: bool) -> list[PollView]:
    counted = counts(db, [poll.id for poll in polls])
    return [view(poll, counted[poll.id], desk=desk) for poll in polls]


def counts(db: Session, ids: Collection[UUID]) -> dict[UUID, Counts]:
    """Counted anew from the answers, so that no sum can drift: 1,000 answers take about a millisecond."""
    voters = dict(
        db.exec(
            select(PollVote.poll_id, func.count())
            .where(col(PollVote.poll_id).in_(ids))
            .group_by(col(PollVote.poll_id))
        ).all()
    )
    versions = {
        row.subject_id: row.version for row in db.exec(select(Tally).where(col(Tally.subject_id).in_(ids)))
    }
    chosen: defaultdict[UUID, dict[str, list[tuple[int, str]]]] = defaultdict(dict)
    rows = db.exec(
        select(PollChoice.poll_id, PollChoice.key, PollChoice.text, func.count())
        .where(col(PollChoice.poll_id).in_(ids))
        .group_by(col(PollChoice.poll_id), col(PollChoice.key), col(PollChoice.text))
    )
    for poll_id, key, text, count in rows:
        chosen[poll_id].setdefault(key, []).append((count, text))
    return {
        id: Counts(
            voters=voters.get(id, 0),
            counted=[_counted(key, spellings) for key, spellings in sorted(chosen[id].items())],
            tally=versions.get(id, 0),
        )
        for id in ids
    }


def _counted(key: str, spellings: list[tuple[int, str]]) -> Counted:
    usual = max(spellings, key=lambda one: (one[0], one[1]))[1]
    return Counted(key, sum(count for count, _ in spellings), usual)


def _rows(db: Session, session_id: UUID, states: Collection[str]) -> list[Poll]:
    wanted = select(Poll).where(col(Poll.session_id) == session_id, col(Poll.state).in_(states))
    return list(db.exec(wanted.order_by(col(Poll.created_at), col(Poll.id))))
