"""What happened on a team's boards, the files of its cards, and what is due when."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from models.board import Board, BoardColumn
from models.card import Card, CardAttachment, CardComment
from models.card_work import CardChange
from models.person import Person
from server.domain.attachment import attachment_view
from server.domain.finding import Tasks
from server.domain.person import Actor
from server.domain.person import view as person_view
from server.domain.team_work import CardDeed, CardDeeds, Place, TeamFile, TeamFiles
from server.queries import finding, scope

PAGE = 30
MOST_DUE = 500
QUOTED = 140  # of a comment
_DAY = timedelta(days=1)


def deeds(db: Session, actor: Actor, team_id: UUID, *, before: Place | None) -> CardDeeds:
    """Changes of cards and comments, across the team's boards."""
    scope.of_team(db, actor, team_id, "team.show")
    changes = db.exec(
        select(CardChange, Card, Person)
        .join(Card, col(Card.id) == col(CardChange.card_id))
        .outerjoin(Person, col(Person.id) == col(CardChange.person_id))
        .where(col(CardChange.board_id).in_(_boards(team_id)), *_before(CardChange.at, CardChange.id, before))
        .order_by(col(CardChange.at).desc(), col(CardChange.id).desc())
        .limit(PAGE + 1)
    ).all()
    said = db.exec(
        select(CardComment, Card, Person)
        .join(Card, col(Card.id) == col(CardComment.card_id))
        .join(Person, col(Person.id) == col(CardComment.person_id))
        .where(
            col(Card.board_id).in_(_boards(team_id)),
            col(CardComment.deleted_at).is_(None),
            col(CardComment.author_name) == "",
            *_before(CardComment.created_at, CardComment.id, before),
        )
        .order_by(col(CardComment.created_at).desc(), col(CardComment.id).desc())
        .limit(PAGE + 1)
    ).all()
    found = [_deed(row, row.at, row.field, row.after, card, person) for row, card, person in changes]
    found += [_deed(row, row.created_at, "comment", row.text[:QUOTED], card, person) for row, card, person in said]
    found.sort(key=lambda one: (one.at, one.id), reverse=True)
    return CardDeeds(deeds=found[:PAGE], more=len(found) > PAGE)


def files(db: Session, actor: Actor, team_id: UUID, *, before: Place | None) -> TeamFiles:
    """What hangs on the team's cards; those put away hide theirs."""
    scope.of_team(db, actor, team_id, "team.show")
    rows = db.exec(
        select(CardAttachment, Card, Person)
        .join(Card, col(Card.id) == col(CardAttachment.card_id))
        .outerjoin(Person, col(Person.id) == col(CardAttachment.added_by))
        .where(
            col(Card.board_id).in_(_boards(team_id)),
            col(Card.archived_at).is_(None),
            *_before(CardAttachment.created_at, CardAttachment.id, before),
        )
        .order_by(col(CardAttachment.created_at).desc(), col(CardAttachment.id).desc())
        .limit(PAGE + 1)
    ).all()
    found = [
        TeamFile(
            file=attachment_view(row, person_view(person) if person else None),
            board_id=card.board_id,
            title=card.title,
        )
        for row, card, person in rows[:PAGE]
    ]
    return TeamFiles(files=found, more=len(rows) > PAGE)


def due(db: Session, actor: Actor, team_id: UUID, first: date, last: date) -> Tasks:
    """Cards that are due in these days. A moment may fall on the day before or after, by the reader's clock."""
    team, _ = scope.of_team(db, actor, team_id, "team.show")
    start, end = (datetime.combine(day, time(), UTC) for day in (first - _DAY, last + 2 * _DAY))
    rows = db.exec(
        select(Card, Board)
        .join(Board, col(Board.id) == col(Card.board_id))
        .join(BoardColumn, col(BoardColumn.id) == col(Card.column_id))
        .where(
            col(Card.board_id).in_(_boards(team_id)),
            col(Card.archived_at).is_(None),
            col(BoardColumn.archived_at).is_(None),
            or_(
                and_(col(Card.due_day) >= first, col(Card.due_day) <= last),
                and_(col(Card.due_at) >= start, col(Card.due_at) < end),
            ),
        )
        .order_by(col(Card.due_day), col(Card.due_at), col(Card.id))
        .limit(MOST_DUE)
    ).all()
    return Tasks(tasks=finding.tasks(db, [(card, board, team, True) for card, board in rows]))


def _deed(
    row: CardChange | CardComment, at: datetime, field: str, after: object, card: Card, person: Person | None
) -> CardDeed:
    return CardDeed(
        id=row.id,
        at=at,
        by=person_view(person) if person else None,
        field=field,
        after=after if field in {"place", "comment", "work", "title"} else None,
        card_id=card.id,
        title=card.title,
        board_id=card.board_id,
    )


def _boards(team_id: UUID) -> SelectOfScalar[UUID]:
    return select(Board.id).where(col(Board.team_id) == team_id, col(Board.archived_at).is_(None))


def _before(at: datetime, id: UUID, before: Place | None) -> list[ColumnElement[bool]]:
    """What comes behind a place, the newest first; `at` and `id` are columns."""
    if before is None:
        return []
    same = and_(col(at) == before.at, col(id) < before.id)
    return [or_(col(at) < before.at, same)]
