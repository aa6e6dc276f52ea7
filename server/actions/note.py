"""What moderators write down of somebody, for each other."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session

from models.base import now
from models.moderation import PersonNote
from models.person import Person
from server.actions import audit
from server.domain.errors import Forbidden, NotFound
from server.domain.moderation import NoteView
from server.domain.person import Actor
from server.domain.person import view as person_view
from server.queries import scope


def write(db: Session, actor: Actor, conference_id: UUID, person_id: UUID, text: str, *, id: UUID) -> NoteView:
    """Write something down of somebody who is, or was, in the conference."""
    scope.of_conference(db, actor, conference_id, "person.moderate")
    known = scope.conference_role(db, conference_id, person_id) or scope.banned(db, conference_id, person_id)
    if not known:
        raise NotFound("not_found")
    note = PersonNote(
        id=id, conference_id=conference_id, person_id=person_id, author_id=actor.person_id, text=text
    )
    db.add(note)
    audit.note(db, actor, conference_id, "note.written", person=person_id, subject=id)
    author = scope.load(db, Person, actor.person_id)
    return NoteView(id=id, author=person_view(author), text=text, at=note.created_at)


def delete(db: Session, actor: Actor, note_id: UUID) -> None:
    """One's own; an organiser's of anybody."""
    note = scope.load(db, PersonNote, note_id, lock=True)
    _, here = scope.of_conference(db, actor, note.conference_id, "person.moderate")
    if note.author_id != actor.person_id and not here.may("deed.overrule"):
        raise Forbidden("not_allowed", permission="deed.overrule")
    if note.deleted_at is None:
        note.deleted_at = now()
        audit.note(db, actor, note.conference_id, "note.deleted", person=note.person_id, subject=note_id)
