"""What is few is found without reading the many: late reports, children, runners that live."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    is_late = sa.text("type IN ('task.late_report.v1', 'flow.late_report.v1')")
    op.create_index(
        "events_late",
        "events",
        ["stream_id", "partition", "offset", "task_run_id"],
        sqlite_where=is_late,
        postgresql_where=is_late,
    )
    is_child = sa.text("kind = 'child'")
    op.create_index(
        "task_runs_children",
        "task_runs",
        ["flow_run_id", "registered_offset"],
        sqlite_where=is_child,
        postgresql_where=is_child,
    )
    op.create_index("runners_by_state", "runners", ["state", "runner_id"])
