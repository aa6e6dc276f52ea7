"""What moderators read: the queue, a message's surroundings, somebody's record, and the log of deeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, func, or_, select

from models.base import now
from models.conference import ConferenceRole, ConferenceSession
from models.conversation import Message
from models.moderation import Audit, Ban, PersonNote, Report, Silence
from models.person import Person
from server.domain.errors import NotFound
from server.domain.moderation import (
    AuditEntry,
    AuditPage,
    Bans,
    BanView,
    MessageContext,
    ModerationSnapshot,
    NoteView,
    PersonRecord,
    SilenceView,
    still_silent,
)
from server.domain.person import Actor
from server.domain.person import view as person_view
from server.domain.undo import can_undo
from server.queries import chat, people, programme, reports, rules, scope
from server.queries.channels import moderation_channel, position

AROUND = 5
RECENT = 20
AUDIT_PAGE = 200


def snapshot(db: Session, actor: Actor, session_id: UUID) -> ModerationSnapshot:
    session, here = scope.of_session(db, actor, session_id, "chat.moderate")
    held = db.exec(
        select(Message, Person)
        .join(Person, col(Person.id) == col(Message.person_id))
        .where(
            col(Message.session_id) == session_id,
            col(Message.state) == "held",
            col(Message.deleted_at).is_(None),
        )
        .order_by(col(Message.created_at), col(Message.id))
    ).all()
    told = or_(
        col(Report.session_id) == session_id,
        (col(Report.session_id).is_(None)) & (col(Report.conference_id) == here.conference_id),
    )
    silences = select(Silence).where(
        col(Silence.conference_id) == here.conference_id,
        or_(col(Silence.session_id).is_(None), col(Silence.session_id) == session_id),
        col(Silence.lifted_at).is_(None),
    )
    at = now()
    silent = [row for row in db.exec(silences.order_by(col(Silence.created_at))) if still_silent(row, at)]
    return ModerationSnapshot(
        position=position(db, moderation_channel(session_id)),
        held=chat.held_views(db, held),
        reports=reports.items(db, told),
        silences=silence_views(db, silent),
        rules=rules.of_session(db, session),
    )


def context(db: Session, actor: Actor, message_id: UUID) -> MessageContext:
    """A message and what was said before and after it."""
    message, _ = scope.of_message(db, actor, message_id, "message.moderate")
    if message.session_id is None:
        raise NotFound("not_found")
    stands = message.state in {"shown", "hidden"}
    wanted = (
        select(Message, Person)
        .join(Person, col(Person.id) == col(Message.person_id))
        .where(col(Message.session_id) == message.session_id, chat.STANDING, col(Message.id) != message.id)
    )
    early = wanted.where(col(Message.place) < message.place) if stands else wanted
    before = db.exec(early.order_by(col(Message.place).desc()).limit(AROUND)).all()
    late = wanted.where(col(Message.place) > message.place).order_by(col(Message.place)).limit(AROUND)
    author = scope.load(db, Person, message.person_id)
    return MessageContext(
        message=chat.full_views(db, [(message, author)])[0],
        before=chat.full_views(db, list(reversed(before))),
        after=chat.full_views(db, db.exec(late).all() if stands else []),
    )


def record(db: Session, actor: Actor, conference_id: UUID, person_id: UUID) -> PersonRecord:
    """Somebody's record in this conference. They may be banned from it already."""
    scope.of_conference(db, actor, conference_id, "person.moderate")
    role = db.get(ConferenceRole, (conference_id, person_id))
    bans = _bans(db, col(Ban.conference_id) == conference_id, col(Ban.person_id) == person_id)
    if role is None and not bans:
        raise NotFound("not_found")
    person = scope.load(db, Person, person_id)
    said = (  # every session: what was said in a deleted one was said
        select(Message)
        .join(ConferenceSession, col(ConferenceSession.id) == col(Message.session_id))
        .where(col(ConferenceSession.conference_id) == conference_id, col(Message.person_id) == person_id)
    )
    recent = db.exec(said.order_by(col(Message.created_at).desc(), col(Message.id)).limit(RECENT)).all()
    removed = (col(Message.deleted_by) == "moderator") | (col(Message.state) == "hidden")
    sums = said.with_only_columns(func.count(), func.count().filter(removed))
    messages, taken_away = db.connection().execute(sums).one()
    about = (col(Report.conference_id) == conference_id, col(Report.person_id) == person_id)
    silences = select(Silence).where(
        col(Silence.conference_id) == conference_id, col(Silence.person_id) == person_id
    )
    return PersonRecord(
        person=person_view(person),
        role=role.role if role else None,
        guest=person.guest,
        joined_at=role.joined_at if role else None,
        messages=messages,
        removed=taken_away,
        reported=db.exec(select(func.count()).select_from(Report).where(*about)).one(),
        silences=silence_views(
            db,
            [row for row in db.exec(silences.order_by(col(Silence.created_at))) if still_silent(row, now())],
        ),
        bans=bans,
        notes=_notes(db, conference_id, person_id),
        recent=chat.full_views(db, [(row, person) for row in recent]),
    )


def bans(db: Session, actor: Actor, conference_id: UUID) -> Bans:
    """Who is kept out now."""
    scope.of_conference(db, actor, conference_id, "person.moderate")
    return Bans(bans=_bans(db, col(Ban.conference_id) == conference_id, col(Ban.lifted_at).is_(None)))


def audit(
    db: Session, actor: Actor, conference_id: UUID, *, action: str, person_id: UUID | None, before: UUID | None
) -> AuditPage:
    """The log of deeds, newest first. `action` is a whole name, or its beginning up to the dot."""
    _, here = scope.of_conference(db, actor, conference_id, "audit.show")
    wanted = select(Audit).where(col(Audit.conference_id) == conference_id)
    if action:
        wanted = wanted.where(
            col(Audit.action).startswith(action, autoescape=True)
            if action.endswith(".")
            else col(Audit.action) == action
        )
    if person_id is not None:
        wanted = wanted.where(or_(col(Audit.person_id) == person_id, col(Audit.actor_id) == person_id))
    if before is not None:
        known = db.get(Audit, before)
        if known is None or known.conference_id != conference_id:
            raise NotFound("not_found")
        at = col(Audit.created_at)
        wanted = wanted.where((at < known.created_at) | ((at == known.created_at) & (col(Audit.id) < known.id)))
    rows = db.exec(wanted.order_by(col(Audit.created_at).desc(), col(Audit.id).desc()).limit(AUDIT_PAGE + 1)).all()
    return AuditPage(entries=_entries(db, here, rows[:AUDIT_PAGE]), more=len(rows) > AUDIT_PAGE)


def sessions_concerned(db: Session, conference_id: UUID, session_id: UUID | None) -> list[UUID]:
    """Whose moderators should hear: the session's, or for the whole conference those of all that are open."""
    if session_id is not None:
        return [session_id]
    wanted = select(ConferenceSession.id).where(
        col(ConferenceSession.conference_id) == conference_id,
        col(ConferenceSession.state) != "ended",
        *programme.STANDING,
    )
    return list(db.exec(wanted.order_by(col(ConferenceSession.id))))


def silence_view(db: Session, silence: Silence) -> SilenceView:
    return silence_views(db, [silence])[0]


def silence_views(db: Session, rows: Sequence[Silence]) -> list[SilenceView]:
    named = people.by_id(db, {row.person_id for row in rows})
    return [
        SilenceView(
            id=row.id,
            person=person_view(named[row.person_id]),
            session_id=row.session_id,
            until=row.until,
            at=row.created_at,
        )
        for row in rows
    ]


def _bans(db: Session, *where: Any) -> list[BanView]:
    rows = db.exec(select(Ban).where(*where).order_by(col(Ban.created_at).desc(), col(Ban.id))).all()
    named = people.by_id(db, {id for row in rows for id in (row.person_id, row.made_by)})
    return [
        BanView(
            id=row.id,
            person=person_view(named[row.person_id]),
            by=person_view(named[row.made_by]),
            reason=row.reason,
            at=row.created_at,
            lifted_at=row.lifted_at,
        )
        for row in rows
    ]


def _notes(db: Session, conference_id: UUID, person_id: UUID) -> list[NoteView]:
    rows = db.exec(
        select(PersonNote, Person)
        .join(Person, col(Person.id) == col(PersonNote.author_id))
        .where(
            col(PersonNote.conference_id) == conference_id,
            col(PersonNote.person_id) == person_id,
            col(PersonNote.deleted_at).is_(None),
        )
        .order_by(col(PersonNote.created_at))
    )
    return [
        NoteView(id=row.id, author=person_view(author), text=row.text, at=row.created_at) for row, author in rows
    ]


def _entries(db: Session, here: scope.Scope, rows: Sequence[Audit]) -> list[AuditEntry]:
    ids = {id for row in rows for id in (row.actor_id, row.person_id, row.undone_by) if id is not None}
    named = {id: person_view(person) for id, person in people.by_id(db, ids).items()}
    wanted = {row.session_id for row in rows if row.session_id is not None}
    titles = dict(
        db.exec(
            select(ConferenceSession.id, ConferenceSession.title).where(col(ConferenceSession.id).in_(wanted))
        ).all()
    )
    return [
        AuditEntry(
            id=row.id,
            at=row.created_at,
            actor=named.get(row.actor_id),
            action=row.action,
            person=named.get(row.person_id) if row.person_id else None,
            session_id=row.session_id,
            session=titles.get(row.session_id) if row.session_id else None,
            subject_id=row.subject_id,
            data=row.data,
            undone_at=row.undone_at,
            undone_by=named.get(row.undone_by) if row.undone_by else None,
            undoable=row.undone_at is None and can_undo(row.action, row.data) and _may_undo(here, row),
        )
        for row in rows
    ]


def _may_undo(here: scope.Scope, row: Audit) -> bool:
    return row.actor_id == here.actor.person_id or here.may("deed.overrule")
