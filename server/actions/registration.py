"""Registering, deciding on those who did, and what they do with their own registration."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, select

from models.base import new_id, now
from models.conference import Conference, ConferenceRole
from models.notification import Notification
from models.person import Person
from models.registration import Registration, RegistrationForm
from server.actions import audit, ban, ledger, participant, seats
from server.actions import person as persons
from server.actions.notify import notify
from server.domain.errors import BadInput, Conflict, Gone, LoginNeeded, NotFound
from server.domain.person import Actor
from server.domain.registration import (
    MOVES,
    Decide,
    Decided,
    Decision,
    FormChange,
    FormView,
    Holder,
    HolderChange,
    HolderWish,
    RegistrationDraft,
    checked_answers,
    first,
    form_view,
)
from server.domain.text import fold
from server.queries import registrations, scope

DEEDS: dict[Decision, str] = {"approve": "approved", "refuse": "refused", "revoke": "revoked"}

LINKS_AT_ONCE = 5  # of one address: each conference has its own


@dataclass(frozen=True)
class Entry:
    """What came of registering. Without a row, all there is to know goes by mail."""

    row: Registration | None
    token: str | None = None  # of the personal link
    login_token: str | None = None


def change_form(
    db: Session, actor: Actor, conference_id: UUID, wish: FormChange, *, mail: bool = True
) -> FormView:
    """Set how one comes in. More room is offered at once to those who wait."""
    scope.of_conference(db, actor, conference_id, "registration.manage")
    if wish.by_mail and not mail:
        raise BadInput("registration.no_mail", fields={"by_mail": "registration.no_mail"})
    form = seats.form(db, conference_id)
    for name in wish.model_fields_set - {"questions", "thanks"}:
        value = getattr(wish, name)
        if value is not None or name == "capacity":
            setattr(form, name, value)
    if wish.questions is not None:
        form.questions = [one.model_dump(mode="json") for one in wish.questions]
    if wish.thanks is not None:
        form.thanks = wish.thanks.model_dump(mode="json")
    form.version += 1
    seats.fill(db, form)
    return form_view(form, mail=mail)


def register(
    db: Session,
    actor: Actor | None,
    draft: RegistrationDraft,
    *,
    device: str,
    browser: str = "",
    mail: bool = True,
) -> Entry:
    """Ask for a place. Who is signed in registers as themselves; anybody else becomes a guest.

    An address that is registered already gets its own link once more and nothing else happens: whoever typed
    it learns no link, no name and no state, and takes no second seat. A server that sends no mail (any more)
    shows the link at once, whatever was set while it did: else nobody would ever come in.

    Sent again with the same token, because the answer was lost, it is answered as before.
    """
    conference = registrations.conference_at(db, draft.ref)
    form = seats.form(db, conference.id)
    ban.refuse_banned(db, conference.id, actor.person_id if actor else None, browser=browser)
    if (again := _again(db, conference.id, actor, draft, device=device, browser=browser)) is not None:
        return again
    if form.mode == "closed":
        raise Conflict("registration.closed")
    if draft.website:
        return Entry(None)
    known = registrations.of_person(db, conference.id, actor.person_id) if actor else None
    if known is not None:
        if known.state == "cancelled":
            _begin(db, form, known)
        return Entry(known)
    by_mail = form.by_mail and mail and not _proven(db, actor)
    if by_mail and draft.email is None:
        raise BadInput("input.unusable", fields={"email": "field.missing"})
    answers = checked_answers(form_view(form).questions, dict(draft.answers))
    if draft.email is not None and (twin := _by_email(db, conference.id, draft.email)) is not None:
        seats.mail_link(db, twin, _how(twin), once=f"again:{twin.id}:{now():%Y%m%d%H}")
        return Entry(None)
    row, token = _enter(db, form, actor, draft, answers, token=None if by_mail else draft.token)
    if by_mail:
        return Entry(None)  # the link's token is nobody's who has not read that mail
    person = scope.load(db, Person, row.person_id)
    login = None if actor else ledger.log_in(db, person, device=device, browser=browser)
    return Entry(row, token=token, login_token=login)


def _again(
    db: Session,
    conference_id: UUID,
    actor: Actor | None,
    draft: RegistrationDraft,
    *,
    device: str,
    browser: str,
) -> Entry | None:
    """What was answered to the same wish before. Its token opens the registration, so who holds it is let in."""
    if draft.token is None or (row := _opened_by(db, draft.token)) is None or row.conference_id != conference_id:
        return None
    if actor is not None and actor.person_id == row.person_id:
        return Entry(row, token=draft.token)
    row, login = enter(db, Holder(token=draft.token), device=device, browser=browser)
    return Entry(row, token=draft.token, login_token=login)


def _proven(db: Session, actor: Actor | None) -> bool:
    """Whether it is somebody with an account: theirs is an address that needs no proof."""
    return actor is not None and not scope.load(db, Person, actor.person_id).guest


def _enter(
    db: Session,
    form: RegistrationForm,
    actor: Actor | None,
    draft: RegistrationDraft,
    answers: dict[str, object],
    *,
    token: str | None,
) -> tuple[Registration, str]:
    person = scope.load(db, Person, actor.person_id) if actor else _guest(db, draft)
    row = Registration(
        id=new_id(),
        conference_id=form.conference_id,
        person_id=person.id,
        state="cancelled",  # until it begins, a few lines on
        email=draft.email,
        answers=answers,
        words=fold(f"{person.name} {draft.email or ''}")[:400],
    )
    db.add(row)
    token = seats.new_link(db, row, token)
    _begin(db, form, row)
    if row.state in {"waiting_approval", "waiting_list"}:
        seats.mail_link(db, row, "registration_received", once=f"received:{row.id}")
    return row, token


def _begin(db: Session, form: RegistrationForm, row: Registration) -> None:
    seats.settle(db, row, first(form.mode, seat=seats.free(db, form)))
    if row.state == "waiting_approval":
        _call_organisers(db, row.conference_id)


def _call_organisers(db: Session, conference_id: UUID) -> None:
    """Once until they have looked: a hundred newcomers are one piece of news."""
    organisers = db.exec(
        select(ConferenceRole.person_id).where(
            col(ConferenceRole.conference_id) == conference_id, col(ConferenceRole.role) == "organiser"
        )
    ).all()
    told = db.exec(
        select(Notification.person_id).where(
            col(Notification.conference_id) == conference_id,
            col(Notification.kind) == "registration_waiting",
            col(Notification.read_at).is_(None),
        )
    ).all()
    title = scope.load(db, Conference, conference_id).title
    link = f"/c/{conference_id}/registrations"
    notify(
        db,
        set(organisers) - set(told),
        "registration_waiting",
        {"conference": title},
        link=link,
        conference_id=conference_id,
    )


def decide(db: Session, actor: Actor, conference_id: UUID, wish: Decide) -> Decided:
    """Approve, refuse or revoke those of several that can be. Deciding twice alike is no fault: two may press."""
    scope.of_conference(db, actor, conference_id, "registration.manage")
    form = seats.form(db, conference_id)
    rows = db.exec(
        select(Registration)
        .where(col(Registration.conference_id) == conference_id, col(Registration.id).in_(wish.ids))
        .order_by(col(Registration.created_at), col(Registration.id))
        .with_for_update()
    ).all()
    if len(rows) != len(set(wish.ids)):
        raise NotFound("not_found")
    hindered = {row.id: why for row in rows if (why := _hindrance(db, row, wish.decision))}
    if len(rows) == 1 and hindered:
        raise Conflict(hindered[rows[0].id])
    movable = [row for row in rows if row.id not in hindered]
    changed = [row for row in movable if seats.move(db, form, row, wish.decision)]
    for row in changed:
        _note(db, actor, row, DEEDS[wish.decision])
    seats.fill(db, form)
    waiting = sum(row.state == "waiting_list" for row in changed)
    return Decided(changed=len(changed), waiting=waiting, left=len(hindered))


def _hindrance(db: Session, row: Registration, decision: Decision) -> str | None:
    """Why this one cannot be decided so. Among many it is left as it is: the others must not wait for it."""
    if row.state not in MOVES[decision]:
        return "registration.state"
    if decision == "approve" and scope.banned(db, row.conference_id, row.person_id) is not None:
        return "registration.banned"
    return None


def hand_link(db: Session, actor: Actor, registration_id: UUID) -> tuple[Registration, str | None, bool]:
    """A new personal link, which ends the older ones. The organiser sees it only of a guest who belongs here
    alone (as with sign-in links): never of somebody who could act elsewhere. Returns row, token, mailed."""
    known = scope.load(db, Registration, registration_id)
    scope.of_conference(db, actor, known.conference_id, "registration.manage")
    seats.form(db, known.conference_id)
    row = scope.load(db, Registration, registration_id, lock=True)
    if row.state == "revoked":
        raise Conflict("registration.state")
    person = scope.load(db, Person, row.person_id)
    token = seats.new_link(db, row)
    mailed = seats.mail_link(db, row, "registration_again", once=f"handed:{row.id}:{new_id()}")
    _note(db, actor, row, "link_renewed")
    seen = person.guest and persons.belongs_here_alone(db, person, row.conference_id)
    return row, token if seen else None, mailed


def _note(db: Session, actor: Actor, row: Registration, deed: str) -> None:
    audit.note(db, actor, row.conference_id, f"registration.{deed}", person=row.person_id, subject=row.id)


def remove_person(db: Session, actor: Actor, conference_id: UUID, person_id: UUID) -> None:
    """Take somebody out of a conference; what they registered for is revoked, and the seat goes on."""
    participant.remove(db, actor, conference_id, person_id)
    row = registrations.of_person(db, conference_id, person_id)
    if row is not None:
        form = seats.form(db, conference_id)
        seats.move(db, form, scope.load(db, Registration, row.id, lock=True), "revoke")
        seats.fill(db, form)


def held(db: Session, actor: Actor | None, holder: Holder, *, lock: bool = False) -> Registration:
    """The registration a link belongs to, or one's own. Raises Gone for a link that opens nothing any more; when
    the organisers ended the registration, it still tells that."""
    row = _by_token(db, holder.token) if holder.token else _own(db, actor, holder.conference_id)
    if not lock:
        return row
    if holder.token and row.state == "revoked":
        raise Gone("pass.spent")
    seats.form(db, row.conference_id)
    return scope.load(db, Registration, row.id, lock=True)


def enter(db: Session, holder: Holder, *, device: str, browser: str = "") -> tuple[Registration, str | None]:
    """Come in by the personal link: a guest is signed in on this device too. Whoever has an account signs in by
    it, since the link of one conference must not open all the others. The link in use is the one that stays."""
    row = held(db, None, holder, lock=True)
    if holder.token and row.next_hash == ledger.token_hash(holder.token):
        row.token_hash, row.next_hash = row.next_hash, row.token_hash
    person = scope.load(db, Person, row.person_id)
    if not person.guest:
        raise LoginNeeded("pass.account")
    ban.refuse_banned(db, row.conference_id, person.id)
    return row, ledger.log_in(db, person, device=device, browser=browser)


def rotate(db: Session, actor: Actor | None, holder: Holder) -> tuple[Registration, str]:
    """A new personal link for oneself; the older ones end."""
    row = held(db, actor, holder, lock=True)
    return row, seats.new_link(db, row)


def change(db: Session, actor: Actor | None, wish: HolderChange) -> Registration:
    """Change one's answers, and a guest's name."""
    row = held(db, actor, wish, lock=True)
    form = form_view(registrations.form_of(db, row.conference_id))
    row.answers = checked_answers(form.questions, dict(wish.answers))
    person = scope.load(db, Person, row.person_id, lock=True)
    if person.guest and person.name != wish.name:
        persons.rename(db, person, wish.name)
    row.words = fold(f"{person.name} {row.email or ''}")[:400]
    row.version += 1
    return row


def act(db: Session, actor: Actor | None, wish: HolderWish) -> Registration:
    """Take an offered seat, give one's place up, or ask for one again."""
    row = held(db, actor, wish, lock=True)
    form = seats.form(db, row.conference_id)
    if wish.do != "cancel":
        ban.refuse_banned(db, row.conference_id, row.person_id)
    if wish.do == "again":
        if row.state == "cancelled":
            _begin(db, form, row)
        return row
    seats.move(db, form, row, wish.do)
    seats.fill(db, form)
    return row


def _by_token(db: Session, token: str) -> Registration:
    row = _opened_by(db, token)
    if row is None:
        raise Gone("pass.spent")
    return row


def _opened_by(db: Session, token: str) -> Registration | None:
    hashed = ledger.token_hash(token)
    own = (col(Registration.token_hash) == hashed) | (col(Registration.next_hash) == hashed)
    return db.exec(select(Registration).where(own)).first()


def _how(row: Registration) -> str:
    """The mail for somebody who asks again: in by their link, or what became of their registration."""
    return "registration_revoked" if row.state == "revoked" else "registration_again"


def _own(db: Session, actor: Actor | None, conference_id: UUID | None) -> Registration:
    if actor is None:
        raise LoginNeeded("login.needed")
    row = registrations.of_person(db, conference_id, actor.person_id) if conference_id else None
    if row is None:
        raise NotFound("not_found")
    return row


def mail_links(db: Session, email: str) -> None:
    """The personal links of those who registered with this address and have no account to sign in to. The asker
    learns nothing of it."""
    rows = db.exec(
        select(Registration)
        .join(Person, col(Person.id) == col(Registration.person_id))
        .where(col(Registration.email) == email, col(Person.guest))
        .order_by(col(Registration.created_at).desc())
        .limit(LINKS_AT_ONCE)
    ).all()
    for row in rows:
        seats.mail_link(db, row, _how(row), once=f"again:{row.id}:{now():%Y%m%d%H%M}")


def _by_email(db: Session, conference_id: UUID, email: str) -> Registration | None:
    return db.exec(
        select(Registration).where(
            col(Registration.conference_id) == conference_id, col(Registration.email) == email
        )
    ).first()


def _guest(db: Session, draft: RegistrationDraft) -> Person:
    person = Person(id=new_id(), name=draft.name, guest=True, locale=draft.locale, zone=draft.zone)
    db.add(person)
    db.flush()
    return person
