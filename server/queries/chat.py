"""A chat: its newest page with the position it belongs to, other pages, and what stands in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, func, select

from models.conversation import Message, MessageReaction
from models.person import Person
from server.domain import message as messages
from server.domain.errors import NotFound
from server.domain.filters import searchable
from server.domain.message import (
    ChatMine,
    ChatSnapshot,
    Found,
    HeldView,
    MessagePage,
    MessageView,
    MyMark,
    Sign,
)
from server.domain.person import Actor, PersonView
from server.domain.person import view as person_view
from server.queries import people, rules, scope
from server.queries.channels import conversation_channel, person_channel, position, session_channel

PAGE = 50
LONGEST_PAGE = 200
FOUND_AT_ONCE = 30
LONGEST_SEARCH = 100
REFUSED_TOLD = 20
# What stands in a chat; what waits for a moderator does not.
STANDING = col(Message.state).in_(("shown", "hidden"))

Rows = Sequence[tuple[Message, Person]]


def of_session(db: Session, actor: Actor, session_id: UUID) -> ChatSnapshot:
    _, here = scope.of_session(db, actor, session_id, "chat.show")
    ruling = rules.public(db, here.conference_id, session_id)
    return _snapshot(db, col(Message.session_id) == session_id, session_channel(session_id), ruling)


def of_conversation(db: Session, actor: Actor, conversation_id: UUID) -> ChatSnapshot:
    """The session rules of a conference are for its sessions: a team, or two people, have none."""
    scope.of_conversation(db, actor, conversation_id, "chat.show")
    where = col(Message.conversation_id) == conversation_id
    return _snapshot(db, where, conversation_channel(conversation_id), messages.NO_RULES)


def _snapshot(db: Session, where: Any, channel: str, ruling: messages.ChatRulesView) -> ChatSnapshot:
    page = _older(db, where, before=None, limit=PAGE)
    pinned = db.exec(
        _selected().where(where, STANDING, col(Message.pinned_at).is_not(None)).order_by(col(Message.pinned_at))
    ).all()
    return ChatSnapshot(
        position=position(db, channel),
        messages=page.messages,
        more=page.more,
        quoted=page.quoted,
        pins=views(db, [row for row in pinned if row[0].deleted_at is None and row[0].state == "shown"]),
        rules=ruling,
    )


def page(
    db: Session, where: Any, *, before: UUID | None, around: UUID | None, after: UUID | None, limit: int
) -> MessagePage:
    """Older than `before`, later than `after`, or round a message; oldest first."""
    limit = max(1, min(limit, LONGEST_PAGE))
    if around is not None:
        place = _place(db, where, around)
        early = _older(db, where, before=place + 1, limit=max(1, limit // 2))
        late = _later(db, where, after=place, limit=max(1, limit // 2))
        return MessagePage(
            messages=[*early.messages, *late.messages],
            more=early.more,
            quoted=[*early.quoted, *late.quoted],
            newer=late.newer,
        )
    if after is not None:
        return _later(db, where, after=_place(db, where, after), limit=limit)
    return _older(db, where, before=_place(db, where, before) if before else None, limit=limit)


def search(db: Session, where: Any, asked: str, *, before: UUID | None) -> Found:
    """The newest messages in which the words stand, however they are spelled; newest first."""
    wanted = searchable(asked[:LONGEST_SEARCH])
    if not wanted:
        return Found(messages=[], more=False)
    found = _selected().where(where, col(Message.state) == "shown", col(Message.deleted_at).is_(None))
    found = found.where(col(Message.folded).contains(wanted, autoescape=True))
    if before is not None:
        found = found.where(col(Message.place) < _place(db, where, before))
    rows: Rows = db.exec(found.order_by(col(Message.place).desc()).limit(FOUND_AT_ONCE + 1)).all()
    return Found(messages=views(db, rows[:FOUND_AT_ONCE]), more=len(rows) > FOUND_AT_ONCE)


def mine(db: Session, actor: Actor, session_id: UUID) -> ChatMine:
    """What waits of one's own or was refused, one's signs, and what one may do now."""
    _, here = scope.of_session(db, actor, session_id, "chat.show")
    me = actor.person_id
    own = (col(Message.session_id) == session_id, col(Message.person_id) == me, ~STANDING)
    kept = db.exec(_selected().where(*own, col(Message.deleted_at).is_(None)).order_by(col(Message.id))).all()
    waiting, refused = ([row for row in kept if row[0].state == state] for state in ("held", "refused"))
    silence = rules.silence_of(db, here.conference_id, session_id, me)
    ruling = rules.in_force(db, here.conference_id, session_id)
    free = rules.exempt(here)
    return ChatMine(
        position=position(db, person_channel(me)),
        held=held_views(db, waiting),
        refused=held_views(db, refused[-REFUSED_TOLD:]),
        signs=_marks(db, me, col(Message.session_id) == session_id),
        silenced=silence is not None and not free,
        silenced_until=silence.until if silence and not free else None,
        exempt=free,
        wait_s=0 if free else rules.wait_s(db, session_id, me, ruling),
    )


def mine_of_conversation(db: Session, actor: Actor, conversation_id: UUID) -> ChatMine:
    """The same in a conversation, where nothing waits; who is muted writes to no single person either."""
    row, here = scope.of_conversation(db, actor, conversation_id, "chat.show")
    me = actor.person_id
    silence = rules.silence_of(db, here.conference_id, None, me) if row.kind == "direct" else None
    return ChatMine(
        position=position(db, person_channel(me)),
        held=[],
        refused=[],
        signs=_marks(db, me, col(Message.conversation_id) == conversation_id),
        silenced=silence is not None,
        silenced_until=silence.until if silence else None,
        exempt=row.kind != "direct",
        wait_s=0,
    )


def _marks(db: Session, me: UUID, where: Any) -> list[MyMark]:
    signs: dict[UUID, list[Sign]] = defaultdict(list)
    given = (
        select(MessageReaction.message_id, MessageReaction.kind)
        .join(Message, col(Message.id) == col(MessageReaction.message_id))
        .where(where, col(MessageReaction.person_id) == me)
    )
    for message_id, kind in db.exec(given.order_by(col(Message.place).desc()).limit(500)):
        signs[message_id].append(kind)  # type: ignore[arg-type]  # the column holds nothing else
    return [MyMark(message_id=id, kinds=sorted(kinds)) for id, kinds in signs.items()]


def where_session(db: Session, actor: Actor, session_id: UUID) -> Any:
    scope.of_session(db, actor, session_id, "chat.show")
    return col(Message.session_id) == session_id


def where_conversation(db: Session, actor: Actor, conversation_id: UUID) -> Any:
    scope.of_conversation(db, actor, conversation_id, "chat.show")
    return col(Message.conversation_id) == conversation_id


def one(db: Session, message: Message) -> MessageView:
    """A message as everybody sees it now."""
    return views(db, [(message, scope.load(db, Person, message.person_id))])[0]


def held_views(db: Session, rows: Rows) -> list[HeldView]:
    shown = views(db, rows)
    return [
        HeldView(message=view, reason=row.held_for or "all") for view, (row, _) in zip(shown, rows, strict=True)
    ]


def views(db: Session, rows: Rows) -> list[MessageView]:
    """Many messages with whom they name and the signs under them: two queries, however many they are."""
    named = people.by_id(db, {UUID(id) for message, _ in rows for id in message.mentions})
    signs = signs_of(db, [message.id for message, _ in rows])
    return [
        messages.view(
            message,
            person_view(author),
            mentions=_mentioned(message, named),
            signs=signs.get(message.id),
        )
        for message, author in rows
    ]


def full_views(db: Session, rows: Rows) -> list[MessageView]:
    """For moderators: hidden messages with their words. What its author or a moderator deleted has none."""
    shown = views(db, rows)
    return [
        view.model_copy(update={"text": message.text}) if view.hidden else view
        for view, (message, _) in zip(shown, rows, strict=True)
    ]


def signs_of(db: Session, ids: Collection[UUID]) -> dict[UUID, dict[Sign, int]]:
    found: dict[UUID, dict[Sign, int]] = defaultdict(dict)
    if ids:
        rows = db.exec(
            select(MessageReaction.message_id, MessageReaction.kind, func.count())
            .where(col(MessageReaction.message_id).in_(list(ids)))
            .group_by(col(MessageReaction.message_id), col(MessageReaction.kind))
            .order_by(col(MessageReaction.kind))
        )
        for message_id, kind, count in rows:
            found[message_id][kind] = count  # type: ignore[index]  # the column holds nothing else
    return found


def _mentioned(message: Message, named: dict[UUID, Person]) -> list[PersonView]:
    return [person_view(named[id]) for id in map(UUID, message.mentions) if id in named]


def _selected() -> Any:
    return select(Message, Person).join(Person, col(Person.id) == col(Message.person_id))


def _place(db: Session, where: Any, id: UUID) -> int:
    place = db.exec(select(Message.place).where(where, STANDING, col(Message.id) == id)).first()
    if place is None:
        raise NotFound("not_found")
    return place


def _older(db: Session, where: Any, *, before: int | None, limit: int) -> MessagePage:
    wanted = _selected().where(where, STANDING)
    if before is not None:
        wanted = wanted.where(col(Message.place) < before)
    rows: Rows = db.exec(wanted.order_by(col(Message.place).desc()).limit(limit + 1)).all()
    kept = list(reversed(rows[:limit]))
    return MessagePage(messages=views(db, kept), more=len(rows) > limit, quoted=_quoted(db, kept))


def _later(db: Session, where: Any, *, after: int, limit: int) -> MessagePage:
    wanted = _selected().where(where, STANDING, col(Message.place) > after)
    rows: Rows = db.exec(wanted.order_by(col(Message.place)).limit(limit + 1)).all()
    kept = rows[:limit]
    return MessagePage(messages=views(db, kept), more=True, quoted=_quoted(db, kept), newer=len(rows) > limit)


def _quoted(db: Session, rows: Rows) -> list[MessageView]:
    here = {message.id for message, _ in rows}
    wanted = {message.parent_id for message, _ in rows if message.parent_id} - here
    if not wanted:
        return []
    found: Rows = db.exec(
        _selected().where(col(Message.id).in_(wanted), STANDING).order_by(col(Message.place))
    ).all()
    return views(db, found)
