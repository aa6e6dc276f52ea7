"""Questions to the speakers: asked, decided by a moderator, voted for by everybody."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from models.conversation import Question
from models.person import Person
from server.domain.errors import Conflict
from server.domain.permissions import Role
from server.domain.person import PersonView
from server.domain.person import view as person_view
from server.domain.session import IceServer, PublisherView
from server.domain.text import QuestionText
from server.domain.view import Fact, Position, View

State = Literal["waiting", "approved", "answered", "dismissed"]
PUBLIC = frozenset({"approved", "answered"})
DECISIONS: dict[str, frozenset[str]] = {
    "approved": frozenset({"waiting", "dismissed", "answered"}),
    "dismissed": frozenset({"waiting", "approved"}),
    "answered": frozenset({"approved"}),
}


class QuestionView(View):
    id: UUID
    session_id: UUID
    asker: PersonView | None
    text: str
    at: datetime
    state: State
    votes: int
    version: int


class QuestionDraft(View):
    text: QuestionText


class QuestionSnapshot(View):
    position: Position
    questions: list[QuestionView]


class SessionMine(View):
    """What differs from person to person on a session's page."""

    position: Position  # of the person's own channel
    role: Role
    may: list[str]
    speaker: bool
    votes: list[UUID]
    questions: list[QuestionView]
    ice_servers: list[IceServer]
    backstage: list[PublisherView]  # empty for those who may not meet there


class QuestionAsked(Fact, name="question.asked", channels=("session:moderation", "person")):
    question: QuestionView


class QuestionApproved(Fact, name="question.approved", channels=("session", "session:moderation")):
    question: QuestionView


class QuestionAnswered(Fact, name="question.answered", channels=("session", "session:moderation")):
    question: QuestionView


class QuestionDismissed(Fact, name="question.dismissed", channels=("session:moderation",)):
    question: QuestionView


class QuestionWithdrawn(Fact, name="question.withdrawn", channels=("session",)):
    """A public question is public no longer; what it said is not repeated."""

    question_id: UUID
    version: int


class QuestionDecided(Fact, name="question.decided", channels=("person",)):
    """To the asker: what became of it."""

    question: QuestionView


class VoteChanged(Fact, name="vote.changed", channels=("person",)):
    """To the voter's other devices."""

    question_id: UUID
    voted: bool


class TallyChanged(Fact, name="tally.changed", channels=("session",)):
    """A sum, told at most every half second however many vote."""

    subject_id: UUID
    votes: int
    version: int


DECIDED: dict[str, type[QuestionApproved | QuestionAnswered | QuestionDismissed]] = {
    "approved": QuestionApproved,
    "answered": QuestionAnswered,
    "dismissed": QuestionDismissed,
}


def view(question: Question, asker: Person | None, votes: int) -> QuestionView:
    return QuestionView(
        id=question.id,
        session_id=question.session_id,
        asker=person_view(asker) if asker else None,
        text=question.text,
        at=question.created_at,
        state=question.state,
        votes=votes,
        version=question.version,
    )


def check_decision(state: str, to: str) -> None:
    """Deciding twice alike is no fault (two moderators press at once); the impossible is."""
    if state != to and state not in DECISIONS[to]:
        raise Conflict("question.decided", state=state)
