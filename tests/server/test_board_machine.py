"""A board in any order of doings by several people: what must always hold, held against a small model.

The real actions run on a real SQLite database. What is refused leaves everything as it was, and whatever is told
adds up to what a fresh reader sees.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import hypothesis.strategies as st
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlmodel import Session, col, select

from models.base import new_id
from models.card import Card
from models.channel import seal
from models.sqlite import sqlite_engine
from server.actions import board, card, card_people, card_undo, column, comment, work
from server.domain import rank
from server.domain.board import BoardChange, ColumnChange
from server.domain.card import CardDraft, CardMove, CardView
from server.domain.card_edit import CardClash, CardEdit
from server.domain.comment import CommentDraft
from server.domain.errors import BadInput, Conflict, Fault, Forbidden
from server.domain.work import MACHINE, WorkWish
from server.queries import boards
from tests.support import replay
from tests.support.client import JSON
from tests.support.people import World, lay_out

T = TypeVar("T")
PEOPLE = st.sampled_from(("lead", "member", "organiser"))
NUMBERS = st.integers(min_value=0, max_value=7)
FIELDS = st.sampled_from(("title", "description", "skill"))
ACTS = st.sampled_from(sorted({act for _, act in MACHINE}))
BOUNDED = settings(
    max_examples=8,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    phases=(Phase.explicit, Phase.generate),  # making a failure smaller takes minutes, and is done by hand
)
REFUSALS = (Conflict, Forbidden, BadInput)


class BoardMachine(RuleBasedStateMachine):
    """A board in one transaction that is never committed, and a page that follows it."""

    file: Path

    def __init__(self) -> None:
        super().__init__()
        self.engine = sqlite_engine(f"sqlite:///{self.file}", begin="BEGIN IMMEDIATE")
        self.db = Session(self.engine, expire_on_commit=False)
        self.world: World = lay_out(self.db)
        self.cards: list[UUID] = [self.world.card]
        self.values: dict[tuple[UUID, str], list[str]] = {}  # of a field, by its version
        lead = self.world["lead"].actor
        board.change(self.db, lead, self.world.board, BoardChange(review=True))
        column.change(self.db, lead, self.world.columns[2], ColumnChange(hard_limit=3))
        seal(self.db)
        self.page: JSON = self.fresh()

    def teardown(self) -> None:
        self.db.rollback()
        self.db.close()
        self.engine.dispose()

    def fresh(self) -> JSON:
        shown = boards.snapshot(self.db, self.world["lead"].actor, self.world.board)
        return shown.model_dump(mode="json")

    def done(self, act: Callable[[], T]) -> T | Fault:
        """Do it whole or not at all, as a unit does; then the page hears of it."""
        point = self.db.begin_nested()
        try:
            result = act()
            told = seal(self.db)
            self.db.flush()
        except REFUSALS as fault:
            point.rollback()
            self.db.expire_all()
            self.db.info.clear()
            return fault
        point.commit()
        heard: list[JSON] = [
            {"offset": one.offset, "id": str(one.id), "name": one.name, "data": deepcopy(one.data)}
            for one in told
            if one.channel == f"board:{self.world.board}"
        ]
        self.page = replay.replayed(self.page, heard, replay.board)
        return result

    def one(self, number: int) -> UUID:
        return self.cards[number % len(self.cards)]

    def row(self, id: UUID) -> Card:
        return self.db.get_one(Card, id, populate_existing=True)

    @rule(who=PEOPLE, number=NUMBERS)
    def make(self, who: str, number: int) -> None:
        draft = CardDraft(column_id=self.world.columns[number % 3], title="بطاقة")
        made = self.done(lambda: card.create(self.db, self.world[who].actor, self.world.board, draft, id=new_id()))
        if isinstance(made, CardView):
            self.cards.append(made.id)
        else:
            assert isinstance(made, Conflict)
            assert made.code == "column.full"

    @rule(who=PEOPLE, number=NUMBERS, beside=NUMBERS, to=NUMBERS, side=st.sampled_from(("before", "after", "")))
    def move(self, who: str, number: int, beside: int, to: int, side: str) -> None:
        id, other = self.one(number), self.one(beside)
        wish = CardMove.model_validate(
            {"column_id": self.world.columns[to % 3], **({side: other} if side else {})}
        )
        moved = self.done(lambda: card.move(self.db, self.world[who].actor, id, wish))
        if isinstance(moved, Fault):
            assert moved.code in {"column.full", "card.archived"}
            return
        there = self.order(wish.column_id)
        beside_it = side and other != id and other in there
        if beside_it:
            assert there.index(other) - there.index(id) == (1 if side == "before" else -1)
        else:
            assert there[-1] == id

    def order(self, column_id: UUID) -> list[UUID]:
        here = (col(Card.column_id) == column_id, col(Card.archived_at).is_(None))
        return list(self.db.exec(select(Card.id).where(*here).order_by(col(Card.rank))))

    @rule(who=PEOPLE, number=NUMBERS, field=FIELDS, behind=st.integers(min_value=0, max_value=2))
    def edit(self, who: str, number: int, field: str, behind: int) -> None:
        """Over the newest version it is done; over an older one it is answered with all three."""
        id = self.one(number)
        row = self.row(id)
        version = row.field_versions.get(field, 0)
        base, value = max(0, version - behind), str(new_id())
        known = self.values.setdefault((id, field), [getattr(row, field)])
        assert len(known) == version + 1
        edit = CardEdit.model_validate({field: {"base": base, "value": value}})
        answer = self.done(lambda: card.change(self.db, self.world[who].actor, id, edit))
        if isinstance(answer, CardView):
            # Over an older one, too, where somebody has undone what was changed since.
            assert base == version or (field == "description" and known[base] == known[version])
            known.append(value)
        elif isinstance(answer, CardClash):
            clashes: Any = answer.more["clashes"]
            assert base < version
            assert [clashes[0][name] for name in ("base", "theirs", "yours", "version")] == [
                known[base],
                known[version],
                value,
                version,
            ]
        else:
            assert isinstance(answer, Fault)
            assert answer.code == "card.archived"

    @rule(who=PEOPLE, number=NUMBERS)
    def say(self, who: str, number: int) -> None:
        draft = CommentDraft(text="تعليق")
        self.done(lambda: comment.create(self.db, self.world[who].actor, self.one(number), draft, id=new_id()))

    @rule(who=PEOPLE, number=NUMBERS, on=st.booleans())
    def assign(self, who: str, number: int, on: bool) -> None:
        id, person = self.one(number), self.world["member"].id
        self.done(lambda: card_people.assign(self.db, self.world[who].actor, id, person, on=on))

    @rule(who=PEOPLE, number=NUMBERS, on=st.booleans())
    def archive(self, who: str, number: int, on: bool) -> None:
        self.done(lambda: card.archive(self.db, self.world[who].actor, self.one(number), on=on))

    @rule(who=PEOPLE, number=NUMBERS, act=ACTS)
    def work(self, who: str, number: int, act: str) -> None:
        id, me = self.one(number), self.world[who]
        row = self.row(id)
        before, worker = row.state, row.worker_id
        wish = WorkWish.model_validate({"act": act, "note": "ملاحظة"})
        answer = self.done(lambda: work.act(self.db, me.actor, id, wish))
        if isinstance(answer, Fault):
            assert self.row(id).state == before
            return
        assert answer.state == MACHINE[before, act].after
        if act in {"accept", "return"}:
            assert worker != me.id  # nobody looks at their own work
        if act in {"submit", "withdraw"}:
            assert worker == me.id

    @precondition(lambda self: len(self.cards) > 1)
    @rule(who=PEOPLE)
    def undo_and_redo(self, who: str) -> None:
        """Undone and done again at once is as if nothing was; each is one's own alone."""
        me, before = self.world[who].actor, self.content()
        answer = self.done(lambda: card_undo.undo(self.db, me, self.world.board))
        if isinstance(answer, Fault):
            assert self.content() == before
            return
        self.note_versions()
        back = self.done(lambda: card_undo.redo(self.db, me, self.world.board))
        assert not isinstance(back, Fault), back
        self.note_versions()
        assert self.content() == before

    @rule(who=PEOPLE)
    def undo(self, who: str) -> None:
        self.done(lambda: card_undo.undo(self.db, self.world[who].actor, self.world.board))
        self.note_versions()

    def note_versions(self) -> None:
        """What undoing put into fields is the newest version of them."""
        for (id, field), known in self.values.items():
            row = self.row(id)
            if row.field_versions.get(field, 0) == len(known):
                known.append(getattr(row, field))

    def content(self) -> dict[str, Any]:
        """The board as people see it: who stands where, and what is written there."""
        shown = self.fresh()["board"]["cards"]
        places: dict[str, list[str]] = {}
        for one in shown:
            places.setdefault(one["column_id"], []).append(one["id"])
        words = {one["id"]: (one["title"], one["skill"], one["described"], one["people"]) for one in shown}
        return {"places": places, "words": words}

    @invariant()
    def what_is_told_is_what_is_there(self) -> None:
        assert self.page == self.fresh()

    @invariant()
    def no_two_share_a_place_and_no_limit_is_passed(self) -> None:
        rows = self.db.exec(select(Card).where(col(Card.board_id) == self.world.board)).all()
        places = [(row.column_id, row.rank) for row in rows]
        assert len(set(places)) == len(places)
        assert sorted(row.number for row in rows) == list(range(1, len(rows) + 1))
        assert all((row.state == "claimed") == (row.lease_until is not None) for row in rows)
        assert len(self.order(self.world.columns[2])) <= 3


def test_whatever_people_do_they_see_one_board(sqlite_template: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(rank, "LONGEST", 6)  # so that columns are spaced anew now and then
    BoardMachine.file = tmp_path / "multaqa.sqlite"
    shutil.copyfile(sqlite_template, BoardMachine.file)
    run_state_machine_as_test(BoardMachine, settings=BOUNDED)
