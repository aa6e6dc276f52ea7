"""Stored files that nobody may need any more."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field

from models.base import Table, moment


class DoomedFile(Table, table=True):
    """A stored file whose row is gone. It goes, too, unless another row names the same bytes.

    `at`: when to see to it.
    """

    __tablename__ = "doomed_file"

    name: str = Field(primary_key=True, max_length=80)
    at: datetime = moment()
