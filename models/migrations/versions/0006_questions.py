"""Questions that are answered live, merged, pinned and edited; polls; hands; a session's rules for its audience."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("question") as batch:
        batch.add_column(sa.Column("anonymous", sa.String(length=16), nullable=False, server_default="no"))
        batch.add_column(sa.Column("pinned", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column("answer_how", sa.String(length=16), nullable=True))
        batch.add_column(sa.Column("answer_text", sa.String(length=4000), nullable=False, server_default=""))
        batch.add_column(sa.Column("merged_into", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("assigned_to", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("message_id", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("edited_at", TIME, nullable=True))
        batch.create_foreign_key(
            op.f("fk_question_assigned_to_person"), "person", ["assigned_to"], ["id"], ondelete="SET NULL"
        )
        batch.create_foreign_key(
            op.f("fk_question_message_id_message"), "message", ["message_id"], ["id"], ondelete="SET NULL"
        )
        batch.create_unique_constraint(op.f("uq_question_message_id"), ["message_id"])
        batch.create_index(op.f("ix_question_merged_into"), ["merged_into"])
    with op.batch_alter_table("tally") as batch:
        batch.add_column(sa.Column("kind", sa.String(length=16), nullable=False, server_default="question"))
    op.create_table(
        "question_edit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("question_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("text", sa.String(length=1000), nullable=False),
        sa.Column("at", TIME, nullable=False),
        _to("question_edit", "question_id", "question"),
        _to("question_edit", "person_id", "person", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question_edit")),
    )
    op.create_index(op.f("ix_question_edit_question_id"), "question_edit", ["question_id"])
    op.create_table(
        "poll",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("text", sa.String(length=300), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("hidden", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("results", sa.String(length=16), nullable=False),
        sa.Column("may_change", sa.Boolean(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("opened_at", TIME, nullable=True),
        sa.Column("closed_at", TIME, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        _to("poll", "session_id", "conference_session"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_poll")),
    )
    op.create_index(op.f("ix_poll_session_id"), "poll", ["session_id"])
    op.create_table(
        "poll_vote",
        sa.Column("poll_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        _to("poll_vote", "poll_id", "poll"),
        _to("poll_vote", "person_id", "person"),
        sa.PrimaryKeyConstraint("poll_id", "person_id", name=op.f("pk_poll_vote")),
    )
    op.create_index(op.f("ix_poll_vote_person_id"), "poll_vote", ["person_id"])
    op.create_table(
        "poll_choice",
        sa.Column("poll_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("text", sa.String(length=80), nullable=False),
        _to("poll_choice", "poll_id", "poll"),
        _to("poll_choice", "person_id", "person"),
        sa.PrimaryKeyConstraint("poll_id", "person_id", "key", name=op.f("pk_poll_choice")),
    )
    op.create_index("ix_poll_choice_person", "poll_choice", ["person_id"])
    op.create_table(
        "interaction",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("anonymous", sa.String(length=16), nullable=False),
        sa.Column("questions_open", sa.Boolean(), nullable=False),
        sa.Column("hands_open", sa.Boolean(), nullable=False),
        sa.Column("reactions_open", sa.Boolean(), nullable=False),
        sa.Column("line", sa.String(length=500), nullable=False),
        sa.Column("line_at", TIME, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        _to("interaction", "session_id", "conference_session"),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_interaction")),
    )
    op.create_table(
        "hand",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("raised_at", TIME, nullable=False),
        sa.Column("called_at", TIME, nullable=True),
        _to("hand", "session_id", "conference_session"),
        _to("hand", "person_id", "person"),
        sa.PrimaryKeyConstraint("session_id", "person_id", name=op.f("pk_hand")),
    )
    op.create_index(op.f("ix_hand_person_id"), "hand", ["person_id"])


def downgrade() -> None:
    for table in ("hand", "interaction", "poll_choice", "poll_vote", "poll", "question_edit"):
        op.drop_table(table)
    with op.batch_alter_table("tally") as batch:
        batch.drop_column("kind")
    # What the older shape has no word for becomes its nearest.
    op.execute("UPDATE question SET state = 'approved' WHERE state = 'answering'")
    with op.batch_alter_table("question") as batch:
        batch.drop_index(op.f("ix_question_merged_into"))
        batch.drop_constraint(op.f("uq_question_message_id"), type_="unique")
        batch.drop_constraint(op.f("fk_question_message_id_message"), type_="foreignkey")
        batch.drop_constraint(op.f("fk_question_assigned_to_person"), type_="foreignkey")
        for column in (
            *("edited_at", "message_id", "assigned_to", "merged_into"),
            *("answer_text", "answer_how", "pinned", "anonymous"),
        ):
            batch.drop_column(column)


def _to(table: str, column: str, target: str, *, ondelete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{target}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete=ondelete)
