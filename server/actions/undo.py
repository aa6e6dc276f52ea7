"""Undoing a deed by its entry in the log: each kind of deed has one way back."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from sqlmodel import Session

from models.base import now
from models.conference import ConferenceSession
from models.conversation import Message
from models.moderation import Audit, Ban, PersonNote, Silence
from server.actions import ban, conference, moderation, note, poll, question, report, rules, silence, vote
from server.domain.errors import Conflict
from server.domain.moderation import BanWish
from server.domain.person import Actor
from server.domain.undo import can_undo
from server.queries import scope

Back = Callable[[Session, Actor, Audit, UUID], None]


def undo(db: Session, actor: Actor, audit_id: UUID) -> None:
    """Undo one's own deed, or as an organiser anybody's. Undoing twice is no fault."""
    entry = scope.load(db, Audit, audit_id, lock=True)
    _, here = scope.of_conference(db, actor, entry.conference_id, "chat.moderate")
    if entry.actor_id != actor.person_id:
        here.require("deed.overrule")
    if entry.undone_at is not None:
        return
    if not can_undo(entry.action, entry.data) or entry.subject_id is None:
        raise Conflict("undo.impossible")
    _BACK[entry.action](db, actor, entry, entry.subject_id)
    entry.undone_at, entry.undone_by = now(), actor.person_id


def _message(db: Session, id: UUID) -> Message:
    row = scope.load(db, Message, id, lock=True)
    if row.deleted_at is not None:
        raise Conflict("undo.impossible")
    return row


def _hide(db: Session, actor: Actor, entry: Audit, id: UUID) -> None:
    row = _message(db, id)
    if row.state == "shown":
        moderation.put_away(db, row)


def _restore(db: Session, actor: Actor, entry: Audit, id: UUID) -> None:
    row = _message(db, id)
    if row.state == "hidden":
        moderation.bring_back(db, row)
    if entry.data.get("reports"):
        report.reopen(db, entry.conference_id, id)


def _wait(db: Session, actor: Actor, entry: Audit, id: UUID) -> None:
    moderation.wait_again(db, _message(db, id))


def _pin(db: Session, actor: Actor, entry: Audit, id: UUID) -> None:
    moderation.pin(db, actor, id)


def _unpin(db: Session, actor: Actor, entry: Audit, id: UUID) -> None:
    moderation.unpin(db, actor, id)


def _speak(db: Session, actor: Actor, entry: Audit, id: UUID) -> None:
    row = scope.load(db, Silence, id, lock=True)
    if row.lifted_at is None:
        silence.lift(db, row)


def _silence(db: Session, actor: Actor, entry: Audit, id: UUID) -> None:
    row = scope.load(db, Silence, id, lock=True)
    if row.lifted_at is not None:
        silence.renew(db, row)


def _unban(db: Session, actor: Actor, entry: Audit, id: UUID) -> None:
    ban.end(db, scope.load(db, Ban, id, lock=True))


def _ban(db: Session, actor: Actor, entry: Audit, id: UUID) -> None:
    row = scope.load(db, Ban, id)
    ban.impose(db, actor, row.conference_id, row.person_id, BanWish(reason=row.reason))


def _reopen(db: Session, actor: Actor, entry: Audit, id: UUID) -> None:
    report.reopen(db, entry.conference_id, id)


def _rules(db: Session, actor: Actor, entry: Audit, id: UUID) -> None:
    """Only what this deed changed, and only while it is as it was changed then: a later decision stands.

    A conference's rules are put back by those who may change them: whoever changed them may be less by now.
    """
    if id == entry.conference_id:
        scope.of_conference(db, actor, entry.conference_id, "chat.rules")
    was, became = entry.data["was"], entry.data["became"]
    rules.put_back(db, entry.conference_id, id, {name: was[name] for name in became}, became)


def _calm(db: Session, actor: Actor, entry: Audit, id: UUID) -> None:
    session = scope.load(db, ConferenceSession, id, lock=True)
    rules.set_calm(db, session, on=entry.action == "calm.off")


def _role(db: Session, actor: Actor, entry: Audit, id: UUID) -> None:
    """Only while they are still what they were made then: a later decision stands."""
    held = conference.held(db, entry.conference_id, id)
    if held is None or held.role != entry.data["now"]:
        raise Conflict("undo.impossible")
    conference.set_role(db, actor, entry.conference_id, id, entry.data["was"])


def _unwrite(db: Session, actor: Actor, entry: Audit, id: UUID) -> None:
    note.delete(db, actor, id)


def _rewrite(db: Session, actor: Actor, entry: Audit, id: UUID) -> None:
    scope.load(db, PersonNote, id, lock=True).deleted_at = None


def _decide(db: Session, actor: Actor, entry: Audit, id: UUID) -> None:
    question.decide(db, actor, id, entry.data["was"], seen=entry.data["now"])


def _pin_question(db: Session, actor: Actor, entry: Audit, id: UUID) -> None:
    question.pin(db, actor, id, on=entry.action == "question.unpinned")


def _unmerge(db: Session, actor: Actor, entry: Audit, id: UUID) -> None:
    vote.unmerge(db, actor, id)


def _reopen_poll(db: Session, actor: Actor, entry: Audit, id: UUID) -> None:
    poll.move(db, actor, id, "open")


_BACK: dict[str, Back] = {
    "ban.lifted": _ban,
    "calm.off": _calm,
    "calm.on": _calm,
    "message.approved": _hide,
    "message.hidden": _restore,
    "message.pinned": _unpin,
    "message.refused": _wait,
    "message.restored": _hide,
    "message.unpinned": _pin,
    "note.deleted": _rewrite,
    "note.written": _unwrite,
    "person.banned": _unban,
    "person.silenced": _speak,
    "poll.closed": _reopen_poll,
    "question.approved": _decide,
    "question.dismissed": _decide,
    "question.merged": _unmerge,
    "question.pinned": _pin_question,
    "question.returned": _decide,
    "question.unpinned": _pin_question,
    "report.decided": _reopen,
    "role.changed": _role,
    "rules.changed": _rules,
    "silence.lifted": _silence,
}
