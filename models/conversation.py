"""What is said in a session: messages, and questions with their votes."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlmodel import Field

from models.base import Table, key, moment, reference


class Message(Table, table=True):
    """A chat message. `place` is the offset of its publication: the one order all readers share."""

    __table_args__ = (Index("ix_message_session_place", "session_id", "place"),)

    id: UUID = key()
    session_id: UUID = reference("conference_session.id", index=False)
    person_id: UUID = reference("person.id")
    text: str = Field(max_length=4000)
    place: int = Field(default=0, sa_type=BigInteger)
    created_at: datetime = moment()
    edited_at: datetime | None = moment(nullable=True)
    deleted_at: datetime | None = moment(nullable=True)
    deleted_by: str | None = Field(default=None, max_length=16)  # author or moderator
    version: int = 1


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
