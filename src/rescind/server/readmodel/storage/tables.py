"""The tables of a read model. The journal is the truth, and each of them can be made again.

Columns are there to be asked by and to be sorted by; everything else that is known of a run is in
`record`, as the service itself writes it. Times are milliseconds since 1970 by the broker's clock.
A list is sorted by what does not change while a run lives, so that a page after another neither
skips nor repeats a run that moves meanwhile; each order has an index, which a test looks at.

Whoever changes a table adds a revision to `migrations`: a test compares the two.
"""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    literal_column,
    text,
)

__all__ = [
    "IS_CHILD",
    "IS_LATE",
    "armed",
    "bulk_cancellations",
    "bulk_items",
    "events",
    "flow_labels",
    "flow_runs",
    "halted",
    "metadata",
    "positions",
    "runners",
    "task_runs",
]

metadata: Final = MetaData()

# Ids are compared byte by byte: the order of a language would change with the operating system.
_Words: Final = Text().with_variant(Text(collation="C"), "postgresql")


def _partial_index(name: str, *columns: Column[Any], where_set: Column[Any]) -> None:
    """Index by these columns only the rows in which `where_set` has a value."""
    is_set = where_set.is_not(None)
    Index(name, *columns, sqlite_where=is_set, postgresql_where=is_set)


positions: Final = Table(
    "positions",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    # Of the journal, what is to be read next. Moved by compare-and-swap, with the rows.
    Column("next_offset", BigInteger, nullable=False),
    # The time of the last entry; 0 before the first.
    Column("at_ms", BigInteger, nullable=False),
    Column("events", BigInteger, nullable=False),
    # Up to where bulk cancellations were folded. A release that had no tables for them leaves it
    # behind: what it has passed over is folded from `events` by the next one that writes.
    Column("bulks_upto", BigInteger, nullable=False, server_default=text("0")),
)

flow_runs: Final = Table(
    "flow_runs",
    metadata,
    Column("flow_run_id", _Words, primary_key=True),
    Column("partition", Integer, nullable=False),
    Column("registered_offset", BigInteger, nullable=False),
    Column("name", _Words, nullable=False),
    Column("namespace", _Words, nullable=False),
    Column("state", _Words, nullable=False),
    Column("parent_flow_run_id", _Words),
    Column("registered_ms", BigInteger, nullable=False),
    Column("finished_ms", BigInteger),
    # From when on it counts as stuck if it has not moved by then.
    Column("stuck_from_ms", BigInteger),
    # The service keeps no memory of it any more, and its id may begin another life.
    Column("forgotten_ms", BigInteger),
    Column("record", LargeBinary, nullable=False),
    # What follows from its task runs and is therefore not in the record.
    Column("counts", LargeBinary, nullable=False),
    Index("flow_runs_newest", "registered_ms", "flow_run_id"),
    Index("flow_runs_by_state", "state", "registered_ms", "flow_run_id"),
    Index("flow_runs_by_name", "name", "registered_ms", "flow_run_id"),
    Index("flow_runs_by_namespace", "namespace", "registered_ms", "flow_run_id"),
)
_partial_index(
    "flow_runs_by_parent",
    flow_runs.c.parent_flow_run_id,
    flow_runs.c.registered_ms,
    flow_runs.c.flow_run_id,
    where_set=flow_runs.c.parent_flow_run_id,
)
_partial_index(
    "flow_runs_stuck",
    flow_runs.c.stuck_from_ms,
    flow_runs.c.flow_run_id,
    where_set=flow_runs.c.stuck_from_ms,
)

flow_labels: Final = Table(
    "flow_labels",
    metadata,
    Column("flow_run_id", _Words, primary_key=True),
    Column("key", _Words, primary_key=True),
    Column("value", _Words, nullable=False),
    Column("registered_ms", BigInteger, nullable=False),
    Index("flow_labels_by_value", "key", "value", "registered_ms", "flow_run_id"),
)

task_runs: Final = Table(
    "task_runs",
    metadata,
    Column("flow_run_id", _Words, primary_key=True),
    Column("task_run_id", _Words, primary_key=True),
    Column("registered_offset", BigInteger, nullable=False),
    Column("name", _Words, nullable=False),
    Column("kind", _Words, nullable=False),
    Column("state", _Words, nullable=False),
    Column("how", _Words),
    # The runner that holds it now; whose it was is in the record.
    Column("held_by", _Words),
    Column("started_ms", BigInteger),
    Column("finished_ms", BigInteger),
    # When it ended, if nobody has seen it stop.
    Column("unconfirmed_ms", BigInteger),
    Column("record", LargeBinary, nullable=False),
    # The state in it: those that are wanted are picked out without touching the rows. An index by
    # state would be one more to be moved by each event of a task run.
    Index("task_runs_in_order", "flow_run_id", "registered_offset", "state"),
)
_partial_index(
    "task_runs_by_holder",
    task_runs.c.held_by,
    task_runs.c.flow_run_id,
    task_runs.c.task_run_id,
    where_set=task_runs.c.held_by,
)
_partial_index(
    "task_runs_unconfirmed",
    task_runs.c.unconfirmed_ms,
    task_runs.c.flow_run_id,
    task_runs.c.task_run_id,
    where_set=task_runs.c.unconfirmed_ms,
)

# The word itself, as the index has it: by a parameter no database would know it again.
IS_CHILD: Final = task_runs.c.kind == literal_column("'child'")
"""Whether a task run stands for a child: a few among many."""

Index(
    "task_runs_children",
    *(task_runs.c.flow_run_id, task_runs.c.registered_offset),
    sqlite_where=IS_CHILD,
    postgresql_where=IS_CHILD,
)

armed: Final = Table(
    "armed",
    metadata,
    Column("flow_run_id", _Words, primary_key=True),
    Column("partition", Integer, nullable=False),
    Column("record", LargeBinary, nullable=False),
)

bulk_cancellations: Final = Table(
    "bulk_cancellations",
    metadata,
    Column("bulk_id", _Words, primary_key=True),
    Column("partition", Integer, nullable=False),
    Column("state", _Words, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("finished_ms", BigInteger),
    Column("forgotten_ms", BigInteger),
    # When it was started or resumed last, and how many had been asked by then: its pace.
    Column("since_ms", BigInteger),
    Column("since_asked", BigInteger),
    Column("record", LargeBinary, nullable=False),
    Index("bulk_cancellations_newest", "created_ms", "bulk_id"),
    Index("bulk_cancellations_by_state", "state", "created_ms", "bulk_id"),
)

bulk_items: Final = Table(
    "bulk_items",
    metadata,
    Column("bulk_id", _Words, primary_key=True),
    # Which one it was, in the order in which they were asked, from 0 on.
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("flow_run_id", _Words, nullable=False),
    # The code of a refusal, or `took_effect`.
    Column("outcome", _Words, nullable=False),
    Column("event_id", _Words, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index("bulk_items_by_outcome", "bulk_id", "outcome", "number"),
)

runners: Final = Table(
    "runners",
    metadata,
    # A runner is a stream of its own in each partition that it uses.
    Column("runner_id", _Words, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("state", _Words, nullable=False),
    Column("record", LargeBinary, nullable=False),
    Index("runners_by_state", "state", "runner_id"),
)

events: Final = Table(
    "events",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    # What cannot be read has the time of the entry before it.
    Column("at_ms", BigInteger, nullable=False),
    Column("stream_kind", _Words),
    Column("stream_id", _Words),
    Column("task_run_id", _Words),
    Column("type", _Words),
    Column("code", _Words),
    # The journal's own bytes.
    Column("value", LargeBinary),
    # Why it could not be read, or could be read and not be folded.
    Column("error", _Words),
    Index("events_newest", "at_ms", "partition", "offset"),
    # The task run in it: one of 10,000 is picked out without touching the rows.
    Index("events_by_stream", "stream_kind", "stream_id", "partition", "offset", "task_run_id"),
)
_partial_index(
    "events_refused",
    events.c.code,
    events.c.at_ms,
    events.c.partition,
    events.c.offset,
    where_set=events.c.code,
)
_partial_index(
    "events_not_folded",
    events.c.at_ms,
    events.c.partition,
    events.c.offset,
    where_set=events.c.error,
)

# The words themselves here too.
IS_LATE: Final = events.c.type.in_(
    [literal_column("'task.late_report.v1'"), literal_column("'flow.late_report.v1'")]
)
"""Whether an event is a report that came when what it is about was over: a few among many."""

Index(
    "events_late",
    *(events.c.stream_id, events.c.partition, events.c.offset, events.c.task_run_id),
    sqlite_where=IS_LATE,
    postgresql_where=IS_LATE,
)

halted: Final = Table(
    "halted",
    metadata,
    # A stream that stands still since this event: what comes after it is about a state that
    # nobody knows.
    Column("stream_kind", _Words, primary_key=True),
    Column("stream_id", _Words, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("offset", BigInteger, nullable=False),
    Column("error", _Words, nullable=False),
)
