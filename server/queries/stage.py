"""Who comes to a stage's media doors, who stands on it and behind it, and what is wished of media."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, select

from models.conference import ConferenceRole, ConferenceSession, SessionSpeaker
from models.person import Person
from models.stage import Stage, Standing, StreamKey
from server.domain import stage
from server.domain.errors import Forbidden
from server.domain.person import Actor, owner_of
from server.domain.person import view as person_view
from server.domain.session import OPEN, PublisherView, backstage_view
from server.domain.stage import (
    MOST_ON_AIR,
    As,
    DeskSnapshot,
    DeskView,
    RoomWish,
    StandingView,
    wished_on_air,
    with_a_place,
)
from server.queries import film, people, recording, scope
from server.queries.channels import backstage_channel, position


@dataclass(frozen=True)
class Comer:
    """Somebody at a media door: what media will call them, and the name the stage shows."""

    owner: str
    label: str


def comer(db: Session, actor: Actor, session_id: UUID, permission: str) -> Comer:
    """Somebody with a login (or a key's person) whose right was just proved. Raises Conflict while closed."""
    session, _ = scope.of_session(db, actor, session_id, permission)
    stage.check_open(session.state)
    return Comer(owner_of(actor.person_id, actor.login_id), actor.name)


def keyholder(db: Session, token_hash: str) -> tuple[Actor, UUID] | None:
    """Whom a stream key speaks for and the one session it opens; None for unknown and revoked keys."""
    found = db.exec(
        select(StreamKey, Person)
        .join(Person, col(Person.id) == col(StreamKey.person_id))
        .where(col(StreamKey.token_hash) == token_hash, col(StreamKey.revoked_at).is_(None))
    ).first()
    if found is None:
        return None
    key, person = found
    actor = Actor(
        person_id=person.id,
        login_id=key.id,
        name=person.name,
        guest=person.guest,
        may_create=False,
        locale=person.locale,
    )
    return actor, key.session_id


def check_room(key_session: UUID, session_id: UUID) -> None:
    """A key opens its own session only (RFC 9725 4.1: the right token for the wrong room is 403)."""
    if key_session != session_id:
        raise Forbidden("not_allowed", permission="stage.publish")


def exists(db: Session, session_id: UUID) -> bool:
    return db.get(ConferenceSession, session_id) is not None


def desk_snapshot(db: Session, actor: Actor, session_id: UUID) -> DeskSnapshot:
    session, _ = scope.of_session(db, actor, session_id, "stage.backstage")
    return DeskSnapshot(position=position(db, backstage_channel(session_id)), desk=desk(db, session))


def desk(db: Session, session: ConferenceSession) -> DeskView:
    """Speakers and guests whether they have come or not, and those of the crew who send or were placed."""
    sending = _sending(db, session.id)
    standings = _standings(db, session.id)
    roles = _roles(db, session, standings)
    shown = {id for id, role in roles.items() if role != "crew" or id in sending or id in standings}
    known = people.by_id(db, list(shown))
    wished = with_a_place(_on_air(db, session, roles, standings), *_in_order(sending))
    views = [
        _standing_view(known[id], roles[id], standings.get(id), sending[id], on_air=id in wished)
        for id in shown
        if id in known
    ]
    rehearsal = select(ConferenceSession.id).where(col(ConferenceSession.rehearsal_of) == session.id)
    return DeskView(
        session_id=session.id,
        people=sorted(views, key=lambda one: (one.place, one.role == "crew", one.person.name, one.person.id)),
        films=film.views(db, session),
        rehearsal_id=db.exec(rehearsal).first(),
        version=session.directed,
    )


def belongs(db: Session, session: ConferenceSession, person_id: UUID) -> bool:
    """Whether somebody may stand on this stage at all."""
    return person_id in _roles(db, session, _standings(db, session.id))


def _standing_view(
    person: Person, role: As, standing: Standing | None, sending: list[PublisherView], *, on_air: bool
) -> StandingView:
    return StandingView(
        person=person_view(person),
        role=role,
        on_air=on_air,
        muted=standing.muted if standing else False,
        place=standing.place if standing else 0,
        sending=sending,
    )


def wish(db: Session, session_id: UUID) -> RoomWish | None:
    """What media should hold of a session's room; None when there is no such session (any more)."""
    session = db.get(ConferenceSession, session_id)
    if session is None:
        return None
    standings = _standings(db, session_id)
    roles = _roles(db, session, standings)
    live = session.state == "live"
    people_on_air = _on_air(db, session, roles, standings)
    films = film.wishes(db, session)
    # A film that stands for somebody is on air when they are.
    shown = [one.owner for one in films if one.kind == "video"]
    names = sorted([*map(str, people_on_air), *shown])
    return RoomWish(
        revision=session.version + session.directed,  # both only grow
        open=session.state in OPEN,
        on_air=tuple(names) if live else (),
        muted=tuple(sorted(str(id) for id, one in standings.items() if one.muted)),
        codec=session.codec,
        programme=recording.writing(db, session_id),
        films=films,
    )


def in_the_way(db: Session, session: ConferenceSession, person_id: UUID) -> UUID | None:
    """Whose place somebody takes who is put on air where all are given: a speaker's who has not come. None where
    there is room. Raises Conflict when as many as may are there."""
    standings = _standings(db, session.id)
    roles = _roles(db, session, standings)
    sending = _sending(db, session.id)
    wished = with_a_place(_on_air(db, session, roles, standings), *_in_order(sending))
    if person_id in wished:
        return None
    given = [id for id in wished if id in standings and standings[id].on_air]
    away = [id for id in wished if id not in sending and id not in given]
    stage.check_room_on_air(len(wished) - len(away))
    full = session.team_id is None and "speaker" in roles.values() and len(wished) >= MOST_ON_AIR
    return max(away, key=str) if full else None


def _on_air(
    db: Session, session: ConferenceSession, roles: dict[UUID, As], standings: dict[UUID, Standing]
) -> set[UUID]:
    known = people.by_id(db, list(roles))
    order = sorted((id for id in roles if id in known), key=lambda id: (known[id].name, str(id)))
    said = {id: standings[id].on_air if id in standings else None for id in order}
    meeting = session.team_id is not None
    return wished_on_air([(id, roles[id], said[id]) for id in order], meeting=meeting)


def _sending(db: Session, session_id: UUID) -> defaultdict[UUID, list[PublisherView]]:
    stage_row = db.get(Stage, session_id)
    ids = [UUID(item["person_id"]) for item in stage_row.publishers if item.get("person_id")] if stage_row else []
    found: defaultdict[UUID, list[PublisherView]] = defaultdict(list)
    for one in backstage_view(stage_row, people.by_id(db, ids)):
        if one.person is not None:
            found[one.person.id].append(one)
    return found


def _in_order(sending: Mapping[UUID, Sequence[PublisherView]]) -> tuple[list[UUID], set[UUID]]:
    """Who is seen or heard, and who only shows something.

    Who is on air keeps the place, though their connection be the newest; then whoever came first.
    """
    seen = {id: of for id, every in sending.items() if (of := [one for one in every if one.kind != "screen"])}
    order = sorted(seen, key=lambda id: not any(one.on_air for one in seen[id]))
    return order, {id for id in sending if id not in seen}


def codecs_on_air(db: Session, session: ConferenceSession) -> set[str]:
    """What the organiser chose for this stage's pictures, and what is sent on air."""
    row = db.get(Stage, session.id)
    told = row.publishers if row else []
    sent = {str(one["codec"]) for one in told if one["on_air"] and one["codec"]}
    return sent | {session.codec} if session.codec else sent


def _standings(db: Session, session_id: UUID) -> dict[UUID, Standing]:
    rows = db.exec(select(Standing).where(col(Standing.session_id) == session_id))
    return {row.person_id: row for row in rows}


def _roles(db: Session, session: ConferenceSession, standings: dict[UUID, Standing]) -> dict[UUID, As]:
    """Everybody who may stand on this stage. Who speaks is a speaker, whatever else they are."""
    crew = db.exec(
        select(ConferenceRole.person_id).where(
            col(ConferenceRole.conference_id) == session.conference_id,
            col(ConferenceRole.role).in_(("organiser", "moderator")),
        )
    )
    speakers = db.exec(select(SessionSpeaker.person_id).where(col(SessionSpeaker.session_id) == session.id))
    roles: dict[UUID, As] = {id: "guest" for id, one in standings.items() if one.guest}
    roles.update(dict.fromkeys(crew, "crew"))
    roles.update(dict.fromkeys(speakers, "speaker"))
    return roles
