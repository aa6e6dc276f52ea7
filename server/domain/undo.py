"""Which deeds can be undone. Deleted words cannot come back: that is what deleting is for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

UNDOABLE = frozenset(
    {
        "ban.lifted",
        "calm.off",
        "calm.on",
        "message.approved",
        "message.hidden",
        "message.pinned",
        "message.refused",
        "message.restored",
        "message.unpinned",
        "note.deleted",
        "note.written",
        "person.banned",
        "person.silenced",
        "poll.closed",
        "question.approved",
        "question.dismissed",
        "question.merged",
        "question.pinned",
        "question.returned",
        "question.unpinned",
        "report.decided",
        "role.changed",
        "rules.changed",
        "silence.lifted",
    }
)


def can_undo(action: str, data: Mapping[str, Any]) -> bool:
    """What was said on stage, or written as an answer, is not put back by a press."""
    return action in UNDOABLE and data.get("was") not in ("answering", "answered")
