"""The checker sees what it is there for: each planted fault is told, and a clean history is not accused."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest

from tests.chaos.checker import violations
from tests.chaos.history import Heard, Operation, Piece, Stored, StoredMessage, Told

PERSON, SESSION = UUID(int=1), UUID(int=2)
CHANNEL, BOARD = f"session:{SESSION}", "board:b"


@dataclass
class Evidence:
    operations: list[Operation]
    stored: Stored
    heard: list[Heard]

    def publications(self, channel: str = CHANNEL) -> list[Told]:
        found = self.stored.publications[channel]
        assert isinstance(found, list)
        return found

    def told(self) -> list[Told]:
        return self.heard[0].pieces[0].told


def key(number: int) -> UUID:
    return UUID(int=100 + number)


def message(number: int) -> dict[str, Any]:
    return {"id": str(key(number)), "text": f"text {number}", "version": 1}


def move(version: int) -> dict[str, Any]:
    return {"id": "c", "rank": f"r{version}", "version": version}


def operation(number: int, kind: Any, outcome: Any, status: int, answer: dict[str, Any]) -> Operation:
    channel = BOARD if kind == "move" else CHANNEL
    body = {} if kind == "move" else {"text": f"text {number}"}
    return Operation(
        PERSON,
        number,
        kind,
        key(number),
        channel,
        "",
        body,
        tries=1,
        outcome=outcome,
        status=status,
        answer=answer,
    )


def clean() -> Evidence:
    """Messages 0 to 3, of which nobody knows of 2, and the refused 4; two moves of one card."""
    operations = [operation(number, "post", "ok", 201, message(number)) for number in range(4)]
    operations[2].outcome, operations[2].answer = "unknown", {}
    operations.append(operation(4, "refused", "fail", 422, {"code": "too_long"}))
    operations += [operation(5 + version, "move", "ok", 200, move(version)) for version in (2, 3)]
    posted = [Told(1 + n, f"p{n}", "message.posted", {"message": message(n)}) for n in range(4)]
    cards = [Told(1, "m1", "card.created", {"card": move(1)})]
    cards += [Told(version, f"m{version}", "card.moved", {"card": move(version)}) for version in (2, 3)]
    stored = Stored(
        publications={CHANNEL: posted, BOARD: cards},
        heads={CHANNEL: (4, "p3"), BOARD: (3, "m3")},
        messages={key(n): StoredMessage(SESSION, PERSON, f"text {n}", 1 + n) for n in range(4)},
        commands={
            **{(PERSON, key(n)): (201, message(n)) for n in range(4)},
            **{(PERSON, key(5 + version)): (200, move(version)) for version in (2, 3)},
        },
        snapshots={CHANNEL: {"messages": [message(n) for n in range(4)]}, BOARD: {"board": {"cards": [move(3)]}}},
    )
    heard = [
        Heard("ear", CHANNEL, [Piece((1, "p0"), {"messages": [message(0)]}, deepcopy(posted[1:]))]),
        Heard("eye", BOARD, [Piece((1, "m1"), {"board": {"cards": [move(1)]}}, deepcopy(cards[1:]))]),
    ]
    return Evidence(operations, stored, heard)


def test_clean_history_is_not_accused() -> None:
    evidence = clean()
    assert violations(evidence.operations, evidence.stored, evidence.heard) == []


def test_unknown_may_be_absent() -> None:
    evidence = clean()
    evidence.operations.append(operation(9, "post", "unknown", 0, {}))
    assert violations(evidence.operations, evidence.stored, evidence.heard) == []


def lose(evidence: Evidence) -> None:
    evidence.stored.commands.pop((PERSON, key(1)))  # type: ignore[attr-defined]


def lose_row(evidence: Evidence) -> None:
    evidence.stored.messages.pop(key(1))  # type: ignore[attr-defined]


def double(evidence: Evidence) -> None:
    evidence.stored.messages[key(20)] = StoredMessage(SESSION, PERSON, "text 1", 9)  # type: ignore[index]


def other_answer(evidence: Evidence) -> None:
    evidence.operations[0].answer = {"id": "another"}


def refused_took_place(evidence: Evidence) -> None:
    evidence.stored.commands[PERSON, key(4)] = (201, {})  # type: ignore[index]


def refused_is_there(evidence: Evidence) -> None:
    evidence.stored.messages[key(21)] = StoredMessage(SESSION, PERSON, "text 4", 9)  # type: ignore[index]


def told_twice(evidence: Evidence) -> None:
    evidence.publications().append(Told(5, "p4", "message.posted", {"message": message(3)}))


def gap(evidence: Evidence) -> None:
    evidence.publications()[3] = replace(evidence.publications()[3], offset=6)


def wrong_head(evidence: Evidence) -> None:
    evidence.stored.heads[CHANNEL] = (5, "p4")  # type: ignore[index]


def turned_round(evidence: Evidence) -> None:
    evidence.operations[0].number, evidence.operations[1].number = 1, 0


def unheard(evidence: Evidence) -> None:
    evidence.told().pop()


def heard_gap(evidence: Evidence) -> None:
    evidence.told().pop(0)


def heard_twice(evidence: Evidence) -> None:
    evidence.told().insert(1, evidence.told()[0])


def heard_otherwise(evidence: Evidence) -> None:
    evidence.told()[0] = replace(evidence.told()[0], data={"message": message(7)})


def foreign_start(evidence: Evidence) -> None:
    evidence.heard[0].pieces[0].position = (1, "px")


def stale_board(evidence: Evidence) -> None:
    evidence.stored.snapshots[BOARD]["board"]["cards"] = [move(2)]


def same_version(evidence: Evidence) -> None:
    evidence.stored.commands[PERSON, key(8)] = (200, move(2))  # type: ignore[index]
    evidence.operations[-1].answer = move(2)


def move_untold(evidence: Evidence) -> None:
    evidence.publications(BOARD)[2] = replace(evidence.publications(BOARD)[2], data={"card": move(9)})


@pytest.mark.parametrize(
    ("plant", "words"),
    [
        (lose, "was acknowledged and is not there"),
        (lose_row, "is stored as None"),
        (double, "is there 2 times"),
        (other_answer, "was answered"),
        (refused_took_place, "was refused with 422, and took place"),
        (refused_is_there, "must not be there"),
        (told_twice, "is told at [4, 5]"),
        (gap, "gaps or doubles in its offsets"),
        (wrong_head, "the head of"),
        (turned_round, "stands before the same sender's"),
        (unheard, "heard up to 3 of 4"),
        (heard_gap, "heard gaps"),
        (heard_twice, "heard gaps, doubles or disorder"),
        (heard_otherwise, "heard something else at 2"),
        (foreign_start, "not in the history"),
        (stale_board, "where a fresh client sees"),
        (same_version, "a version that another move has too"),
        (move_untold, "and is told as"),
    ],
)
def test_planted_faults_are_told(plant: Callable[[Evidence], None], words: str) -> None:
    evidence = clean()
    plant(evidence)
    assert any(words in one for one in violations(evidence.operations, evidence.stored, evidence.heard))
