"""A task run, moved on by its own events."""

from typing import assert_never

from rescind.events.journal import (
    ChildCancelSent,
    ChildFinishedRecorded,
    ChildGivenUp,
    ChildNotCancelled,
    ChildReleased,
    Entry,
    TaskCancelled,
    TaskCancelling,
    TaskFailed,
    TaskRegistered,
    TaskRetrying,
    TaskStarted,
    TaskSucceeded,
)
from rescind.events.words import CascadePolicy, End
from rescind.statemachine.edges import TASK_EDGES
from rescind.statemachine.evolve.cancellation import begun, continued
from rescind.statemachine.evolve.step import impossible, step
from rescind.statemachine.machine import TASK
from rescind.statemachine.runs import ChildLine, TaskRun

__all__ = ["evolve_task"]


def evolve_task(task: TaskRun | None, entry: Entry) -> TaskRun:
    """The task run after an event of its own.

    Raises:
        NoTransitionError: its state has no edge for it, or it was never registered.

    """
    event = entry.event
    if isinstance(event, TaskRegistered):
        if task is not None:
            raise impossible(task.state, entry)
        return _registered_task(event, entry)
    if task is None:
        raise impossible("unregistered", entry)
    state = step(TASK_EDGES, task.state, entry)
    moved = task._replace(state=state, version=entry.version or 0, event_id=entry.id)
    match event:
        case TaskStarted():
            return moved._replace(
                attempt=entry.attempt or 1,
                runner_id=event.runner_id,
                started_ms=entry.at_ms,
                retry_ms=None,
                held=None,
            )
        case TaskRetrying():
            return moved._replace(
                attempt=task.attempt + 1,
                runner_id=None,
                retry_ms=event.retry_at,
                error=event.error,
                retried=(event.runner_id, event.end, entry.id),
            )
        case TaskSucceeded():
            return moved._replace(
                finished_ms=entry.at_ms, end=End.SUCCESS, result_ref=event.result_ref
            )
        case TaskFailed():
            return moved._replace(
                finished_ms=entry.at_ms,
                end=End(event.end),
                error=event.error,
                stopped_confirmed=event.stopped_confirmed,
                evidence=event.evidence or None,
            )
        case TaskCancelled():
            return _cancelled(moved, event, entry)
        case TaskCancelling():
            return moved._replace(cancellation=begun(event.terms, entry))
        case ChildFinishedRecorded():
            return moved._replace(
                finished_ms=entry.at_ms,
                end=event.end,
                how=event.how,
                stopped_confirmed=None if event.end is End.SUCCESS else event.stopped_confirmed,
                error=event.error,
                result_ref=event.result_ref,
            )
        case ChildCancelSent() | ChildGivenUp() | ChildNotCancelled() | ChildReleased():
            return _of_child(moved, event, entry)
        case _:
            return moved._replace(cancellation=continued(task.cancellation, entry))


def _cancelled(task: TaskRun, event: TaskCancelled, entry: Entry) -> TaskRun:
    return task._replace(
        finished_ms=entry.at_ms,
        end=End.CANCELLED,
        how=event.how,
        error=event.error,
        stopped_confirmed=event.stopped_confirmed,
        evidence=event.evidence or None,
        cancellation=task.cancellation if event.terms is None else begun(event.terms, entry),
    )


def _registered_task(event: TaskRegistered, entry: Entry) -> TaskRun:
    return TaskRun(
        flow_run_id=entry.stream_id,
        task_run_id=entry.task_run_id or "",
        name=event.name,
        kind=event.kind,
        state=TASK.initial,
        attempt=1,
        version=entry.version or 0,
        event_id=entry.id,
        registered_ms=entry.at_ms,
        registered_id=entry.id,
        child=_child_line(event),
    )


def _child_line(event: TaskRegistered) -> ChildLine | None:
    if event.child_flow_run_id is None:
        return None
    return ChildLine(event.child_flow_run_id, event.cascade or CascadePolicy.WAIT)


def _of_child(
    task: TaskRun,
    event: ChildCancelSent | ChildGivenUp | ChildNotCancelled | ChildReleased,
    entry: Entry,
) -> TaskRun:
    """The task run that stands for a child, after a fact about the edge to it."""
    line = task.child
    if line is None:
        raise impossible(task.kind, entry)
    match event:
        case ChildCancelSent(only_unregistered=True):
            return task._replace(child=line._replace(kept_out=True))
        case ChildCancelSent():
            return task._replace(child=line._replace(cancel_sent=event.mode))
        case ChildGivenUp():
            # Nobody's from here on but the child's own.
            return task._replace(runner_id=None, child=line._replace(given_up=entry.id))
        case ChildNotCancelled():
            return task._replace(child=line._replace(left_alone=True))
        case ChildReleased():
            return task._replace(child=line._replace(released=True))
        case _:
            assert_never(event)
