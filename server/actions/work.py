"""Taking a card under a lease, handing it back, submitting it, and a second person's look at it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlmodel import Session, col, select

from models.base import new_id, now
from models.board import Board, BoardColumn
from models.card import Card
from models.card_work import CardChange, CardClaim, CardReview
from models.person import Person
from models.team import Membership, Team
from server.actions import card_people, notify
from server.actions.card_log import Writing, on_card, running_claim
from server.actions.publish import publish
from server.domain.card import CardView
from server.domain.card_facts import CardWorked
from server.domain.errors import Conflict
from server.domain.person import Actor
from server.domain.person import view as person_view
from server.domain.work import (
    WorkWish,
    check_note,
    claim_view,
    review_view,
    turn,
    warns_before,
)
from server.queries import cards, scope
from server.queries.channels import board_channel

AT_ONCE = 100  # leases looked after in one unit
NOTICE_LETTERS = 160


def act(db: Session, actor: Actor, card_id: UUID, wish: WorkWish, *, step: UUID | None = None) -> CardView:
    """One turn of the machine of `domain.work`."""
    card, on = on_card(db, actor, card_id, "card.work", step=step)
    check_note(wish.act, wish.note)
    leads = on.here.may("board.manage")
    after = turn(card, wish.act, actor.person_id, leads=leads, review=on.board.review)
    if wish.act == "beat":
        return _still_there(on, card)
    before, worker = card.state, card.worker_id
    review = _TURNS.get(wish.act, _nothing)(on, card, wish.note or "")
    card.state = after
    if after != "claimed":
        card.lease_until = None
    db.flush()
    on.keep(card, "work", before, after, fixed=True)
    shown = on.touched(card)
    claim = _last_claim(db, card.id)
    people = {row.id: person_view(row) for row in _people(db, claim, review)}
    fact = CardWorked(
        card=shown,
        by=on.by,
        claim=claim_view(claim, people.__getitem__) if claim else None,
        review=review_view(review, people.__getitem__) if review else None,
    )
    on.tell(fact, card.id)
    _notify(on, card, wish, worker)
    return shown


def _take(on: Writing, card: Card, note: str) -> None:
    card_people.check_seat(on.db, card, on.actor.person_id)
    _work_on(on, card, note)


def _work_on(on: Writing, card: Card, note: str) -> None:
    card.worker_id = on.actor.person_id
    card.lease_until = now() + timedelta(minutes=on.board.lease_minutes)
    card.warned = False
    on.db.add(CardClaim(card_id=card.id, person_id=on.actor.person_id))
    card_people.watch_on(on.db, card.id, [on.actor.person_id])


def _hand_back(on: Writing, card: Card, note: str) -> None:
    how = "handed_back" if card.worker_id == on.actor.person_id else "released"
    _end(on.db, card, how, note)
    card.worker_id = None


def _submit(on: Writing, card: Card, note: str) -> None:
    _end(on.db, card, "submitted", note)


def _accept(on: Writing, card: Card, note: str) -> CardReview:
    card.done_at = card.done_at or now()
    return _review(on, card, note, accepted=True)


def _return(on: Writing, card: Card, note: str) -> CardReview:
    return _review(on, card, note, accepted=False)


def _reopen(on: Writing, card: Card, note: str) -> None:
    card.worker_id = None
    column = on.db.get_one(BoardColumn, card.column_id)
    card.done_at = card.done_at if column.done else None


def _nothing(on: Writing, card: Card, note: str) -> None:
    return


_TURNS = {
    "take": _take,
    "withdraw": _work_on,
    "hand_back": _hand_back,
    "submit": _submit,
    "accept": _accept,
    "return": _return,
    "reopen": _reopen,
}


def _still_there(on: Writing, card: Card) -> CardView:
    """A sign of life is worth no news until the end has come near: a page beats every few minutes."""
    lease = timedelta(minutes=on.board.lease_minutes)
    assert card.lease_until is not None
    if card.lease_until - now() > lease * 0.9:
        return cards.view(on.db, card)
    shown = on.touched(card)
    on.tell(CardWorked(card=shown, by=on.by, claim=None, review=None), card.id)
    return shown


def _end(db: Session, card: Card, how: str, note: str) -> None:
    claim = running_claim(db, card.id)
    if claim is not None:
        claim.ended_at = now()
        claim.how = how
        claim.note = note
        if how == "submitted":
            claim.active_at = claim.ended_at


def _review(on: Writing, card: Card, note: str, *, accepted: bool) -> CardReview:
    claim = _last_claim(on.db, card.id)
    if claim is None:
        raise Conflict("work.state")
    row = CardReview(
        id=new_id(),
        card_id=card.id,
        claim_id=claim.id,
        person_id=on.actor.person_id,
        accepted=accepted,
        note=note,
    )
    on.db.add(row)
    return row


def _last_claim(db: Session, card_id: UUID) -> CardClaim | None:
    wanted = select(CardClaim).where(col(CardClaim.card_id) == card_id)
    return db.exec(wanted.order_by(col(CardClaim.began_at).desc(), col(CardClaim.id).desc()).limit(1)).first()


def _people(db: Session, claim: CardClaim | None, review: CardReview | None) -> list[Person]:
    return [scope.load(db, Person, row.person_id) for row in (claim, review) if row is not None]


def _notify(on: Writing, card: Card, wish: WorkWish, worker: UUID | None) -> None:
    said = {"name": on.actor.name, "title": card.title, "text": (wish.note or "…")[:NOTICE_LETTERS]}
    if wish.act == "submit":
        leads = select(Membership.person_id).where(
            col(Membership.team_id) == on.board.team_id, col(Membership.role) == "lead"
        )
        people = (set(on.db.exec(leads)) | card_people.watchers(on.db, card.id)) - {on.actor.person_id}
        card_people.tell_people(on, card, people, "card_submitted", said)
    elif wish.act in {"accept", "return"} and worker is not None:
        kind = "card_accepted" if wish.act == "accept" else "card_returned"
        card_people.tell_people(on, card, [worker], kind, said)
    elif wish.act == "hand_back" and worker is not None and worker != on.actor.person_id:
        card_people.tell_people(on, card, [worker], "claim_released", said)


def look_after_leases(db: Session) -> int:
    """Warn those whose claim ends soon, and end what has ended. Returns how many cards were touched."""
    at = now()
    claimed = col(Card.state) == "claimed"
    ended = db.exec(select(Card.id).where(claimed, col(Card.lease_until) <= at).limit(AT_ONCE)).all()
    soon = db.exec(
        select(Card.id, Board.lease_minutes, Card.lease_until)
        .join(Board, col(Board.id) == col(Card.board_id))
        .where(claimed, col(Card.warned).is_(False), col(Card.lease_until) <= at + warns_before(timedelta.max))
        .order_by(col(Card.lease_until))
        .limit(AT_ONCE)
    ).all()
    near = [
        id
        for id, minutes, until in soon
        if id not in ended and until is not None and until - warns_before(timedelta(minutes=minutes)) <= at
    ]
    for id in (*ended, *near):
        _look_after(db, id)
    return len(ended) + len(near)


def _look_after(db: Session, card_id: UUID) -> None:
    """Looked at anew under the locks: its worker may have moved meanwhile."""
    board_id = scope.load(db, Card, card_id).board_id
    board = scope.load(db, Board, board_id, lock=True)
    card = scope.load(db, Card, card_id, lock=True)
    if card.state != "claimed" or card.lease_until is None or card.worker_id is None:
        return
    worker = card.worker_id
    team = scope.load(db, Team, board.team_id)
    link, conference_id = f"/b/{board.id}?card={card.id}", team.conference_id
    if card.lease_until > now():
        card.warned = True
        said = {"title": card.title, "when": card.lease_until.isoformat()}
        notify.notify(db, [worker], "claim_ending", said, link=link, conference_id=conference_id)
        return
    _end(db, card, "lapsed", "")
    claim = _last_claim(db, card.id)
    card.state, card.worker_id, card.lease_until = "open", None, None
    card.version += 1
    board.changes_made += 1
    db.add(
        CardChange(
            board_id=board.id,
            card_id=card.id,
            number=board.changes_made,
            step=new_id(),
            field="work",
            before="claimed",
            after="open",
            state="fixed",
        )
    )
    db.flush()
    people = {row.id: person_view(row) for row in _people(db, claim, None)}
    shown = claim_view(claim, people.__getitem__) if claim else None
    fact = CardWorked(card=cards.view(db, card), by=None, claim=shown, review=None)
    publish(db, board_channel(board.id), fact, subject=card.id)
    notify.notify(db, [worker], "claim_lapsed", {"title": card.title}, link=link, conference_id=conference_id)
