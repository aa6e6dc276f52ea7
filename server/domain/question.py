"""Questions to the speakers: asked, decided by a moderator, voted for by everybody."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from models.conversation import Question
from models.person import Person
from server.domain.audience import HandView
from server.domain.errors import BadInput, Conflict
from server.domain.permissions import Role
from server.domain.person import PersonView
from server.domain.person import view as person_view
from server.domain.poll import PollAnswerView
from server.domain.session import IceServer, PublisherView
from server.domain.text import OptionalProse, QuestionText
from server.domain.view import Fact, Position, View
from server.domain.zone import Instant

State = Literal["waiting", "approved", "answering", "answered", "dismissed"]
How = Literal["aloud", "writing", "private"]
DECISIONS: dict[str, frozenset[str]] = {
    "waiting": frozenset({"approved", "dismissed", "answered"}),  # a decision is undone
    "approved": frozenset({"waiting", "answering", "answered", "dismissed"}),
    "answering": frozenset({"waiting", "approved", "answered"}),
    "answered": frozenset({"approved", "answering"}),
    "dismissed": frozenset({"waiting", "approved", "answering"}),
}
# In writing and privately a question is answered from where it lies.
WRITTEN = frozenset({"waiting", "approved", "answering", "answered"})
LISTED = frozenset({"approved", "answering", "answered"})
AT_ONCE = 50  # decided on in one command
LONGEST = 1000  # letters


class AnswerView(View):
    how: How
    text: str


class QuestionView(View):
    """`asker` is nobody where the reader may not know; `merged` are those that this one speaks for."""

    id: UUID
    session_id: UUID
    asker: PersonView | None
    anonymous: bool
    text: str
    at: Instant
    state: State
    answer: AnswerView | None
    pinned: bool
    assigned: PersonView | None
    merged: list[UUID]
    merged_into: UUID | None
    message_id: UUID | None
    edited_at: Instant | None
    votes: int
    version: int


class QuestionDraft(View):
    text: QuestionText
    anonymous: bool = False


class QuestionWords(View):
    text: QuestionText


class AnswerDraft(View):
    how: How = "aloud"
    text: OptionalProse = ""


class Merging(View):
    into: UUID


class Assignment(View):
    person_id: UUID | None


class Decision(View):
    """`seen`: the state that was decided on. What somebody else moved on meanwhile stays as they left it."""

    seen: State | None = None


class Decisions(Decision):
    """Several questions, decided alike in one command."""

    ids: Annotated[list[UUID], Field(min_length=1, max_length=AT_ONCE)]
    to: Literal["approved", "dismissed", "waiting"]


class QuestionSnapshot(View):
    position: Position
    questions: list[QuestionView]


class Questions(View):
    questions: list[QuestionView]


class EditView(View):
    """What a question said before, and who changed it then."""

    text: str
    by: PersonView | None
    at: Instant


class QuestionHistory(View):
    """`written` is an answer in writing that is shown to nobody since the question was moved on."""

    edits: list[EditView]
    written: str = ""


class Likeness(View):
    id: UUID
    like: list[UUID]


class LikelyDuplicates(View):
    questions: list[Likeness]


class SessionMine(View):
    """What differs from person to person on a session's page."""

    position: Position  # of the person's own channel
    role: Role
    may: list[str]
    speaker: bool
    votes: list[UUID]
    questions: list[QuestionView]
    answers: list[PollAnswerView]
    hand: HandView | None
    place: int | None  # of the hand among those that wait, see `HandMoved`
    ice_servers: list[IceServer]
    backstage: list[PublisherView]  # empty for those who may not meet there


class QuestionAsked(Fact, name="question.asked", channels=("session:moderation", "person")):
    question: QuestionView


class QuestionApproved(Fact, name="question.approved", channels=("session", "session:moderation")):
    question: QuestionView


class QuestionAnswering(Fact, name="question.answering", channels=("session", "session:moderation")):
    """It is being answered aloud, now. One per session."""

    question: QuestionView


class QuestionAnswered(Fact, name="question.answered", channels=("session", "session:moderation")):
    question: QuestionView


class QuestionDismissed(Fact, name="question.dismissed", channels=("session:moderation",)):
    question: QuestionView


class QuestionReturned(Fact, name="question.returned", channels=("session:moderation",)):
    """A decision was taken back: it waits again."""

    question: QuestionView


class QuestionChanged(Fact, name="question.changed", channels=("session", "session:moderation", "person")):
    """Edited, pinned, assigned, merged: everything but its state."""

    question: QuestionView


class QuestionWithdrawn(Fact, name="question.withdrawn", channels=("session",)):
    """A public question is public no longer; what it said is not repeated. `into`: another speaks for it."""

    question_id: UUID
    version: int
    into: UUID | None = None


class QuestionDecided(Fact, name="question.decided", channels=("person",)):
    """To the asker: what became of it."""

    question: QuestionView


class VoteChanged(Fact, name="vote.changed", channels=("person",)):
    """To the voter's other devices."""

    question_id: UUID
    voted: bool


class Sum(View):
    subject_id: UUID
    votes: int
    version: int


class TallyChanged(Fact, name="tally.changed", channels=("session",)):
    """Sums, told at most every half second however many vote; `others` changed in the same half second."""

    subject_id: UUID
    votes: int
    version: int
    others: list[Sum] = Field(default_factory=list)


DECIDED: dict[
    str, type[QuestionApproved | QuestionAnswering | QuestionAnswered | QuestionDismissed | QuestionReturned]
] = {
    "waiting": QuestionReturned,
    "approved": QuestionApproved,
    "answering": QuestionAnswering,
    "answered": QuestionAnswered,
    "dismissed": QuestionDismissed,
}


def is_public(question: Question) -> bool:
    """Whether everybody sees it under its own name: a merged one is seen as the one it went into."""
    private = question.state == "answered" and question.answer_how == "private"
    return question.state in LISTED and not private and question.merged_into is None


def view(
    question: Question, *, asker: Person | None, assigned: Person | None, votes: int, merged: list[UUID]
) -> QuestionView:
    return QuestionView(
        id=question.id,
        session_id=question.session_id,
        asker=person_view(asker) if asker else None,
        anonymous=question.anonymous != "no",
        text=question.text,
        at=question.created_at,
        state=question.state,
        answer=_answer(question),
        pinned=question.pinned,
        assigned=person_view(assigned) if assigned else None,
        merged=sorted(merged),
        merged_into=question.merged_into,
        message_id=question.message_id,
        edited_at=question.edited_at,
        votes=votes,
        version=question.version,
    )


def _answer(question: Question) -> AnswerView | None:
    if question.answer_how is None:
        return None
    return AnswerView(how=question.answer_how, text="" if question.answer_how == "aloud" else question.answer_text)


def check_decision(question: Question, to: str, *, how: str | None = None, seen: str | None = None) -> None:
    """Raises Conflict for what cannot follow, or was decided on as it no longer is (`seen`). Whether it is so
    already, the caller has asked."""
    if question.merged_into is not None:
        raise Conflict("question.merged")
    allowed = WRITTEN if to == "answered" and how in {"writing", "private"} else DECISIONS[to]
    if question.state not in allowed or question.state != (seen or question.state):
        raise Conflict("question.decided", state=question.state)


def decide(question: Question, to: str, *, at: datetime, how: str | None = None, text: str = "") -> None:
    """Move a question. The answer is shown with the state that it belongs to; what was once written stays kept
    for the moderators, who may have moved it by mistake."""
    question.state = to
    question.answer_how = how if to == "answered" else None
    question.answer_text = (how != "aloud" and text) or question.answer_text
    if to in {"waiting", "dismissed"} or how == "private":
        question.pinned = False
    question.decided_at = at
    question.version += 1


def check_answer(draft: AnswerDraft) -> None:
    """An answer in writing has words."""
    if draft.how != "aloud" and not draft.text:
        raise BadInput("input.unusable", fields={"text": "field.missing"})


def check_merge(kept: Question, other: Question) -> None:
    """One may speak for another of its session when it stands for itself and is not put aside."""
    if kept.id == other.id or kept.session_id != other.session_id:
        raise BadInput("question.merge_refused", fields={"into": "question.merge_refused"})
    if kept.merged_into is not None or kept.state == "dismissed" or other.state == "answering":
        raise Conflict("question.merge_refused")
