"""The rows of what a stretch of the journal has changed: each run once, as it was last."""

from typing import Any, Final

from sqlalchemy import Connection, delete, insert

from rescind.server.readmodel.projecting.changing import change, values
from rescind.server.readmodel.projecting.folding import Fold
from rescind.server.readmodel.projecting.placed import plain
from rescind.server.readmodel.projecting.storing_bulks import store_bulks
from rescind.server.readmodel.storage.many import run_many
from rescind.server.readmodel.storage.rows import (
    armed_row,
    flow_row,
    label_rows,
    runner_row,
    task_row,
)
from rescind.server.readmodel.storage.tables import (
    armed,
    flow_labels,
    flow_runs,
    halted,
    runners,
    task_runs,
)

__all__ = ["store"]


_FLOW_CHANGES: Final = ("state", "finished_ms", "stuck_from_ms", "record", "counts")
_TASK_CHANGES: Final = (
    *("state", "how", "held_by", "started_ms", "finished_ms", "unconfirmed_ms"),
    "record",
)
_new_flow: Final = insert(flow_runs)
_new_label: Final = insert(flow_labels)
_new_task: Final = insert(task_runs)
_new_halted: Final = insert(halted)
_change_flow: Final = change(flow_runs, ("flow_run_id",), _FLOW_CHANGES)
_change_task: Final = change(task_runs, ("flow_run_id", "task_run_id"), _TASK_CHANGES)
_forget_flow: Final = change(flow_runs, ("flow_run_id",), ("forgotten_ms",))


def store(connection: Connection, fold: Fold, partition: int) -> None:
    """Write what a fold has changed, in the caller's transaction."""
    _store_flows(connection, fold, partition)
    _store_tasks(connection, fold)
    _store_others(connection, fold, partition)
    store_bulks(connection, fold, partition)
    _store_halted(connection, fold)


def _store_flows(connection: Connection, fold: Fold, partition: int) -> None:
    made: list[dict[str, Any]] = []
    labels: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    for flow_run_id, flow in fold.flow_runs().items():
        offset = fold.new_flows.get(flow_run_id)
        row = flow_row(flow, partition, offset or 0)
        if offset is None:
            changed.append(values(row, ("flow_run_id",), _FLOW_CHANGES))
            continue
        if flow_run_id in fold.known.forgotten:
            _take_away(connection, flow_run_id)
        made.append(row)
        labels += label_rows(flow)
    run_many(connection, _new_flow, made)
    run_many(connection, _new_label, labels)
    run_many(connection, _change_flow, changed)
    forgotten = [
        {"of_flow_run_id": flow_run_id, "forgotten_ms": at_ms}
        for flow_run_id, at_ms in fold.forgotten.items()
    ]
    run_many(connection, _forget_flow, forgotten)


def _take_away(connection: Connection, flow_run_id: str) -> None:
    """What is left of an earlier life, of which only its events remain."""
    for table in (task_runs, flow_labels, flow_runs):
        connection.execute(delete(table).where(table.c.flow_run_id == flow_run_id))


def _store_tasks(connection: Connection, fold: Fold) -> None:
    made: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    for task in fold.task_runs():
        offset = fold.new_tasks.get((task.flow_run_id, task.task_run_id))
        row = task_row(task, offset or 0)
        if offset is None:
            changed.append(values(row, ("flow_run_id", "task_run_id"), _TASK_CHANGES))
        else:
            made.append(row)
    run_many(connection, _new_task, made)
    run_many(connection, _change_task, changed)


def _store_others(connection: Connection, fold: Fold, partition: int) -> None:
    for runner_id, runner in fold.draft.runners.items():
        this = runners.c.runner_id == runner_id, runners.c.partition == partition
        connection.execute(delete(runners).where(*this))
        if runner is not None:
            connection.execute(insert(runners), runner_row(runner, partition))
    for flow_run_id, waiting in fold.draft.armed.items():
        connection.execute(delete(armed).where(armed.c.flow_run_id == flow_run_id))
        if waiting is not None:
            connection.execute(insert(armed), armed_row(waiting, partition))


def _store_halted(connection: Connection, fold: Fold) -> None:
    for kind, stream_id, partition in fold.moving:
        connection.execute(
            delete(halted).where(
                halted.c.stream_kind == kind.value,
                halted.c.stream_id == stream_id,
                halted.c.partition == partition,
            )
        )
    rows = [
        {
            "stream_kind": kind.value,
            "stream_id": stream_id,
            "partition": partition,
            "offset": offset,
            "error": plain(error),
        }
        for (kind, stream_id, partition), (offset, error) in fold.newly_halted.items()
    ]
    run_many(connection, _new_halted, rows)
