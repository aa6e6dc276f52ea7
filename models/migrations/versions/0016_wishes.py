"""The card that somebody would come into a team for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("team_wish") as table:
        table.add_column(sa.Column("card_id", sa.Uuid(), nullable=True))
        table.create_foreign_key("fk_team_wish_card_id_card", "card", ["card_id"], ["id"], ondelete="SET NULL")


def downgrade() -> None:
    with op.batch_alter_table("team_wish") as table:
        table.drop_constraint("fk_team_wish_card_id_card", type_="foreignkey")
        table.drop_column("card_id")
