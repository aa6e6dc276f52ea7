"""Questions to the speakers."""

from __future__ import annotations

from server.actions import question
from server.api.endpoint import Call, Endpoints
from server.api.rates import TALKING
from server.domain.question import QuestionDraft, QuestionSnapshot, QuestionView
from server.queries import questions

ENDPOINTS = Endpoints("questions")
OF_SESSION = "/api/sessions/{session_id}/questions"
ONE = "/api/questions/{question_id}"


@ENDPOINTS.query("question.list", OF_SESSION, permission="question.list", result=QuestionSnapshot)
def public(call: Call) -> QuestionSnapshot:
    """The questions everybody sees."""
    return questions.public(call.db, call.actor, call.path["session_id"])


@ENDPOINTS.query("question.queue", f"{OF_SESSION}/queue", permission="question.decide", result=QuestionSnapshot)
def queue(call: Call) -> QuestionSnapshot:
    """All questions, for moderators."""
    return questions.queue(call.db, call.actor, call.path["session_id"])


@ENDPOINTS.command(
    "question.ask",
    "POST",
    OF_SESSION,
    permission="question.ask",
    body=QuestionDraft,
    result=QuestionView,
    status=201,
    rate=TALKING,
)
def ask(call: Call, body: QuestionDraft) -> QuestionView:
    """Ask the speakers something."""
    return question.ask(call.db, call.actor, call.path["session_id"], body.text, id=call.key)


@ENDPOINTS.command("question.approve", "POST", f"{ONE}/approve", permission="question.decide", result=QuestionView)
def approve(call: Call) -> QuestionView:
    """Show a question to everybody."""
    return question.decide(call.db, call.actor, call.path["question_id"], "approved")


@ENDPOINTS.command("question.dismiss", "POST", f"{ONE}/dismiss", permission="question.decide", result=QuestionView)
def dismiss(call: Call) -> QuestionView:
    """Put a question aside."""
    return question.decide(call.db, call.actor, call.path["question_id"], "dismissed")


@ENDPOINTS.command("question.answer", "POST", f"{ONE}/answer", permission="question.decide", result=QuestionView)
def answer(call: Call) -> QuestionView:
    """Mark a question as answered."""
    return question.decide(call.db, call.actor, call.path["question_id"], "answered")


@ENDPOINTS.command("question.vote", "PUT", f"{ONE}/vote", permission="question.vote")
def vote(call: Call) -> None:
    """Give one's one vote."""
    question.vote(call.db, call.actor, call.path["question_id"])


@ENDPOINTS.command("question.unvote", "DELETE", f"{ONE}/vote", permission="question.vote")
def unvote(call: Call) -> None:
    """Take one's vote back."""
    question.unvote(call.db, call.actor, call.path["question_id"])
