"""Signing up, in and out, and what people change about themselves."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, delete, select

from models.base import new_id, now
from models.conference import ConferenceRole
from models.person import Login, OneTimeLink, Person
from models.team import Membership
from server.actions import ledger, letter
from server.actions.publish import access_changed, publish
from server.domain.conference import PeopleChanged, PersonRenamed
from server.domain.errors import Conflict, Gone, NotFound
from server.domain.person import Actor, ChangeMe, FirstOrganiser, OneTimeLinkView, SignUp, owner_of, view
from server.domain.team import MembershipChanged
from server.queries import people, scope
from server.queries.channels import conference_channel, team_channel

LINK_LIFE = timedelta(days=3)


def sign_up(db: Session, wish: SignUp, *, password_hash: str) -> None:
    """Make a person. An address that is known, even since this moment, changes nothing and answers alike."""
    person = Person(
        id=new_id(),
        name=wish.name,
        email=wish.email,
        password_hash=password_hash,
        locale=wish.locale,
        zone=wish.zone,
    )
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    row = dialect.insert(Person).values(person.model_dump())
    db.connection().execute(row.on_conflict_do_nothing(index_elements=[col(Person.email)]))


def password_of(db: Session, email: str) -> tuple[UUID, str] | None:
    """Whom to check a password against; None for unknown addresses and people without one."""
    person = _by_email(db, email)
    return (person.id, person.password_hash) if person and person.password_hash else None


def sign_in(db: Session, person_id: UUID, *, device: str, browser: str = "") -> str:
    """A new login for somebody whose password was right. Returns its token."""
    return ledger.log_in(db, scope.load(db, Person, person_id), device=device, browser=browser)


def sign_out(db: Session, actor: Actor) -> None:
    end_login(db, actor, actor.login_id)


def end_login(db: Session, actor: Actor, login_id: UUID) -> None:
    """End one of one's own logins: what it holds open is closed within 5 s."""
    login = db.get(Login, login_id, with_for_update=True)
    if login is None or login.person_id != actor.person_id:
        raise NotFound("not_found")
    db.delete(login)
    access_changed(db, "login.ended", logins=(login_id,), owners=(owner_of(actor.person_id, login_id),))


def change(db: Session, actor: Actor, wish: ChangeMe) -> None:
    person = scope.load(db, Person, actor.person_id, lock=True)
    before = person.name
    for name in wish.model_fields_set:
        value = getattr(wish, name)
        if value is not None:
            setattr(person, name, value)
    _changed(db, person)
    if person.name != before:
        _tell_name(db, person)


def rename(db: Session, person: Person, name: str) -> None:
    person.name = name
    _changed(db, person)
    _tell_name(db, person)


def _changed(db: Session, person: Person) -> None:
    """A new name must reach what the person's open connections carry with them."""
    person.version += 1
    access_changed(db, "person.changed", people=(person.id,))


def _tell_name(db: Session, person: Person) -> None:
    """Pages that are open show the old name. Every page of a conference shows who speaks or works in it, and
    hears the new name; lists of people, which only the crew sees, are told to read themselves again. A team's
    page shows its members."""
    for held in db.exec(select(ConferenceRole).where(col(ConferenceRole.person_id) == person.id)).all():
        channel, count = conference_channel(held.conference_id), people.count_participants(db, held.conference_id)
        publish(db, channel, PeopleChanged(count=count))
        if held.role != "attendee":
            publish(db, channel, PersonRenamed(person=view(person)), subject=person.id)
    # locked: a role that changes at this moment is told after this one, or is the one told here
    own = select(Membership).where(col(Membership.person_id) == person.id).order_by(col(Membership.team_id))
    for member in db.exec(own.with_for_update(read=True)).all():
        told = MembershipChanged(team_id=member.team_id, person=view(person), role=member.role)
        publish(db, team_channel(member.team_id), told, subject=person.id)


def create_link(db: Session, actor: Actor, conference_id: UUID, person_id: UUID, *, url: str) -> OneTimeLinkView:
    """A link that signs one person of one's conference in once, for those who have no mail."""
    scope.of_conference(db, actor, conference_id, "link.create")
    if scope.conference_role(db, conference_id, person_id) is None:
        raise NotFound("not_found")
    if not _may_sign_in(db, actor.person_id, person_id):
        raise Conflict("link.belongs_elsewhere")
    return _link(db, person_id, made_by=actor.person_id, url=f"{url}/enter")


def create_setup_link(db: Session, *, url: str) -> OneTimeLinkView | None:
    """The link for the server's first organiser; None once there is one. An older link stops working."""
    if not people.setup_open(db):
        return None
    for link in db.exec(select(OneTimeLink).where(col(OneTimeLink.person_id).is_(None))):
        db.delete(link)
    return _link(db, None, made_by=None, url=f"{url}/setup")


def mail_link(db: Session, email: str) -> None:
    """Send a sign-in link to an account's address, at most one a minute. Unknown addresses get none and the
    asker learns nothing of it."""
    person = _by_email(db, email)
    if person is None:
        return
    once = f"sign_in:{person.id}:{now():%Y%m%d%H%M}"
    link = _link(db, person.id, made_by=person.id, url="/enter")
    letter.to_person(db, person, email, "sign_in", path=link.url, once=once)


def door(db: Session, person: Person, path: str) -> str:
    """An address of ours for a mail. A guest has no password, so theirs opens the door on a device that does not
    know them yet; whose it is stands with it, so that a device that does goes straight on. A link of its own,
    because the personal link in an older mail must go on working."""
    if not person.guest:
        return path
    asked = urlencode({"next": path, "as": str(person.id)})
    return _link(db, person.id, made_by=person.id, url=f"/enter?{asked}").url


def end_links(db: Session, person_id: UUID) -> None:
    """The links a guest was sent open nothing any more. Those an organiser made have their own end."""
    if not scope.load(db, Person, person_id).guest:
        return
    own = (col(OneTimeLink.person_id) == person_id) & (col(OneTimeLink.made_by) == person_id)
    db.exec(delete(OneTimeLink).where(own))


def redeem(db: Session, token: str, *, device: str, browser: str = "") -> tuple[UUID, str]:
    """Use a one-time link up. Returns the person and the token of their new login.

    Its maker must still be who may make it: a link lives for days, in which its person may come to belong
    elsewhere too.
    """
    link = _claim(db, token)
    if link.person_id is None or not _may_sign_in(db, link.made_by, link.person_id):
        raise Gone("link.spent")
    return link.person_id, sign_in(db, link.person_id, device=device, browser=browser)


def finish_setup(db: Session, wish: FirstOrganiser, *, password_hash: str, device: str) -> tuple[UUID, str]:
    """Make the first organiser from the one-time link. Returns the person and their login's token."""
    link = _claim(db, wish.token)
    if link.person_id is not None or not people.setup_open(db):
        raise Gone("link.spent")
    if _by_email(db, wish.email) is not None:
        raise Conflict("email.taken")
    person = Person(
        id=new_id(),
        name=wish.name,
        email=wish.email,
        password_hash=password_hash,
        locale=wish.locale,
        zone=wish.zone,
        may_create=True,
    )
    db.add(person)
    db.flush()
    return person.id, sign_in(db, person.id, device=device)


def _may_sign_in(db: Session, maker_id: UUID | None, person_id: UUID) -> bool:
    """Whether the maker's link may open a login of this person: themselves, or somebody of their conference alone.

    Never somebody who may hold conferences or belongs to another one too: an organiser of one conference must
    not be able to act in another.
    """
    if maker_id == person_id:
        return True
    held = people.conferences_of(db, person_id)
    if maker_id is None or scope.load(db, Person, person_id).may_create or len(held) != 1:
        return False
    return scope.conference_role(db, held[0].id, maker_id) == "organiser"


def belongs_here_alone(db: Session, person: Person, conference_id: UUID) -> bool:
    """Whether a login of this person could act in this conference and nowhere else."""
    return not person.may_create and {one.id for one in people.conferences_of(db, person.id)} <= {conference_id}


def _claim(db: Session, token: str) -> OneTimeLink:
    wanted = select(OneTimeLink).where(col(OneTimeLink.token_hash) == ledger.token_hash(token))
    link = db.exec(wanted.with_for_update()).first()
    if link is None or link.used_at is not None or link.expires_at <= now():
        raise Gone("link.spent")
    link.used_at = now()
    return link


def _link(db: Session, person_id: UUID | None, *, made_by: UUID | None, url: str) -> OneTimeLinkView:
    token = ledger.new_token()
    expires_at = now() + LINK_LIFE
    db.add(
        OneTimeLink(
            person_id=person_id, token_hash=ledger.token_hash(token), made_by=made_by, expires_at=expires_at
        )
    )
    return OneTimeLinkView(url=f"{url}#{token}", expires_at=expires_at)


def _by_email(db: Session, email: str) -> Person | None:
    return db.exec(select(Person).where(col(Person.email) == email)).first()
