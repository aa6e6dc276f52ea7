"""Polls: drafted, opened, answered once by each person, closed. What a kind asks and counts is in `polls`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import StringConstraints, ValidationError

from models.poll import Poll
from server.domain.errors import BadInput, Conflict
from server.domain.polls import KINDS
from server.domain.polls.kind import Choice, Counted, Kind
from server.domain.text import PollText
from server.domain.view import Fact, Position, View
from server.domain.zone import Instant

State = Literal["draft", "open", "closed"]
Results = Literal["at_once", "after_close"]
MOVES: dict[str, frozenset[str]] = {"open": frozenset({"draft", "closed"}), "closed": frozenset({"open"})}
MOST = 50  # polls of one session
MOST_HIDDEN = 500  # words of one cloud
KindName = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,16}$")]


class SumView(View):
    key: str
    text: str
    count: int
    hidden: bool = False


class PollView(View):
    """`sums` is nothing while results are kept until the end. `tally` rises with every telling of the sums."""

    id: UUID
    session_id: UUID
    kind: str
    text: str
    settings: dict[str, Any]
    state: State
    results: Results
    may_change: bool
    at: Instant
    voters: int
    sums: list[SumView] | None
    tally: int
    version: int


class PollDraft(View):
    kind: KindName
    text: PollText
    settings: dict[str, Any]
    results: Results = "at_once"
    may_change: bool = True


class PollChange(View):
    text: PollText | None = None
    settings: dict[str, Any] | None = None
    results: Results | None = None
    may_change: bool | None = None


class PollAnswer(View):
    answer: dict[str, Any]


class WordHiding(View):
    key: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    hidden: bool = True


class PollAnswerView(View):
    poll_id: UUID
    answer: dict[str, Any]


class PollSnapshot(View):
    position: Position
    polls: list[PollView]


class PollCreated(Fact, name="poll.created", channels=("session:moderation",)):
    poll: PollView


class PollChanged(Fact, name="poll.changed", channels=("session", "session:moderation")):
    """Its words, its rules, or what of it is hidden. The public hears only of what it has seen."""

    poll: PollView


class PollOpened(Fact, name="poll.opened", channels=("session", "session:moderation")):
    poll: PollView


class PollClosed(Fact, name="poll.closed", channels=("session", "session:moderation")):
    """With the final sums."""

    poll: PollView


class PollDeleted(Fact, name="poll.deleted", channels=("session:moderation",)):
    poll_id: UUID


class PollTallied(Fact, name="poll.tallied", channels=("session", "session:moderation")):
    """The sums, told at most every half second however many answer."""

    poll_id: UUID
    voters: int
    sums: list[SumView] | None
    tally: int


class PollAnswered(Fact, name="poll.answered", channels=("person",)):
    """To the voter's other devices."""

    poll_id: UUID
    answer: dict[str, Any]


@dataclass(frozen=True)
class Counts:
    """What was counted of a poll in one snapshot."""

    voters: int
    counted: Sequence[Counted]
    tally: int


def kind_of(name: str) -> Kind[Any, Any]:
    kind = KINDS.get(name)
    if kind is None:
        raise BadInput("input.unusable", fields={"kind": "field.not_a_choice"})
    return kind


def read_settings(name: str, given: dict[str, Any]) -> View:
    """What the organiser set, in the strict shape of the poll's kind."""
    return _read(kind_of(name).settings, given, "poll.settings_unusable", "settings")


def new_settings(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """What the organiser sets now, as it is kept. What older polls were given is read as it is."""
    settings = read_settings(name, given)
    kind_of(name).check(settings)
    return settings.model_dump(mode="json")


def choices(poll: Poll, given: dict[str, Any]) -> tuple[dict[str, Any], list[Choice]]:
    """An answer as it is kept, and what it counts for. Raises BadInput when this poll does not allow it."""
    kind = kind_of(poll.kind)
    answer = _read(kind.answer, given, "poll.answer_unusable", "answer")
    return answer.model_dump(mode="json"), kind.choices(read_settings(poll.kind, poll.settings), answer)


def _read(shape: type[View], given: dict[str, Any], code: str, field: str) -> View:
    try:
        return shape.model_validate(given)
    except ValidationError:
        raise BadInput(code, fields={field: code}) from None


def check_move(state: str, to: str) -> None:
    if state not in MOVES[to]:
        raise Conflict("poll.move_refused", state=state)


def check_open(poll: Poll) -> None:
    if poll.state != "open":
        raise Conflict("poll.not_open")


def check_editable(poll: Poll) -> None:
    """What people have answered is not asked differently afterwards."""
    if poll.state != "draft":
        raise Conflict("poll.not_draft")


def view(poll: Poll, counts: Counts, *, desk: bool) -> PollView:
    """As the public sees it, or as the desk does: there results are never kept back, nor hidden words left out."""
    return PollView(
        id=poll.id,
        session_id=poll.session_id,
        kind=poll.kind,
        text=poll.text,
        settings=poll.settings,
        state=poll.state,
        results=poll.results,
        may_change=poll.may_change,
        at=poll.created_at,
        voters=counts.voters,
        sums=sums(poll, counts, desk=desk),
        tally=counts.tally,
        version=poll.version,
    )


def sums(poll: Poll, counts: Counts, *, desk: bool) -> list[SumView] | None:
    if not desk and poll.results == "after_close" and poll.state != "closed":
        return None
    hidden = set(poll.hidden)
    shown = list(_in_order(poll, [one for one in counts.counted if one.key not in hidden]))
    if desk:  # the same as everybody sees, or a word of theirs could not be hidden; then what is hidden
        shown += [one for one in counts.counted if one.key in hidden]
    return [SumView(key=one.key, text=one.text, count=one.count, hidden=one.key in hidden) for one in shown]


def _in_order(poll: Poll, counted: Sequence[Counted]) -> Sequence[Counted]:
    """As the poll's kind shows them; as they were counted where this server no longer has the kind."""
    try:
        return kind_of(poll.kind).sums(read_settings(poll.kind, poll.settings), counted)
    except BadInput:
        return counted
