"""What was reported: everything said against one thing is one item."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from models.conversation import Message
from models.moderation import Report
from models.person import Person
from server.domain.moderation import OneReport, ReportItem
from server.domain.person import view as person_view
from server.queries import chat, people


def item(db: Session, conference_id: UUID, subject_id: UUID) -> ReportItem | None:
    """All reports of one thing together, as one conference was told of it; None when there are none."""
    found = items(db, *about(conference_id, subject_id))
    return found[0] if found else None


def about(conference_id: UUID, subject_id: UUID) -> tuple[Any, Any]:
    return col(Report.conference_id) == conference_id, col(Report.subject_id) == subject_id


def items(db: Session, *where: Any) -> list[ReportItem]:
    """In the order in which the things were first reported."""
    rows = db.exec(select(Report).where(*where).order_by(col(Report.created_at), col(Report.id))).all()
    by_subject: dict[UUID, list[Report]] = {}
    for row in rows:
        by_subject.setdefault(row.subject_id, []).append(row)
    messages = _messages(db, [row.subject_id for row in rows if row.kind == "message"])
    named = people.by_id(db, {id for row in rows for id in (row.person_id, row.reporter_id)})
    return [_item(group, messages, named) for group in by_subject.values()]


def _messages(db: Session, ids: Collection[UUID]) -> dict[UUID, Any]:
    if not ids:
        return {}
    rows = db.exec(
        select(Message, Person)
        .join(Person, col(Person.id) == col(Message.person_id))
        .where(col(Message.id).in_(list(ids)))
    ).all()
    return {view.id: view for view in chat.full_views(db, rows)}


def _item(group: Sequence[Report], messages: dict[UUID, Any], named: dict[UUID, Person]) -> ReportItem:
    first = group[0]
    open_ = any(row.decided is None for row in group)
    return ReportItem(
        subject_id=first.subject_id,
        kind=first.kind,
        person=person_view(named[first.person_id]),
        message=messages.get(first.subject_id),
        reports=[
            OneReport(
                reporter=person_view(named[row.reporter_id]),
                reason=row.reason,
                text=row.text,
                at=row.created_at,
            )
            for row in group
        ],
        decided=None if open_ else group[-1].decided,
        at=first.created_at,
    )
