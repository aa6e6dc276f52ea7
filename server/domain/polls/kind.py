"""What a kind of poll says of itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from server.domain.view import View

Settings = TypeVar("Settings", bound=View)
Answer = TypeVar("Answer", bound=View)


@dataclass(frozen=True)
class Choice:
    """What an answer counts for. Equal keys are one sum; `text` is how this voter wrote it, where they wrote."""

    key: str
    text: str = ""


@dataclass(frozen=True)
class Counted:
    """How many chose a key, and the most usual way of writing it."""

    key: str
    count: int
    text: str = ""


class Kind(ABC, Generic[Settings, Answer]):
    """`settings` and `answer` are the strict shapes of what organisers set and voters send."""

    name: str
    settings: type[Settings]
    answer: type[Answer]

    def check(self, settings: Settings) -> None:
        """Raises BadInput for settings of the right shape that voters could not make sense of."""

    @abstractmethod
    def choices(self, settings: Settings, answer: Answer) -> list[Choice]:
        """What the answer counts for, at least one; no key twice, each at most 80 letters.

        Raises BadInput for an answer that this poll does not allow: what the page offers is no protection.
        """

    @abstractmethod
    def sums(self, settings: Settings, counted: Sequence[Counted]) -> list[Counted]:
        """What is shown, in its order. Bounded, however many answered."""
