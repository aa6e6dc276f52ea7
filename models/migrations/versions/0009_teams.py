"""What the work on teams adds: what people bring, how one joins, meetings, and the ways of tasks in and out."""

from __future__ import annotations

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

import models.base

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = (
    "stage_card",
    "team_visit",
    "team_wish",
    "team_call",
    "person_skill",
    "volunteer_profile",
)


def upgrade() -> None:
    with op.batch_alter_table("team") as table:
        table.add_column(sa.Column("welcome", sa.String(length=2000), nullable=False, server_default=""))
        table.add_column(sa.Column("joining", sa.String(length=12), nullable=False, server_default="invitation"))
    with op.batch_alter_table("conference_session") as table:
        table.add_column(sa.Column("team_id", sa.Uuid(), nullable=True))
        table.create_foreign_key(
            "fk_conference_session_team_id_team", "team", ["team_id"], ["id"], ondelete="CASCADE"
        )
        table.create_index("ix_conference_session_team_id", ["team_id"])
    op.create_table(
        "volunteer_profile",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("languages", sa.JSON(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=True),
        sa.Column("per", sa.String(length=8), nullable=False),
        sa.Column("shown", sa.JSON(), nullable=False),
        sa.Column("changed_at", models.base.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_volunteer_profile_person_id_person", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", name="pk_volunteer_profile"),
    )
    op.create_table(
        "person_skill",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("folded", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_person_skill_person_id_person", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "folded", name="pk_person_skill"),
    )
    op.create_index("ix_person_skill_folded", "person_skill", ["folded"])
    op.create_table(
        "team_call",
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["conference_session.id"],
            name="fk_team_call_session_id_conference_session",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name="fk_team_call_team_id_team", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("team_id", name="pk_team_call"),
    )
    op.create_index("ix_team_call_session_id", "team_call", ["session_id"])
    op.create_table(
        "team_wish",
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("created_at", models.base.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_team_wish_person_id_person", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name="fk_team_wish_team_id_team", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("team_id", "person_id", name="pk_team_wish"),
    )
    op.create_index("ix_team_wish_person_id", "team_wish", ["person_id"])
    op.create_table(
        "team_visit",
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", models.base.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_team_visit_person_id_person", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name="fk_team_visit_team_id_team", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("team_id", "person_id", name="pk_team_visit"),
    )
    op.create_index("ix_team_visit_person_id", "team_visit", ["person_id"])
    op.create_table(
        "stage_card",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("card_id", sa.Uuid(), nullable=False),
        sa.Column("shown_at", models.base.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["card.id"], name="fk_stage_card_card_id_card", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["conference_session.id"],
            name="fk_stage_card_session_id_conference_session",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("session_id", "card_id", name="pk_stage_card"),
    )
    op.create_index("ix_stage_card_card_id", "stage_card", ["card_id"])
    _conversations()


def downgrade() -> None:
    for name in TABLES:
        op.drop_table(name)
    with op.batch_alter_table("conference_session") as table:
        table.drop_index("ix_conference_session_team_id")
        table.drop_constraint("fk_conference_session_team_id_team", type_="foreignkey")
        table.drop_column("team_id")
    with op.batch_alter_table("team") as table:
        for name in ("joining", "welcome"):
            table.drop_column(name)


def _conversations() -> None:
    """Every team has its chat from the beginning; those that are older get theirs now."""
    team = sa.table("team", sa.column("id", sa.Uuid()), sa.column("conference_id", sa.Uuid()))
    conversation = sa.table(
        "conversation",
        *(sa.column(name, sa.Uuid()) for name in ("id", "conference_id", "team_id")),
        sa.column("kind", sa.String()),
        sa.column("created_at", models.base.UtcTime(timezone=True)),
    )
    known = sa.select(conversation.c.team_id).where(conversation.c.team_id.is_not(None))
    without = sa.select(team.c.id, team.c.conference_id).where(team.c.id.not_in(known))
    rows = [
        {
            "id": uuid4(),
            "conference_id": conference_id,
            "team_id": id,
            "kind": "team",
            "created_at": models.base.now(),
        }
        for id, conference_id in op.get_bind().execute(without).all()
    ]
    if rows:
        op.bulk_insert(conversation, rows)
