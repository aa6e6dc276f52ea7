"""All tables together, for migrations and for tests that need to know every one."""

from __future__ import annotations

from models import (
    announcement,
    audience,
    board,
    board_import,
    card,
    card_work,
    conference,
    conversation,
    file,
    film,
    job,
    moderation,
    notification,
    person,
    poll,
    programme,
    publication,
    recording,
    registration,
    settings,
    stage,
    team,
    volunteer,
)
from models.base import Table

MODULES = (
    announcement,
    audience,
    board,
    board_import,
    card,
    card_work,
    conference,
    conversation,
    film,
    file,
    job,
    moderation,
    notification,
    person,
    poll,
    programme,
    publication,
    recording,
    registration,
    settings,
    stage,
    team,
    volunteer,
)
METADATA = Table.metadata
