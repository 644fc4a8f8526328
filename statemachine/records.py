"""What is written of a run: its public state, and the record that a restart restores it from.

Two shapes, for two readers. The public one (`rescind.events.states`) is for users and changes
with care. The *open* one is the service's own: everything that decisions depend on, with a
`schema`, in a compacted topic: its feature level (`rescind.events.levels`). Both are functions of
the state and that level, so a replay of the journal gives them again, byte by byte.
"""

from typing import Any, Final

import orjson
from pydantic import BaseModel, TypeAdapter

from rescind.errors import UnreadableStateError
from rescind.events import levels
from rescind.events.words import moment_to_text
from rescind.statemachine.edges import is_cancelling, is_finished, is_running
from rescind.statemachine.runs import (
    Armed,
    Bulk,
    Cancellation,
    ChildLine,
    FlowRun,
    RunnerRecord,
    Tally,
    TaskRun,
    Teardown,
)

__all__ = [
    "BULK_KEY",
    "OpenRecord",
    "counts_record",
    "open_record",
    "public_flow",
    "public_task",
    "read_open",
    "too_new",
    "with_counts",
]

PUBLIC_SCHEMA: Final = 1

BULK_KEY: Final = "@bulk/"
"""What the keys of bulk cancellations begin with, among those of flow runs: no id does."""

OpenRecord = FlowRun | TaskRun | RunnerRecord | Armed | Bulk

_KINDS: Final[dict[str, type[OpenRecord]]] = {
    "flow": FlowRun,
    "task": TaskRun,
    "runner": RunnerRecord,
    "armed": Armed,
    "bulk": Bulk,
}
_NAMES: Final = {kind: name for name, kind in _KINDS.items()}

# What follows from the task runs is not written with the flow run: it would have to be written
# with each of their ends. `Partition.recount` derives it again.
_DERIVED: Final = frozenset({"pending", "running", "holders", "children", "unwaited"})


def open_record(record: OpenRecord, level: int) -> bytes:
    """The value from which a restart restores this record, in the shape of a feature level."""
    kind = type(record)
    body: dict[str, Any] = {
        name: value for name, value in zip(kind._fields, record, strict=True) if value is not None
    }
    if kind is FlowRun:
        # Asked once and not of each field: 0.5 µs less for each of the many task runs.
        for name in _DERIVED:
            body.pop(name, None)
    body["schema"] = level
    body["record"] = _NAMES[kind]
    return orjson.dumps(body, default=_plain)


def counts_record(flow: FlowRun) -> bytes:
    """What its open record leaves out, for whoever keeps that beside it (`with_counts`)."""
    return orjson.dumps({name: getattr(flow, name) for name in sorted(_DERIVED)})


def with_counts(flow: FlowRun, value: bytes) -> FlowRun:
    """The flow run with the counts that were kept beside its open record."""
    return flow._replace(**orjson.loads(value))


def _plain(value: object) -> object:
    # orjson writes no subclass of a tuple by itself.
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    if isinstance(value, Cancellation):
        body = value._asdict()
        if value.traceparent is None:
            del body["traceparent"]
        return body
    if isinstance(value, ChildLine | Tally | Teardown):
        return value._asdict()
    raise TypeError(type(value).__name__)


# The validator itself: 1 µs less for each of the million records that a restart may read. It has
# one string for all that read alike among the last ones, so the ids of flow runs and runners are
# there once: 656 bytes for an open task run, and 928 without (`cache_strings`).
_VALIDATORS: Final = {name: TypeAdapter(kind).validator for name, kind in _KINDS.items()}


def read_open(value: bytes) -> OpenRecord:
    """A record as it was written.

    Raises:
        UnreadableStateError: a newer release wrote it, or it is no such record.

    """
    try:
        body = orjson.loads(value)
        schema = body.pop("schema")
        kind = body.pop("record")
        if schema > levels.NEWEST:
            raise UnreadableStateError(too_new(schema))
        known: OpenRecord = _VALIDATORS[kind].validate_json(orjson.dumps(body), strict=False)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableStateError(str(error)) from None
    return known


def too_new(schema: int) -> str:
    """What is said of a record whose feature level this release does not know."""
    return f"schema {schema}, while this release reads {levels.NEWEST}"


def _moment(at_ms: int | None) -> str | None:
    return None if at_ms is None else moment_to_text(at_ms)


def _model(value: BaseModel | None) -> dict[str, Any] | None:
    return None if value is None else value.model_dump(mode="json", exclude_none=True)


def _cancellation(cancellation: Cancellation | None) -> dict[str, Any] | None:
    if cancellation is None:
        return None
    body = {
        "cancellation_id": cancellation.id,
        "actor": _model(cancellation.actor),
        "reason": cancellation.reason,
        "mode": cancellation.mode,
        "asked_at": moment_to_text(cancellation.asked_ms),
        "grace_seconds": cancellation.grace_seconds,
        "deadline_at": moment_to_text(cancellation.deadline_ms),
        "wait_until": moment_to_text(cancellation.wait_ms),
        "told": cancellation.told,
        "acknowledged": cancellation.acknowledged,
        "bulk_id": cancellation.bulk_id,
        "named_end": cancellation.named_end,
        "account": _model(cancellation.account),
    }
    return _said(body)


def _said(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if value is not None}


def public_flow(flow: FlowRun) -> bytes:
    """The value of its record in `flow-states`; it reads as a `FlowState`."""
    state = flow.state
    return orjson.dumps(
        _said(
            {
                "schema": PUBLIC_SCHEMA,
                "flow_run_id": flow.flow_run_id,
                "state": state,
                "state_path": state.split("."),
                "is_running": is_running(state),
                "is_cancelling": is_cancelling(state),
                "is_finished": is_finished(state),
                "version": flow.version,
                "last_event_id": flow.event_id,
                "name": flow.name,
                "namespace": flow.namespace,
                "labels": dict(flow.labels),
                "runner_id": flow.runner_id,
                "parent": _model(flow.parent),
                "rerun_of": flow.rerun_of,
                "registered_at": moment_to_text(flow.registered_ms),
                "started_at": _moment(flow.started_ms),
                "finished_at": _moment(flow.finished_ms),
                "cancellation": _cancellation(flow.cancellation),
                "body_end": flow.body_end,
                "result_ref": flow.result_ref,
                "error": _model(flow.error),
                "quarantined": flow.quarantined,
            }
        )
    )


def public_task(task: TaskRun) -> bytes:
    """The value of its record in `task-states`; it reads as a `TaskState`."""
    state = task.state
    # One of these is written for every event of a task run: 1.4 µs, where a model takes 6, and
    # asking each field whether it says something 3.
    body: dict[str, Any] = {
        "schema": PUBLIC_SCHEMA,
        "flow_run_id": task.flow_run_id,
        "task_run_id": task.task_run_id,
        "name": task.name,
        "kind": task.kind,
        "state": state,
        "state_path": state.split("."),
        "is_running": state.startswith("Running"),
        "is_finished": state.startswith("Finished"),
        "version": task.version,
        "last_event_id": task.event_id,
        "attempt": task.attempt,
        "registered_at": moment_to_text(task.registered_ms),
    }
    if task.runner_id is not None:
        body["runner_id"] = task.runner_id
    if task.started_ms is not None:
        body["started_at"] = moment_to_text(task.started_ms)
    if task.finished_ms is not None:
        body["finished_at"] = moment_to_text(task.finished_ms)
    if task.result_ref is not None:
        body["result_ref"] = task.result_ref
    if _is_special(task):
        body |= _said(_special(task))
    return orjson.dumps(body)


def _is_special(task: TaskRun) -> bool:
    """Whether there is more to say than of the many that begin and succeed."""
    return not (
        task.cancellation is None
        and task.stopped_confirmed is None
        and task.retry_ms is None
        and task.error is None
        and task.how is None
        and task.evidence is None
        and task.child is None
    )


def _special(task: TaskRun) -> dict[str, Any]:
    return {
        "retry_at": _moment(task.retry_ms),
        "how": task.how,
        "stopped_confirmed": task.stopped_confirmed,
        "error": _model(task.error),
        "evidence": task.evidence,
        "cancellation": _cancellation(task.cancellation),
        "child_flow_run_id": None if task.child is None else task.child.flow_run_id,
        "cascade": None if task.child is None else task.child.cascade,
    }
