"""Where something lies, and what the asker is there: the one place where reads and writes are authorised.

Every action and query begins by asking for the scope of the row it was named. Whoever has no role there
gets NotFound, so that a foreign id answers exactly like an unknown one; whoever has one but not the
permission gets Forbidden.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from sqlalchemy import and_, bindparam
from sqlmodel import Session, SQLModel, col, select

from models.board import Board, BoardColumn, BoardLabel
from models.card import Card, CardAttachment, CardComment, CardItem
from models.conference import Conference, ConferenceRole, ConferenceSession, SessionSpeaker
from models.conversation import Conversation, Message, Question
from models.film import Film
from models.moderation import Ban
from models.poll import Poll
from models.recording import Recording
from models.stage import Standing
from models.team import Membership, Team
from server.domain import permissions
from server.domain.errors import Forbidden, NotFound
from server.domain.person import Actor

Row = TypeVar("Row", bound=SQLModel)

_SESSION_AND_ROLES = (
    # STANDING: asked at the end
    select(ConferenceSession, col(ConferenceRole.role), col(SessionSpeaker.person_id), col(Standing.guest))
    .outerjoin(
        ConferenceRole,
        and_(
            col(ConferenceRole.conference_id) == col(ConferenceSession.conference_id),
            col(ConferenceRole.person_id) == bindparam("person"),
        ),
    )
    .outerjoin(
        SessionSpeaker,
        and_(
            col(SessionSpeaker.session_id) == col(ConferenceSession.id),
            col(SessionSpeaker.person_id) == bindparam("person"),
        ),
    )
    .outerjoin(
        Standing,
        and_(
            col(Standing.session_id) == col(ConferenceSession.id),
            col(Standing.person_id) == bindparam("person"),
        ),
    )
    .where(col(ConferenceSession.id) == bindparam("session"), col(ConferenceSession.deleted_at).is_(None))
)


@dataclass(frozen=True)
class Scope:
    """What the asker is here. `roles` joins conference role, `session_speaker` and team role."""

    actor: Actor
    conference_id: UUID
    roles: frozenset[str]

    def require(self, permission: str) -> None:
        permissions.require(self.roles, permission)

    def may(self, permission: str) -> bool:
        return permissions.may(self.roles, permission)

    @property
    def conference_role(self) -> str:
        return next((role for role in permissions.ROLES if role in self.roles), "")


def load(db: Session, table: type[Row], id: UUID | tuple[UUID, UUID], *, lock: bool = False) -> Row:
    """The row, locked when it will be decided on. Raises NotFound."""
    row = db.get(table, id, with_for_update=lock or None, populate_existing=lock)
    if row is None:
        raise NotFound("not_found")
    return row


def of_conference(
    db: Session, actor: Actor, id: UUID, permission: str, *, lock: bool = False
) -> tuple[Conference, Scope]:
    conference = load(db, Conference, id, lock=lock)
    return conference, _scope(db, actor, conference.id, permission, _conference_roles(db, actor, conference.id))


def of_session(
    db: Session, actor: Actor, id: UUID, permission: str, *, lock: bool = False
) -> tuple[ConferenceSession, Scope]:
    if not lock:
        return _seen_session(db, actor, id, permission)
    # Roles are read after the lock: whoever held it may have changed them.
    session = load(db, ConferenceSession, id, lock=True)
    if session.deleted_at is not None:
        raise NotFound("not_found")
    roles = _conference_roles(db, actor, session.conference_id)
    return session, _in_session(db, actor, session, permission, roles, more=_on_stage(db, actor, session.id))


def _seen_session(db: Session, actor: Actor, id: UUID, permission: str) -> tuple[ConferenceSession, Scope]:
    """The session and what the asker is there in one statement: nearly every request asks for it."""
    found = db.exec(_SESSION_AND_ROLES, params={"session": id, "person": actor.person_id}).first()
    if found is None:
        raise NotFound("not_found")
    session, role, speaking, guest = found
    roles = {role} if role else set()
    more = {name for name, held in (("session_speaker", speaking), ("stage_guest", guest)) if held}
    return session, _in_session(db, actor, session, permission, roles, more=more)


def of_message(
    db: Session, actor: Actor, id: UUID, permission: str, *, lock: bool = False
) -> tuple[Message, Scope]:
    """A message in its chat. One that waits for a moderator is there for them and for its author alone."""
    message = load(db, Message, id, lock=lock)
    if message.session_id is not None:
        here = of_session(db, actor, message.session_id, permission)[1]
    else:
        assert message.conversation_id is not None
        here = of_conversation(db, actor, message.conversation_id, permission)[1]
    unseen = message.state in {"held", "refused"} and message.person_id != actor.person_id
    if unseen and not here.may("message.moderate"):
        raise NotFound("not_found")
    return message, here


def of_conversation(
    db: Session, actor: Actor, id: UUID, permission: str, *, lock: bool = False
) -> tuple[Conversation, Scope]:
    """A team's chat is there for its people, one of two people for the two: nobody moderates what they say."""
    conversation = load(db, Conversation, id, lock=lock)
    if conversation.team_id is not None:
        return conversation, of_team(db, actor, conversation.team_id, permission)[1]
    if actor.person_id not in {conversation.one_id, conversation.other_id}:
        raise NotFound("not_found")
    held = {"attendee"} if _conference_roles(db, actor, conversation.conference_id) else set()
    return conversation, _scope(db, actor, conversation.conference_id, permission, held)


def of_question(
    db: Session, actor: Actor, id: UUID, permission: str, *, lock: bool = False
) -> tuple[Question, Scope]:
    question = load(db, Question, id, lock=lock)
    return question, of_session(db, actor, question.session_id, permission)[1]


def of_poll(db: Session, actor: Actor, id: UUID, permission: str, *, lock: bool = False) -> tuple[Poll, Scope]:
    poll = load(db, Poll, id, lock=lock)
    return poll, of_session(db, actor, poll.session_id, permission)[1]


def of_recording(
    db: Session, actor: Actor, id: UUID, permission: str, *, lock: bool = False
) -> tuple[Recording, Scope]:
    recording = load(db, Recording, id, lock=lock)
    if recording.session_id is None:
        raise NotFound("not_found")
    return recording, of_session(db, actor, recording.session_id, permission)[1]


def of_film(
    db: Session, actor: Actor, id: UUID, permission: str, *, lock: bool = False
) -> tuple[Film, ConferenceSession, Scope]:
    """A film with its session, which is locked first."""
    known = load(db, Film, id)
    if known.session_id is None or known.state == "deleted":
        raise NotFound("not_found")
    session, scope = of_session(db, actor, known.session_id, permission, lock=lock)
    film = load(db, Film, id, lock=True) if lock else known
    if film.state == "deleted":
        raise NotFound("not_found")
    return film, session, scope


def of_team(db: Session, actor: Actor, id: UUID, permission: str, *, lock: bool = False) -> tuple[Team, Scope]:
    """A team is there for its members and the conference's organisers; to others it does not exist."""
    team = load(db, Team, id, lock=lock)
    membership = db.get(Membership, (team.id, actor.person_id))
    held = _conference_roles(db, actor, team.conference_id)
    roles = held | ({membership.role} if membership else set())
    if not permissions.may(roles, "team.show"):
        raise NotFound("not_found")
    scope = Scope(actor, team.conference_id, frozenset(roles))
    scope.require(permission)
    return team, scope


def of_door(db: Session, actor: Actor, id: UUID, permission: str, *, lock: bool = False) -> tuple[Team, Scope]:
    """A team that one may ask to be let into: the conference's, unless one comes by invitation."""
    team = load(db, Team, id, lock=lock)
    here = _scope(db, actor, team.conference_id, permission, _conference_roles(db, actor, team.conference_id))
    inside = db.get(Membership, (team.id, actor.person_id)) is not None
    if team.joining == "invitation" and not inside and not here.may("team.change"):
        raise NotFound("not_found")
    return team, here


def of_board(db: Session, actor: Actor, id: UUID, permission: str, *, lock: bool = False) -> tuple[Board, Scope]:
    board = load(db, Board, id, lock=lock)
    return board, of_team(db, actor, board.team_id, permission)[1]


def of_card(db: Session, actor: Actor, id: UUID, permission: str, *, lock: bool = False) -> tuple[Card, Scope]:
    """The card, with its board locked first: parents before children, so that units never lock crosswise."""
    known = load(db, Card, id)
    _, scope = of_board(db, actor, known.board_id, permission, lock=lock)
    return (load(db, Card, id, lock=True) if lock else known), scope


def of_column(
    db: Session, actor: Actor, id: UUID, permission: str, *, lock: bool = False
) -> tuple[BoardColumn, Scope]:
    return _on_board(db, actor, BoardColumn, id, permission, lock=lock)


def of_label(
    db: Session, actor: Actor, id: UUID, permission: str, *, lock: bool = False
) -> tuple[BoardLabel, Scope]:
    return _on_board(db, actor, BoardLabel, id, permission, lock=lock)


OnBoard = TypeVar("OnBoard", BoardColumn, BoardLabel)
OnCard = TypeVar("OnCard", CardItem, CardComment, CardAttachment)


def _on_board(
    db: Session, actor: Actor, table: type[OnBoard], id: UUID, permission: str, *, lock: bool
) -> tuple[OnBoard, Scope]:
    known = load(db, table, id)
    _, scope = of_board(db, actor, known.board_id, permission, lock=lock)
    return (load(db, table, id, lock=True) if lock else known), scope


def on_card(
    db: Session, actor: Actor, table: type[OnCard], id: UUID, permission: str, *, lock: bool = False
) -> tuple[OnCard, Card, Scope]:
    """What hangs on a card, with the card: board, card and row locked in this order."""
    known = load(db, table, id)
    card, scope = of_card(db, actor, known.card_id, permission, lock=lock)
    return (load(db, table, id, lock=True) if lock else known), card, scope


def conference_role(db: Session, conference_id: UUID, person_id: UUID) -> str | None:
    row = db.get(ConferenceRole, (conference_id, person_id))
    return row.role if row else None


def _conference_roles(db: Session, actor: Actor, conference_id: UUID) -> set[str]:
    role = conference_role(db, conference_id, actor.person_id)
    return {role} if role else set()


def _on_stage(db: Session, actor: Actor, session_id: UUID) -> set[str]:
    key = (session_id, actor.person_id)
    speaking, standing = db.get(SessionSpeaker, key), db.get(Standing, key)
    guest = standing is not None and standing.guest
    return {name for name, held in (("session_speaker", speaking), ("stage_guest", guest)) if held}


def _in_session(
    db: Session, actor: Actor, session: ConferenceSession, permission: str, roles: set[str], *, more: set[str]
) -> Scope:
    """A rehearsal is there for the crew and its speakers, a team's meeting for its people and organisers;
    to everybody else they do not exist."""
    if session.rehearsal_of is not None and not permissions.may(roles | more, "stage.backstage"):
        raise NotFound("not_found")
    if session.team_id is not None and {"organiser", "session_speaker"}.isdisjoint(roles | more):
        raise NotFound("not_found")
    return _scope(db, actor, session.conference_id, permission, roles, more=more)


def banned(db: Session, conference_id: UUID, person_id: UUID) -> Ban | None:
    """The ban that keeps somebody out, if there is one."""
    mine = (col(Ban.person_id) == person_id, col(Ban.conference_id) == conference_id)
    return db.exec(select(Ban).where(*mine, col(Ban.lifted_at).is_(None))).first()


def _scope(
    db: Session, actor: Actor, conference_id: UUID, permission: str, roles: set[str], *, more: Iterable[str] = ()
) -> Scope:
    if not roles:
        if banned(db, conference_id, actor.person_id) is not None:
            raise Forbidden("ban.here")
        raise NotFound("not_found")
    scope = Scope(actor, conference_id, frozenset(roles | set(more)))
    scope.require(permission)
    return scope
