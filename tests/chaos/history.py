"""What people asked for, what they were answered, what they heard, and what is stored: the checker's evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias
from uuid import UUID

JSON: TypeAlias = dict[str, Any]
Kind = Literal["post", "move", "edit", "comment", "make", "label", "work", "undo", "refused", "reused"]
Outcome = Literal["ok", "fail", "unknown"]


@dataclass
class Operation:
    """One command. `move`, `edit`, `comment`, `make`, `label`, `work` (taking and handing back) and `undo` (and
    doing again) change a board, and an edit may meet another one's.
    `refused` must never happen; `reused` sends an old key with another body."""

    sender: UUID
    number: int  # in the order of sending, for each sender
    kind: Kind
    key: UUID
    channel: str
    path: str
    body: JSON
    method: str = "POST"
    began: float = 0.0
    ended: float = 0.0
    tries: int = 0
    outcome: Outcome = "unknown"
    status: int = 0
    answer: JSON = field(default_factory=dict)

    @property
    def text(self) -> str:
        return str(self.body.get("text", ""))


@dataclass(frozen=True)
class Told:
    """A publication, as it was heard or as it is stored."""

    offset: int
    id: str
    name: str
    data: JSON


@dataclass
class Piece:
    """What one listener heard from one snapshot on, over any number of links."""

    position: tuple[int, str | None]
    snapshot: JSON
    told: list[Told] = field(default_factory=list)


@dataclass
class Heard:
    """Everything one listener heard of its channel."""

    name: str
    channel: str
    pieces: list[Piece] = field(default_factory=list)


@dataclass(frozen=True)
class StoredMessage:
    session: UUID
    sender: UUID
    text: str
    place: int


@dataclass(frozen=True)
class Stored:
    """The truth at the end, read from the database and, as `snapshots`, from a fresh client."""

    publications: Mapping[str, Sequence[Told]]
    heads: Mapping[str, tuple[int, str | None]]
    messages: Mapping[UUID, StoredMessage]
    commands: Mapping[tuple[UUID, UUID], tuple[int, JSON]]
    snapshots: Mapping[str, JSON]
