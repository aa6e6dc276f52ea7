"""All tables together, for migrations and for tests that need to know every one."""

from __future__ import annotations

from models import conference, conversation, job, person, publication, stage, team
from models.base import Table

MODULES = (conference, conversation, job, person, publication, stage, team)
METADATA = Table.metadata
