"""Reporting what is wrong, and deciding on it."""

from __future__ import annotations

from uuid import UUID, uuid5

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
    _file(db, actor, _of_person(here.conference_id, session_id, person_id), draft)


def person_of(db: Session, actor: Actor, conference_id: UUID, person_id: UUID, draft: ReportDraft) -> None:
    """Tell the moderators of somebody of the conference, wherever one met them."""
    scope.of_conference(db, actor, conference_id, "message.report")
    if scope.conference_role(db, conference_id, person_id) is None:
        raise NotFound("not_found")
    if person_id == actor.person_id:
        raise BadInput("report.oneself")
    _file(db, actor, _of_person(conference_id, None, person_id), draft)


def decide(db: Session, actor: Actor, subject_id: UUID, decision: str) -> Deed:
    """Close an item: something was done (`acted`), or nothing needs to be (`kept`)."""
    known = db.exec(select(Report).where(col(Report.subject_id) == subject_id).order_by(col(Report.id))).all()
    here = [row for row in known if scope.conference_role(db, row.conference_id, actor.person_id) is not None]
    if not here:
        raise NotFound("not_found")
    first = here[0]
    if first.session_id is not None:
        scope.of_session(db, actor, first.session_id, "chat.moderate")
    else:
        scope.of_conference(db, actor, first.conference_id, "chat.moderate")
    settle(db, _of_subject(db, first.conference_id, subject_id), decision, actor.person_id)
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


def act(db: Session, conference_id: UUID, subject_id: UUID, by: UUID) -> bool:
    """Something was done about it: what is still open closes with that. Returns whether anything was."""
    rows = _about(db, conference_id, subject_id)
    if all(row.decided is not None for row in rows):
        return False
    settle(db, rows, "acted", by)
    return True


def reopen(db: Session, conference_id: UUID, subject_id: UUID) -> None:
    settle(db, _of_subject(db, conference_id, subject_id), None, None)


def settle(db: Session, rows: list[Report], decision: str | None, by: UUID | None) -> None:
    for row in rows:
        row.decided, row.decided_by = decision, by
        row.decided_at = now() if decision else None
    _tell(db, rows)


def _of_subject(db: Session, conference_id: UUID, subject_id: UUID) -> list[Report]:
    rows = _about(db, conference_id, subject_id)
    if not rows:
        raise NotFound("not_found")
    return rows


def _about(db: Session, conference_id: UUID, subject_id: UUID) -> list[Report]:
    wanted = select(Report).where(*reports.about(conference_id, subject_id)).order_by(col(Report.id))
    return list(db.exec(wanted.with_for_update()))


def _of_person(conference_id: UUID, session_id: UUID | None, person_id: UUID) -> dict[str, object]:
    """Somebody is another subject in every conference: what is told in one is no business of the others."""
    return _row(conference_id, session_id, "person", uuid5(conference_id, str(person_id)), person_id)


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
    said = {"reason": draft.reason, "text": draft.text}
    row = dialect.insert(Report).values(**report, reporter_id=actor.person_id, **said)
    # What was decided on and is told of again has happened again.
    anew = {name: report[name] for name in ("conference_id", "session_id", "created_at")} | said
    filed = row.on_conflict_do_update(
        index_elements=[col(Report.subject_id), col(Report.reporter_id)],
        set_=anew | {"decided": None, "decided_by": None, "decided_at": None},
        where=col(Report.decided).is_not(None),
    )
    told = db.connection().execute(filed.returning(col(Report.id))).first()
    if told is not None:
        _tell(db, [db.get_one(Report, told[0], populate_existing=True)])


def _tell(db: Session, rows: list[Report]) -> None:
    """To the moderators of the sessions; of a private message, to those of every session that runs."""
    db.flush()
    conference_id, subject_id = rows[0].conference_id, rows[0].subject_id
    item = reports.item(db, conference_id, subject_id)
    assert item is not None
    wanted = {row.session_id for row in rows}
    heard = {id for one in wanted for id in moderation.sessions_concerned(db, conference_id, one)}
    for session_id in sorted(heard):
        publish(db, moderation_channel(session_id), ReportChanged(report=item), subject=subject_id)
