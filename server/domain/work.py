"""Taking a card, working on it under a lease, and having a second person look at it.

    open ----take----> claimed --submit--> submitted --accept--> accepted
      ^                 |    ^                |    |                |
      +--hand_back,lapse+    +----withdraw----+    +--return-->  returned
      +------------------------reopen---------------------------+-- also from returned and accepted
                             take: from returned, too

The earlier approach of the HOT Tasking Manager, with a lease that real activity keeps alive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

from models.card import Card
from models.card_work import CardClaim, CardReview
from server.domain.errors import BadInput, Conflict, Forbidden
from server.domain.person import PersonView
from server.domain.text import NoteText
from server.domain.view import View
from server.domain.zone import Instant

WorkState = Literal["open", "claimed", "submitted", "returned", "accepted"]
Act = Literal["take", "beat", "hand_back", "submit", "withdraw", "accept", "return", "reopen"]
ClaimEnd = Literal["handed_back", "lapsed", "submitted", "released"]
WARNING = timedelta(hours=2)  # before a claim ends; less when the lease is shorter than four times that


class ClaimView(View):
    """One stretch of one person's work; `seconds` from taking it to its end, or to the last sign of life."""

    id: UUID
    person: PersonView
    began_at: Instant
    ended_at: Instant | None
    end: ClaimEnd | None
    note: str
    seconds: int


class ReviewView(View):
    id: UUID
    claim_id: UUID
    person: PersonView
    accepted: bool
    note: str
    at: Instant


class WorkWish(View):
    """`note` goes with handing back, submitting, accepting and, always, with returning."""

    act: Act
    note: NoteText | None = None


@dataclass(frozen=True)
class Turn:
    """What an act needs and where it leads. `by` is who may: anybody, the worker, or somebody else."""

    after: WorkState
    by: Literal["anybody", "worker", "other", "lead"]


MACHINE: dict[tuple[str, str], Turn] = {
    ("open", "take"): Turn("claimed", "anybody"),
    ("returned", "take"): Turn("claimed", "anybody"),
    ("claimed", "beat"): Turn("claimed", "worker"),
    ("claimed", "hand_back"): Turn("open", "worker"),
    ("claimed", "submit"): Turn("submitted", "worker"),
    ("submitted", "withdraw"): Turn("claimed", "worker"),
    ("submitted", "accept"): Turn("accepted", "other"),
    ("submitted", "return"): Turn("returned", "other"),
    ("accepted", "reopen"): Turn("open", "lead"),
    ("returned", "reopen"): Turn("open", "lead"),
}


def turn(card: Card, act: str, person_id: UUID, *, leads: bool, review: bool) -> WorkState:
    """The state an act leads to.

    Raises Conflict `work.off` where a board does not work that way and `work.state` when the state does not
    allow it; Forbidden `work.not_yours` and `review.own` when somebody else has to do it. A lead may hand
    back for whoever has gone.
    """
    if not review and act == "take":
        raise Conflict("work.off")
    found = MACHINE.get((card.state, act))
    if found is None:
        raise Conflict("work.taken" if act == "take" and card.state == "claimed" else "work.state")
    mine = card.worker_id == person_id
    if found.by == "worker" and not mine and not (leads and act == "hand_back"):
        raise Forbidden("work.not_yours")
    if found.by == "other" and mine:
        raise Forbidden("review.own")
    if found.by == "lead" and not leads:
        raise Forbidden("work.not_yours")
    return found.after


def check_note(act: str, note: str | None) -> None:
    if act == "return" and not note:
        raise BadInput("review.note", fields={"note": "field.missing"})


def warns_before(lease: timedelta) -> timedelta:
    return min(WARNING, lease / 4)


def claim_view(row: CardClaim, people: Callable[[UUID], PersonView]) -> ClaimView:
    until = row.ended_at or row.active_at
    return ClaimView(
        id=row.id,
        person=people(row.person_id),
        began_at=row.began_at,
        ended_at=row.ended_at,
        end=row.how or None,
        note=row.note,
        seconds=max(0, int((until - row.began_at).total_seconds())),
    )


def review_view(row: CardReview, people: Callable[[UUID], PersonView]) -> ReviewView:
    return ReviewView(
        id=row.id,
        claim_id=row.claim_id,
        person=people(row.person_id),
        accepted=row.accepted,
        note=row.note,
        at=row.at,
    )
