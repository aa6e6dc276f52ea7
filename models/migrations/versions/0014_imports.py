"""Boards that come from elsewhere, and calendars of one's work, which belong to no conference."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "board_import",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("warnings", sa.Text(), nullable=False),
        sa.Column("board_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name=op.f("fk_board_import_team_id_team"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_board_import_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_import")),
    )
    op.create_index(op.f("ix_board_import_team_id"), "board_import", ["team_id"])
    op.create_index(op.f("ix_board_import_person_id"), "board_import", ["person_id"])
    with op.batch_alter_table("calendar_feed") as table:
        table.alter_column("conference_id", existing_type=sa.Uuid(), nullable=True)


def downgrade() -> None:
    op.execute("DELETE FROM calendar_feed WHERE conference_id IS NULL")
    with op.batch_alter_table("calendar_feed") as table:
        table.alter_column("conference_id", existing_type=sa.Uuid(), nullable=False)
    op.drop_table("board_import")
