"""Edits by field: different fields merge, and of two changes of one field none is lost.

Whoever edits says which version of the field they wrote over (`base`). A field that somebody else changed
meanwhile is answered with all three: what it was, what it is, and what was sent; nothing of the edit is done.
Only where two changes of a description do not touch each other are they made one (`domain.merge`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from models.card import Card
from server.domain.card import CardView, Day, Description, Due, Language, Minutes, Seats, due_of
from server.domain.errors import Conflict
from server.domain.person import PersonView
from server.domain.text import CardTitle, OptionalLine
from server.domain.view import View
from server.domain.zone import Instant

Base = Annotated[int, Field(ge=0)]


class TitleEdit(View):
    base: Base
    value: CardTitle


class DescriptionEdit(View):
    base: Base
    value: Description


class DayEdit(View):
    base: Base
    value: Day | None


class DueEdit(View):
    base: Base
    value: Due | None


class MinutesEdit(View):
    base: Base
    value: Minutes | None


class LineEdit(View):
    base: Base
    value: OptionalLine


class LanguageEdit(View):
    base: Base
    value: Language


class SeatsEdit(View):
    base: Base
    value: Seats | None


class CoverEdit(View):
    base: Base
    value: UUID | None


class CardEdit(View):
    """Each field with the version it was written over; only those named change."""

    title: TitleEdit | None = None
    description: DescriptionEdit | None = None
    start_day: DayEdit | None = None
    due: DueEdit | None = None
    size_minutes: MinutesEdit | None = None
    skill: LineEdit | None = None
    language: LanguageEdit | None = None
    seats: SeatsEdit | None = None
    cover: CoverEdit | None = None


FIELDS = tuple(CardEdit.model_fields)


class FieldClash(View):
    """One field that two people changed: what it was, what `by` made it at `version`, and what was sent."""

    field: str
    base: Any
    theirs: Any
    yours: Any
    version: int
    by: PersonView | None
    at: Instant | None


class CardClash(Conflict):
    """Answered as problem JSON with the members `clashes` and `card` beside the usual ones."""

    def __init__(self, clashes: Sequence[FieldClash], card: CardView | None, *, code: str = "card.clash") -> None:
        super().__init__(code)
        self.more = {
            "clashes": [clash.model_dump(mode="json") for clash in clashes],
            "card": card.model_dump(mode="json") if card else None,
        }


def value_of(card: Card, field: str) -> Any:
    """A field as JSON tells it, and as its history keeps it."""
    if field == "due":
        due = due_of(card)
        return due.model_dump(mode="json", exclude_none=True) if due else None
    if field == "cover":
        return str(card.cover_id) if card.cover_id else None
    value = getattr(card, field)
    return value.isoformat() if field == "start_day" and value else value


def set_value(card: Card, field: str, value: Any) -> None:
    """Put a value as `value_of` tells it into the row."""
    if field == "due":
        due = Due.model_validate(value) if value else None
        card.due_day, card.due_at = (due.day, due.at) if due else (None, None)
    elif field == "cover":
        card.cover_id = UUID(value) if value else None
    elif field == "start_day":
        card.start_day = Due(day=value).day if value else None
    else:
        setattr(card, field, value)


def wanted(edit: CardEdit) -> dict[str, tuple[int, Any]]:
    """Each field that was sent: its base, and its value as JSON."""
    told = edit.model_dump(mode="json", exclude_none=False)
    found: dict[str, tuple[int, Any]] = {}
    for field in FIELDS:
        if (sent := told[field]) is not None:
            value = sent["value"]
            if field == "due" and value:
                value = {name: part for name, part in value.items() if part is not None}
            found[field] = (sent["base"], value)
    return found


def split(
    card: Card, sent: Mapping[str, tuple[int, Any]], clash: Callable[[str, int, Any], FieldClash]
) -> tuple[dict[str, Any], list[FieldClash]]:
    """What is to be changed, and what somebody else changed meanwhile.

    The same value twice is no clash and no change: both wanted the same. A base from the future is one.
    """
    changes: dict[str, Any] = {}
    clashes: list[FieldClash] = []
    for field, (base, value) in sent.items():
        if value == value_of(card, field):
            continue
        if base == card.field_versions.get(field, 0):
            changes[field] = value
        else:
            clashes.append(clash(field, base, value))
    return changes, clashes
