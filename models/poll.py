"""Polls, and what each person answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Index
from sqlmodel import Field

from models.base import Table, key, moment, reference


class Poll(Table, table=True):
    """`settings` are those of its kind (`server/domain/polls`); `hidden` are keys the public no longer sees."""

    id: UUID = key()
    session_id: UUID = reference("conference_session.id")
    kind: str = Field(max_length=16)
    text: str = Field(max_length=300)
    settings: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    hidden: list[str] = Field(default_factory=list, sa_type=JSON)
    state: str = Field(default="draft", max_length=16)
    results: str = Field(default="at_once", max_length=16)  # or after_close
    may_change: bool = True
    created_at: datetime = moment()
    opened_at: datetime | None = moment(nullable=True)
    closed_at: datetime | None = moment(nullable=True)
    version: int = 1


class PollVote(Table, table=True):
    """One person's one answer: the primary key is the rule."""

    __tablename__ = "poll_vote"

    poll_id: UUID = reference("poll.id", primary=True)
    person_id: UUID = Field(foreign_key="person.id", ondelete="CASCADE", primary_key=True, index=True)
    answer: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    at: datetime = moment()


class PollChoice(Table, table=True):
    """What an answer counts for: the keys that sums are made of. `text` is the key as the voter wrote it."""

    __tablename__ = "poll_choice"
    __table_args__ = (Index("ix_poll_choice_person", "person_id"),)

    poll_id: UUID = reference("poll.id", primary=True)
    person_id: UUID = Field(foreign_key="person.id", ondelete="CASCADE", primary_key=True)
    key: str = Field(max_length=80, primary_key=True)
    text: str = Field(default="", max_length=80)
