"""Seats: who holds one, who is asked next. All of it under the lock of the conference's form.

Whoever frees a seat offers it in the same transaction, so nobody waits while one is free, and the last seat
goes once however many reach for it.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from models.base import now
from models.conference import Conference, ConferenceRole
from models.person import Login, Person
from models.registration import Registration, RegistrationForm
from server.actions import conference, ledger, letter, participant, recording
from server.actions import person as persons
from server.actions.notify import notify
from server.actions.publish import access_changed, publish
from server.domain.person import owner_of
from server.domain.registration import MOVES, OFFER_LASTS, SEATED, Move, RegistrationChanged, after, seat_free
from server.domain.translation import in_language
from server.queries import registrations, scope
from server.queries.channels import person_channel

TOLD = frozenset({"confirmed", "refused", "offered", "lapsed", "revoked"})
LAPSED_AT_ONCE = 100


def form(db: Session, conference_id: UUID) -> RegistrationForm:
    """The form, locked and made if need be. The conference first: parents before children."""
    db.exec(
        select(Conference.id).where(col(Conference.id) == conference_id).with_for_update(read=True, key_share=True)
    ).one()
    known = db.get(RegistrationForm, conference_id, with_for_update=True, populate_existing=True)
    if known is not None:
        return known
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    fresh = RegistrationForm(conference_id=conference_id)
    row = dialect.insert(RegistrationForm).values(fresh.model_dump())
    db.connection().execute(row.on_conflict_do_nothing(index_elements=[col(RegistrationForm.conference_id)]))
    return db.get_one(RegistrationForm, conference_id, with_for_update=True, populate_existing=True)


def free(db: Session, of: RegistrationForm) -> bool:
    return seat_free(of.capacity, registrations.taken(db, of.conference_id))


def move(db: Session, of: RegistrationForm, row: Registration, to: Move) -> bool:
    """Make a move with a registration of this (locked) form. Whether anything changed. Raises Conflict."""
    seat = row.state in SEATED or free(db, of)
    state = after(row.state, to, seat=seat)
    if state == row.state:
        return False
    settle(db, row, state, news="lapsed" if to == "lapse" else state)
    return True


def settle(db: Session, row: Registration, state: str, *, news: str = "") -> None:
    """Put a registration into a state, with all that belongs to it: the role, the news, the mail."""
    was, row.state = row.state, state
    if was == "revoked":
        row.token_hash = row.next_hash = None  # a link that told of the end is no way in
    row.version += 1
    row.offered_until = now() + OFFER_LASTS if state == "offered" else None
    if state == "waiting_list":
        row.queued_at = now()
    db.flush()
    if state == "confirmed":
        _let_in(db, row)
    elif was == "confirmed":
        _let_out(db, row)
    if state == "revoked":
        _end_link(db, row)
        recording.change_tickets(db, row.conference_id)  # also of somebody who gave up their seat before
    _tell(db, row, news or state)


def fill(db: Session, of: RegistrationForm) -> int:
    """Offer free seats to those who wait, the first first. Returns how many were asked."""
    asked = 0
    while free(db, of):
        row = db.exec(
            select(Registration)
            .where(col(Registration.conference_id) == of.conference_id, col(Registration.state) == "waiting_list")
            .order_by(col(Registration.queued_at), col(Registration.id))
            .limit(1)
            .with_for_update()
        ).first()
        if row is None:
            break
        move(db, of, row, "offer")
        asked += 1
    return asked


def give_up(db: Session, conference_id: UUID, person_id: UUID) -> str | None:
    """Whoever is put out holds no seat and waits for none; who comes next is asked. Returns what they were."""
    known = registrations.of_person(db, conference_id, person_id)
    if known is None:
        return None
    of = form(db, conference_id)
    row = scope.load(db, Registration, known.id, lock=True)
    was = row.state
    if was not in MOVES["cancel"]:
        return None
    move(db, of, row, "cancel")
    fill(db, of)
    return was


def give_back(db: Session, conference_id: UUID, person_id: UUID) -> None:
    """The seat of somebody who was put out by mistake, though meanwhile the last one went."""
    known = registrations.of_person(db, conference_id, person_id)
    if known is None:
        return
    form(db, conference_id)
    row = scope.load(db, Registration, known.id, lock=True)
    if row.state == "cancelled":
        settle(db, row, "confirmed")


def lapse(db: Session) -> int:
    """Take back offers nobody took up in time, and ask those who come next. Returns how many ran out."""
    late = col(Registration.state) == "offered", col(Registration.offered_until) < now()
    found = db.exec(
        select(Registration.conference_id, Registration.id)
        .where(*late)
        .order_by(col(Registration.conference_id), col(Registration.id))
        .limit(LAPSED_AT_ONCE)
    ).all()
    ended = 0
    for conference_id in sorted({one for one, _ in found}):
        of = form(db, conference_id)
        for id in [id for one, id in found if one == conference_id]:
            row = scope.load(db, Registration, id, lock=True)
            if row.state == "offered" and row.offered_until is not None and row.offered_until < now():
                ended += move(db, of, row, "lapse")
        fill(db, of)
    return ended


def new_link(db: Session, row: Registration, token: str | None = None) -> str:
    """A new token for the personal link, made here unless its holder made it; older links end."""
    token = token or ledger.new_token()
    persons.end_links(db, row.person_id)
    row.token_hash, row.next_hash = ledger.token_hash(token), None
    return token


def mail_link(db: Session, row: Registration, kind: str, *, once: str, **values: str) -> bool:
    """Send the registered person a link of their own. The one they used last keeps working: a stranger who
    types somebody's address takes nothing away."""
    if row.email is None:
        return False
    person = scope.load(db, Person, row.person_id)
    held_in = scope.load(db, Conference, row.conference_id)
    token = ledger.new_token()
    path, told = f"/pass#{token}", {**values, "conference": _title(held_in, person)}
    sent = letter.to_person(db, person, row.email, kind, path=path, once=once, **told)
    if sent:  # asked for twice, it went once: the link in that mail is the one
        row.next_hash = ledger.token_hash(token)
    return sent


def _let_in(db: Session, row: Registration) -> None:
    if db.get(ConferenceRole, (row.conference_id, row.person_id)) is None:
        conference.grant(db, row.conference_id, row.person_id, "attendee")
        row.granted = True


def _let_out(db: Session, row: Registration) -> None:
    """Whoever came by registering goes with it; a role somebody had anyway, or was given since, stays."""
    held = conference.held(db, row.conference_id, row.person_id)
    if row.granted and held is not None and held.role == "attendee":
        participant.take_out(db, row.conference_id, row.person_id)
    row.granted = False


def _end_link(db: Session, row: Registration) -> None:
    """Nobody comes in by it, or stays in. The personal link goes on telling its holder what became of it."""
    persons.end_links(db, row.person_id)
    if not scope.load(db, Person, row.person_id).guest:
        return
    ended = db.exec(select(Login.id).where(col(Login.person_id) == row.person_id)).all()
    for login in db.exec(select(Login).where(col(Login.id).in_(list(ended)))):
        db.delete(login)
    owners = tuple(owner_of(row.person_id, id) for id in ended)
    access_changed(db, "login.ended", people=(row.person_id,), logins=tuple(ended), owners=owners)


def _tell(db: Session, row: Registration, news: str) -> None:
    held_in = scope.load(db, Conference, row.conference_id)
    changed = RegistrationChanged(conference_id=row.conference_id, state=row.state)
    publish(db, person_channel(row.person_id), changed, subject=row.id)
    if news not in TOLD:
        return
    kind = f"registration_{news}"
    link = f"/c/{row.conference_id}" if row.state == "confirmed" else f"/r/{row.conference_id}"
    values = {"conference": held_in.title}
    if row.offered_until is not None:
        values["when"] = row.offered_until.isoformat()
    notify(db, [row.person_id], kind, values, link=link, conference_id=row.conference_id)
    if row.offered_until is not None:
        person = scope.load(db, Person, row.person_id)
        values["when"] = letter.moment(row.offered_until, person.zone or held_in.zone, person.locale)
    once = f"{kind}:{row.id}:{row.version}"
    mail_link(db, row, kind, once=once, **values)


def _title(held_in: Conference, reader: Person) -> str:
    """As the reader's language has it, where it does: a letter goes to one person."""
    return in_language(held_in.title, "", held_in.translations, reader.locale).title
