"""Questions to the speakers."""

from __future__ import annotations

from server.actions import question, vote
from server.api.endpoint import Call, Endpoints
from server.api.rates import TALKING
from server.domain.question import (
    AnswerDraft,
    Assignment,
    Decision,
    Decisions,
    LikelyDuplicates,
    Merging,
    QuestionDraft,
    QuestionHistory,
    Questions,
    QuestionSnapshot,
    QuestionView,
    QuestionWords,
)
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
    session_id, anonymous = call.path["session_id"], body.anonymous
    return question.ask(call.db, call.actor, session_id, body.text, id=call.key, anonymous=anonymous)


@ENDPOINTS.query(
    "question.duplicates", f"{OF_SESSION}/duplicates", permission="question.decide", result=LikelyDuplicates
)
def duplicates(call: Call) -> LikelyDuplicates:
    """Which of those that wait likely ask what others asked."""
    return questions.duplicates(call.db, call.actor, call.path["session_id"])


@ENDPOINTS.command(
    "question.decide",
    "POST",
    f"{OF_SESSION}/decide",
    permission="question.decide",
    body=Decisions,
    result=Questions,
)
def decide(call: Call, body: Decisions) -> Questions:
    """Decide several questions alike."""
    return question.decide_all(call.db, call.actor, call.path["session_id"], body)


@ENDPOINTS.command(
    "question.from_message",
    "POST",
    "/api/messages/{message_id}/question",
    permission="question.decide",
    result=QuestionView,
    status=201,
)
def from_message(call: Call) -> QuestionView:
    """Make a question of a chat message; its author is the asker."""
    return question.from_message(call.db, call.actor, call.path["message_id"], id=call.key)


@ENDPOINTS.command(
    "question.approve",
    "POST",
    f"{ONE}/approve",
    permission="question.decide",
    body=Decision,
    result=QuestionView,
)
def approve(call: Call, body: Decision) -> QuestionView:
    """Show a question to everybody."""
    return question.decide(call.db, call.actor, call.path["question_id"], "approved", seen=body.seen)


@ENDPOINTS.command(
    "question.dismiss",
    "POST",
    f"{ONE}/dismiss",
    permission="question.decide",
    body=Decision,
    result=QuestionView,
)
def dismiss(call: Call, body: Decision) -> QuestionView:
    """Put a question aside."""
    return question.decide(call.db, call.actor, call.path["question_id"], "dismissed", seen=body.seen)


@ENDPOINTS.command(
    "question.return",
    "POST",
    f"{ONE}/return",
    permission="question.decide",
    body=Decision,
    result=QuestionView,
)
def take_back(call: Call, body: Decision) -> QuestionView:
    """Undo a decision: the question waits again."""
    return question.decide(call.db, call.actor, call.path["question_id"], "waiting", seen=body.seen)


@ENDPOINTS.command(
    "question.start", "POST", f"{ONE}/start", permission="question.live", body=Decision, result=QuestionView
)
def start(call: Call, body: Decision) -> QuestionView:
    """Take a question up, live; the one before it is answered by that."""
    return question.start(call.db, call.actor, call.path["question_id"], seen=body.seen)


@ENDPOINTS.command(
    "question.answer", "POST", f"{ONE}/answer", permission="question.live", body=AnswerDraft, result=QuestionView
)
def answer(call: Call, body: AnswerDraft) -> QuestionView:
    """Close a question: answered aloud, in writing, or in writing for its asker alone."""
    return question.answer(call.db, call.actor, call.path["question_id"], body)


@ENDPOINTS.command(
    "question.edit",
    "PATCH",
    ONE,
    permission="question.edit",
    body=QuestionWords,
    result=QuestionView,
    rate=TALKING,
)
def edit(call: Call, body: QuestionWords) -> QuestionView:
    """Change a question's words; what it said before is kept."""
    return question.edit(call.db, call.actor, call.path["question_id"], body.text)


@ENDPOINTS.query("question.history", f"{ONE}/history", permission="question.decide", result=QuestionHistory)
def history(call: Call) -> QuestionHistory:
    """What a question said before."""
    return questions.history(call.db, call.actor, call.path["question_id"])


@ENDPOINTS.command("question.pin", "PUT", f"{ONE}/pin", permission="question.decide", result=QuestionView)
def pin(call: Call) -> QuestionView:
    """Keep a question at the top for everybody, in place of any other."""
    return question.pin(call.db, call.actor, call.path["question_id"], on=True)


@ENDPOINTS.command("question.unpin", "DELETE", f"{ONE}/pin", permission="question.decide", result=QuestionView)
def unpin(call: Call) -> QuestionView:
    """Let a question go back to its place."""
    return question.pin(call.db, call.actor, call.path["question_id"], on=False)


@ENDPOINTS.command(
    "question.assign",
    "PUT",
    f"{ONE}/assignment",
    permission="question.decide",
    body=Assignment,
    result=QuestionView,
)
def assign(call: Call, body: Assignment) -> QuestionView:
    """Say which speaker should answer."""
    return question.assign(call.db, call.actor, call.path["question_id"], body.person_id)


@ENDPOINTS.command(
    "question.merge", "POST", f"{ONE}/merge", permission="question.decide", body=Merging, result=QuestionView
)
def merge(call: Call, body: Merging) -> QuestionView:
    """Let another question speak for this one; answers with the other."""
    return vote.merge(call.db, call.actor, call.path["question_id"], body.into)


@ENDPOINTS.command("question.unmerge", "DELETE", f"{ONE}/merge", permission="question.decide", result=QuestionView)
def unmerge(call: Call) -> QuestionView:
    """Let a merged question stand for itself again."""
    return vote.unmerge(call.db, call.actor, call.path["question_id"])


@ENDPOINTS.command("question.vote", "PUT", f"{ONE}/vote", permission="question.vote")
def give_vote(call: Call) -> None:
    """Give one's one vote."""
    vote.vote(call.db, call.actor, call.path["question_id"])


@ENDPOINTS.command("question.unvote", "DELETE", f"{ONE}/vote", permission="question.vote")
def take_vote_back(call: Call) -> None:
    """Take one's vote back."""
    vote.unvote(call.db, call.actor, call.path["question_id"])
