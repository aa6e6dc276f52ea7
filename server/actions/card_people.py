"""Who has a card, who watches it, which labels it wears, and which cards belong to it.

Each is put on or taken off by itself, so that two people who add different ones do not meet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, func, or_, select

from models.board import BoardLabel
from models.card import Card, CardLabel, CardLink, CardPerson, CardWatch
from models.team import Membership
from server.actions import notify
from server.actions.card_log import Writing, check_card_open, on_card
from server.actions.publish import publish
from server.domain.card import MOST_LINKS, CardChanged, CardView, CardWatched
from server.domain.errors import BadInput, Conflict, NotFound
from server.domain.person import Actor
from server.queries import cards, scope
from server.queries.channels import person_channel


def assign(
    db: Session, actor: Actor, card_id: UUID, person_id: UUID, *, on: bool, step: UUID | None = None
) -> CardView:
    """Give a card to somebody of the team, or take it off them. Either twice is no fault.

    Raises Conflict `seats.full` and `assign.not_member`.
    """
    card, writing = on_card(db, actor, card_id, "card.change", step=step)
    return set_person(writing, card, person_id, on=on)


def set_person(writing: Writing, card: Card, person_id: UUID, *, on: bool) -> CardView:
    db = writing.db
    held = db.get(CardPerson, (card.id, person_id))
    if on == (held is not None):
        return cards.view(db, card)
    if held is not None:
        db.delete(held)
    else:
        _sit_down(writing, card, person_id)
    return _told(writing, card, "person", person_id, on=on)


def come(writing: Writing, card: Card, people: Collection[UUID]) -> None:
    """The people a new card is made with."""
    for person_id in dict.fromkeys(people):
        _sit_down(writing, card, person_id)


def _sit_down(writing: Writing, card: Card, person_id: UUID) -> None:
    db = writing.db
    if db.get(Membership, (writing.board.team_id, person_id)) is None:
        raise Conflict("assign.not_member")
    check_seat(db, card, person_id)
    db.add(CardPerson(card_id=card.id, person_id=person_id))
    db.flush()
    watch_on(db, card.id, [person_id])
    if person_id != writing.actor.person_id:
        said = {"name": writing.actor.name, "title": card.title}
        tell_people(writing, card, [person_id], "card_assigned", said)


def check_seat(db: Session, card: Card, person_id: UUID) -> None:
    """Raises Conflict `seats.full` where others have all seats of the card. Whoever works on it has one."""
    having = set(db.exec(select(CardPerson.person_id).where(col(CardPerson.card_id) == card.id)))
    if card.worker_id is not None and card.state in {"claimed", "submitted"}:
        having.add(card.worker_id)
    if card.seats is not None and len(having - {person_id}) >= card.seats:
        raise Conflict("seats.full", seats=card.seats)


def label(
    db: Session, actor: Actor, card_id: UUID, label_id: UUID, *, on: bool, step: UUID | None = None
) -> CardView:
    """Stick a label on a card, or take it off. Either twice is no fault."""
    card, writing = on_card(db, actor, card_id, "card.change", step=step)
    return set_label(writing, card, label_id, on=on)


def set_label(writing: Writing, card: Card, label_id: UUID, *, on: bool) -> CardView:
    db = writing.db
    _check_label(writing, label_id)
    held = db.get(CardLabel, (card.id, label_id))
    if on == (held is not None):
        return cards.view(db, card)
    if held is not None:
        db.delete(held)
    else:
        db.add(CardLabel(card_id=card.id, label_id=label_id))
    return _told(writing, card, "label", label_id, on=on)


def stick(writing: Writing, card: Card, labels: Collection[UUID]) -> None:
    """The labels a new card is made with."""
    for label_id in dict.fromkeys(labels):
        _check_label(writing, label_id)
        writing.db.add(CardLabel(card_id=card.id, label_id=label_id))


def _check_label(writing: Writing, label_id: UUID) -> None:
    row = writing.db.get(BoardLabel, label_id)
    if row is None or row.board_id != writing.board.id:
        raise NotFound("label.unknown")


def link(
    db: Session, actor: Actor, card_id: UUID, other_id: UUID, *, on: bool, step: UUID | None = None
) -> CardView:
    """Say that two cards of one board belong together, or no longer."""
    card, writing = on_card(db, actor, card_id, "card.change", step=step)
    return set_link(writing, card, other_id, on=on)


def set_link(writing: Writing, card: Card, other_id: UUID, *, on: bool) -> CardView:
    db = writing.db
    if other_id == card.id:
        raise BadInput("input.unusable", fields={"other_id": "field.unusable"})
    other = db.get(Card, other_id, with_for_update=True, populate_existing=True)
    if other is None or other.board_id != card.board_id:
        raise NotFound("not_found")
    low, high = sorted((card.id, other.id))
    held = db.get(CardLink, (low, high))
    if on == (held is not None):
        return cards.view(db, card)
    if held is not None:
        db.delete(held)
    else:
        check_card_open(other)
        for end in (card.id, other.id):
            mine = or_(col(CardLink.card_id) == end, col(CardLink.other_id) == end)
            if db.exec(select(func.count()).select_from(CardLink).where(mine)).one() >= MOST_LINKS:
                raise Conflict("link.too_many", limit=MOST_LINKS)
        db.add(CardLink(card_id=low, other_id=high))
    shown = _told(writing, card, "link", other_id, on=on)
    changed = CardChanged(card=writing.touched(other), by=writing.by, changed=["link"])
    writing.tell(changed, other.id)
    return shown


def watch(db: Session, actor: Actor, card_id: UUID, *, on: bool) -> None:
    """Hear what happens to a card, or no more."""
    scope.of_card(db, actor, card_id, "board.show")
    if on:
        watch_on(db, card_id, [actor.person_id])
    elif (held := db.get(CardWatch, (card_id, actor.person_id))) is not None:
        db.delete(held)
        _tell_watching(db, card_id, actor.person_id, on=False)


def watch_on(db: Session, card_id: UUID, people: Iterable[UUID]) -> None:
    """They hear of the card from now on; who did not before is told, since it came of something else they did."""
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    for person_id in people:
        row = dialect.insert(CardWatch).values(card_id=card_id, person_id=person_id)
        if db.connection().execute(row.on_conflict_do_nothing()).rowcount:
            _tell_watching(db, card_id, person_id, on=True)


def _tell_watching(db: Session, card_id: UUID, person_id: UUID, *, on: bool) -> None:
    publish(db, person_channel(person_id), CardWatched(card_id=card_id, on=on), subject=card_id)


def watchers(db: Session, card_id: UUID) -> set[UUID]:
    return set(db.exec(select(CardWatch.person_id).where(col(CardWatch.card_id) == card_id)))


def tell_people(
    writing: Writing,
    card: Card,
    people: Collection[UUID],
    kind: str,
    said: dict[str, str],
    *,
    once: str | None = None,
) -> None:
    """A notification of the card for those of them who still belong to its team."""
    db = writing.db
    team = select(Membership.person_id).where(
        col(Membership.team_id) == writing.board.team_id, col(Membership.person_id).in_(list(people))
    )
    notify.notify(
        db,
        list(db.exec(team)),
        kind,
        said,
        link=f"/b/{card.board_id}?card={card.id}",
        conference_id=writing.here.conference_id,
        once=once,
    )


def _told(writing: Writing, card: Card, name: str, subject: UUID, *, on: bool) -> CardView:
    before, after = (None, True) if on else (True, None)
    writing.keep(card, name, before, after, subject=subject)
    shown = writing.touched(card)
    writing.tell(CardChanged(card=shown, by=writing.by, changed=[name]), card.id)
    return shown
