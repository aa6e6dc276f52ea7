"""What the work on recordings adds: recordings, the organiser's wish for them, and what media tells of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.base

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TIME = models.base.UtcTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "recording",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("folder", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("leased_until", TIME, nullable=True),
        sa.Column("tidy_at", TIME, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["conference_session.id"],
            name=op.f("fk_recording_session_id_conference_session"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording")),
        sa.UniqueConstraint("folder", name=op.f("uq_recording_folder")),
    )
    op.create_index(op.f("ix_recording_session_id"), "recording", ["session_id"])
    with op.batch_alter_table("conference_session") as batch:
        batch.add_column(sa.Column("record", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("stage") as batch:
        batch.add_column(sa.Column("programme", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("stage") as batch:
        batch.drop_column("programme")
    with op.batch_alter_table("conference_session") as batch:
        batch.drop_column("record")
    op.drop_table("recording")
