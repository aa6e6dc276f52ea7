"""Tickets to what is on air, and how many watch it some seconds behind."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("recording") as table:
        table.add_column(sa.Column("ticket", sa.String(64), nullable=False, server_default=""))
    recording = sa.table("recording", sa.column("id", sa.Uuid()), sa.column("ticket", sa.String()))
    for (id,) in op.get_bind().execute(sa.select(recording.c.id)).all():
        op.execute(sa.update(recording).where(recording.c.id == id).values(ticket=secrets.token_urlsafe(24)))
    with op.batch_alter_table("stage") as table:
        table.add_column(sa.Column("behind", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("stage") as table:
        table.drop_column("behind")
    with op.batch_alter_table("recording") as table:
        table.drop_column("ticket")
