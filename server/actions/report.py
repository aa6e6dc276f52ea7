"""Reporting what is wrong, and deciding on it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from models.base import new_id, now
from models.moderation import Report
from server.actions import audit
from server.actions.publish import publish
from server.domain.errors import BadInput, NotFound
from server.domain.message import check_shown
from server.domain.moderation import Deed, ReportChanged, ReportDraft
from server.domain.person import Actor
from server.queries import moderation, reports, scope
from server.queries.channels import moderation_channel


def message(db: Session, actor: Actor, message_id: UUID, draft: ReportDraft) -> None:
    """Tell the moderators of a message. Its author hears nothing of it; saying it twice counts once."""
    row, here = scope.of_message(db, actor, message_id, "message.report")
    check_shown(row)
    if row.person_id == actor.person_id:
        raise BadInput("report.oneself")
    report = _row(here.conference_id, row.session_id, "message", row.id, row.person_id)
    _file(db, actor, report, draft)


def person(db: Session, actor: Actor, session_id: UUID, person_id: UUID, draft: ReportDraft) -> None:
    """Tell the moderators of somebody in a session."""
    session, here = scope.of_session(db, actor, session_id, "message.report")
    if scope.conference_role(db, session.conference_id, person_id) is None:
        raise NotFound("not_found")
    if person_id == actor.person_id:
        raise BadInput("report.oneself")
    _file(db, actor, _row(here.conference_id, session_id, "person", person_id, person_id), draft)


def person_of(db: Session, actor: Actor, conference_id: UUID, person_id: UUID, draft: ReportDraft) -> None:
    """Tell the moderators of somebody of the conference, wherever one met them."""
    scope.of_conference(db, actor, conference_id, "message.report")
    if scope.conference_role(db, conference_id, person_id) is None:
        raise NotFound("not_found")
    if person_id == actor.person_id:
        raise BadInput("report.oneself")
    _file(db, actor, _row(conference_id, None, "person", person_id, person_id), draft)


def decide(db: Session, actor: Actor, subject_id: UUID, decision: str) -> Deed:
    """Close an item: something was done (`acted`), or nothing needs to be (`kept`)."""
    rows = _of_subject(db, subject_id)
    first = rows[0]
    if first.session_id is not None:
        scope.of_session(db, actor, first.session_id, "chat.moderate")
    else:
        scope.of_conference(db, actor, first.conference_id, "chat.moderate")
    settle(db, rows, decision, actor.person_id)
    return audit.note(
        db,
        actor,
        first.conference_id,
        "report.decided",
        session=first.session_id,
        person=first.person_id,
        subject=subject_id,
        data={"decision": decision},
    )


def reopen(db: Session, subject_id: UUID) -> None:
    settle(db, _of_subject(db, subject_id), None, None)


def settle(db: Session, rows: list[Report], decision: str | None, by: UUID | None) -> None:
    for row in rows:
        row.decided, row.decided_by = decision, by
        row.decided_at = now() if decision else None
    _tell(db, rows[0])


def _of_subject(db: Session, subject_id: UUID) -> list[Report]:
    wanted = select(Report).where(col(Report.subject_id) == subject_id).order_by(col(Report.id))
    rows = list(db.exec(wanted.with_for_update()))
    if not rows:
        raise NotFound("not_found")
    return rows


def _row(
    conference_id: UUID, session_id: UUID | None, kind: str, subject_id: UUID, person_id: UUID
) -> dict[str, object]:
    return {
        "id": new_id(),
        "conference_id": conference_id,
        "session_id": session_id,
        "kind": kind,
        "subject_id": subject_id,
        "person_id": person_id,
        "created_at": now(),
    }


def _file(db: Session, actor: Actor, report: dict[str, object], draft: ReportDraft) -> None:
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    row = dialect.insert(Report).values(
        **report, reporter_id=actor.person_id, reason=draft.reason, text=draft.text
    )
    filed = db.connection().execute(row.on_conflict_do_nothing().returning(col(Report.id))).first()
    if filed is not None:
        _tell(db, db.get_one(Report, filed[0]))


def _tell(db: Session, report: Report) -> None:
    """To the moderators of the session; of a private message, to those of every session that runs."""
    db.flush()
    item = reports.item(db, report.subject_id)
    assert item is not None
    for session_id in moderation.sessions_concerned(db, report.conference_id, report.session_id):
        publish(db, moderation_channel(session_id), ReportChanged(report=item), subject=report.subject_id)
