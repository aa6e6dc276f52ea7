"""Saying something in a chat, and taking it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from models.base import now
from models.conference import ConferenceRole
from models.conversation import Conversation, Message
from models.moderation import ChatPace
from models.person import Person
from server.actions import audit, conversation, notify
from server.actions.publish import blank, publish
from server.domain import filters
from server.domain.errors import BadInput, Forbidden, NotFound, TooMany
from server.domain.filters import Held, Rules
from server.domain.message import (
    HeldView,
    MessageDeleted,
    MessageDraft,
    MessageEdited,
    MessageHeld,
    MessageHidden,
    MessageMentioned,
    MessagePinned,
    MessagePosted,
    MessageRestored,
    MessageSettled,
    MessageUnpinned,
    MessageView,
    check_shown,
    view,
)
from server.domain.moderation import ReportChanged
from server.domain.person import Actor, PersonView, actor_view
from server.domain.person import view as person_view
from server.queries import chat, conversations, people, reports, rules, scope
from server.queries.channels import chat_channel, moderation_channel, person_channel
from server.queries.scope import Scope

NOTICE_LETTERS = 160

# Every fact that may hold a message's words.
TOLD_AS = (
    MessagePosted,
    MessageEdited,
    MessageRestored,
    MessageHidden,
    MessagePinned,
    MessageUnpinned,
)


@dataclass(frozen=True)
class Chat:
    """The chat that is written into: a session's, or a conversation's."""

    session_id: UUID | None = None
    conversation_id: UUID | None = None


def post(
    db: Session,
    actor: Actor,
    session_id: UUID,
    text: str,
    *,
    id: UUID,
    parent_id: UUID | None = None,
    mentions: Sequence[UUID] = (),
) -> MessageView:
    """Say something in a session. Everybody, the sender too, sees it where its publication stands.

    What the filters hold back waits for a moderator, and only its author is answered with it.
    """
    _, here = scope.of_session(db, actor, session_id, "message.post")
    draft = MessageDraft(text=text, parent_id=parent_id, mentions=list(mentions))
    ruling = rules.in_force(db, here.conference_id, session_id) if not rules.exempt(here) else Rules()
    verdict = filters.judge(text, rules.author(db, here, session_id, text, ruling), ruling)
    if ruling.slow_s and not rules.exempt(here):
        _claim_turn(db, session_id, actor.person_id, ruling.slow_s)
    message, named = _written(db, here, Chat(session_id=session_id), draft, id=id)
    if verdict is None:
        return _tell(db, message, actor, named)
    return _hold(db, message, actor, named, verdict)


def post_in(db: Session, actor: Actor, conversation_id: UUID, draft: MessageDraft, *, id: UUID) -> MessageView:
    """Say something among a team or to one person: nothing is filtered there."""
    row, here = scope.of_conversation(db, actor, conversation_id, "message.post")
    conversation.check_may_write(db, actor, row)
    message, named = _written(db, here, Chat(conversation_id=conversation_id), draft, id=id)
    shown = _tell(db, message, actor, named)
    conversation.told(db, row, message, shown.author, once=_about(message))
    return shown


def edit(db: Session, actor: Actor, message_id: UUID, text: str) -> MessageView:
    """Change one's own words. What a moderator or oneself took away cannot be said again by editing.

    The filters hear it again; what they would hold is refused, since the old words already stand.
    """
    message, here = scope.of_message(db, actor, message_id, "message.edit", lock=True)
    if message.person_id != actor.person_id:
        raise Forbidden("not_allowed", permission="message.edit")
    if message.deleted_at is not None or message.state != "shown":
        raise NotFound("not_found")
    if message.session_id is not None and not rules.exempt(here):
        ruling = rules.in_force(db, here.conference_id, message.session_id)
        writer = rules.author(db, here, message.session_id, text, ruling, pace=False)
        if filters.judge(text, writer, ruling) is not None:
            raise Forbidden("edit.not_now")
    elif message.conversation_id is not None:
        conversation.check_may_write(db, actor, scope.load(db, Conversation, message.conversation_id))
    message.text = text
    message.folded = filters.searchable(text)
    message.edited_at = now()
    message.version += 1
    db.flush()
    shown = chat.one(db, message)
    publish(db, chat_channel(message), MessageEdited(message=shown), subject=message.id)
    return shown


def delete(db: Session, actor: Actor, message_id: UUID) -> None:
    """Take a message away, leaving a tombstone; its words go from the row and from every publication."""
    message, here = scope.of_message(db, actor, message_id, "message.delete", lock=True)
    own = message.person_id == actor.person_id
    if not own:
        here.require("message.moderate")
    if message.deleted_at is not None:
        return
    held = message.state in {"held", "refused"}
    forget_notices(db, message, message.mentions)
    message.text = message.folded = ""
    message.mentions = []
    message.deleted_at = now()
    message.deleted_by = "author" if own else "moderator"
    message.pinned_at = None
    message.version += 1
    db.flush()
    fact = MessageDeleted(message=chat.one(db, message))
    if held:
        settle(db, message, "withdrawn")
    else:
        blank(db, chat_channel(message), message.id, fact.model_dump(mode="json"), told_as=TOLD_AS)
        publish(db, chat_channel(message), fact, subject=message.id)
    _forget_at_the_desk(db, here.conference_id, message, fact.message)
    if not own:
        audit.note(
            db,
            actor,
            here.conference_id,
            "message.deleted",
            session=message.session_id,
            person=message.person_id,
            subject=message.id,
        )


def show(db: Session, message: Message) -> MessageView:
    """A held message takes its place in the chat, as if it were said now."""
    message.state = "shown"
    message.created_at = now()
    message.version += 1
    db.flush()
    shown = chat.one(db, message)
    publish(db, chat_channel(message), MessagePosted(message=shown), subject=message.id, placed=message)
    settle(db, message, "shown")
    _tell_named(db, message, [UUID(id) for id in message.mentions], shown.author)
    return shown


def settle(db: Session, message: Message, state: str) -> None:
    """To moderators and to its author: it waits no longer. What waited is in no publication any more."""
    assert message.session_id is not None
    fact = MessageSettled(message_id=message.id, session_id=message.session_id, state=state)
    for channel in (moderation_channel(message.session_id), person_channel(message.person_id)):
        publish(db, channel, fact, subject=message.id)


def tell_held(db: Session, message: Message) -> None:
    held = chat.held_views(db, [(message, scope.load(db, Person, message.person_id))])[0]
    assert message.session_id is not None
    for channel in (moderation_channel(message.session_id), person_channel(message.person_id)):
        publish(db, channel, MessageHeld(held=held), subject=message.id)


def _forget_at_the_desk(db: Session, conference_id: UUID, message: Message, shown: MessageView) -> None:
    """Words that are gone are gone from the moderators' channel, and from what its author was told, too."""
    if message.session_id is None:
        return
    held = MessageHeld(held=HeldView(message=shown, reason=message.held_for or "all")).model_dump(mode="json")
    for channel in (moderation_channel(message.session_id), person_channel(message.person_id)):
        blank(db, channel, message.id, held, told_as=(MessageHeld,))
    item = reports.item(db, conference_id, message.id)
    if item is not None:
        fact = ReportChanged(report=item)
        channel = moderation_channel(message.session_id)
        blank(db, channel, message.id, fact.model_dump(mode="json"), told_as=(ReportChanged,))
        publish(db, channel, fact, subject=message.id)


def _written(
    db: Session, here: Scope, place: Chat, draft: MessageDraft, *, id: UUID
) -> tuple[Message, list[PersonView]]:
    if draft.parent_id is not None:
        _check_parent(db, place, draft.parent_id)
    named = _named(db, here, place, draft.mentions)
    message = Message(
        id=id,
        session_id=place.session_id,
        conversation_id=place.conversation_id,
        person_id=here.actor.person_id,
        text=draft.text,
        folded=filters.searchable(draft.text),
        parent_id=draft.parent_id,
        mentions=[str(person.id) for person in named],
    )
    db.add(message)
    return message, named


def _tell(db: Session, message: Message, actor: Actor, named: list[PersonView]) -> MessageView:
    shown = view(message, actor_view(actor), mentions=named)
    publish(db, chat_channel(message), MessagePosted(message=shown), subject=message.id, placed=message)
    _tell_named(db, message, [person.id for person in named], shown.author)
    return shown


def _hold(db: Session, message: Message, actor: Actor, named: list[PersonView], verdict: Held) -> MessageView:
    message.state, message.held_for = "held", verdict.reason
    shown = view(message, actor_view(actor), mentions=named)
    assert message.session_id is not None
    for channel in (moderation_channel(message.session_id), person_channel(actor.person_id)):
        fact = MessageHeld(held=HeldView(message=shown, reason=verdict.reason))
        publish(db, channel, fact, subject=message.id)
    return shown


def _about(message: Message) -> str:
    """By which name those concerned were notified of a message."""
    return f"message:{message.id}"


def forget_notices(db: Session, message: Message, mentions: Sequence[str]) -> None:
    """What those concerned were told of a message holds its words no longer."""
    parent = db.get(Message, message.parent_id) if message.parent_id else None
    people = {UUID(id) for id in mentions} | ({parent.person_id} if parent else set())
    if message.conversation_id is not None:
        talk = scope.load(db, Conversation, message.conversation_id)
        people |= {id for id in (talk.one_id, talk.other_id) if id is not None}
    if people:
        notify.take_back(db, people, _about(message))


def _notify(db: Session, message: Message, ids: Sequence[UUID], author: PersonView) -> None:
    """Tell those who are named, and whoever is answered, where they look for news."""
    place = conversations.place_of(db, message)
    if place is None:
        return
    parent = db.get(Message, message.parent_id) if message.parent_id else None
    answered = {parent.person_id} - {message.person_id, *ids} if parent else set()
    named = set(ids) - {message.person_id}
    if not answered and not named:
        return
    said = {"name": author.name, "session": place.title, "text": " ".join(message.text.split())[:NOTICE_LETTERS]}
    for people_, kind in ((named, "mention"), (answered, "reply")):
        notify.notify(
            db,
            people_,
            kind,
            said,
            link=place.link,
            conference_id=place.conference_id,
            once=_about(message),
        )


def _tell_named(db: Session, message: Message, ids: Sequence[UUID], author: PersonView) -> None:
    _notify(db, message, ids, author)
    for id in ids:
        if id != message.person_id:
            fact = MessageMentioned(
                message_id=message.id,
                session_id=message.session_id,
                conversation_id=message.conversation_id,
                author=author,
            )
            publish(db, person_channel(id), fact, subject=message.id)


def _check_parent(db: Session, place: Chat, parent_id: UUID) -> None:
    parent = db.get(Message, parent_id)
    if parent is None or (parent.session_id, parent.conversation_id) != (
        place.session_id,
        place.conversation_id,
    ):
        raise BadInput("input.unusable", fields={"parent_id": "field.unusable"})
    check_shown(parent)


def _named(db: Session, here: Scope, place: Chat, ids: Sequence[UUID]) -> list[PersonView]:
    """Those of the conference among the named, in the order they were named; in a conversation those in it."""
    if not ids:
        return []
    if place.conversation_id is not None:
        inside = conversations.people_in(db, place.conversation_id)
        ids = [id for id in ids if id in inside]
    held = select(ConferenceRole.person_id).where(
        col(ConferenceRole.conference_id) == here.conference_id, col(ConferenceRole.person_id).in_(list(ids))
    )
    known = people.by_id(db, db.exec(held))
    return [person_view(known[id]) for id in dict.fromkeys(ids) if id in known]


def _claim_turn(db: Session, session_id: UUID, person_id: UUID, slow_s: int) -> None:
    """Take one's turn in slow mode. Of two tries at one moment the row lets one through."""
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    at, turn_time = now(), timedelta(seconds=slow_s)
    turn = dialect.insert(ChatPace).values(session_id=session_id, person_id=person_id, spoke_at=at)
    claimed = db.connection().execute(
        turn.on_conflict_do_update(
            index_elements=[col(ChatPace.session_id), col(ChatPace.person_id)],
            set_={"spoke_at": at},
            # `filters.wait_s`: not merely later than now, for whoever was first of two has a later time at times.
            where=(col(ChatPace.spoke_at) <= at - turn_time) | (col(ChatPace.spoke_at) > at + turn_time),
        ).returning(col(ChatPace.person_id))
    )
    if claimed.first() is None:
        raise TooMany("slow_mode", retry_after_s=slow_s)
