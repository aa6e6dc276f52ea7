"""Halls, tracks, speakers' profiles, bookmarks, calendars, sheets; public pages; cancelled and deleted sessions."""

from __future__ import annotations

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendar_feed",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("conference_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.String(length=16), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["conference_id"],
            ["conference.id"],
            name=op.f("fk_calendar_feed_conference_id_conference"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_calendar_feed_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_feed")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_calendar_feed_token_hash")),
    )
    with op.batch_alter_table("calendar_feed", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_calendar_feed_conference_id"), ["conference_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_calendar_feed_person_id"), ["person_id"], unique=False)

    op.create_table(
        "hall",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("conference_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conference_id"], ["conference.id"], name=op.f("fk_hall_conference_id_conference"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hall")),
        sa.UniqueConstraint("conference_id", "name", name=op.f("uq_hall_conference_id_name")),
    )
    op.create_table(
        "programme_sheet",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("conference_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("rows", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conference_id"],
            ["conference.id"],
            name=op.f("fk_programme_sheet_conference_id_conference"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_programme_sheet_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programme_sheet")),
    )
    with op.batch_alter_table("programme_sheet", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_programme_sheet_conference_id"), ["conference_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_programme_sheet_person_id"), ["person_id"], unique=False)

    op.create_table(
        "speaker_profile",
        sa.Column("conference_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("headline", sa.String(length=160), nullable=False),
        sa.Column("bio", sa.String(length=4000), nullable=False),
        sa.Column("translations", sa.JSON(), nullable=False),
        sa.Column("picture", sa.String(length=80), nullable=True),
        sa.Column("source", sa.String(length=120), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conference_id"],
            ["conference.id"],
            name=op.f("fk_speaker_profile_conference_id_conference"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_speaker_profile_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("conference_id", "person_id", name=op.f("pk_speaker_profile")),
        sa.UniqueConstraint("conference_id", "source", name=op.f("uq_speaker_profile_conference_id_source")),
    )
    with op.batch_alter_table("speaker_profile", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_speaker_profile_person_id"), ["person_id"], unique=False)

    op.create_table(
        "track",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("conference_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("colour", sa.String(length=16), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conference_id"],
            ["conference.id"],
            name=op.f("fk_track_conference_id_conference"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_track")),
        sa.UniqueConstraint("conference_id", "name", name=op.f("uq_track_conference_id_name")),
    )
    op.create_table(
        "bookmark",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_bookmark_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["conference_session.id"],
            name=op.f("fk_bookmark_session_id_conference_session"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("session_id", "person_id", name=op.f("pk_bookmark")),
    )
    with op.batch_alter_table("bookmark", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_bookmark_person_id"), ["person_id"], unique=False)

    with op.batch_alter_table("conference", schema=None) as batch_op:
        batch_op.add_column(sa.Column("translations", sa.JSON(), nullable=False, server_default="{}"))
        batch_op.add_column(sa.Column("public", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("slug", sa.String(length=60), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_conference_slug"), ["slug"])

    with op.batch_alter_table("conference_session", schema=None) as batch_op:
        batch_op.add_column(sa.Column("track", sa.String(length=80), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("kind", sa.String(length=16), nullable=False, server_default="talk"))
        batch_op.add_column(sa.Column("translations", sa.JSON(), nullable=False, server_default="{}"))
        batch_op.add_column(sa.Column("note", sa.String(length=500), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("source", sa.String(length=120), nullable=True))
        batch_op.add_column(sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(
            "uq_conference_session_conference_id_source", ["conference_id", "source"], unique=True
        )

    # Sessions were last changed when they were made, as far as anybody knows.
    op.execute("UPDATE conference_session SET changed_at = created_at")
    with op.batch_alter_table("conference_session", schema=None) as batch_op:
        batch_op.alter_column("changed_at", existing_type=sa.DateTime(timezone=True), nullable=False)
    _halls_of_sessions()


def _halls_of_sessions() -> None:
    """Every hall that sessions name gets its row, in the order of the alphabet."""
    named = sa.text(
        "SELECT DISTINCT conference_id, hall FROM conference_session WHERE hall <> '' ORDER BY conference_id, hall"
    ).columns(conference_id=sa.Uuid(), hall=sa.String())
    hall = sa.table(
        "hall",
        *(sa.column("id", sa.Uuid()), sa.column("conference_id", sa.Uuid()), sa.column("name", sa.String())),
        *(sa.column("rank", sa.Integer()), sa.column("version", sa.Integer())),
    )
    rows = [
        {"id": uuid4(), "conference_id": conference_id, "name": name, "rank": rank, "version": 1}
        for rank, (conference_id, name) in enumerate(op.get_bind().execute(named))
    ]
    if rows:
        op.bulk_insert(hall, rows)


def downgrade() -> None:
    op.execute("DELETE FROM conference_session WHERE deleted_at IS NOT NULL")
    op.execute("UPDATE conference_session SET state = 'scheduled' WHERE state = 'cancelled'")
    with op.batch_alter_table("conference_session", schema=None) as batch_op:
        batch_op.drop_index("uq_conference_session_conference_id_source")
        batch_op.drop_column("deleted_at")
        batch_op.drop_column("changed_at")
        batch_op.drop_column("source")
        batch_op.drop_column("note")
        batch_op.drop_column("translations")
        batch_op.drop_column("kind")
        batch_op.drop_column("track")

    with op.batch_alter_table("conference", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_conference_slug"), type_="unique")
        batch_op.drop_column("slug")
        batch_op.drop_column("public")
        batch_op.drop_column("translations")

    op.drop_table("bookmark")
    op.drop_table("track")
    op.drop_table("speaker_profile")
    op.drop_table("programme_sheet")
    op.drop_table("hall")
    op.drop_table("calendar_feed")
