"""All tables together, for migrations and for tests that need to know every one."""

from __future__ import annotations

from models import (
    announcement,
    conference,
    conversation,
    job,
    moderation,
    notification,
    person,
    publication,
    registration,
    settings,
    stage,
    team,
)
from models.base import Table

MODULES = (
    announcement,
    conference,
    conversation,
    job,
    moderation,
    notification,
    person,
    publication,
    registration,
    settings,
    stage,
    team,
)
METADATA = Table.metadata
