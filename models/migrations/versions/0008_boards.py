"""Boards with columns, labels, claims and history; cards with everything on them."""

from __future__ import annotations

import re
import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MARKS = re.compile("[\u064b-\u065f\u0670\u0640]")
FOLDED = str.maketrans(
    {
        **dict.fromkeys("أإآٱ", "ا"),
        "ى": "ي",
        "ی": "ي",
        "ک": "ك",
        "ة": "ه",
        "ؤ": "و",
        "ئ": "ي",
        **{chr(0x0660 + digit): str(digit) for digit in range(10)},
        **{chr(0x06F0 + digit): str(digit) for digit in range(10)},
    }
)


def upgrade() -> None:
    op.create_table(
        "board_label",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("board_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("colour", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["board_id"], ["board.id"], name=op.f("fk_board_label_board_id_board"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_label")),
    )
    with op.batch_alter_table("board_label", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_board_label_board_id"), ["board_id"], unique=False)

    op.create_table(
        "board_named",
        sa.Column("board_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["board_id"], ["board.id"], name=op.f("fk_board_named_board_id_board"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_board_named_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("board_id", "person_id", name=op.f("pk_board_named")),
    )
    with op.batch_alter_table("board_named", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_board_named_person_id"), ["person_id"], unique=False)

    op.create_table(
        "card_attachment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("card_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("stored", sa.String(length=80), nullable=True),
        sa.Column("preview", sa.String(length=80), nullable=True),
        sa.Column("url", sa.String(length=2000), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["added_by"], ["person.id"], name=op.f("fk_card_attachment_added_by_person"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["card_id"], ["card.id"], name=op.f("fk_card_attachment_card_id_card"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_attachment")),
    )
    with op.batch_alter_table("card_attachment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_card_attachment_card_id"), ["card_id"], unique=False)

    op.create_table(
        "card_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("board_id", sa.Uuid(), nullable=False),
        sa.Column("card_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("step", sa.Uuid(), nullable=False),
        sa.Column("field", sa.String(length=16), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("field_version", sa.Integer(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("way", sa.String(length=8), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["board_id"], ["board.id"], name=op.f("fk_card_change_board_id_board"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["card_id"], ["card.id"], name=op.f("fk_card_change_card_id_card"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_card_change_person_id_person"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_change")),
        sa.UniqueConstraint("board_id", "number", name=op.f("uq_card_change_board_id_number")),
    )
    with op.batch_alter_table("card_change", schema=None) as batch_op:
        batch_op.create_index("ix_card_change_card", ["card_id", "number"], unique=False)
        batch_op.create_index("ix_card_change_person", ["person_id", "board_id", "state"], unique=False)

    op.create_table(
        "card_claim",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("card_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("active_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("how", sa.String(length=16), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(
            ["card_id"], ["card.id"], name=op.f("fk_card_claim_card_id_card"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_card_claim_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_claim")),
    )
    with op.batch_alter_table("card_claim", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_card_claim_card_id"), ["card_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_card_claim_person_id"), ["person_id"], unique=False)

    op.create_table(
        "card_comment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("card_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(length=4000), nullable=False),
        sa.Column("mentions", sa.JSON(), nullable=False),
        sa.Column("author_name", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["card_id"], ["card.id"], name=op.f("fk_card_comment_card_id_card"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_card_comment_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_comment")),
    )
    with op.batch_alter_table("card_comment", schema=None) as batch_op:
        batch_op.create_index("ix_card_comment_card_place", ["card_id", "place"], unique=False)
        batch_op.create_index(batch_op.f("ix_card_comment_person_id"), ["person_id"], unique=False)

    op.create_table(
        "card_item",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("card_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("checklist", sa.String(length=80), nullable=False),
        sa.Column(
            "rank",
            sa.String(length=120).with_variant(sa.String(length=120, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("made_id", sa.Uuid(), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["card_id"], ["card.id"], name=op.f("fk_card_item_card_id_card"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_item")),
        sa.UniqueConstraint("card_id", "rank", name=op.f("uq_card_item_card_id_rank")),
    )
    op.create_table(
        "card_label",
        sa.Column("card_id", sa.Uuid(), nullable=False),
        sa.Column("label_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["card_id"], ["card.id"], name=op.f("fk_card_label_card_id_card"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["label_id"], ["board_label.id"], name=op.f("fk_card_label_label_id_board_label"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("card_id", "label_id", name=op.f("pk_card_label")),
    )
    with op.batch_alter_table("card_label", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_card_label_label_id"), ["label_id"], unique=False)

    op.create_table(
        "card_link",
        sa.Column("card_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["card_id"], ["card.id"], name=op.f("fk_card_link_card_id_card"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["other_id"], ["card.id"], name=op.f("fk_card_link_other_id_card"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("card_id", "other_id", name=op.f("pk_card_link")),
    )
    with op.batch_alter_table("card_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_card_link_other_id"), ["other_id"], unique=False)

    op.create_table(
        "card_person",
        sa.Column("card_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["card_id"], ["card.id"], name=op.f("fk_card_person_card_id_card"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_card_person_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("card_id", "person_id", name=op.f("pk_card_person")),
    )
    with op.batch_alter_table("card_person", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_card_person_person_id"), ["person_id"], unique=False)

    op.create_table(
        "card_watch",
        sa.Column("card_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["card_id"], ["card.id"], name=op.f("fk_card_watch_card_id_card"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_card_watch_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("card_id", "person_id", name=op.f("pk_card_watch")),
    )
    with op.batch_alter_table("card_watch", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_card_watch_person_id"), ["person_id"], unique=False)

    op.create_table(
        "card_review",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("card_id", sa.Uuid(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["card_id"], ["card.id"], name=op.f("fk_card_review_card_id_card"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["claim_id"], ["card_claim.id"], name=op.f("fk_card_review_claim_id_card_claim"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_card_review_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_review")),
    )
    with op.batch_alter_table("card_review", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_card_review_card_id"), ["card_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_card_review_claim_id"), ["claim_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_card_review_person_id"), ["person_id"], unique=False)

    with op.batch_alter_table("board", schema=None) as batch_op:
        batch_op.add_column(sa.Column("review", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("lease_minutes", sa.Integer(), nullable=False, server_default="1440"))
        batch_op.add_column(sa.Column("public_token", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("cards_made", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("changes_made", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_board_public_token"), ["public_token"])

    with op.batch_alter_table("board_column", schema=None) as batch_op:
        batch_op.add_column(sa.Column("colour", sa.String(length=16), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("soft_limit", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("hard_limit", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("done", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))

    with op.batch_alter_table("card", schema=None) as batch_op:
        batch_op.add_column(sa.Column("number", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("description", sa.Text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("folded", sa.Text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("start_day", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("due_day", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("size_minutes", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("skill", sa.String(length=80), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("language", sa.String(length=16), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("seats", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("cover_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("source", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("external", sa.String(length=120), nullable=True))
        batch_op.add_column(sa.Column("field_versions", sa.JSON(), nullable=False, server_default="{}"))
        batch_op.add_column(sa.Column("items", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("items_done", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("comments", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("attachments", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("state", sa.String(length=16), nullable=False, server_default="open"))
        batch_op.add_column(sa.Column("worker_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("warned", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("done_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index("ix_card_board_external", ["board_id", "external"], unique=False)
        batch_op.create_index(batch_op.f("ix_card_due_at"), ["due_at"], unique=False)
        batch_op.create_index("ix_card_lease", ["lease_until"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_card_worker_id_person"), "person", ["worker_id"], ["id"], ondelete="SET NULL"
        )

    _number_cards()
    _mark_done()


def _number_cards() -> None:
    """Count each board's cards in the order they were made, and fold their titles as `server.domain.text` did."""
    card = sa.table(
        "card",
        *(sa.column("id", sa.Uuid()), sa.column("board_id", sa.Uuid()), sa.column("created_at")),
        *(sa.column("title"), sa.column("folded"), sa.column("number", sa.Integer())),
    )
    board = sa.table("board", sa.column("id", sa.Uuid()), sa.column("cards_made", sa.Integer()))
    connection = op.get_bind()
    made: dict[object, int] = {}
    for row in connection.execute(sa.select(card).order_by(card.c.created_at, card.c.id)).all():
        made[row.board_id] = made.get(row.board_id, 0) + 1
        values = {"number": made[row.board_id], "folded": _fold(row.title)}
        connection.execute(sa.update(card).where(card.c.id == row.id).values(values))
    for id, count in made.items():
        connection.execute(sa.update(board).where(board.c.id == id).values(cards_made=count))


def _mark_done() -> None:
    """Until now every board had three columns, and what was finished lay in the last."""
    column = sa.table(
        "board_column",
        *(sa.column("id", sa.Uuid()), sa.column("board_id", sa.Uuid()), sa.column("rank"), sa.column("done")),
    )
    connection = op.get_bind()
    rows = connection.execute(sa.select(column).order_by(column.c.rank)).all()
    for id in {row.board_id: row.id for row in rows}.values():
        connection.execute(sa.update(column).where(column.c.id == id).values(done=sa.true()))


def _fold(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"\s+", " ", MARKS.sub("", text).translate(FOLDED)).strip()


def downgrade() -> None:
    with op.batch_alter_table("card", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_card_worker_id_person"), type_="foreignkey")
        batch_op.drop_index("ix_card_lease")
        batch_op.drop_index(batch_op.f("ix_card_due_at"))
        batch_op.drop_index("ix_card_board_external")
        batch_op.drop_column("archived_at")
        batch_op.drop_column("done_at")
        batch_op.drop_column("warned")
        batch_op.drop_column("lease_until")
        batch_op.drop_column("worker_id")
        batch_op.drop_column("state")
        batch_op.drop_column("attachments")
        batch_op.drop_column("comments")
        batch_op.drop_column("items_done")
        batch_op.drop_column("items")
        batch_op.drop_column("field_versions")
        batch_op.drop_column("external")
        batch_op.drop_column("source")
        batch_op.drop_column("cover_id")
        batch_op.drop_column("seats")
        batch_op.drop_column("language")
        batch_op.drop_column("skill")
        batch_op.drop_column("size_minutes")
        batch_op.drop_column("due_at")
        batch_op.drop_column("due_day")
        batch_op.drop_column("start_day")
        batch_op.drop_column("folded")
        batch_op.drop_column("description")
        batch_op.drop_column("number")

    with op.batch_alter_table("board_column", schema=None) as batch_op:
        batch_op.drop_column("version")
        batch_op.drop_column("archived_at")
        batch_op.drop_column("done")
        batch_op.drop_column("hard_limit")
        batch_op.drop_column("soft_limit")
        batch_op.drop_column("colour")

    with op.batch_alter_table("board", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_board_public_token"), type_="unique")
        batch_op.drop_column("archived_at")
        batch_op.drop_column("changes_made")
        batch_op.drop_column("cards_made")
        batch_op.drop_column("public_token")
        batch_op.drop_column("lease_minutes")
        batch_op.drop_column("review")

    with op.batch_alter_table("card_review", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_card_review_person_id"))
        batch_op.drop_index(batch_op.f("ix_card_review_claim_id"))
        batch_op.drop_index(batch_op.f("ix_card_review_card_id"))

    op.drop_table("card_review")
    with op.batch_alter_table("card_watch", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_card_watch_person_id"))

    op.drop_table("card_watch")
    with op.batch_alter_table("card_person", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_card_person_person_id"))

    op.drop_table("card_person")
    with op.batch_alter_table("card_link", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_card_link_other_id"))

    op.drop_table("card_link")
    with op.batch_alter_table("card_label", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_card_label_label_id"))

    op.drop_table("card_label")
    op.drop_table("card_item")
    with op.batch_alter_table("card_comment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_card_comment_person_id"))
        batch_op.drop_index("ix_card_comment_card_place")

    op.drop_table("card_comment")
    with op.batch_alter_table("card_claim", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_card_claim_person_id"))
        batch_op.drop_index(batch_op.f("ix_card_claim_card_id"))

    op.drop_table("card_claim")
    with op.batch_alter_table("card_change", schema=None) as batch_op:
        batch_op.drop_index("ix_card_change_person")
        batch_op.drop_index("ix_card_change_card")

    op.drop_table("card_change")
    with op.batch_alter_table("card_attachment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_card_attachment_card_id"))

    op.drop_table("card_attachment")
    with op.batch_alter_table("board_named", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_board_named_person_id"))

    op.drop_table("board_named")
    with op.batch_alter_table("board_label", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_board_label_board_id"))

    op.drop_table("board_label")
