"""What is said in a session: messages, and questions with their votes."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Index, Text, UniqueConstraint
from sqlmodel import Field

from models.base import Table, key, moment, reference


class Conversation(Table, table=True):
    """A chat outside of sessions: a team's, or of two people (the lower id is `one_id`)."""

    __table_args__ = (UniqueConstraint("one_id", "other_id", "conference_id"),)

    id: UUID = key()
    conference_id: UUID = reference("conference.id")
    kind: str = Field(max_length=16)  # team or direct
    team_id: UUID | None = Field(
        default=None, foreign_key="team.id", ondelete="CASCADE", nullable=True, unique=True
    )
    one_id: UUID | None = reference("person.id", nullable=True, index=False)
    other_id: UUID | None = reference("person.id", nullable=True)
    created_at: datetime = moment()


class ConversationRead(Table, table=True):
    """How far somebody has read a conversation: others' messages after `place` are unread."""

    __tablename__ = "conversation_read"

    conversation_id: UUID = reference("conversation.id", primary=True)
    person_id: UUID = Field(foreign_key="person.id", ondelete="CASCADE", primary_key=True, index=True)
    place: int = Field(default=0, sa_type=BigInteger)


class Message(Table, table=True):
    """A chat message, of a session or of a conversation.

    `place` is the offset of its publication: the one order all readers share. What waits for a moderator
    has none yet. `folded` is what a search looks in, and never shown.
    """

    __table_args__ = (
        Index("ix_message_session_place", "session_id", "place"),
        Index("ix_message_conversation_place", "conversation_id", "place"),
    )

    id: UUID = key()
    session_id: UUID | None = reference("conference_session.id", nullable=True, index=False)
    conversation_id: UUID | None = reference("conversation.id", nullable=True, index=False)
    person_id: UUID = reference("person.id")
    text: str = Field(max_length=4000)
    folded: str = Field(default="", sa_type=Text)
    state: str = Field(default="shown", max_length=16)  # shown, held, refused, hidden
    held_for: str | None = Field(default=None, max_length=16)
    parent_id: UUID | None = Field(default=None, foreign_key="message.id", ondelete="SET NULL", index=True)
    mentions: list[str] = Field(default_factory=list, sa_type=JSON)
    place: int = Field(default=0, sa_type=BigInteger)
    created_at: datetime = moment()
    edited_at: datetime | None = moment(nullable=True)
    deleted_at: datetime | None = moment(nullable=True)
    deleted_by: str | None = Field(default=None, max_length=16)  # author or moderator
    pinned_at: datetime | None = moment(nullable=True)
    version: int = 1


class MessageReaction(Table, table=True):
    """One person's one sign of a kind: the primary key is the rule."""

    __tablename__ = "message_reaction"

    message_id: UUID = reference("message.id", primary=True)
    person_id: UUID = Field(foreign_key="person.id", ondelete="CASCADE", primary_key=True, index=True)
    kind: str = Field(max_length=16, primary_key=True)


class MessageTally(Table, table=True):
    """That the signs under a message changed. `published` trails `version` until their sums were told."""

    __tablename__ = "message_tally"

    message_id: UUID = reference("message.id", primary=True)
    channel: str = Field(max_length=80)
    version: int = 0
    published: int = 0


class Question(Table, table=True):
    """Asked by `person_id`. What was promised about the name when it was asked stays promised (`anonymous`)."""

    __table_args__ = (UniqueConstraint("message_id"),)

    id: UUID = key()
    session_id: UUID = reference("conference_session.id")
    person_id: UUID = reference("person.id")
    text: str = Field(max_length=1000)
    state: str = Field(default="waiting", max_length=16)
    anonymous: str = Field(default="no", max_length=16)  # no, public (moderators see who) or all
    pinned: bool = False
    answer_how: str | None = Field(default=None, max_length=16)  # aloud, writing or private
    answer_text: str = Field(default="", max_length=4000)
    merged_into: UUID | None = Field(default=None, index=True)  # of the same table: no foreign key, for copies
    assigned_to: UUID | None = Field(default=None, foreign_key="person.id", ondelete="SET NULL")
    message_id: UUID | None = Field(
        default=None, foreign_key="message.id", ondelete="SET NULL"
    )  # said in the chat
    created_at: datetime = moment()
    decided_at: datetime | None = moment(nullable=True)
    edited_at: datetime | None = moment(nullable=True)
    version: int = 1


class QuestionEdit(Table, table=True):
    """What a question said before somebody changed it."""

    __tablename__ = "question_edit"

    id: UUID = key()
    question_id: UUID = reference("question.id")
    person_id: UUID | None = Field(default=None, foreign_key="person.id", ondelete="SET NULL")
    text: str = Field(max_length=1000)
    at: datetime = moment()


class QuestionVote(Table, table=True):
    """One person's one vote: the primary key is the rule."""

    __tablename__ = "question_vote"

    question_id: UUID = reference("question.id", primary=True)
    person_id: UUID = Field(foreign_key="person.id", ondelete="CASCADE", primary_key=True, index=True)
    created_at: datetime = moment()


class Tally(Table, table=True):
    """A sum that changes often. `published` trails `version` until the sum was told (design 4, Sums)."""

    subject_id: UUID = Field(primary_key=True)
    channel: str = Field(max_length=80)
    kind: str = Field(default="question", max_length=16)  # or poll, whose sums are counted when they are told
    votes: int = 0
    version: int = 0
    published: int = 0
