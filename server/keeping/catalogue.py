"""What a database holds, read from its own catalogue: at whatever revision it is, not as the models are today."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, MetaData, Table, inspect, text
from sqlalchemy import types as sql
from sqlalchemy.types import TypeEngine

from server.keeping.faults import KeepingFault
from server.keeping.rows import Column, Kind, Shape

REVISIONS = "alembic_version"
_KINDS: Mapping[type[TypeEngine[Any]], Kind] = {  # the first that fits
    sql.Uuid: "uuid",
    sql.JSON: "json",
    sql.Boolean: "boolean",
    sql.DateTime: "time",
    sql.Date: "date",
    sql.Integer: "integer",
    sql.Numeric: "number",
    sql.String: "text",
}


def shapes(connection: Connection) -> list[Shape]:
    """All tables but the migrations' own, parents before children."""
    found = MetaData()
    found.reflect(connection)
    return [_shape(table) for table in found.sorted_tables if table.name != REVISIONS]


def revision(connection: Connection) -> str | None:
    """Where the database stands; None for one without our tables."""
    if not inspect(connection).has_table(REVISIONS):
        return None
    return connection.execute(text(f"SELECT version_num FROM {REVISIONS}")).scalar_one_or_none()


def _shape(table: Table) -> Shape:
    key = tuple(column.name for column in table.primary_key.columns)
    if not key:
        raise KeepingFault(f"The table {table.name} has no key that would order its rows.")
    columns = sorted(table.columns, key=lambda column: column.name)  # migrations leave them in any order
    return Shape(table.name, tuple(Column(column.name, kind_of(column.type)) for column in columns), key)


def kind_of(declared: TypeEngine[Any]) -> Kind:
    """SQLite has no type for identifiers: SQLAlchemy declares them there as CHAR(32)."""
    if isinstance(declared, sql.CHAR) and declared.length == 32:
        return "uuid"
    for family, kind in _KINDS.items():
        if isinstance(declared, family):
            return kind
    raise KeepingFault(f"Columns of the type {declared!r} are not known to backups.")
