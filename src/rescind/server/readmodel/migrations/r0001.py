"""The tables of the first release."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_Words: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    _armed()
    _events()
    _flow_labels()
    _flow_runs()
    _halted()
    _positions()
    _runners()
    _task_runs()


def _armed() -> None:
    op.create_table(
        "armed",
        sa.Column("flow_run_id", _Words, nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("flow_run_id"),
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("offset", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("stream_kind", _Words),
        sa.Column("stream_id", _Words),
        sa.Column("task_run_id", _Words),
        sa.Column("type", _Words),
        sa.Column("code", _Words),
        sa.Column("value", sa.LargeBinary()),
        sa.Column("error", _Words),
        sa.PrimaryKeyConstraint("partition", "offset"),
    )
    op.create_index(
        "events_by_stream",
        "events",
        ["stream_kind", "stream_id", "partition", "offset", "task_run_id"],
    )
    op.create_index("events_newest", "events", ["at_ms", "partition", "offset"])
    op.create_index(
        "events_not_folded",
        "events",
        ["at_ms", "partition", "offset"],
        sqlite_where=sa.text("error IS NOT NULL"),
        postgresql_where=sa.text("error IS NOT NULL"),
    )
    op.create_index(
        "events_refused",
        "events",
        ["code", "at_ms", "partition", "offset"],
        sqlite_where=sa.text("code IS NOT NULL"),
        postgresql_where=sa.text("code IS NOT NULL"),
    )


def _flow_labels() -> None:
    op.create_table(
        "flow_labels",
        sa.Column("flow_run_id", _Words, nullable=False),
        sa.Column("key", _Words, nullable=False),
        sa.Column("value", _Words, nullable=False),
        sa.Column("registered_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("flow_run_id", "key"),
    )
    op.create_index(
        "flow_labels_by_value", "flow_labels", ["key", "value", "registered_ms", "flow_run_id"]
    )


def _flow_runs() -> None:
    op.create_table(
        "flow_runs",
        sa.Column("flow_run_id", _Words, nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("registered_offset", sa.BigInteger(), nullable=False),
        sa.Column("name", _Words, nullable=False),
        sa.Column("namespace", _Words, nullable=False),
        sa.Column("state", _Words, nullable=False),
        sa.Column("parent_flow_run_id", _Words),
        sa.Column("registered_ms", sa.BigInteger(), nullable=False),
        sa.Column("finished_ms", sa.BigInteger()),
        sa.Column("stuck_from_ms", sa.BigInteger()),
        sa.Column("forgotten_ms", sa.BigInteger()),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.Column("counts", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("flow_run_id"),
    )
    op.create_index("flow_runs_by_name", "flow_runs", ["name", "registered_ms", "flow_run_id"])
    op.create_index(
        "flow_runs_by_namespace", "flow_runs", ["namespace", "registered_ms", "flow_run_id"]
    )
    op.create_index(
        "flow_runs_by_parent",
        "flow_runs",
        ["parent_flow_run_id", "registered_ms", "flow_run_id"],
        sqlite_where=sa.text("parent_flow_run_id IS NOT NULL"),
        postgresql_where=sa.text("parent_flow_run_id IS NOT NULL"),
    )
    op.create_index("flow_runs_by_state", "flow_runs", ["state", "registered_ms", "flow_run_id"])
    op.create_index("flow_runs_newest", "flow_runs", ["registered_ms", "flow_run_id"])
    op.create_index(
        "flow_runs_stuck",
        "flow_runs",
        ["stuck_from_ms", "flow_run_id"],
        sqlite_where=sa.text("stuck_from_ms IS NOT NULL"),
        postgresql_where=sa.text("stuck_from_ms IS NOT NULL"),
    )


def _halted() -> None:
    op.create_table(
        "halted",
        sa.Column("stream_kind", _Words, nullable=False),
        sa.Column("stream_id", _Words, nullable=False),
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("error", _Words, nullable=False),
        sa.PrimaryKeyConstraint("stream_kind", "stream_id", "partition"),
    )


def _positions() -> None:
    op.create_table(
        "positions",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("next_offset", sa.BigInteger(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("partition"),
    )


def _runners() -> None:
    op.create_table(
        "runners",
        sa.Column("runner_id", _Words, nullable=False),
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", _Words, nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("runner_id", "partition"),
    )


def _task_runs() -> None:
    op.create_table(
        "task_runs",
        sa.Column("flow_run_id", _Words, nullable=False),
        sa.Column("task_run_id", _Words, nullable=False),
        sa.Column("registered_offset", sa.BigInteger(), nullable=False),
        sa.Column("name", _Words, nullable=False),
        sa.Column("kind", _Words, nullable=False),
        sa.Column("state", _Words, nullable=False),
        sa.Column("how", _Words),
        sa.Column("held_by", _Words),
        sa.Column("started_ms", sa.BigInteger()),
        sa.Column("finished_ms", sa.BigInteger()),
        sa.Column("unconfirmed_ms", sa.BigInteger()),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("flow_run_id", "task_run_id"),
    )
    op.create_index(
        "task_runs_by_holder",
        "task_runs",
        ["held_by", "flow_run_id", "task_run_id"],
        sqlite_where=sa.text("held_by IS NOT NULL"),
        postgresql_where=sa.text("held_by IS NOT NULL"),
    )
    op.create_index(
        "task_runs_in_order", "task_runs", ["flow_run_id", "registered_offset", "state"]
    )
    op.create_index(
        "task_runs_unconfirmed",
        "task_runs",
        ["unconfirmed_ms", "flow_run_id", "task_run_id"],
        sqlite_where=sa.text("unconfirmed_ms IS NOT NULL"),
        postgresql_where=sa.text("unconfirmed_ms IS NOT NULL"),
    )
