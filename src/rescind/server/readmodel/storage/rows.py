"""What is known of a run, as a row and back.

`record` is what the service writes to restore from, and so the whole of it. The other columns are
taken from it and are never read back.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row

from rescind.events import levels
from rescind.events.bulk import TOOK_EFFECT, BulkItem
from rescind.server.readmodel.projecting.placed import plain
from rescind.statemachine.clocks import stuck_from
from rescind.statemachine.records import counts_record, open_record, read_open, with_counts
from rescind.statemachine.runs import Armed, Bulk, FlowRun, RunnerRecord, TaskRun
from rescind.statemachine.tally import holder_of

__all__ = [
    "armed_of",
    "armed_row",
    "bulk_of",
    "bulk_row",
    "flow_of",
    "flow_row",
    "item_rows",
    "label_rows",
    "runner_of",
    "runner_row",
    "task_of",
    "task_row",
]


def flow_row(flow: FlowRun, partition: int, registered_offset: int) -> dict[str, Any]:
    """A flow run that lives: what is forgotten is only marked so."""
    parent = flow.parent
    return {
        "flow_run_id": flow.flow_run_id,
        "partition": partition,
        "registered_offset": registered_offset,
        "name": plain(flow.name),
        "namespace": plain(flow.namespace),
        "state": flow.state,
        "parent_flow_run_id": None if parent is None else parent.flow_run_id,
        "registered_ms": flow.registered_ms,
        "finished_ms": flow.finished_ms,
        "stuck_from_ms": stuck_from(flow),
        "forgotten_ms": None,
        "record": open_record(flow, levels.NEWEST),
        "counts": counts_record(flow),
    }


def label_rows(flow: FlowRun) -> list[dict[str, Any]]:
    """One for each label. Two keys that differ by a NUL alone are one here."""
    labels = {plain(key): plain(value) for key, value in flow.labels.items()}
    return [
        {
            "flow_run_id": flow.flow_run_id,
            "key": key,
            "value": value,
            "registered_ms": flow.registered_ms,
        }
        for key, value in labels.items()
    ]


def task_row(task: TaskRun, registered_offset: int) -> dict[str, Any]:
    return {
        "flow_run_id": task.flow_run_id,
        "task_run_id": task.task_run_id,
        "registered_offset": registered_offset,
        "name": plain(task.name),
        "kind": task.kind,
        "state": task.state,
        "how": task.how,
        "held_by": holder_of(task) or None,
        "started_ms": task.started_ms,
        "finished_ms": task.finished_ms,
        "unconfirmed_ms": task.finished_ms if task.stopped_confirmed is False else None,
        "record": open_record(task, levels.NEWEST),
    }


def runner_row(runner: RunnerRecord, partition: int) -> dict[str, Any]:
    return {
        "runner_id": runner.runner_id,
        "partition": partition,
        "state": runner.state,
        "record": open_record(runner, levels.NEWEST),
    }


def armed_row(armed: Armed, partition: int) -> dict[str, Any]:
    return {
        "flow_run_id": armed.flow_run_id,
        "partition": partition,
        "record": open_record(armed, levels.NEWEST),
    }


def bulk_row(bulk: Bulk, partition: int) -> dict[str, Any]:
    """A bulk cancellation that lives: what is forgotten is only marked so."""
    return {
        "bulk_id": bulk.bulk_id,
        "partition": partition,
        "state": bulk.state,
        "created_ms": bulk.created_ms,
        "finished_ms": bulk.finished_ms,
        "forgotten_ms": None,
        "since_ms": None,
        "since_asked": None,
        "record": open_record(bulk, levels.NEWEST),
    }


def item_rows(
    bulk_id: str, first: int, items: Iterable[BulkItem], at_ms: int
) -> list[dict[str, Any]]:
    """One for each flow run that was asked, of which so many had been asked before."""
    return [
        {
            "bulk_id": bulk_id,
            "number": number,
            "flow_run_id": item.flow_run_id,
            "outcome": TOOK_EFFECT if item.code is None else item.code.value,
            "event_id": plain(item.event_id),
            "at_ms": at_ms,
        }
        for number, item in enumerate(items, first)
    ]


def flow_of(row: Row[Any]) -> FlowRun:
    """The flow run of a row with `record` and `counts`.

    Raises `UnreadableStateError` if a newer release wrote it.
    """
    flow = read_open(row.record)
    assert isinstance(flow, FlowRun)
    return with_counts(flow, row.counts)


def task_of(row: Row[Any]) -> TaskRun:
    """Raises `UnreadableStateError` if a newer release wrote it."""
    task = read_open(row.record)
    assert isinstance(task, TaskRun)
    return task


def runner_of(row: Row[Any]) -> RunnerRecord:
    """Raises `UnreadableStateError` if a newer release wrote it."""
    runner = read_open(row.record)
    assert isinstance(runner, RunnerRecord)
    return runner


def armed_of(row: Row[Any]) -> Armed:
    """Raises `UnreadableStateError` if a newer release wrote it."""
    armed = read_open(row.record)
    assert isinstance(armed, Armed)
    return armed


def bulk_of(row: Row[Any]) -> Bulk:
    """Raises `UnreadableStateError` if a newer release wrote it."""
    bulk = read_open(row.record)
    assert isinstance(bulk, Bulk)
    return bulk
