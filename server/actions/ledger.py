"""Who is asking, and what was answered to the same key before."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from sqlalchemy import bindparam, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from models.base import now
from models.person import Command, Login, Person
from server.domain.errors import BadInput
from server.domain.person import Actor

LOGIN_LIFE = timedelta(days=90)
SEEN_EVERY = timedelta(hours=1)

# Every request runs these, so they are built once.
_LOGIN = (
    select(Login, Person)
    .join(Person, col(Person.id) == col(Login.person_id))
    .where(col(Login.token_hash) == bindparam("hash"))
)
_CLAIM = {
    "postgresql": postgresql.insert(Command).on_conflict_do_nothing().returning(col(Command.key)),
    "sqlite": sqlite.insert(Command).on_conflict_do_nothing().returning(col(Command.key)),
}
_FINISH = update(Command).where(
    col(Command.person_id) == bindparam("person"), col(Command.key) == bindparam("claimed")
)


def new_token(bits: int = 128) -> str:
    """An unguessable token (OWASP ASVS 5.0, 7.2.3 asks for 128 bits)."""
    return secrets.token_urlsafe(bits // 8)


def token_hash(token: str) -> str:
    """Tokens have all their entropy already, so a plain hash is enough to keep them."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def authenticate(db: Session, token: str) -> Actor | None:
    """The person whose login this token is, unless the login has expired."""
    found = db.exec(_LOGIN, params={"hash": token_hash(token)}).first()
    if found is None or found[0].expires_at <= now():
        return None
    login, person = found
    return actor_of(person, login)


def unseen(db: Session, login_id: UUID) -> bool:
    """Whether this login's last use was noted so long ago that it should be noted anew."""
    login = db.get(Login, login_id)
    return login is not None and now() - login.seen_at > SEEN_EVERY


def see(db: Session, login_id: UUID) -> None:
    """Note that a login is in use, so that people know which of their devices are."""
    login = db.get(Login, login_id)
    if login is not None:
        login.seen_at = now()


def actor_of(person: Person, login: Login) -> Actor:
    return Actor(
        person_id=person.id,
        login_id=login.id,
        name=person.name,
        guest=person.guest,
        may_create=person.may_create,
        locale=person.locale,
    )


def log_in(db: Session, person: Person, *, device: str, browser: str = "") -> str:
    """Make a login for a person and return its token: the only time it is known."""
    token = new_token(256)
    db.add(
        Login(
            person_id=person.id,
            token_hash=token_hash(token),
            device=device,
            browser=browser,
            expires_at=now() + LOGIN_LIFE,
        )
    )
    return token


def begin(db: Session, actor: Actor, key: UUID, body_hash: str) -> Command | None:
    """Claim a key, as the first statement of the transaction; a key that was answered returns its answer.

    Two requests with one key at the same moment: the second waits at the insert until the first commits.
    Raises BadInput when the key was used for something else.
    """
    claim = _CLAIM[db.get_bind().dialect.name]
    row = {"person_id": actor.person_id, "key": key, "body_hash": body_hash, "status": 0, "at": now()}
    if db.connection().execute(claim, row).first() is not None:
        return None
    command = db.get_one(Command, (actor.person_id, key))
    if command.body_hash != body_hash:
        raise BadInput("key.reused")
    return command


def finish(db: Session, actor: Actor, key: UUID, *, status: int, answer: str | None) -> None:
    """Keep the answer to a claimed key; as one statement, since the claim was never loaded."""
    values = {"person": actor.person_id, "claimed": key, "status": status, "answer": answer}
    db.connection().execute(_FINISH, values)
