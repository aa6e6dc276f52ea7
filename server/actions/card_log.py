"""Writing a card: held under its board's lock, its changes kept, told, and its worker's claim kept alive."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col, select

from models.base import new_id, now
from models.board import Board
from models.card import Card
from models.card_work import CardChange, CardClaim
from server.actions import stage_work
from server.actions.publish import publish
from server.domain.board import check_board_open
from server.domain.card import CardView
from server.domain.errors import Conflict
from server.domain.person import Actor, PersonView, actor_view
from server.domain.view import Fact
from server.queries import cards, scope
from server.queries.channels import board_channel
from server.queries.scope import Scope

_SHOWN = {"card.changed", "card.moved", "card.archived", "card.restored", "card.worked"}
"""What a session's audience sees, too, where it is shown the card."""


@dataclass
class Writing:
    """One command on one board. All that it changes is one step of its person's history."""

    db: Session
    here: Scope
    board: Board
    step: UUID = field(default_factory=new_id)
    way: str = ""  # undo or redo, when it is one

    @property
    def actor(self) -> Actor:
        return self.here.actor

    @property
    def by(self) -> PersonView:
        return actor_view(self.here.actor)

    def keep(
        self,
        card: Card,
        name: str,
        before: Any,
        after: Any,
        *,
        subject: UUID | None = None,
        version: int = 0,
        fixed: bool = False,
    ) -> None:
        """Write a change into the history. A new change of one's own takes away what one could do again."""
        self.board.changes_made += 1
        if not fixed and not self.way:
            self._forget_redo()
        self.db.add(
            CardChange(
                id=new_id(),
                board_id=self.board.id,
                card_id=card.id,
                person_id=self.actor.person_id,
                number=self.board.changes_made,
                step=self.step,
                field=name,
                subject_id=subject,
                field_version=version,
                before=before,
                after=after,
                state="fixed" if fixed or self.way else "done",
                way=self.way,
            )
        )

    def tell(self, fact: Fact, subject: UUID) -> None:
        publish(self.db, board_channel(self.board.id), fact, subject=subject)
        if fact.name in _SHOWN:
            stage_work.tell_of_card(self.db, subject)

    def touched(self, card: Card) -> CardView:
        """The card after a change: its version raised, its worker's claim kept alive; ready to be told."""
        card.version += 1
        stay_alive(self.db, self.board, card, self.actor.person_id)
        self.db.flush()
        return cards.view(self.db, card)

    def _forget_redo(self) -> None:
        mine = (col(CardChange.person_id) == self.actor.person_id, col(CardChange.board_id) == self.board.id)
        self.db.exec(update(CardChange).where(*mine, col(CardChange.state) == "undone").values(state="gone"))


def on_board(db: Session, actor: Actor, board_id: UUID, permission: str, *, step: UUID | None = None) -> Writing:
    """The board, locked and open to changes."""
    board, here = scope.of_board(db, actor, board_id, permission, lock=True)
    check_board_open(board)
    return Writing(db, here, board, step or new_id())


def on_card(
    db: Session,
    actor: Actor,
    card_id: UUID,
    permission: str,
    *,
    step: UUID | None = None,
    archived: bool = False,
) -> tuple[Card, Writing]:
    """A card, locked with its board and open to changes; one in the archive only when it is asked for."""
    card, here = scope.of_card(db, actor, card_id, permission, lock=True)
    board = db.get_one(Board, card.board_id)
    check_board_open(board)
    if not archived:
        check_card_open(card)
    return card, Writing(db, here, board, step or new_id())


def check_card_open(card: Card) -> None:
    if card.archived_at is not None:
        raise Conflict("card.archived")


def stay_alive(db: Session, board: Board, card: Card, person_id: UUID) -> None:
    """Whatever its worker does to a claimed card keeps the claim."""
    if card.state != "claimed" or card.worker_id != person_id:
        return
    card.lease_until = now() + timedelta(minutes=board.lease_minutes)
    card.warned = False
    claim = running_claim(db, card.id)
    if claim is not None:
        claim.active_at = now()


def running_claim(db: Session, card_id: UUID) -> CardClaim | None:
    mine = (col(CardClaim.card_id) == card_id, col(CardClaim.ended_at).is_(None))
    return db.exec(select(CardClaim).where(*mine).order_by(col(CardClaim.began_at).desc())).first()
