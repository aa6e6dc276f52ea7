"""Questions and polls in any order of doings: what must always hold, held against a small model of each.

The real actions run on a real SQLite database; each doing that is refused leaves everything as it was.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlmodel import Session

from models.base import new_id
from models.sqlite import sqlite_engine
from server.actions import poll, question, vote
from server.domain.errors import Conflict
from server.domain.poll import PollDraft, WordHiding
from server.domain.question import AnswerDraft
from server.queries import polls, questions
from tests.support.people import Someone, World, lay_out

VOTERS = ("attendee", "guest", "member", "lead")
NUMBERS = st.integers(min_value=0, max_value=5)
BOUNDED = settings(
    max_examples=6, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), database=None
)


class Machine(RuleBasedStateMachine):
    """A conference in one transaction that is never committed."""

    file: Path

    def __init__(self) -> None:
        super().__init__()
        self.engine = sqlite_engine(f"sqlite:///{self.file}", begin="BEGIN IMMEDIATE")
        self.db = Session(self.engine, autoflush=False)
        self.world: World = lay_out(self.db)
        self.db.flush()

    def who(self, name: str) -> Someone:
        return self.world[name]

    def tried(self, act: Callable[[], object]) -> bool:
        """Do it whole or not at all, as a unit does; whether it was allowed."""
        with self.db.no_autoflush:
            point = self.db.begin_nested()
            try:
                act()
                self.db.flush()
            except Conflict:
                point.rollback()
                self.db.expire_all()
                return False
            point.commit()
            return True

    def teardown(self) -> None:
        self.db.rollback()
        self.db.close()
        self.engine.dispose()


class Asked:
    """What the model knows of a question."""

    def __init__(self) -> None:
        self.state = "waiting"
        self.private = False
        self.into: UUID | None = None
        self.votes: set[str] = set()


class QuestionMachine(Machine):
    def __init__(self) -> None:
        super().__init__()
        self.asked: dict[UUID, Asked] = {}

    def one(self, number: int) -> tuple[UUID, Asked]:
        id = list(self.asked)[number % len(self.asked)]
        return id, self.asked[id]

    def public(self, known: Asked) -> bool:
        listed = known.state in {"approved", "answering", "answered"}
        return listed and not known.private and known.into is None

    def union(self, id: UUID) -> set[str]:
        merged = (known.votes for known in self.asked.values() if known.into == id)
        return self.asked[id].votes.union(*merged)

    @rule()
    def ask(self) -> None:
        if len(self.asked) < 5:
            made = question.ask(self.db, self.who("attendee").actor, self.world.session, "لماذا؟", id=new_id())
            self.asked[made.id] = Asked()

    @precondition(lambda self: self.asked)
    @rule(number=NUMBERS, to=st.sampled_from(("approved", "dismissed", "waiting")))
    def decide(self, number: int, to: str) -> None:
        id, known = self.one(number)
        if self.tried(lambda: question.decide(self.db, self.who("moderator").actor, id, to)):
            assert known.into is None
            known.state, known.private = to, known.private and to == "answered"

    @precondition(lambda self: self.asked)
    @rule(number=NUMBERS)
    def start(self, number: int) -> None:
        id, known = self.one(number)
        if self.tried(lambda: question.start(self.db, self.who("moderator").actor, id)):
            for other in self.asked.values():
                if other.state == "answering":
                    other.state = "answered"
            known.state, known.private = "answering", False

    @precondition(lambda self: self.asked)
    @rule(number=NUMBERS, how=st.sampled_from(("aloud", "writing", "private")))
    def answer(self, number: int, how: Any) -> None:
        id, known = self.one(number)
        draft = AnswerDraft(how=how, text="" if how == "aloud" else "نعم")
        if self.tried(lambda: question.answer(self.db, self.who("moderator").actor, id, draft)):
            known.state, known.private = "answered", how == "private"

    @precondition(lambda self: self.asked)
    @rule(number=NUMBERS, on=st.booleans())
    def pin(self, number: int, on: bool) -> None:
        id, known = self.one(number)
        allowed = self.tried(lambda: question.pin(self.db, self.who("moderator").actor, id, on=on))
        assert allowed or not self.public(known)

    @precondition(lambda self: len(self.asked) > 1)
    @rule(number=NUMBERS, into=NUMBERS)
    def merge(self, number: int, into: int) -> None:
        (id, known), (kept, _) = self.one(number), self.one(into)
        if id == kept:
            return
        if self.tried(lambda: vote.merge(self.db, self.who("moderator").actor, id, kept)):
            for one in self.asked.values():
                if one is known or one.into == id:
                    one.into = kept

    @precondition(lambda self: self.asked)
    @rule(number=NUMBERS)
    def unmerge(self, number: int) -> None:
        id, known = self.one(number)
        assert self.tried(lambda: vote.unmerge(self.db, self.who("moderator").actor, id))
        known.into = None

    @precondition(lambda self: self.asked)
    @rule(number=NUMBERS, voter=st.sampled_from(VOTERS), on=st.booleans())
    def vote(self, number: int, voter: str, on: bool) -> None:
        id, known = self.one(number)
        act = vote.vote if on else vote.unvote
        target = known.into or id
        allowed = self.tried(lambda: act(self.db, self.who(voter).actor, id))
        assert allowed == self.public(self.asked[target])
        if allowed and on:
            self.asked[target].votes.add(voter)
        elif allowed:
            for one, about in self.asked.items():
                if one == target or about.into == target:
                    about.votes.discard(voter)

    @invariant()
    def holds(self) -> None:
        queue = {one.id: one for one in self._queue()}
        assert {id: one.state for id, one in queue.items()} == {id: one.state for id, one in self.asked.items()}
        assert sum(one.state == "answering" for one in queue.values()) <= 1
        assert sum(one.pinned for one in queue.values()) <= 1
        for id, known in self.asked.items():
            assert queue[id].merged_into == known.into
            if known.into is None:
                assert queue[id].votes == len(self.union(id))
            else:
                assert self.asked[known.into].into is None, "nobody speaks for one who speaks for others"
        shown = questions.public(self.db, self.who("guest").actor, self.world.session).questions
        assert {one.id for one in shown} == {id for id, known in self.asked.items() if self.public(known)}
        assert all(one.answer is None or one.answer.how != "private" for one in shown)
        assert all(self.public(self.asked[id]) for id, one in queue.items() if one.pinned)

    def _queue(self) -> Any:
        self.db.flush()
        return questions.queue(self.db, self.who("moderator").actor, self.world.session).questions


class PollMachine(Machine):
    def __init__(self) -> None:
        super().__init__()
        draft = PollDraft(
            kind="words", text="بكلمة", settings={"most": 2}, results="after_close", may_change=False
        )
        moderator = self.who("moderator").actor
        self.id = poll.create(self.db, moderator, self.world.session, draft, id=new_id()).id
        self.state = "draft"
        self.hidden: set[str] = set()
        self.answers: dict[str, frozenset[str]] = {}

    @rule(to=st.sampled_from(("open", "closed")))
    def move(self, to: str) -> None:
        allowed = self.tried(lambda: poll.move(self.db, self.who("moderator").actor, self.id, to))
        assert allowed == (to == self.state or (self.state, to) != ("draft", "closed"))
        self.state = to if allowed else self.state

    @rule(voter=st.sampled_from(VOTERS), words=st.sets(st.sampled_from("ابجد"), min_size=1, max_size=2))
    def answer(self, voter: str, words: set[str]) -> None:
        given = {"words": sorted(words)}
        allowed = self.tried(lambda: poll.answer(self.db, self.who(voter).actor, self.id, given))
        known = self.answers.get(voter)
        assert allowed == (self.state == "open" and known in {None, frozenset(words)})
        if allowed:
            self.answers[voter] = frozenset(words)

    @rule(key=st.sampled_from("ابجد"), hidden=st.booleans())
    def hide(self, key: str, hidden: bool) -> None:
        self.tried(
            lambda: poll.hide(self.db, self.who("moderator").actor, self.id, WordHiding(key=key, hidden=hidden))
        )
        (self.hidden.add if hidden else self.hidden.discard)(key)

    @invariant()
    def holds(self) -> None:
        self.db.flush()
        counted = {key: sum(key in words for words in self.answers.values()) for key in "ابجد"}
        chosen = {key: count for key, count in counted.items() if count}
        session = self.world.session
        (desk,) = polls.desk(self.db, self.who("moderator").actor, session).polls
        assert (desk.state, desk.voters) == (self.state, len(self.answers))
        assert {one.key: one.count for one in desk.sums or ()} == chosen
        public = polls.public(self.db, self.who("guest").actor, session).polls
        assert len(public) == (self.state != "draft")
        for one in public:
            shown = None if one.sums is None else {row.key: row.count for row in one.sums}
            seen = {key: count for key, count in chosen.items() if key not in self.hidden}
            assert shown == (seen if self.state == "closed" else None)


@pytest.mark.parametrize("machine", [QuestionMachine, PollMachine])
def test_whatever_happens_the_rules_hold(machine: type[Machine], sqlite_template: Path, tmp_path: Path) -> None:
    machine.file = tmp_path / "multaqa.sqlite"
    shutil.copyfile(sqlite_template, machine.file)
    run_state_machine_as_test(machine, settings=BOUNDED)
