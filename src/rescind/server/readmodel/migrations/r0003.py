"""Late reports are found without reading all that happened to a flow run."""

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
