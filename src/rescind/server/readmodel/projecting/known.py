"""What the tables know of the runs that a stretch of the journal is about: what is folded above."""

from collections.abc import Collection, Iterable, Iterator
from functools import cache
from typing import Any, Final

import orjson
from sqlalchemy import (
    JSON,
    Connection,
    Select,
    Text,
    bindparam,
    cast,
    column,
    func,
    select,
)

from rescind.events.journal import CancellationAcknowledged, Entry
from rescind.events.words import StreamKind
from rescind.server.readmodel.storage.rows import armed_of, bulk_of, flow_of, runner_of, task_of
from rescind.server.readmodel.storage.tables import (
    armed,
    bulk_cancellations,
    flow_runs,
    runners,
    task_runs,
)
from rescind.statemachine.partition import Partition

__all__ = ["Known", "TaskKey", "known_of", "lookup_statement"]

TaskKey = tuple[str, str]
"""A flow run's id and a task run's id."""

_KEYS_AT_ONCE: Final = 500


class Known:
    """The runs as the tables have them.

    Attributes:
        base: those that live; what was forgotten begins anew.
        forgotten: the flow runs whose row is only a memory.
        forgotten_bulks: the bulk cancellations likewise.

    """

    def __init__(self) -> None:
        self.base = Partition()
        self.forgotten = set[str]()
        self.forgotten_bulks = set[str]()


class _Keys:
    """Which runs entries may move."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.flows: dict[str, None] = {}
        self.tasks: dict[TaskKey, None] = {}
        self.runners: dict[str, None] = {}
        self.bulks: dict[str, None] = {}
        for entry in entries:
            if entry.version is None:
                continue
            if entry.stream_kind is StreamKind.RUNNER:
                self.runners[entry.stream_id] = None
            elif entry.stream_kind is StreamKind.FLOW:
                self._see(entry)
            elif entry.stream_kind is StreamKind.BULK:
                self.bulks[entry.stream_id] = None

    def _see(self, entry: Entry) -> None:
        flow_run_id = entry.stream_id
        self.flows[flow_run_id] = None
        if entry.task_run_id is not None:
            self.tasks[flow_run_id, entry.task_run_id] = None
        if isinstance(entry.event, CancellationAcknowledged):
            for held in entry.event.held:
                self.tasks[flow_run_id, held.task_run_id] = None


def known_of(connection: Connection, entries: Iterable[Entry], partition: int) -> Known:
    """Look up every run that these entries of one partition may move.

    Raises `UnreadableStateError` if a newer release wrote a row.
    """
    keys = _Keys(entries)
    known = Known()
    _look_up_flows(connection, known, keys.flows)
    _look_up_tasks(connection, known, [key for key in keys.tasks if key[0] in known.base.flows])
    for ids in _some(keys.runners):
        these = runners.c.runner_id.in_(ids), runners.c.partition == partition
        for row in connection.execute(select(runners.c.record).where(*these)):
            runner = runner_of(row)
            known.base.runners[runner.runner_id] = runner
    _look_up_bulks(connection, known, keys.bulks)
    return known


def _look_up_flows(connection: Connection, known: Known, keys: Collection[str]) -> None:
    columns = flow_runs.c
    wanted = select(columns.flow_run_id, columns.forgotten_ms, columns.record, columns.counts)
    for ids in _some(keys):
        for row in connection.execute(wanted.where(columns.flow_run_id.in_(ids))):
            if row.forgotten_ms is not None:
                known.forgotten.add(row.flow_run_id)
                continue
            known.base.flows[row.flow_run_id] = flow_of(row)
        for row in connection.execute(select(armed.c.record).where(armed.c.flow_run_id.in_(ids))):
            waiting = armed_of(row)
            known.base.armed[waiting.flow_run_id] = waiting


def _look_up_tasks(connection: Connection, known: Known, keys: Collection[TaskKey]) -> None:
    wanted = lookup_statement(connection.dialect.name)
    for some in _some(keys):
        for row in connection.execute(wanted, {"keys": orjson.dumps(some).decode()}):
            task = task_of(row)
            known.base.tasks.setdefault(task.flow_run_id, {})[task.task_run_id] = task


def _look_up_bulks(connection: Connection, known: Known, keys: Collection[str]) -> None:
    columns = bulk_cancellations.c
    wanted = select(columns.bulk_id, columns.forgotten_ms, columns.record)
    for ids in _some(keys):
        for row in connection.execute(wanted.where(columns.bulk_id.in_(ids))):
            if row.forgotten_ms is not None:
                known.forgotten_bulks.add(row.bulk_id)
            else:
                known.base.bulks[row.bulk_id] = bulk_of(row)


@cache
def lookup_statement(dialect: str) -> Select[Any]:
    """Task runs by their keys, which come as one value: a list of pairs in JSON.

    SQLite reads the whole table for ``(a, b) IN (VALUES ...)``, and an index for this.
    """
    pairs = func.json_each if dialect == "sqlite" else func.json_array_elements
    given = cast(bindparam("keys", type_=Text), Text if dialect == "sqlite" else JSON)
    pair = pairs(given).table_valued(column("value", JSON), name="wanted").c.value
    columns = task_runs.c
    return select(columns.record).where(
        columns.flow_run_id == pair[0].as_string(), columns.task_run_id == pair[1].as_string()
    )


def _some(keys: Collection[Any]) -> Iterator[list[Any]]:
    """The keys in parts: a statement takes only so many."""
    listed = list(keys)
    for first in range(0, len(listed), _KEYS_AT_ONCE):
        yield listed[first : first + _KEYS_AT_ONCE]
