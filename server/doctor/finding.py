"""One thing the doctor found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from server.messages import sentence

Grade = Literal["good", "warn", "bad", "unsure"]
SIGNS: Mapping[Grade, str] = {"good": "✓", "warn": "!", "bad": "✗", "unsure": "?"}


@dataclass(frozen=True)
class Finding:
    """`check` is what was looked at, `says` which of its sentences tells what was found."""

    check: str
    grade: Grade
    says: str
    values: Mapping[str, object] = field(default_factory=dict)

    def text(self, locale: str) -> str:
        name = sentence(locale, f"doctor.{self.check}")
        return f"{SIGNS[self.grade]} {name}: {sentence(locale, f'doctor.{self.check}.{self.says}', **self.values)}"


def good(check: str, says: str = "good", **values: object) -> Finding:
    return Finding(check, "good", says, values)


def warn(check: str, says: str, **values: object) -> Finding:
    return Finding(check, "warn", says, values)


def bad(check: str, says: str, **values: object) -> Finding:
    return Finding(check, "bad", says, values)


def unsure(check: str, says: str, **values: object) -> Finding:
    return Finding(check, "unsure", says, values)
