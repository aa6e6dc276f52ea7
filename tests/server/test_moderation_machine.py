"""Moderation in any order of doings and undoings: what must always hold, held against a small model of it.

As in test_interaction_machines: the real actions on a real database, and what is refused changes nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from uuid import UUID

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test

from models.base import new_id
from models.channel import seal
from models.moderation import Audit
from server.actions import ban, message, moderation, rules, silence, undo
from server.actions.conference import change_role
from server.domain.errors import Fault
from server.domain.moderation import BanWish, Deed, RulesChange, SilenceWish
from server.queries import chat, scope
from server.queries import moderation as desk
from tests.server.test_interaction_machines import BOUNDED, NUMBERS, Machine

TALKERS = ("attendee", "member", "lead")
Verb = Literal["hide", "restore", "approve", "refuse"]
# What a moderator's verb makes of a message in a state; where it says nothing, it is refused.
DECIDED: dict[Verb, dict[str, str]] = {
    "hide": {"shown": "hidden", "hidden": "hidden"},
    "restore": {"shown": "shown", "hidden": "shown"},
    "approve": {"held": "shown", "refused": "shown", "shown": "shown", "hidden": "hidden"},
    "refuse": {"held": "refused", "refused": "refused"},
}
# What undoing makes of it; a state that is not named stays.
UNDONE: dict[Verb, dict[str, str]] = {
    "hide": {"hidden": "shown"},
    "restore": {"shown": "hidden"},
    "approve": {"shown": "hidden"},
    "refuse": {"refused": "held"},
}


@dataclass
class Said:
    state: str
    deleted: bool = False


@dataclass
class Still:
    """A silence: of whom, and in the one session or in the whole conference."""

    who: str
    here: bool
    stands: bool = True


class Desk(Machine):
    def __init__(self) -> None:
        super().__init__()
        self.said: dict[UUID, Said] = {}
        self.still: dict[UUID, Still] = {}
        self.banned: set[str] = set()
        self.ban_of: dict[str, UUID] = {}
        self.role = dict.fromkeys(TALKERS, "attendee")
        self.calm = False
        self.hold = False
        # A deed that can still be undone, and what undoing it does to the model; False when it cannot be.
        self.deeds: list[tuple[UUID, Callable[[], bool]]] = []
        self.moderator = self.who("moderator").actor
        self.organiser = self.who("organiser").actor

    def tried(self, act: Callable[[], object]) -> bool:
        point = self.db.begin_nested()
        try:
            act()
            seal(self.db)
            self.db.flush()
        except Fault:
            point.rollback()
            self.db.info.clear()
            self.db.expire_all()
            return False
        point.commit()
        return True

    def done(self, act: Callable[[], Deed], back: Callable[[], bool]) -> bool:
        """A deed that was done can be taken back later."""
        deeds: list[Deed] = []
        if not self.tried(lambda: deeds.append(act())):
            return False
        self.deeds.append((deeds[0].id, back))
        return True

    def subject(self) -> UUID:
        """What the last deed was about."""
        id = self.db.get_one(Audit, self.deeds[-1][0]).subject_id
        assert id is not None
        return id

    @rule(who=st.sampled_from(TALKERS))
    def say(self, who: str) -> None:
        if len(self.said) >= 6:
            return
        id = new_id()
        post = message.post
        allowed = self.tried(lambda: post(self.db, self.who(who).actor, self.world.session, f"كلام {id}", id=id))
        assert allowed == (who not in self.banned and not self.silenced(who))
        if allowed:
            waits = (self.calm or self.hold) and self.role[who] != "moderator"
            self.said[id] = Said("held" if waits else "shown")

    @precondition(lambda self: self.said)
    @rule(number=NUMBERS, verb=st.sampled_from(sorted(DECIDED)))
    def decide(self, number: int, verb: Verb) -> None:
        id, known = self.one(number)
        act = getattr(moderation, verb)
        allowed = self.done(lambda: act(self.db, self.moderator, id), lambda: self.undecide(id, verb))
        assert allowed == (not known.deleted and known.state in DECIDED[verb])
        if allowed:
            known.state = DECIDED[verb][known.state]

    def undecide(self, id: UUID, verb: Verb) -> bool:
        known = self.said[id]
        if not known.deleted:
            known.state = UNDONE[verb].get(known.state, known.state)
        return not known.deleted

    @precondition(lambda self: self.said)
    @rule(number=NUMBERS)
    def delete(self, number: int) -> None:
        id, known = self.one(number)
        assert self.tried(lambda: message.delete(self.db, self.moderator, id))
        known.deleted = True

    @rule(who=st.sampled_from(TALKERS), here=st.booleans())
    def silence(self, who: str, here: bool) -> None:
        wish = SilenceWish(session_id=self.world.session if here else None)
        place, person = self.world.conference, self.who(who).id
        ids: list[UUID] = []
        allowed = self.done(
            lambda: silence.impose(self.db, self.moderator, place, person, wish), lambda: self.unstill(ids[0])
        )
        assert allowed == (who not in self.banned and self.reached(who))
        if allowed:
            ids.append(self.subject())
            self.make_still(ids[0], Still(who, here))

    @precondition(lambda self: self.still)
    @rule(number=NUMBERS)
    def unsilence(self, number: int) -> None:
        id = list(self.still)[number % len(self.still)]
        assert self.done(lambda: silence.end(self.db, self.moderator, id), lambda: self.restill(id))
        self.still[id].stands = False

    def make_still(self, id: UUID, one: Still) -> None:
        """What stood in the same place ends with it."""
        for other in self.still.values():
            if (other.who, other.here) == (one.who, one.here):
                other.stands = False
        self.still[id] = one
        one.stands = True

    def unstill(self, id: UUID) -> bool:
        self.still[id].stands = False
        return True

    def restill(self, id: UUID) -> bool:
        if not self.still[id].stands:
            self.make_still(id, self.still[id])
        return True

    @rule(who=st.sampled_from(TALKERS))
    def ban(self, who: str) -> None:
        act = ban.impose
        place, person = self.world.conference, self.who(who).id
        ids: list[UUID] = []
        allowed = self.done(
            lambda: act(self.db, self.moderator, place, person, BanWish()), lambda: self.unban(who, ids[0])
        )
        assert allowed == (who not in self.banned and self.reached(who))
        if allowed:
            ids.append(self.subject())
            self.banned.add(who)
            self.ban_of[who] = ids[0]

    @precondition(lambda self: self.banned)
    @rule(number=NUMBERS)
    def lift_ban(self, number: int) -> None:
        who = sorted(self.banned)[number % len(self.banned)]
        id = self.ban_of[who]
        assert self.done(lambda: ban.lift(self.db, self.moderator, id), lambda: self.reban(who))
        self.banned.discard(who)

    def unban(self, who: str, id: UUID) -> bool:
        if self.ban_of[who] == id:  # an older ban than the one that stands ends nothing
            self.banned.discard(who)
        return True

    def reban(self, who: str) -> bool:
        """By the organiser, who reaches moderators as well."""
        known = who in self.banned
        self.banned.add(who)
        return not known

    @rule(who=st.sampled_from(TALKERS), role=st.sampled_from(("attendee", "speaker", "moderator")))
    def change_role(self, who: str, role: str) -> None:
        was, person = self.role[who], self.who(who).id
        allowed = self.tried(lambda: change_role(self.db, self.organiser, self.world.conference, person, role))
        assert allowed == (who not in self.banned)
        if allowed and was != role:
            log = desk.audit(
                self.db,
                self.organiser,
                self.world.conference,
                action="role.changed",
                person_id=person,
                before=None,
            )
            entry = log.entries[0]
            assert entry.data == {"was": was, "now": role}
            self.deeds.append((entry.id, lambda: self.unrole(who, was, role)))
            self.role[who] = role

    def unrole(self, who: str, was: str, now: str) -> bool:
        if who in self.banned or self.role[who] != now:
            return False
        self.role[who] = was
        return True

    @rule(on=st.booleans())
    def calm_down(self, on: bool) -> None:
        session = self.world.session

        def back() -> bool:
            self.calm = not on
            return True

        assert self.done(lambda: rules.calm(self.db, self.moderator, session, on=on), back)
        self.calm = on

    @rule(hold=st.booleans())
    def hold_all(self, hold: bool) -> None:
        wish = RulesChange(hold="all" if hold else "nobody")
        assert self.tried(lambda: rules.change(self.db, self.organiser, self.world.conference, wish))
        self.hold = hold

    @precondition(lambda self: self.deeds)
    @rule(number=st.integers(0, 30))
    def undo(self, number: int) -> None:
        id, back = self.deeds[number % len(self.deeds)]
        allowed = self.tried(lambda: undo.undo(self.db, self.organiser, id))
        assert allowed == back()
        if allowed:
            self.deeds = [one for one in self.deeds if one[0] != id]
            assert self.tried(lambda: undo.undo(self.db, self.organiser, id)), "undoing twice is no fault"
            self.learn_bans()

    def learn_bans(self) -> None:
        """Undoing the lifting of a ban makes a ban of its own."""
        for one in desk.bans(self.db, self.moderator, self.world.conference).bans:
            if one.lifted_at is None:
                self.ban_of[one.person.name] = one.id

    def one(self, number: int) -> tuple[UUID, Said]:
        id = list(self.said)[number % len(self.said)]
        return id, self.said[id]

    def silenced(self, who: str) -> bool:
        looked_after = self.role[who] == "moderator"  # who looks after a session is not held up by its rules
        return not looked_after and any(one.stands and one.who == who for one in self.still.values())

    def reached(self, who: str) -> bool:
        """Nobody acts on their equals: the moderator reaches speakers and attendees."""
        return self.role[who] != "moderator"

    @invariant()
    def holds(self) -> None:
        self.db.flush()
        shown = chat.of_session(self.db, self.who("guest").actor, self.world.session).messages
        standing = {id for id, one in self.said.items() if one.state in {"shown", "hidden"}}
        assert {one.id for one in shown} == standing
        readable = {id for id in standing if self.said[id].state == "shown" and not self.said[id].deleted}
        assert {one.id for one in shown if one.text} == readable
        seen = desk.snapshot(self.db, self.moderator, self.world.session)
        waiting = {id for id, one in self.said.items() if one.state == "held" and not one.deleted}
        assert {one.message.id for one in seen.held} == waiting
        assert {one.id for one in seen.silences} == {id for id, one in self.still.items() if one.stands}
        places = [(one.who, one.here) for one in self.still.values() if one.stands]
        assert len(places) == len(set(places))
        assert seen.rules.calm == self.calm
        for who in TALKERS:
            role = scope.conference_role(self.db, self.world.conference, self.who(who).id)
            assert role == (None if who in self.banned else self.role[who])


@pytest.fixture
def desk_machine(sqlite_template: Path, tmp_path: Path) -> type[Desk]:
    Desk.file = tmp_path / "multaqa.sqlite"
    shutil.copyfile(sqlite_template, Desk.file)
    return Desk


def test_whatever_moderators_do_and_take_back_the_rules_hold(desk_machine: type[Desk]) -> None:
    run_state_machine_as_test(desk_machine, settings=settings(BOUNDED, max_examples=4))


def test_silence_that_is_given_back_stands_alone(desk_machine: type[Desk]) -> None:
    """Else who lets somebody write finds another one behind it."""
    day = desk_machine()
    day.silence(who="attendee", here=True)
    day.unsilence(number=0)
    day.silence(who="attendee", here=True)
    day.undo(number=1)
    day.holds()
    day.unsilence(number=0)
    day.say(who="attendee")
    day.holds()
    day.teardown()
