"""Bulk cancellations and what came of each flow run that they asked.

The tables begin empty, also where earlier releases have kept the events of bulk cancellations for
years: the first projection of this release folds those (`projecting.catching_up`).
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_Words: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    # 0 also for what a release before this one inserts, while both run.
    upto = sa.Column("bulks_upto", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
    op.add_column("positions", upto)
    _bulk_cancellations()
    _bulk_items()


def _bulk_cancellations() -> None:
    op.create_table(
        "bulk_cancellations",
        sa.Column("bulk_id", _Words, nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("state", _Words, nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("finished_ms", sa.BigInteger()),
        sa.Column("forgotten_ms", sa.BigInteger()),
        sa.Column("since_ms", sa.BigInteger()),
        sa.Column("since_asked", sa.BigInteger()),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("bulk_id"),
    )
    op.create_index("bulk_cancellations_newest", "bulk_cancellations", ["created_ms", "bulk_id"])
    op.create_index(
        "bulk_cancellations_by_state", "bulk_cancellations", ["state", "created_ms", "bulk_id"]
    )


def _bulk_items() -> None:
    op.create_table(
        "bulk_items",
        sa.Column("bulk_id", _Words, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("flow_run_id", _Words, nullable=False),
        sa.Column("outcome", _Words, nullable=False),
        sa.Column("event_id", _Words, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("bulk_id", "number"),
    )
    op.create_index("bulk_items_by_outcome", "bulk_items", ["bulk_id", "outcome", "number"])
