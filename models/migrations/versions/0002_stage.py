"""What the work on stage adds: who stands where, the waiting card, rehearsals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.base

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("conference_session") as table:
        table.add_column(sa.Column("live_since", models.base.UtcTime(timezone=True), nullable=True))
        table.add_column(sa.Column("card_ar", sa.String(length=400), nullable=False, server_default=""))
        table.add_column(sa.Column("card_en", sa.String(length=400), nullable=False, server_default=""))
        table.add_column(sa.Column("back_at", models.base.UtcTime(timezone=True), nullable=True))
        table.add_column(sa.Column("codec", sa.String(length=8), nullable=False, server_default=""))
        table.add_column(sa.Column("directed", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("rehearsal_of", sa.Uuid(), nullable=True))
        table.create_foreign_key(
            "fk_conference_session_rehearsal_of_conference_session",
            "conference_session",
            ["rehearsal_of"],
            ["id"],
            ondelete="CASCADE",
        )
        table.create_unique_constraint("uq_conference_session_rehearsal_of", ["rehearsal_of"])
    op.create_table(
        "standing",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("on_air", sa.Boolean(), nullable=True),
        sa.Column("muted", sa.Boolean(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("guest", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["conference_session.id"],
            name="fk_standing_session_id_conference_session",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_standing_person_id_person", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("session_id", "person_id", name="pk_standing"),
    )
    op.create_index("ix_standing_person_id", "standing", ["person_id"])


def downgrade() -> None:
    op.drop_table("standing")
    with op.batch_alter_table("conference_session") as table:
        table.drop_constraint("uq_conference_session_rehearsal_of", type_="unique")
        table.drop_constraint("fk_conference_session_rehearsal_of_conference_session", type_="foreignkey")
        for name in ("rehearsal_of", "directed", "codec", "back_at", "card_en", "card_ar", "live_since"):
            table.drop_column(name)
