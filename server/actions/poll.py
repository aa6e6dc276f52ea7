"""Polls: drafted, opened, answered, closed; their sums told seldom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, delete, func, select

from models.base import now
from models.conversation import Tally
from models.poll import Poll, PollChoice, PollVote
from server.actions import audit, floor
from server.actions.publish import publish
from server.domain import filters
from server.domain import poll as rules
from server.domain.errors import BadInput, Conflict
from server.domain.person import Actor
from server.domain.poll import (
    PollAnswered,
    PollAnswerView,
    PollChange,
    PollChanged,
    PollClosed,
    PollCreated,
    PollDeleted,
    PollDraft,
    PollOpened,
    PollTallied,
    PollView,
    WordHiding,
)
from server.domain.polls.kind import Choice
from server.queries import polls, scope
from server.queries import rules as chat_rules
from server.queries.channels import moderation_channel, person_channel, session_channel
from server.queries.scope import Scope


def create(db: Session, actor: Actor, session_id: UUID, draft: PollDraft, *, id: UUID) -> PollView:
    """Draft a poll. Only moderators see it until it opens."""
    scope.of_session(db, actor, session_id, "poll.manage")
    settings = rules.new_settings(draft.kind, draft.settings)
    if db.exec(select(func.count()).where(col(Poll.session_id) == session_id)).one() >= rules.MOST:
        raise Conflict("poll.too_many_polls")
    given = draft.model_dump() | {"settings": settings}
    poll = Poll(id=id, session_id=session_id, **given)
    db.add(poll)
    db.add(Tally(subject_id=id, channel=session_channel(session_id), kind="poll"))
    db.flush()
    shown = polls.one(db, poll, desk=True)
    publish(db, moderation_channel(session_id), PollCreated(poll=shown), subject=id)
    return shown


def change(db: Session, actor: Actor, poll_id: UUID, wish: PollChange) -> PollView:
    """Change a draft."""
    poll, _ = scope.of_poll(db, actor, poll_id, "poll.manage", lock=True)
    rules.check_editable(poll)
    for name, value in wish.model_dump(exclude_unset=True).items():
        if name == "settings" and value is not None:
            value = rules.new_settings(poll.kind, value)
        if value is not None:
            setattr(poll, name, value)
    poll.version += 1
    shown = polls.one(db, poll, desk=True)
    publish(db, moderation_channel(poll.session_id), PollChanged(poll=shown), subject=poll_id)
    return shown


def delete_draft(db: Session, actor: Actor, poll_id: UUID) -> None:
    poll, here = scope.of_poll(db, actor, poll_id, "poll.manage", lock=True)
    rules.check_editable(poll)
    db.exec(delete(Tally).where(col(Tally.subject_id) == poll_id))
    db.delete(poll)
    publish(db, moderation_channel(poll.session_id), PollDeleted(poll_id=poll_id), subject=poll_id)
    _note(db, here, poll, "deleted")


def move(db: Session, actor: Actor, poll_id: UUID, to: str) -> PollView:
    """Open (or open again) and close. Whoever answers at that moment is before or after it, never half in."""
    poll, here = scope.of_poll(db, actor, poll_id, "poll.manage", lock=True)
    if poll.state != to:
        rules.check_move(poll.state, to)
        poll.state = to
        if to == "open":
            poll.opened_at = now()
        else:
            poll.closed_at = now()
        poll.version += 1
        db.flush()
        fact = PollOpened if to == "open" else PollClosed
        for channel, desk in _both(poll):
            publish(db, channel, fact(poll=polls.one(db, poll, desk=desk)), subject=poll_id)
        _note(db, here, poll, "opened" if to == "open" else to)
    return polls.one(db, poll, desk=True)


def hide(db: Session, actor: Actor, poll_id: UUID, wish: WordHiding) -> PollView:
    """Take a word out of what everybody sees, or let it back in."""
    poll, here = scope.of_poll(db, actor, poll_id, "poll.manage", lock=True)
    if (wish.key in poll.hidden) != wish.hidden:
        kept = [key for key in poll.hidden if key != wish.key]
        poll.hidden = [*kept, wish.key][-rules.MOST_HIDDEN :] if wish.hidden else kept
        poll.version += 1
        db.flush()
        for channel, desk in _both(poll):
            if desk or poll.state != "draft":
                publish(db, channel, PollChanged(poll=polls.one(db, poll, desk=desk)), subject=poll_id)
        _note(db, here, poll, "word_hidden" if wish.hidden else "word_shown")
    return polls.one(db, poll, desk=True)


def answer(db: Session, actor: Actor, poll_id: UUID, given: Mapping[str, Any]) -> PollAnswerView:
    """Answer, or answer otherwise where that is allowed. However many devices: one person, one answer."""
    _, here = scope.of_poll(db, actor, poll_id, "poll.answer")
    # Shared with all who answer, so that nobody can close the poll between here and the commit.
    poll = db.get_one(Poll, poll_id, with_for_update={"read": True}, populate_existing=True)
    rules.check_open(poll)
    kept, chosen = rules.choices(poll, dict(given))
    if written := [one.text for one in chosen if one.text]:
        floor.require_floor(db, here, poll.session_id, "words")
        if not chat_rules.exempt(here):
            filters.check_words(written, chat_rules.in_force(db, here.conference_id, poll.session_id))
    if _voted(db, actor, poll, kept):
        choices = delete(PollChoice).where(
            col(PollChoice.poll_id) == poll_id, col(PollChoice.person_id) == actor.person_id
        )
        db.connection().execute(choices)
        _choose(db, actor, poll_id, chosen)
        db.connection().execute(
            update(Tally).where(col(Tally.subject_id) == poll_id).values(version=col(Tally.version) + 1)
        )
        publish(db, person_channel(actor.person_id), PollAnswered(poll_id=poll_id, answer=kept))
    return PollAnswerView(poll_id=poll_id, answer=kept)


def _voted(db: Session, actor: Actor, poll: Poll, kept: dict[str, Any]) -> bool:
    """Write the answer down. Whether it is another than before; raises Conflict where it may not be."""
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    row = {"poll_id": poll.id, "person_id": actor.person_id, "answer": kept, "at": now()}
    first = dialect.insert(PollVote).values(**row).on_conflict_do_nothing().returning(col(PollVote.poll_id))
    if db.connection().execute(first).first() is not None:
        return True
    vote = db.get_one(PollVote, (poll.id, actor.person_id), with_for_update=True, populate_existing=True)
    if vote.answer == kept:
        return False
    if not poll.may_change:
        raise Conflict("poll.answered")
    vote.answer, vote.at = kept, now()
    return True


def _choose(db: Session, actor: Actor, poll_id: UUID, chosen: list[Choice]) -> None:
    if len({one.key for one in chosen}) < len(chosen):
        raise BadInput("poll.answer_unusable")
    db.add_all(
        PollChoice(poll_id=poll_id, person_id=actor.person_id, key=one.key, text=one.text[:80]) for one in chosen
    )


def tell(db: Session, poll_id: UUID) -> None:
    """Tell a poll's sums as they are now: to the desk all of them, to the public what it may see."""
    poll = db.get(Poll, poll_id)
    if poll is None or poll.state == "draft":
        return
    counts = polls.counts(db, [poll_id])[poll_id]
    for channel, desk in _both(poll):
        sums = rules.sums(poll, counts, desk=desk)
        fact = PollTallied(poll_id=poll_id, voters=counts.voters, sums=sums, tally=counts.tally)
        publish(db, channel, fact, subject=poll_id)


def _note(db: Session, here: Scope, poll: Poll, deed: str) -> None:
    audit.note(db, here.actor, here.conference_id, f"poll.{deed}", session=poll.session_id, subject=poll.id)


def _both(poll: Poll) -> tuple[tuple[str, bool], tuple[str, bool]]:
    """The channels that hear of a poll, and whether each is the desk."""
    return (session_channel(poll.session_id), False), (moderation_channel(poll.session_id), True)
