"""People who send commands and try again with the same key until they are answered."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from uuid import UUID

from models.base import new_id
from tests.chaos.history import Operation
from tests.chaos.line import Line
from tests.chaos.people import Crowd
from tests.support.people import Someone

LAST_TRIES_S = 45.0  # how long somebody goes on trying after the end
GIVE_UP_SHARE = 0.03
BOARD_SHARE = 0.24  # of all commands
REFUSED_SHARE = 0.03
REUSED_SHARE = 0.02
NOT_NOW = frozenset({429, 500, 502, 503, 504})  # said by a server that could not: the same key may be tried again


class Writer:
    """One person, one command at a time, so that their order means something."""

    def __init__(
        self,
        someone: Someone,
        crowd: Crowd,
        line: Line,
        chance: random.Random,
        *,
        think_s: float,
        board_share: float = BOARD_SHARE,
    ) -> None:
        self.operations: list[Operation] = []
        self.crashes: list[str] = []
        self._someone = someone
        self._crowd = crowd
        self._line = line
        self._chance = chance
        self._think_s = think_s
        self._posted: list[Operation] = []
        self._seen: dict[tuple[str, str], int] = {}  # versions of fields of cards
        self._taken: list[tuple[UUID, str]] = []  # cards this person works on, with their boards
        self._board_share = board_share

    async def talk(self, more: Callable[[], bool]) -> None:
        """Send while there is more to send; what is under way at the end is tried a while longer."""
        for number, one in enumerate(self._wishes()):
            await asyncio.sleep(self._chance.uniform(0, 2 * self._think_s))
            if not more():
                return
            one.number = number
            self.operations.append(one)
            await self._send(one, more)

    async def _send(self, one: Operation, more: Callable[[], bool]) -> None:
        gives_up = self._chance.random() < GIVE_UP_SHARE
        one.began = time.monotonic()
        last = None
        while one.outcome == "unknown":
            await self._try(one, within_s=self._chance.uniform(0.001, 0.05) if gives_up else None)
            if gives_up:
                break
            if not more():
                last = last or time.monotonic() + LAST_TRIES_S
                if time.monotonic() > last:
                    break
        one.ended = time.monotonic()
        if one.kind == "post" and one.outcome == "ok":
            self._posted.append(one)
        if one.kind == "edit":
            self._learn(one)
        if one.kind == "work" and one.outcome == "ok" and one.body["act"] == "take":
            self._taken.append((UUID(one.channel.removeprefix("board:")), one.path.split("/")[3]))

    async def _try(self, one: Operation, within_s: float | None) -> None:
        one.tries += 1
        headers = {"Idempotency-Key": str(one.key), "Content-Type": "application/json"}
        try:
            given = {} if within_s is None else {"within_s": within_s}
            answer = await self._line.ask(one.method, one.path, one.body, headers=headers, **given)
        except (OSError, TimeoutError):
            await asyncio.sleep(self._chance.uniform(0.05, 0.4))
            return
        one.status = answer.status
        if answer.status in NOT_NOW:
            if answer.status == 500:
                self.crashes.append(answer.body.decode(errors="replace"))
            await asyncio.sleep(min(2.0, float(answer.headers.get("retry-after", "0.2"))))
        elif answer.status < 400:
            one.outcome, one.answer = "ok", answer.json
        else:
            one.outcome, one.answer = "fail", answer.json

    def _wishes(self) -> Iterator[Operation]:
        acts = (
            *(self._move, self._move, self._edit, self._edit, self._comment, self._make),
            *(self._label, self._work, self._undo),
        )
        while True:
            dice = self._chance.random()
            if dice < self._board_share:
                yield self._chance.choice(acts)()
            elif dice < self._board_share + REFUSED_SHARE:
                yield self._refused()
            elif dice < self._board_share + REFUSED_SHARE + REUSED_SHARE and self._posted:
                yield self._reused()
            else:
                yield self._post()

    def _post(self) -> Operation:
        session, key = self._chance.choice(self._crowd.sessions), new_id()
        text = f"{key} {self._chance.choice(WORDS)}"
        path = f"/api/sessions/{session}/messages"
        return Operation(self._someone.id, 0, "post", key, f"session:{session}", path, {"text": text})

    def _move(self) -> Operation:
        board = self._chance.choice(self._crowd.boards)
        card, other = self._chance.sample(list(board.cards), 2)
        body: dict[str, str] = {"column_id": str(self._chance.choice(board.columns))}
        side = self._chance.choice(["before", "after", ""])
        if side:
            body[side] = str(other)
        path = f"/api/cards/{card}/move"
        return Operation(self._someone.id, 0, "move", new_id(), f"board:{board.id}", path, dict(body))

    def _edit(self) -> Operation:
        """A field over the version this person saw last; somebody else may have been faster."""
        board, card = self._some_card()
        field = self._chance.choice(["title", "description", "skill"])
        base = self._seen.get((card, field), 0)
        body = {field: {"base": base, "value": f"{new_id()} {self._chance.choice(WORDS[:4])}"[:80]}}
        return Operation(
            self._someone.id, 0, "edit", new_id(), f"board:{board}", f"/api/cards/{card}", body, method="PATCH"
        )

    def _comment(self) -> Operation:
        board, card = self._some_card()
        key = new_id()
        path, body = f"/api/cards/{card}/comments", {"text": f"{key} {self._chance.choice(WORDS)}"}
        return Operation(self._someone.id, 0, "comment", key, f"board:{board}", path, body)

    def _make(self) -> Operation:
        board = self._chance.choice(self._crowd.boards)
        body = {"column_id": str(self._chance.choice(board.columns)), "title": "بطاقة أخرى"}
        path = f"/api/boards/{board.id}/cards"
        return Operation(self._someone.id, 0, "make", new_id(), f"board:{board.id}", path, body)

    def _label(self) -> Operation:
        """On or off; where it is so already, nothing changes."""
        board = self._chance.choice(self._crowd.boards)
        body = {"label_id": str(board.label), "on": self._chance.random() < 0.5}
        path = f"/api/cards/{self._chance.choice(board.cards)}/labels"
        return Operation(self._someone.id, 0, "label", new_id(), f"board:{board.id}", path, body)

    def _work(self) -> Operation:
        """Take a card, which somebody else may have; or hand back the one this person has."""
        act = "hand_back" if self._taken else "take"
        board, card = self._taken.pop() if self._taken else self._some_card()
        path = f"/api/cards/{card}/work"
        return Operation(self._someone.id, 0, "work", new_id(), f"board:{board}", path, {"act": act})

    def _undo(self) -> Operation:
        """One's own last step, whatever it was; or that again. Somebody may have changed the same since."""
        board = self._chance.choice(self._crowd.boards).id
        way = self._chance.choice(["undo", "undo", "redo"])
        return Operation(self._someone.id, 0, "undo", new_id(), f"board:{board}", f"/api/boards/{board}/{way}", {})

    def _some_card(self) -> tuple[UUID, str]:
        board = self._chance.choice(self._crowd.boards)
        return board.id, str(self._chance.choice(board.cards))

    def _learn(self, one: Operation) -> None:
        """An edit's answer tells the versions of the card's fields, and so does the refusal of one."""
        card = (one.answer.get("card") or {}) if one.outcome == "fail" else one.answer
        for field, version in card.get("fields", {}).items():
            self._seen[str(card["id"]), field] = version

    def _refused(self) -> Operation:
        """Into a conference of others, or longer than a message may be."""
        key, foreign = new_id(), self._chance.random() < 0.5
        session = self._crowd.foreign if foreign else self._chance.choice(self._crowd.sessions)
        text = f"{key} {'' if foreign else 'x' * 4000}".strip()
        path = f"/api/sessions/{session}/messages"
        return Operation(self._someone.id, 0, "refused", key, f"session:{session}", path, {"text": text})

    def _reused(self) -> Operation:
        """An old key for another text."""
        old = self._chance.choice(self._posted)
        body = {"text": f"{new_id()} instead of {old.number}"}
        return Operation(self._someone.id, 0, "reused", old.key, old.channel, old.path, body)


WORDS = (
    "السلام عليكم ورحمة الله",
    "هل الصوت واضح عند الجميع؟ 🌿",
    "A longer sentence about how the work is going, with some words more than the others have.",
    "نعم",
    "‏1️⃣ ثم ‎2️⃣",
    " ".join(["ملتقى"] * 600),
)
