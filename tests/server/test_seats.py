"""Registration's pure rules, and its seats under people who do everything in any order."""

from __future__ import annotations

import csv
import io
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlmodel import Session, col, select

from models.base import new_id, now
from models.conference import ConferenceRole
from models.registration import Registration
from models.sqlite import sqlite_engine
from server.actions import registration, seats
from server.domain.errors import BadInput, Fault
from server.domain.registration import (
    MOVES,
    SEATED,
    Choice,
    Decide,
    FormChange,
    FormQuestion,
    HolderWish,
    RegistrationDraft,
    Words,
    after,
    checked_answers,
)
from server.domain.sheet import csv_text, plain
from tests.support.people import World, lay_out

STATES = ("waiting_approval", "waiting_list", "offered", "confirmed", "refused", "cancelled", "revoked")


def draft(conference: UUID, name: str = "سعاد", **more: Any) -> RegistrationDraft:
    return RegistrationDraft(ref=str(conference), name=name, **more)


class Seats(RuleBasedStateMachine):
    """People come, go, are approved, refused and asked, in any order, on a real database."""

    file: Path
    world: World

    def __init__(self) -> None:
        super().__init__()
        copy = self.file.with_name(f"{new_id()}.sqlite")
        shutil.copyfile(self.file, copy)
        self.engine = sqlite_engine(f"sqlite:///{copy}", begin="BEGIN IMMEDIATE")
        self.db = Session(self.engine, expire_on_commit=False)
        self.world = lay_out(self.db)
        self.conference = self.world.conference
        self.tokens: list[str] = []
        self._do(lambda: self._form(mode="open", capacity=2))

    def teardown(self) -> None:
        self.db.close()
        self.engine.dispose()

    def _do(self, act: Callable[[], object]) -> None:
        try:
            act()
            self.db.commit()
        except Fault:
            self.db.rollback()
        self.db.info.clear()  # publications: nobody listens here

    def _form(self, **change: Any) -> None:
        registration.change_form(self.db, self.world["organiser"].actor, self.conference, FormChange(**change))

    def _ids(self) -> list[UUID]:
        return list(self.db.exec(select(Registration.id).order_by(col(Registration.created_at))))

    @rule(mode=st.sampled_from(["open", "approval", "closed"]), capacity=st.sampled_from([None, 1, 2, 3]))
    def set_form(self, mode: str, capacity: int | None) -> None:
        taken = sum(row.state in SEATED for row in self.db.exec(select(Registration)))
        if capacity is None or capacity >= taken:  # fewer seats than are held frees none: tested apart
            self._do(lambda: self._form(mode=mode, capacity=capacity))

    @rule(address=st.sampled_from([None, None, "a@example.org", "b@example.org"]))
    def register(self, address: str | None) -> None:
        def act() -> None:
            done = registration.register(self.db, None, draft(self.conference, email=address), device="x")
            if done.token:
                self.tokens.append(done.token)

        self._do(act)

    @rule(pick=st.integers(0, 9), decision=st.sampled_from(["approve", "refuse", "revoke"]), many=st.booleans())
    def decide(self, pick: int, decision: Any, many: bool) -> None:
        ids = self._ids()
        if ids:
            chosen = ids if many else [ids[pick % len(ids)]]
            wish = Decide(ids=chosen, decision=decision)
            organiser = self.world["organiser"].actor
            self._do(lambda: registration.decide(self.db, organiser, self.conference, wish))

    @rule(pick=st.integers(0, 9), do=st.sampled_from(["accept", "cancel", "again"]))
    def act(self, pick: int, do: Any) -> None:
        if self.tokens:
            wish = HolderWish(token=self.tokens[pick % len(self.tokens)], do=do)
            self._do(lambda: registration.act(self.db, None, wish))

    @rule()
    def time_runs_out(self) -> None:
        for row in self.db.exec(select(Registration).where(col(Registration.state) == "offered")):
            row.offered_until = now() - timedelta(seconds=1)
        self._do(lambda: seats.lapse(self.db))

    @invariant()
    def seats_are_held_by_right(self) -> None:
        rows = self.db.exec(select(Registration)).all()
        form = seats.form(self.db, self.conference)
        counts = Counter(row.state for row in rows)
        taken = counts["confirmed"] + counts["offered"]
        assert form.capacity is None or taken <= form.capacity
        assert counts["waiting_list"] == 0 or (form.capacity is not None and taken == form.capacity)
        here = set(
            self.db.exec(
                select(ConferenceRole.person_id).where(col(ConferenceRole.conference_id) == self.conference)
            )
        )
        assert {row.person_id for row in rows} & here == {
            row.person_id for row in rows if row.state == "confirmed"
        }
        assert all((row.offered_until is not None) == (row.state == "offered") for row in rows)
        addresses = [row.email for row in rows if row.email]
        assert len(addresses) == len(set(addresses))


def test_seats_hold_whatever_people_do(sqlite_template: Path, tmp_path: Path) -> None:
    Seats.file = tmp_path / "seats.sqlite"
    shutil.copyfile(sqlite_template, Seats.file)
    few = settings(max_examples=6, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Seats, settings=few)


@given(
    state=st.sampled_from(STATES),
    moves=st.lists(st.tuples(st.sampled_from(sorted(MOVES)), st.booleans()), max_size=12),
)
def test_states_move_only_along_the_table(state: str, moves: list[tuple[Any, bool]]) -> None:
    for move, seat in moves:
        try:
            then = after(state, move, seat=seat)
        except Fault:
            continue
        assert state in MOVES[move]
        assert then in STATES
        if then in SEATED and state not in SEATED:
            assert seat, (state, move)
        if state in {"refused", "revoked"}:  # nobody comes back by themselves
            assert then == state or move in {"approve", "revoke"}
        state = then


QUESTIONS = (
    FormQuestion(id="why", kind="prose", words=Words(ar="لماذا؟"), required=True),
    FormQuestion(
        id="track",
        kind="many",
        words=Words(en="Tracks"),
        choices=(Choice(id="a", words=Words(en="A")), Choice(id="b", words=Words(en="B"))),
    ),
    FormQuestion(id="help", kind="yes_no", words=Words(en="Help?")),
)


TEXT = st.text(max_size=20)
ANYTHING = st.dictionaries(
    st.sampled_from(["why", "track", "help", "x"]), st.booleans() | TEXT | st.lists(TEXT, max_size=3)
)


@given(answers=ANYTHING)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_answers_are_kept_right_or_refused_by_name(answers: dict[str, Any]) -> None:
    try:
        kept = checked_answers(QUESTIONS, answers)
    except BadInput as fault:
        wrong = fault.fields.keys()
    else:
        wrong = {}.keys()
        assert checked_answers(QUESTIONS, kept) == kept
    assert wrong <= {f"answers.{one.id}" for one in QUESTIONS}


@given(cells=st.lists(st.text(), min_size=1))
def test_no_cell_is_a_formula(cells: list[str]) -> None:
    text = csv_text([cells]).removeprefix("\ufeff")
    assert all(plain(plain(cell)) == plain(cell) for cell in cells)
    for cell in next(csv.reader(io.StringIO(text, newline=""))):
        assert not cell.lstrip().startswith(("=", "+", "-", "@"))
